"""The training data: files of a split to batches of samples.

Which augmentation a sample gets depends on (seed, epoch, index) alone, so a run can be repeated with
any number of workers.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

import mindspore.dataset as ds
import numpy as np
from mindspore import Tensor

from src.common.errors import UserError
from src.common.world import World
from src.data.samples import MattingDataset, Samples
from src.images.files import ImageError

__all__ = ["Batch", "MattingDataset", "training_batches", "validation_batches"]


class Batch(NamedTuple):
    """N samples."""

    tensors: dict[str, Tensor]  # by name, as the dataset's `columns`
    index: np.ndarray  # (N,) numbers of the samples in the split


def training_batches(
    dataset: Samples,
    epoch: int,
    *,
    seed: int,
    batch_size: int,
    workers: int,
    world: World = World(),  # noqa: B008 - never changed
    first_step: int = 0,
) -> Iterator[Batch]:
    """This process's share of one epoch, which has its own random order.

    All processes share one permutation: together, the batches of a step are the samples that a single process
    with the batch size of all would take. An incomplete last step is left out.

    Args:
        dataset: the samples.
        epoch: from 1.
        seed: of the order.
        batch_size: of this process.
        workers: threads.
        world: the processes.
        first_step: steps that an earlier run did.
    """
    order = np.random.default_rng((seed, epoch)).permutation(len(dataset))
    steps = len(dataset) // (batch_size * world.size)
    shares = order[: steps * batch_size * world.size].reshape(steps, world.size, batch_size)
    share = _Epoch(dataset, epoch, shares[:, world.rank].ravel(), first_step * batch_size)
    return _batches(share, batch_size, workers)


def validation_batches(
    dataset: Samples,
    *,
    batch_size: int,
    workers: int,
    world: World = World(),  # noqa: B008 - never changed
) -> Iterator[Batch]:
    """This process's share of all samples; the last is repeated to fill the last batch.

    So all batches have one shape. Count each `index` once.
    """
    share = np.arange(world.rank, len(dataset), world.size)
    missing = -len(share) % batch_size
    order = np.pad(share, (0, missing), "edge") if len(share) else share
    return _batches(_Epoch(dataset, 0, order), batch_size, workers)


class _Epoch:
    """The samples of one epoch in their order, in the form that MindSpore's pipeline takes."""

    def __init__(self, dataset: Samples, epoch: int, order: np.ndarray, first: int = 0):
        self.columns = dataset.columns
        self.error: UserError | None = None
        self._dataset = dataset
        self._epoch = epoch
        self._order = order
        self._first = first

    def __len__(self) -> int:
        return len(self._order) - self._first

    def __getitem__(self, position: int) -> tuple[np.ndarray, ...]:
        """The sample at a position, or the next one of the whole epoch that can be used."""
        try:
            for further in range(len(self._order)):
                index = int(self._order[(self._first + position + further) % len(self._order)])
                sample = self._usable_sample(index)
                if sample is not None:
                    return *sample, np.int32(index)
            raise UserError("none of the samples of this process can be used")
        except UserError as error:
            self.error = error  # the pipeline would bury it in a traceback of its own
            raise

    def _usable_sample(self, index: int) -> tuple[np.ndarray, ...] | None:
        if index in self._dataset.bad:
            return None
        try:
            return self._dataset.sample(index, self._epoch)
        except ImageError as error:
            self._dataset.bad.add(index, str(error))
            return None


def _batches(samples: _Epoch, batch_size: int, workers: int) -> Iterator[Batch]:
    if not len(samples):
        return
    pipeline = ds.GeneratorDataset(
        samples,
        [*samples.columns, "index"],
        shuffle=False,
        num_parallel_workers=min(workers, os.cpu_count() or 1),  # MindSpore refuses more than there are cores
        python_multiprocessing=False,  # reading and resizing release Python's lock: threads are enough
    ).batch(batch_size, drop_remainder=True)
    try:
        for *tensors, index in pipeline.create_tuple_iterator(num_epochs=1):
            yield Batch(dict(zip(samples.columns, tensors, strict=True)), index.asnumpy())
    except RuntimeError:
        if samples.error is not None:
            raise samples.error from None
        raise
