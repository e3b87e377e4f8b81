"""Training samples as tensors, and reading those of a data set."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from src.data.samples import MattingDataset
from src.data.split_files import SplitFiles


class Batch(NamedTuple):
    """N samples on the device."""

    colours: torch.Tensor  # (N, 3, S, S) float32, BGR in [0, 1]
    class_map: torch.Tensor  # (N, S, S) int64: 0 background, 1 foreground, 2 unsure
    alpha: torch.Tensor  # (N, 1, S, S) float32 in [0, 1]


class DatasetSamples:
    """Batches of a split of a data set, read ahead in a thread.

    Args:
        data: the data set of src/generate_datasets.py.
        split: 'train', whose samples are changed at random, or 'eval'.
        size: height and width of a sample.
        batch: samples of a batch.
        seed: of the order and of the changes.
        device: of the tensors.
    """

    def __init__(self, data: str, split: str, *, size: int, batch: int, seed: int, device: str):
        self.dataset = MattingDataset(
            SplitFiles(data, split), patch_size=size, mean=(0, 0, 0), seed=seed, augments=split == "train"
        )
        self._batch, self._seed, self._device = batch, seed, device

    def whole_split(self) -> Iterator[Batch]:
        """Yield every sample once, except those of an incomplete last batch."""
        order = np.arange(len(self.dataset))
        for start in range(0, len(order) - self._batch + 1, self._batch):
            yield self._read(order[start : start + self._batch], 0)

    def endless(self, first_step: int) -> Iterator[Batch]:
        """Yield batches forever, in a new random order for each epoch, starting at a given step."""
        steps = len(self.dataset) // self._batch
        with ThreadPoolExecutor(1) as pool:
            ahead = []
            step = first_step
            while True:
                while len(ahead) < 4:
                    epoch, place = divmod(step, steps)
                    order = np.random.default_rng((self._seed, epoch)).permutation(len(self.dataset))
                    part = order[place * self._batch :][: self._batch]
                    ahead.append(pool.submit(self._read, part, epoch))
                    step += 1
                yield ahead.pop(0).result()

    def _read(self, indices: np.ndarray, epoch: int) -> Batch:
        samples = [self.dataset.sample(int(index), epoch) for index in indices]
        image, class_map, alpha = (torch.from_numpy(np.stack(each)) for each in zip(*samples, strict=True))
        return Batch(
            image.to(self._device, memory_format=torch.channels_last),
            class_map.long().to(self._device),
            alpha.to(self._device),
        )
