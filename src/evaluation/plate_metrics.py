"""Metrics of alpha and foreground, for Background Matting V2.

All take alphas (H, W) float32 in [0, 1].
"""

import cv2
import numpy as np

from src.evaluation.values import OF_ALPHA
from src.metric import sad

_PADDLE_STEPS = 10  # of erosion and dilation by a 3x3 cross

USUAL = {"SAD": sad, **OF_ALPHA}
FOREGROUND = "foreground MSE x 1000"


def foreground_mse(pred: np.ndarray, true: np.ndarray, true_alpha: np.ndarray) -> float:
    """Mean squared error of colours (H, W, 3) uint8 as numbers in [0, 1], where true alpha is above 0.

    Returns:
        A thousand times the error; 0 where there is nobody.
    """
    error = (pred.astype(np.float64) - true) / 255
    shown = np.square(error)[true_alpha > 0]
    return 1000 * float(shown.mean()) if shown.size else 0.0


def paddle_metrics(pred: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """SAD and MSE as the PaddlePaddle port of Background Matting V2 gives them, only to compare with its.

    They are twice the usual ones in the band around the person's outline. The port divides by the batch
    twice where it validates with batches of 2, and its metric makes up for that; but it evaluates with
    batches of 1.
    """
    inside = np.uint8(true == 1)
    around = np.uint8(true != 0)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inside = cv2.erode(inside, cross, iterations=_PADDLE_STEPS)
    around = cv2.dilate(around, cross, iterations=_PADDLE_STEPS)
    band = (inside == 0) & (around == 1)
    error = (pred - true)[band].astype(np.float64)
    return {
        "paddle SAD": 2 * float(np.abs(error).sum()) / 1000,
        "paddle MSE": 2 * 1000 * float(np.square(error).sum()) / (error.size + 1),
    }
