"""Reading and writing images, for programs that use this project: see `src.images.files`."""

from src.images.files import ImageError, read_alpha_channel, read_gray, read_image, write_image

__all__ = ["ImageError", "read_alpha_channel", "read_gray", "read_image", "write_image"]
