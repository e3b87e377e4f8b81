"""The losses of Background Matting V2 in PyTorch: the terms, whose sum is minimised; see
src/systems/background_matting_loss.py."""

import torch
from torch.nn import functional

from src.pytorch.background_matting import resize

_LEVELS = 5


def base_loss(pha, fgr, err, *, true_pha, true_fgr):
    """Alpha, its edges, its Laplacian pyramid, the foreground where there is one, and the expected error."""
    return (*_of_alpha(pha, true_pha), _of_foreground(fgr, true_fgr, true_pha), _of_error(err, pha, true_pha))


def refine_loss(pha, fgr, pha_sm, fgr_sm, err_sm, *, true_pha, true_fgr):
    """The terms of both sizes; the expected error is that of the small alpha, enlarged."""
    size, small = pha.shape[2:], pha_sm.shape[2:]
    small_pha, small_fgr = resize(true_pha, small), resize(true_fgr, small)
    return (
        *_of_alpha(pha, true_pha),
        *_of_alpha(pha_sm, small_pha),
        _of_foreground(fgr, true_fgr, true_pha),
        _of_foreground(fgr_sm, small_fgr, small_pha),
        _of_error(resize(err_sm, size), resize(pha_sm, size), true_pha),
    )


def _of_alpha(pha, true):
    edges = (_sobel(pha) - _sobel(true)).abs().mean()
    return (pha - true).abs().mean(), edges, _laplacian(pha - true)


def _of_foreground(fgr, true, true_pha):
    return ((true_pha != 0) * (fgr - true)).abs().mean()


def _of_error(err, pha, true):
    return (err - (pha - true).abs().detach()).square().mean()


def _sobel(x):
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], device=x.device) / 8
    slopes = functional.conv2d(
        functional.pad(x, (1, 1, 1, 1), mode="replicate"), torch.stack((kernel, kernel.T))[:, None]
    )
    return (slopes.square().sum(1, keepdim=True) + 1e-6).sqrt()


def _laplacian(rest):
    loss = 0
    for level in range(_LEVELS):
        height, width = (side // 2 * 2 for side in rest.shape[2:])
        rest = rest[:, :, :height, :width]
        smaller = _blur(rest)[:, :, ::2, ::2]
        spread = torch.zeros_like(rest)
        spread[:, :, ::2, ::2] = 4 * smaller
        loss = loss + 2**level * (rest - _blur(spread)).abs().mean()
        rest = smaller
    return loss / _LEVELS


def _blur(x):
    line = torch.tensor([1.0, 4, 6, 4, 1], device=x.device) / 16
    return functional.conv2d(
        functional.pad(x, (2, 2, 2, 2), mode="reflect"), torch.outer(line, line)[None, None]
    )
