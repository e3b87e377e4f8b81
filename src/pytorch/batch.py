"""Training samples as tensors, and reading those of a data set."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from src.common.errors import UserError
from src.common.process_pool import available_cores
from src.common.read_ahead import map_ahead
from src.composites.plate_samples import PlateSamples
from src.data.plate_files import PlateFiles
from src.data.plate_sample import SMALLEST_PERSON
from src.data.samples import MattingDataset, Samples
from src.data.split_files import SplitFiles
from src.description.model_info import NO_MEAN, ModelInfo


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


_Made = TypeVar("_Made", bound=tuple)


class DatasetSamples(Generic[_Made]):
    """Batches of a split, read ahead.

    Args:
        dataset: the split's samples.
        form: makes a batch of stacked columns.
        batch: samples of a batch.
        seed: of the order.
        device: of the tensors.
        workers: processes that read endless batches; 0 is a thread. Batches do not depend on it.

    Attributes:
        form: see above.
    """

    def __init__(
        self,
        dataset: Samples,
        form: Callable[..., _Made],
        *,
        batch: int,
        seed: int,
        device: str,
        workers: int = 0,
    ):
        self._dataset, self.form = dataset, form
        self._batch, self._seed, self._device, self._workers = batch, seed, device, workers

    def whole_split(self) -> Iterator[_Made]:
        """Yield every sample once, in order; the last batch may be smaller.

        Raises:
            UserError: a sample cannot be read.
        """
        threads = available_cores()
        with ThreadPoolExecutor(threads) as pool:
            samples = map_ahead(pool, self._dataset.sample, range(len(self._dataset)), ahead=2 * threads)
            while batch := list(itertools.islice(samples, self._batch)):
                yield self._on_device(_stacked(batch))

    def endless(self, first_step: int) -> Iterator[_Made]:
        """Yield batches forever, in a new random order for each epoch, starting at a given step.

        Raises:
            UserError: there are too few samples for a step.
        """
        if len(self._dataset) < self._batch:
            raise UserError(
                f"there are {len(self._dataset)} training samples, but one step needs {self._batch}; lower "
                "--batch, or add samples"
            )
        loader = DataLoader(
            _Stacks(self._dataset),
            sampler=map(self._chosen, itertools.count(first_step)),
            batch_size=None,
            num_workers=self._workers,
            # a copy of a process with threads can wait forever for a lock
            multiprocessing_context="spawn" if self._workers else None,
            worker_init_fn=_take_one_core,
        )
        read = iter(loader)
        with ThreadPoolExecutor(1) as thread:
            for columns in map_ahead(thread, lambda _: next(read), itertools.count(), ahead=4):
                yield self._on_device(columns)

    def _chosen(self, step: int) -> tuple[np.ndarray, int]:
        """The samples of a step, and its epoch."""
        epoch, place = divmod(step, len(self._dataset) // self._batch)
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self._dataset))
        return order[place * self._batch :][: self._batch], epoch

    def _on_device(self, columns: Sequence[torch.Tensor] | UserError) -> _Made:
        if isinstance(columns, UserError):
            raise columns
        return self.form(*(each.to(self._device) for each in columns))


def _take_one_core(worker: int) -> None:
    cv2.setNumThreads(1)


class _Stacks(Dataset):
    """Stacked columns of chosen samples, by (their numbers, the epoch)."""

    def __init__(self, dataset: Samples):
        self._dataset = dataset

    def __getitem__(self, chosen: tuple[np.ndarray, int]) -> list[torch.Tensor] | UserError:
        indices, epoch = chosen
        try:
            samples = [self._dataset.sample(int(index), epoch) for index in indices]
        except UserError as error:  # raised, it would come from another process with that one's traceback
            return error
        return _stacked(samples)


def _stacked(samples: Sequence[tuple[np.ndarray, ...]]) -> list[torch.Tensor]:
    return [torch.from_numpy(np.stack(each)) for each in zip(*samples, strict=True)]


def alpha_samples(data: str, split: str, **settings) -> DatasetSamples[Batch]:
    """The samples of a data set of src/generate_datasets.py.

    Args:
        data: its folder.
        split: 'train', whose samples are changed at random, or 'eval'.
        settings: size (height and width of a sample), batch, seed, device and workers.
    """
    return _matting_samples(data, split, mean=NO_MEAN, letterbox=False, **settings)


def letterboxed_samples(data: str, split: str, **settings) -> DatasetSamples[Batch]:
    """As `alpha_samples`, but whole photos keep their shape, between bars of background of PSPNet's mean."""
    mean = ModelInfo(system="pspnet").mean
    return _matting_samples(data, split, mean=mean, letterbox=True, **settings)


def _matting_samples(
    data: str, split: str, *, mean: Sequence[float], letterbox: bool, size: int, seed: int, **settings
) -> DatasetSamples[Batch]:
    dataset = MattingDataset(
        SplitFiles(data, split),
        patch_size=size,
        mean=mean,
        letterbox=letterbox,
        seed=seed,
        augments=split == "train",
    )

    def form(image: torch.Tensor, class_map: torch.Tensor, alpha: torch.Tensor) -> Batch:
        colours = image + torch.tensor(mean, device=image.device)[:, None, None] / 255
        return Batch(colours.contiguous(memory_format=torch.channels_last), class_map.long(), alpha)

    return DatasetSamples(dataset, form, seed=seed, **settings)


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
