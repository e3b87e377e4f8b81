"""The training data: files of a split to batches of samples.

Which augmentation a sample gets depends on (seed, epoch, index) alone, so a run can be repeated with
any number of workers.
"""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import mindspore.dataset as ds
import numpy as np
from mindspore import Tensor

from src.common.errors import UserError
from src.common.world import World
from src.data.augmentation import draw_augmentation
from src.data.bad_samples import BadSamples
from src.data.pairs import require_same_size
from src.data.split_files import SplitFiles
from src.images.files import ImageError, read_gray, read_image
from src.images.preprocessing import alpha_to_float, normalise, resize, resize_trimap
from src.images.trimap import trimap_to_class_map


class Batch(NamedTuple):
    """N samples."""

    tensors: dict[str, Tensor]  # by name, as the dataset's `columns`
    index: np.ndarray  # (N,) numbers of the samples in the split


class MattingDataset:
    """The samples of one split, resized to patch_size.

    Args:
        files: the split.
        patch_size: height and width of a sample.
        mean: subtracted from the BGR values.
        seed: of the augmentation.
        augments: whether samples are changed at random; validation takes them as they are.
        vertical_flip: whether augmentation also flips upside down.
        max_bad_fraction: of the samples that may be unusable; others take their places.

    Attributes:
        columns: names of what a sample holds, in its order. In a batch of N these are image (N, 3, S, S)
            float32, normalised BGR; class_map (N, S, S) int32, TrimapClass; alpha (N, 1, S, S) float32 in
            [0, 1].
    """

    columns = ("image", "class_map", "alpha")

    def __init__(
        self,
        files: SplitFiles,
        *,
        patch_size: int,
        mean: Sequence[float],
        seed: int = 0,
        augments: bool = False,
        vertical_flip: bool = False,
        max_bad_fraction: float = 0.0,
    ):
        self.files = files
        self.bad = BadSamples(files.names, max_bad_fraction)
        self._patch_size = patch_size
        self._mean = mean
        self._seed = seed
        self._augments = augments
        self._vertical_flip = vertical_flip

    def __len__(self) -> int:
        return len(self.files)

    def sample(self, index: int, epoch: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sample `index` as `epoch` sees it.

        Returns:
            image (3, S, S) float32, class map (S, S) int32, alpha (1, S, S) float32 in [0, 1].

        Raises:
            UserError: a file cannot be read, or has another size than its photo.
        """
        image, trimap, alpha = self._read(index)
        if self._augments:
            rng = np.random.default_rng((self._seed, epoch, index))
            changes = draw_augmentation(rng, *alpha.shape, self._patch_size, self._vertical_flip)
            image, trimap, alpha = changes.apply(image, trimap, alpha, self._patch_size)
        else:
            image = resize(image, self._patch_size, self._patch_size)
            trimap = resize_trimap(trimap, self._patch_size, self._patch_size)
            alpha = resize(alpha, self._patch_size, self._patch_size)
        return (
            normalise(image, self._mean),
            trimap_to_class_map(trimap),
            alpha_to_float(alpha)[np.newaxis],
        )

    def _read(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        image = read_image(self.files.photo(index))
        trimap = read_gray(self.files.trimap(index))
        alpha = read_gray(self.files.alpha(index))
        for file, other in ((self.files.trimap(index), trimap), (self.files.alpha(index), alpha)):
            require_same_size(image, other, self.files.photo(index), file)
        return image, trimap, alpha


def training_batches(
    dataset: MattingDataset,
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
    dataset: MattingDataset,
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

    def __init__(self, dataset: MattingDataset, epoch: int, order: np.ndarray, first: int = 0):
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
