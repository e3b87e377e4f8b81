"""Pictures of src/composite_data.py, held in the device's memory, where the samples are also cut.

A GPU trains on more pictures a second than processors can read and resize. So each picture is read once,
also while src/composite_data.py is still adding to its folder.
"""

import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from src.common.errors import UserError
from src.common.names import as_bytes
from src.common.process_pool import leave_with_parent
from src.data.augmentation import draw_augmentation
from src.data.pair_folder import pair_paths
from src.data.pairs import require_same_size
from src.images.files import ImageError, read_alpha_channel, read_image
from src.images.trimap import make_trimap, trimap_to_class_map
from src.pytorch.batch import Batch
from src.pytorch.cropping import crop

_FIRST = 1000  # pictures to wait for, unless there are fewer
_READERS = 2  # processes
_CHUNK = 32  # pictures that a reader hands over together
_TRIMAP_SIDES = (4, 13)  # of the trimap's kernel, in pixels; the second is excluded
_PAUSE, _LONGEST_PAUSE = 1, 60  # seconds until a reader looks for new pictures; longer where none come


class Pictures:
    """Endless batches of the pictures of some folders.

    The first batch waits for the pictures that are there, at most 1000; later ones take what has arrived by
    then.

    Args:
        folders: of src/composite_data.py, or holding some; all pictures have one size.
        size: height and width of a sample.
        batch: samples of a batch.
        seed: of the choice and of the changes. What is drawn also depends on which pictures are read by then.
        device: of the tensors.
        capacity: pictures held at most; further ones take the places of the oldest.

    Raises:
        UserError: a folder is missing or holds no pictures.
    """

    def __init__(
        self, folders: Sequence[str], *, size: int, batch: int, seed: int, device: str, capacity: int
    ):
        there = sum(len(_find(folder)) for folder in folders)
        if not there:
            raise UserError(f"{', '.join(folders)}: no pictures of src/composite_data.py")
        self._first = min(there, _FIRST, capacity)
        self._size, self._batch, self._seed, self._device = size, batch, seed, device
        self._capacity = capacity
        self._held: torch.Tensor | None = None  # (capacity, H, W, 5) uint8: BGR, alpha, class
        self.read = 0  # pictures
        self._seen = 0  # and those that could not be read
        self._failure: BaseException | None = None
        loader = DataLoader(
            _Folders(folders, seed),
            batch_size=None,
            num_workers=_READERS,
            prefetch_factor=4,
            worker_init_fn=_leave_with_training,
            in_order=False,  # a reader without new pictures does not hold up the others
            multiprocessing_context="spawn",  # a copy of a process with threads can wait forever for a lock
        )
        threading.Thread(target=self._keep, args=(loader,), daemon=True).start()

    def endless(self, first_step: int) -> Iterator[Batch]:
        """Yield batches forever, starting at a given step."""
        step = first_step
        while True:
            if self._failure is not None:
                raise self._failure
            if self._seen < self._first:
                time.sleep(0.05)
                continue
            if not self.read:
                raise UserError("none of the pictures can be read")
            yield self._draw(np.random.default_rng((self._seed, step)))
            step += 1

    def _keep(self, loader: DataLoader) -> None:
        """Copy what the readers hand over to the device, in a thread."""
        try:
            for pictures, seen in loader:
                if len(pictures):
                    self._add(pictures)
                self._seen += seen
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that trains
            self._failure = error

    def _add(self, pictures: torch.Tensor) -> None:
        if self._held is None:
            self._held = self._make_room(pictures.shape[1:])
        if pictures.shape[1:] != self._held.shape[1:]:
            sizes = " and ".join(f"{each.shape[2]}x{each.shape[1]}" for each in (self._held, pictures))
            raise UserError(f"the pictures have different sizes, {sizes}: name folders of one size")
        places = torch.arange(self.read, self.read + len(pictures)) % self._capacity
        self._held[places.to(self._device)] = pictures.to(self._device)
        self.read += len(pictures)

    def _make_room(self, shape: torch.Size) -> torch.Tensor:
        try:
            return torch.zeros((self._capacity, *shape), dtype=torch.uint8, device=self._device)
        except RuntimeError:  # also of a card
            gigabytes = self._capacity * shape.numel() / 1e9
            raise UserError(
                f"{self._capacity} pictures of {shape[1]}x{shape[0]} need {gigabytes:.0f} GB of memory, more "
                "than there is; lower --capacity, or make smaller pictures"
            ) from None

    def _draw(self, rng: np.random.Generator) -> Batch:
        chosen = rng.integers(min(self.read, self._capacity), size=self._batch)
        height, width = self._held.shape[1:3]
        changes = [
            draw_augmentation(rng, height, width, self._size, vertical_flip=False) for _ in range(self._batch)
        ]
        return crop(self._held, chosen, changes, self._size)


def _leave_with_training(_: int) -> None:
    """A reader that finds no new pictures never asks whether the training goes on."""
    leave_with_parent()


class _Folders(IterableDataset):
    """Pictures (n, H, W, 5) uint8 as they are written, each once, and from how many files; never ends."""

    def __init__(self, folders: Sequence[str], seed: int):
        self._folders, self._seed = folders, seed

    def __iter__(self) -> Iterator[tuple[torch.Tensor, int]]:
        reader = get_worker_info()
        rng = np.random.default_rng((self._seed, reader.id))
        seen: set[Path] = set()
        pause = _PAUSE
        while True:
            found = [path for folder in self._folders for path in _find(folder) if path not in seen]
            seen.update(found)
            mine = [
                path for path in found if zlib.crc32(as_bytes(str(path))) % reader.num_workers == reader.id
            ]
            rng.shuffle(mine)
            for start in range(0, len(mine), _CHUNK):
                part = mine[start : start + _CHUNK]
                read = [picture for path in part if (picture := _read(path, rng)) is not None]
                for shape in {picture.shape for picture in read}:
                    yield torch.from_numpy(np.stack([each for each in read if each.shape == shape])), 0
                yield torch.zeros(0), len(part)
            if found:
                pause = _PAUSE
            else:
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)


def _find(folder: str) -> list[Path]:
    """The mattings of whole pairs: a photo is written before its matting."""
    return sorted(Path(folder).glob("**/matting/*/*/[!.]*.png"))


def _read(matting: Path, rng: np.random.Generator) -> np.ndarray | None:
    """A picture as (H, W, 5) uint8: BGR, alpha, class; None if it cannot be read."""
    photo = pair_paths(matting.parents[3], matting.parent.parent.name, matting.stem).photo
    try:
        image, alpha = read_image(photo), read_alpha_channel(matting)
        require_same_size(image, alpha, photo, matting)
    except ImageError as error:
        print(f"left out: {error}", flush=True)
        return None
    classes = trimap_to_class_map(make_trimap(alpha, int(rng.integers(*_TRIMAP_SIDES))))
    return np.dstack([image, alpha, classes.astype(np.uint8)])
