"""Frames as players show them: turned, mirrored and with square pixels, as their file asks for."""

from fractions import Fraction

import cv2
import numpy as np

_WIDEST = 16  # a pixel's sides: what is longer is damage, and would ask for endless memory


def with_square_pixels(height: int, width: int, aspect: Fraction | None) -> tuple[int, int]:
    """Height and width of a frame of these pixels once they are square; none is given up.

    Args:
        height: in pixels.
        width: in pixels.
        aspect: a pixel's width by its height; None or 0 where the file does not say it.
    """
    if not aspect or not Fraction(1, _WIDEST) <= aspect <= _WIDEST:
        return height, width
    return (height, round(width * aspect)) if aspect > 1 else (round(height / aspect), width)


def turned(image: np.ndarray, matrix: bytes | None) -> np.ndarray:
    """Turn and mirror a frame, by quarters of a turn, which is all that players do.

    Args:
        image: (H, W, 3).
        matrix: the display matrix of QuickTime's track header, as libavutil keeps it: nine int32, of which
            [a b; c d] take x to a x + c y and y to b x + d y. None where there is none.

    Returns:
        (H, W, 3) or (W, H, 3), contiguous.
    """
    if matrix is None:
        return image
    a, b, _, c, d = np.frombuffer(matrix, np.int32, 5)
    if max(abs(int(a)), abs(int(d))) >= max(abs(int(b)), abs(int(c))):
        flips_across, flips_down = a < 0, d < 0
    else:
        image, flips_across, flips_down = cv2.transpose(image), c < 0, b < 0
    if flips_across or flips_down:
        image = cv2.flip(image, -1 if flips_across and flips_down else int(flips_across))
    return image
