"""What MODNet's training makes of a batch: light, trimap, and the alpha of the frame before.

The same changes as in src/data (light.py, previous_alpha.py), for a whole batch on the device.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from src.data import light
from src.data.previous_alpha import DISTURBANCE, Shares
from src.images.affine import AffineRanges
from src.pytorch.batch import Batch

_SHARES = Shares()
_LEFT = 0.5  # of the pictures without anybody: the frame before showed the person of another sample
_SLIGHT = AffineRanges(rotation=2, shear=1, scale=(0.97, 1.03), shift=0.02)  # as between two frames


def normalise(colours: torch.Tensor) -> torch.Tensor:
    """BGR (N, 3, S, S) in [0, 1] to RGB in [-1, 1]."""
    return (2 * colours - 1).flip(1)


def soft_trimap(alpha: torch.Tensor) -> torch.Tensor:
    """MODNet's trimap of alpha (N, 1, S, S): 0, 0.5 or 1; widths drawn as in src/images/trimap.py."""
    erosion, dilation = (round(int(side) * alpha.shape[-1] / 256) | 1 for side in torch.randint(10, 21, (2,)))
    opaque = -functional.max_pool2d(-(alpha >= 0.9).float(), erosion, 1, erosion // 2)
    present = functional.max_pool2d((alpha > 0).float(), dilation, 1, dilation // 2)
    return torch.where(opaque > 0, 1.0, present * 0.5)


def light_up(batch: Batch) -> torch.Tensor:
    """The colours, a share of them lit by a point or a line, also from behind; see src/data/light.py."""
    colours, alpha = batch.colours, batch.alpha
    n, size, device = len(alpha), alpha.shape[-1], alpha.device

    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand((n, *shape), device=device)

    is_line, is_behind, is_lit = (
        torch.rand((n, 1, 1), device=device) < p for p in (light.LINES, light.BEHIND, light.LIT)
    )
    x0, y0 = (
        torch.where(is_line, uniform(0, 1, 1, 1), uniform(-light.AROUND, 1 + light.AROUND, 1, 1)) * (size - 1)
        for _ in range(2)
    )
    angle = uniform(0, math.pi, 1, 1)
    reach = torch.where(is_line, uniform(*light.LINE_REACH, 1, 1), uniform(*light.POINT_REACH, 1, 1))
    reach = reach * math.hypot(size, size)
    across = torch.arange(size, device=device)[None, None, :] - x0
    down = torch.arange(size, device=device)[None, :, None] - y0
    distance = torch.where(
        is_line, (across * angle.sin() - down * angle.cos()).abs(), torch.hypot(across, down)
    )
    strength = (1 - distance / reach).clamp(min=0).square() * is_lit
    strength = torch.where(is_behind[..., None], strength[:, None] * (1 - alpha), strength[:, None])
    added = strength * uniform(*light.GAIN, 1, 1, 1) * uniform(*light.COLOUR, 3, 1, 1)
    return (colours + added).clamp(0, 1)


def previous_alpha(teacher: nn.Module, image: torch.Tensor, alpha: torch.Tensor, *, disturbs: bool):
    """The alpha of the frame before as a model for video sees it: empty, true, predicted, or wrong.

    A model that saw only true ones would not stand its own mistakes, so a part is predicted by a copy of it
    from the frame without one.

    Args:
        teacher: the copy, of four input channels.
        image: (N, 3, S, S), RGB in [-1, 1].
        alpha: true alpha (N, 1, S, S) of the frame.
        disturbs: False: empty, as that of a first frame.
    """
    if not disturbs:
        return torch.zeros_like(alpha)
    with torch.no_grad():
        half = len(alpha) // 2  # of the batch gets the network's own alphas, with their mistakes
        before, other = alpha.clone(), alpha.roll(1, 0)
        empty = torch.zeros_like(alpha[:half])
        before[:half] = teacher(torch.cat((image[:half], empty), 1))[2].float()

        def draw(share):
            return torch.rand((len(alpha), 1, 1, 1), device=alpha.device) < share

        wrong = torch.where(draw(_SHARES.other), other, move(alpha, DISTURBANCE))
        seen = torch.where(draw(_SHARES.disturbed), wrong, move(before, _SLIGHT))
        seen = torch.where(draw(_SHARES.empty), 0.0, seen)
        has_left = (alpha.amax((1, 2, 3), keepdim=True) == 0) & draw(_LEFT)
        return torch.where(has_left, other, seen)


def move(alpha: torch.Tensor, ranges: AffineRanges) -> torch.Tensor:
    """Turn, shear, scale and shift alphas (N, 1, S, S), each at random; 0 comes in from outside."""
    rotation, shear, scale, shift = ranges
    n, device = len(alpha), alpha.device

    def uniform(low, high):
        return low + (high - low) * torch.rand(n, device=device)

    angle = uniform(-rotation, rotation).deg2rad()
    lean = uniform(-shear, shear).deg2rad().tan()
    factor = 1 / uniform(*scale)
    cos, sin = angle.cos() * factor, angle.sin() * factor
    x, y = uniform(-2 * shift, 2 * shift), uniform(-2 * shift, 2 * shift)
    matrix = torch.stack((cos, cos * lean - sin, x, sin, sin * lean + cos, y), 1).view(n, 2, 3)
    grid = functional.affine_grid(matrix, alpha.shape, align_corners=False)
    return functional.grid_sample(alpha, grid, align_corners=False)
