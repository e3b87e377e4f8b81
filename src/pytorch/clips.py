"""Samples of clips for the phase `video`, made as train.py makes them."""

from pathlib import Path
from typing import NamedTuple

import torch

from src.clips.layouts import holds_clips
from src.clips.split_frames import SplitFrames
from src.pytorch.batch import Batch, DatasetSamples, alpha_samples
from src.systems.modnet_data import ClipSamples


class ClipBatch(NamedTuple):
    """N frames on the device, float32; see src/systems/modnet_data.py."""

    image: torch.Tensor  # (N, 3, S, S), RGB in [-1, 1]
    alpha: torch.Tensor  # (N, 1, S, S) in [0, 1]
    trimap: torch.Tensor  # (N, 1, S, S): 0, 0.5 or 1
    previous: torch.Tensor  # (N, 1, S, S) in [0, 1]: the alpha of the frame before
    known: torch.Tensor  # (N, 1, S, S): 1 where alpha is true, else 0


def frame_samples(data: str, split: str, *, size: int, **settings) -> DatasetSamples[Batch | ClipBatch]:
    """As `alpha_samples`; where DATASETS/train holds clips, their frames as train.py sees them."""
    if not holds_clips(Path(data), "train"):
        return alpha_samples(data, split, size=size, **settings)
    dataset = ClipSamples(
        SplitFrames(data, split),
        ClipBatch._fields,
        patch_size=size,
        seed=settings["seed"],
        augments=split == "train",
    )
    return DatasetSamples(dataset, ClipBatch, **settings)
