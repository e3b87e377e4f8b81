"""Losses of Background Matting V2 as pure functions, which return named terms; training minimises `loss`.

Alphas and errors are (N, 1, H, W), foregrounds (N, 3, H, W), all float32; predictions need not be clipped.
All weights are 1, as in the paper; the Laplacian term is that of Robust Video Matting.
"""

import numpy as np
from mindspore import Tensor, ops

from src.description.plate_form import SMALLEST_SIDE
from src.model.background_matting.layers import resize

_EPSILON = 1e-6  # under the square root: keeps its gradient finite at 0
_SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32) / 8
_SLOPES = np.stack([_SOBEL, _SOBEL.T])[:, np.newaxis]  # kernels across and down
_BLUR = np.outer((1, 4, 6, 4, 1), (1, 4, 6, 4, 1)).astype(np.float32)[np.newaxis, np.newaxis] / 256
_LEVELS = 5


def base_loss(
    pha: Tensor,
    fgr: Tensor,
    err: Tensor,
    *,
    true_pha: Tensor,
    true_fgr: Tensor,
    use_laplacian: bool = True,
) -> dict[str, Tensor]:
    """The loss of the base network.

    Raises:
        ValueError: `use_laplacian`, and the height or width is below 64.
    """
    alpha, edges = _l1(pha, true_pha), _l1(sobel(pha), sobel(true_pha))
    colours = _foreground(fgr, true_fgr, true_pha)
    error = _error(err, pha, true_pha)
    terms = {
        "loss": alpha + edges + colours + error,
        "pha_l1": alpha,
        "pha_sobel": edges,
        "fgr_l1": colours,
        "err_mse": error,
    }
    if use_laplacian:
        terms["pha_laplacian"] = laplacian_loss(pha, true_pha)
        terms["loss"] = terms["loss"] + terms["pha_laplacian"]
    return terms


def refine_loss(
    pha: Tensor,
    fgr: Tensor,
    pha_sm: Tensor,
    fgr_sm: Tensor,
    err_sm: Tensor,
    *,
    true_pha: Tensor,
    true_fgr: Tensor,
    use_laplacian: bool = True,
) -> dict[str, Tensor]:
    """The loss of the base network and the refiner together.

    Args:
        pha: refined alpha.
        fgr: refined foreground.
        pha_sm: alpha of the small copy (N, 1, h, w).
        fgr_sm: foreground of the small copy (N, 3, h, w).
        err_sm: expected error of `pha_sm` (N, 1, h, w).
        true_pha: true alpha.
        true_fgr: true foreground.
        use_laplacian: whether to add the Laplacian terms of both alphas.

    Raises:
        ValueError: `use_laplacian`, and the height or width of the small copy is below 64.
    """
    size, small = pha.shape[2:], pha_sm.shape[2:]
    true_pha_sm, true_fgr_sm = resize(true_pha, small), resize(true_fgr, small)
    alpha, edges = _l1(pha, true_pha), _l1(sobel(pha), sobel(true_pha))
    alpha_sm, edges_sm = _l1(pha_sm, true_pha_sm), _l1(sobel(pha_sm), sobel(true_pha_sm))
    colours = _foreground(fgr, true_fgr, true_pha)
    colours_sm = _foreground(fgr_sm, true_fgr_sm, true_pha_sm)
    error = _error(resize(err_sm, size), resize(pha_sm, size), true_pha)
    terms = {
        "loss": alpha + alpha_sm + edges + edges_sm + colours + colours_sm + error,
        "pha_l1": alpha,
        "pha_sm_l1": alpha_sm,
        "pha_sobel": edges,
        "pha_sm_sobel": edges_sm,
        "fgr_l1": colours,
        "fgr_sm_l1": colours_sm,
        "err_mse": error,
    }
    if use_laplacian:
        terms["pha_laplacian"] = laplacian_loss(pha, true_pha)
        terms["pha_sm_laplacian"] = laplacian_loss(pha_sm, true_pha_sm)
        terms["loss"] = terms["loss"] + terms["pha_laplacian"] + terms["pha_sm_laplacian"]
    return terms


def sobel(alpha: Tensor) -> Tensor:
    """The magnitude of an alpha's gradient, (N, 1, H, W); its borders are replicated."""
    padded = ops.pad(alpha, (1, 1, 1, 1), mode="replicate")
    slopes = ops.conv2d(padded, Tensor(_SLOPES))
    return ops.sqrt(ops.square(slopes).sum(1, keepdims=True) + _EPSILON)


def laplacian_loss(pha: Tensor, true_pha: Tensor) -> Tensor:
    """Compare two alphas band by band: the mean of 2^l times the L1 distance of band l, over 5 levels.

    Raises:
        ValueError: the height or width is below 64.
    """
    if min(pha.shape[2:]) < SMALLEST_SIDE:
        raise ValueError(
            f"the Laplacian loss needs {SMALLEST_SIDE} pixels or more in height and width, but the alpha is "
            f"{pha.shape[2]}x{pha.shape[3]}"
        )
    # The pyramid is linear, so that of the difference is the difference of the pyramids.
    rest, loss = pha - true_pha, 0
    for level in range(_LEVELS):
        height, width = rest.shape[2] // 2 * 2, rest.shape[3] // 2 * 2
        rest = rest[:, :, :height, :width]
        smaller = _every_second(_blur(rest))
        loss = loss + 2**level * ops.abs(rest - _blur(_between_zeros(4 * smaller))).mean()
        rest = smaller
    return loss / _LEVELS


def _l1(pred: Tensor, true: Tensor) -> Tensor:
    return ops.abs(pred - true).mean()


def _foreground(fgr: Tensor, true_fgr: Tensor, true_pha: Tensor) -> Tensor:
    """The L1 distance where there is a foreground, as a mean over the whole picture."""
    present = ops.cast(ops.not_equal(true_pha, 0), fgr.dtype)
    return _l1(present * fgr, present * true_fgr)


def _error(err: Tensor, pha: Tensor, true_pha: Tensor) -> Tensor:
    """The expected error follows that of the alpha, not the other way round."""
    return ops.square(err - ops.stop_gradient(ops.abs(pha - true_pha))).mean()


def _blur(x: Tensor) -> Tensor:
    """Blur (N, 1, H, W), which is reflected at its borders."""
    return ops.conv2d(ops.pad(x, (2, 2, 2, 2), mode="reflect"), Tensor(_BLUR))


def _every_second(x: Tensor) -> Tensor:
    """Every second pixel of both directions; strided slices have no correct gradient on CPUs."""
    n, c, height, width = x.shape
    return x.reshape(n, c, height // 2, 2, width // 2, 2)[:, :, :, 0, :, 0]


def _between_zeros(x: Tensor) -> Tensor:
    """The inverse, with zeros at the other places."""
    n, c, height, width = x.shape
    x = x.reshape(n, c, height, 1, width, 1)
    x = ops.cat((x, ops.zeros_like(x)), 3)
    return ops.cat((x, ops.zeros_like(x)), 5).reshape(n, c, 2 * height, 2 * width)
