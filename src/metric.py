"""Error metrics between predicted and true alpha.

The error functions except `dtssd` take two alphas (H, W) float in [0, 1] and return a float, 0 for equal
alphas. SAD, gradient and connectivity errors are sums over all pixels divided by 1000; MSE and MAD are means,
so only these two do not depend on the photo's size. The definitions follow Rhemann et al., "A perceptually
motivated online benchmark for image matting" (CVPR 2009), which evaluates the unsure region only; here the
whole photo is evaluated.
"""

import itertools
import math
from collections.abc import Sequence

import cv2
import numpy as np

_SUM_UNIT = 1000
_GRADIENT_SIGMA = 1.4
_CONNECTIVITY_STEP = 0.1
_CONNECTIVITY_TOLERANCE = 0.15


def sad(pred_alpha: np.ndarray, true_alpha: np.ndarray) -> float:
    """Sum of absolute differences, in thousands of pixels."""
    return float(np.abs(pred_alpha - true_alpha).sum(dtype=np.float64) / _SUM_UNIT)


def mse(pred_alpha: np.ndarray, true_alpha: np.ndarray) -> float:
    """Mean squared error."""
    return float(np.square(pred_alpha - true_alpha).mean(dtype=np.float64))


def mad(pred_alpha: np.ndarray, true_alpha: np.ndarray) -> float:
    """Mean absolute difference."""
    return float(np.abs(pred_alpha - true_alpha).mean(dtype=np.float64))


def dtssd(pred_alphas: Sequence[np.ndarray], true_alphas: Sequence[np.ndarray]) -> float:
    """Flicker of a video's alpha: RMS error of its change between frames, averaged and times 100.

    This is dtSSD of Erofeev et al., Perceptually Motivated Benchmark for Video Matting (BMVC 2015), scaled as
    in Robust Video Matting (arXiv:2108.11515). RVM's published code, however, counts 0 for the first frame,
    which has none before it: for N frames it gives (N - 1) / N of this value.

    Args:
        pred_alphas: one alpha per frame, at least two frames.
        true_alphas: the same number of frames.
    """
    errors = [pred - true for pred, true in zip(pred_alphas, true_alphas, strict=True)]
    changes = [after - before for before, after in itertools.pairwise(errors)]
    return 100 * float(np.mean([np.sqrt(np.square(change).mean()) for change in changes]))


def gradient_error(pred_alpha: np.ndarray, true_alpha: np.ndarray) -> float:
    """Sum of squared differences of gradient magnitudes, in thousands.

    Gradients are computed with a Gaussian of sigma 1.4 (section 3.2 of the paper).
    """
    difference = _gradient_magnitude(pred_alpha) - _gradient_magnitude(true_alpha)
    return float(np.square(difference).sum(dtype=np.float64) / _SUM_UNIT)


def connectivity_error(pred_alpha: np.ndarray, true_alpha: np.ndarray) -> float:
    """Sum of absolute differences of connectivity, in thousands of pixels.

    A pixel's connectivity decreases with the distance between its alpha and the highest threshold at which
    it is still connected to the largest region that is opaque in both alphas (section 3.2 of the paper, with
    threshold steps of 0.1 and a tolerance of 0.15).
    """
    connected_up_to = _connected_threshold(pred_alpha, true_alpha)
    difference = _connectivity(pred_alpha, connected_up_to) - _connectivity(true_alpha, connected_up_to)
    return float(np.abs(difference).sum(dtype=np.float64) / _SUM_UNIT)


def person_iou(pred_alpha: np.ndarray, true_alpha: np.ndarray) -> float:
    """Intersection over union of the pixels that are more person than background; 1 for equal alphas."""
    pred_person, true_person = pred_alpha > 0.5, true_alpha > 0.5
    union = (pred_person | true_person).sum()
    return float((pred_person & true_person).sum() / union) if union else 1.0  # nobody is there


METRICS = {"sad": sad, "mse": mse, "mad": mad, "gradient": gradient_error, "connectivity": connectivity_error}


def intersection_and_union(pred_classes: np.ndarray, true_classes: np.ndarray, count: int) -> np.ndarray:
    """Count the pixels in each class's intersection and union, to be summed over images.

    Args:
        pred_classes: class numbers, any shape.
        true_classes: the same shape.
        count: number of classes.

    Returns:
        (2, count) int64: pixels in the intersections, and in the unions.
    """
    numbers = np.arange(count).reshape(-1, *(1,) * pred_classes.ndim)
    pred, true = pred_classes == numbers, true_classes == numbers
    pixels = tuple(range(1, pred.ndim))
    return np.stack([(pred & true).sum(axis=pixels), (pred | true).sum(axis=pixels)])


def _gradient_magnitude(alpha: np.ndarray) -> np.ndarray:
    smooth, derivative = _gaussian_kernels(_GRADIENT_SIGMA)
    alpha = alpha.astype(np.float64)
    along_x = cv2.sepFilter2D(alpha, -1, derivative, smooth, borderType=cv2.BORDER_REPLICATE)
    along_y = cv2.sepFilter2D(alpha, -1, smooth, derivative, borderType=cv2.BORDER_REPLICATE)
    return np.hypot(along_x, along_y)


def _gaussian_kernels(sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """A Gaussian and its derivative, truncated where below 0.01; their outer product has norm 1."""
    radius = math.ceil(sigma * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * sigma * 0.01)))
    x = np.arange(-radius, radius + 1, dtype=np.float64)
    smooth = np.exp(-(x**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
    derivative = x / sigma**2 * smooth
    norm = np.linalg.norm(np.outer(smooth, derivative))
    return smooth, derivative / norm


def _connected_threshold(pred_alpha: np.ndarray, true_alpha: np.ndarray) -> np.ndarray:
    """For each pixel, the last threshold before it leaves the largest connected opaque region."""
    lowest = np.minimum(pred_alpha, true_alpha)
    connected_up_to = np.full(lowest.shape, -1.0)
    thresholds = np.linspace(0, 1, round(1 / _CONNECTIVITY_STEP) + 1)
    for below, threshold in zip(thresholds[:-1], thresholds[1:], strict=True):
        leaves = (connected_up_to == -1) & ~_largest_region(lowest >= threshold)
        connected_up_to[leaves] = below
    connected_up_to[connected_up_to == -1] = 1
    return connected_up_to


def _largest_region(mask: np.ndarray) -> np.ndarray:
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    if count == 1:
        return np.zeros_like(mask)
    return labels == 1 + np.argmax(statistics[1:, cv2.CC_STAT_AREA])


def _connectivity(alpha: np.ndarray, connected_up_to: np.ndarray) -> np.ndarray:
    distance = alpha - connected_up_to
    return 1 - distance * (distance >= _CONNECTIVITY_TOLERANCE)
