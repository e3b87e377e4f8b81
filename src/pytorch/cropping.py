"""Cuts, resizes and flips samples on the device, all of a batch at once.

Resizing is linear in each axis, so a sample is two products with matrices: rows @ picture @ columns.
"""

from collections.abc import Sequence

import numpy as np
import torch

from src.data.augmentation import Augmentation
from src.pytorch.batch import Batch


def crop(pictures: torch.Tensor, chosen: np.ndarray, changes: Sequence[Augmentation], size: int) -> Batch:
    """Cut samples from pictures.

    Args:
        pictures: (P, H, W, 5) uint8: BGR, alpha, class.
        chosen: (N,) numbers of the pictures.
        changes: what becomes of each of the N.
        size: height and width S of the samples.

    Returns:
        N samples: colours and alpha linearly resized (shrinking averages), classes of the nearest pixels.
    """
    device, (height, width) = pictures.device, pictures.shape[1:3]
    rows = _spans([(each.top, each.height, each.flip_vertically) for each in changes], device)
    columns = _spans([(each.left, each.width, each.flip_horizontally) for each in changes], device)
    picked = pictures[torch.from_numpy(chosen).to(device)]
    values = picked[..., :4].permute(0, 3, 1, 2).float() / 255
    down = _resizing(*rows, height, size)[:, None]
    across = _resizing(*columns, width, size)[:, None]
    values = (down @ values @ across.transpose(2, 3)).clamp(0, 1)
    y, x = (
        _centres(*span, size).floor().long().clamp(0, most - 1)
        for span, most in ((rows, height), (columns, width))
    )
    sample = torch.arange(len(picked), device=device)[:, None, None]
    class_map = picked[..., 4][sample, y[:, :, None], x[:, None, :]]
    colours = values[:, :3].contiguous(memory_format=torch.channels_last)
    return Batch(colours, class_map.long(), values[:, 3:].contiguous())


def _spans(spans: Sequence[tuple[int, int, bool]], device) -> tuple[torch.Tensor, torch.Tensor]:
    """Start (N, 1) and signed length (N, 1) of parts of an axis; a flipped part runs from its end back."""
    values = np.array(
        [(start + length, -length) if flip else (start, length) for start, length, flip in spans]
    )
    start, length = torch.from_numpy(values.astype(np.float32)).to(device).unbind(1)
    return start[:, None], length[:, None]


def _centres(start: torch.Tensor, length: torch.Tensor, size: int) -> torch.Tensor:
    """(N, S): where the centres of the new pixels lie on the old axis; pixel j is from j to j + 1."""
    return start + (torch.arange(size, device=start.device) + 0.5) * length / size


def _resizing(start: torch.Tensor, length: torch.Tensor, old: int, size: int) -> torch.Tensor:
    """Weights (N, S, old) of the old pixels for the new ones: triangles as wide as a new or an old pixel."""
    reach = (length.abs() / size).clamp(min=1)
    centres = _centres(start, length, size)
    first, last = torch.minimum(start, start + length), torch.maximum(start, start + length)
    # Pixels beyond the part are not seen: at its border, the last one counts for them.
    centres = torch.minimum(torch.maximum(centres, first + 0.5), last - 0.5)
    middles = torch.arange(old, device=start.device) + 0.5
    weights = (1 - (middles - centres[:, :, None]).abs() / reach[:, :, None]).clamp(min=0)
    inside = (middles > first) & (middles < last)
    weights = weights * inside[:, None]
    return weights / weights.sum(2, keepdim=True)
