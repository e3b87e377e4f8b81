"""Training samples as tensors, and reading those of a data set."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import torch

from src.composites.plate_samples import PlateSamples
from src.data.plate_files import PlateFiles
from src.data.plate_sample import SMALLEST_PERSON
from src.data.samples import MattingDataset, Samples
from src.data.split_files import SplitFiles


class Batch(NamedTuple):
    """N samples of a photo with its alpha, on the device."""

    colours: torch.Tensor  # (N, 3, S, S) float32, BGR in [0, 1]
    class_map: torch.Tensor  # (N, S, S) int64: 0 background, 1 foreground, 2 unsure
    alpha: torch.Tensor  # (N, 1, S, S) float32 in [0, 1]


class PlateBatch(NamedTuple):
    """N samples of a photo with its plate, on the device; RGB and alpha in [0, 1], float32."""

    image: torch.Tensor  # (N, 3, S, S)
    plate: torch.Tensor  # (N, 3, S, S)
    alpha: torch.Tensor  # (N, 1, S, S)
    foreground: torch.Tensor  # (N, 3, S, S)


_Made = TypeVar("_Made", Batch, PlateBatch)


class DatasetSamples(Generic[_Made]):
    """Batches of a split, read ahead in a thread.

    Args:
        dataset: the split's samples.
        form: makes a batch of stacked columns.
        batch: samples of a batch.
        seed: of the order.
        device: of the tensors.
    """

    def __init__(
        self,
        dataset: Samples,
        form: Callable[..., _Made],
        *,
        batch: int,
        seed: int,
        device: str,
    ):
        self._dataset, self._form = dataset, form
        self._batch, self._seed, self._device = batch, seed, device

    def whole_split(self) -> Iterator[_Made]:
        """Yield every sample once, except those of an incomplete last batch."""
        order = np.arange(len(self._dataset))
        for start in range(0, len(order) - self._batch + 1, self._batch):
            yield self._read(order[start : start + self._batch], 0)

    def endless(self, first_step: int) -> Iterator[_Made]:
        """Yield batches forever, in a new random order for each epoch, starting at a given step."""
        steps = len(self._dataset) // self._batch
        with ThreadPoolExecutor(1) as pool:
            ahead = []
            step = first_step
            while True:
                while len(ahead) < 4:
                    epoch, place = divmod(step, steps)
                    order = np.random.default_rng((self._seed, epoch)).permutation(len(self._dataset))
                    part = order[place * self._batch :][: self._batch]
                    ahead.append(pool.submit(self._read, part, epoch))
                    step += 1
                yield ahead.pop(0).result()

    def _read(self, indices: np.ndarray, epoch: int) -> _Made:
        samples = [self._dataset.sample(int(index), epoch) for index in indices]
        columns = (torch.from_numpy(np.stack(each)).to(self._device) for each in zip(*samples, strict=True))
        return self._form(*columns)


def alpha_samples(data: str, split: str, *, size: int, **settings) -> DatasetSamples[Batch]:
    """The samples of a data set of src/generate_datasets.py.

    Args:
        data: its folder.
        split: 'train', whose samples are changed at random, or 'eval'.
        size: height and width of a sample.
        settings: batch, seed and device.
    """
    dataset = MattingDataset(
        SplitFiles(data, split),
        patch_size=size,
        mean=(0, 0, 0),
        seed=settings["seed"],
        augments=split == "train",
    )
    return DatasetSamples(dataset, _batch_of_alphas, **settings)


def _batch_of_alphas(image: torch.Tensor, class_map: torch.Tensor, alpha: torch.Tensor) -> Batch:
    return Batch(image.contiguous(memory_format=torch.channels_last), class_map.long(), alpha)


def plate_samples(phase: str) -> Callable[..., DatasetSamples[PlateBatch]]:
    """As `alpha_samples`, for a phase of Background Matting V2; the folders are those of PlateFiles."""

    def open_samples(data: str, split: str, *, size: int, **settings) -> DatasetSamples[PlateBatch]:
        dataset = PlateSamples(
            PlateFiles(data, split),
            patch_size=size,
            smallest_person=SMALLEST_PERSON[phase],
            seed=settings["seed"],
            augments=split == "train",
            max_bad_fraction=0,
        )
        return DatasetSamples(dataset, PlateBatch, **settings)

    return open_samples
