"""Mattes photos with a model that is loaded once:

from src.image_io import read_image
from src.matting import load_matting, matte

alpha = matte(read_image("photo.jpg"))
alpha = load_matting("semantic_hm_best.ckpt", size=320)(read_image("photo.jpg"))
"""

from src.inference.matting import load_matting, matte

__all__ = ["load_matting", "matte"]
