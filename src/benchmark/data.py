"""Workloads: making a data set and feeding training with it, each with a plain implementation to compare."""

import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from src.benchmark.contender import timed
from src.common.process_pool import available_cores
from src.config import Config, GenerateDataConfig
from src.data.split_files import SplitFiles
from src.dataset import MattingDataset, training_batches
from src.generation.generator import generate_datasets
from src.images.trimap import make_trimap

_BATCH = 8
_KERNEL = 10
_TRAINED_SHARE = 0.8  # share of the pairs used for mean and standard deviation


def pipeline(folder: str, size: int, workers: int):
    """src/dataset.py: the batches of an epoch."""
    dataset = _training_set(folder, size)

    def work():
        for _ in training_batches(dataset, 1, seed=0, batch_size=_BATCH, workers=workers):
            pass

    return timed(work, len(dataset) // _BATCH * _BATCH)


def torch_loader(folder: str, size: int, workers: int):
    """The same samples in the same order from PyTorch's DataLoader, with worker processes."""
    import torch
    from torch.utils.data import DataLoader

    dataset = _training_set(folder, size)

    class Samples(torch.utils.data.Dataset):
        def __len__(self):
            return len(dataset)

        def __getitem__(self, index):
            return dataset.sample(index, 1)

    loader = DataLoader(
        Samples(),
        _BATCH,
        sampler=_order(dataset),
        num_workers=workers,
        drop_last=True,
        persistent_workers=True,
    )

    def work():
        for _ in loader:
            pass

    return timed(work, len(dataset) // _BATCH * _BATCH)


def plain_loop(folder: str, size: int):
    """The same samples in the same order, read one after another."""
    dataset = _training_set(folder, size)
    order = _order(dataset)

    def work():
        for first in range(0, len(order) - _BATCH + 1, _BATCH):
            samples = [dataset.sample(index, 1) for index in order[first : first + _BATCH]]
            [np.stack(each) for each in zip(*samples, strict=True)]

    return timed(work, len(dataset) // _BATCH * _BATCH)


def generation(source: str, workers: int):
    """src/generate_datasets.py, starting from an empty folder."""

    def work():
        with tempfile.TemporaryDirectory() as folder:
            section = GenerateDataConfig(
                path_mt_human=source,
                path_save=f"{folder}/datasets",
                path_debug=f"{folder}/debug",
                ksize=_KERNEL,
                generate_debug=False,
                num_workers=workers,
            )
            generate_datasets(section, 0)

    return timed(work, len(_pairs(source)))


def step_after_step(source: str):
    """One step after another over all pairs, each reading its files again, as in older code."""
    pairs = _pairs(source)

    def work():
        with tempfile.TemporaryDirectory() as folder:
            kinds = ("photo", "matting", "mask", "trimap", "alpha")
            photos, mattings, masks, trimaps, alphas = (_targets(Path(folder, kind), pairs) for kind in kinds)
            for (photo, matting), photo_copy, matting_copy in zip(pairs, photos, mattings, strict=True):
                shutil.copy(photo, photo_copy)
                shutil.copy(matting, matting_copy)
            for targets in (masks, alphas):
                for matting, target in zip(mattings, targets, strict=True):
                    cv2.imwrite(str(target), _alpha_of(matting))
            for mask, target in zip(masks, trimaps, strict=True):
                values = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
                cv2.imwrite(str(target), make_trimap(values, _KERNEL))
            for path in photos[: int(_TRAINED_SHARE * len(photos))]:
                values = cv2.imread(str(path)) / 255
                values.mean(axis=(0, 1)), values.std(axis=(0, 1))

    return timed(work, len(pairs))


def decoding_and_encoding(source: str):
    """The lower bound: decode photo and matting once, encode mask and trimap once, on all cores."""
    pairs, pool = _pairs(source), ProcessPoolExecutor(available_cores())
    return timed(lambda: list(pool.map(_decode_and_encode, pairs, chunksize=8)), len(pairs))


def _decode_and_encode(pair: tuple[Path, Path]) -> None:
    cv2.setNumThreads(1)
    cv2.imread(str(pair[0]))
    alpha = _alpha_of(pair[1])
    for image in (alpha, make_trimap(alpha, _KERNEL)):
        cv2.imencode(".png", image)


def _training_set(folder: str, size: int) -> MattingDataset:
    return MattingDataset(SplitFiles(folder, "train"), patch_size=size, mean=Config().mean, augments=True)


def _order(dataset: MattingDataset) -> list[int]:
    """The order of `training_batches` with seed 0 in epoch 1."""
    return np.random.default_rng((0, 1)).permutation(len(dataset)).tolist()


def _pairs(source: str) -> list[tuple[Path, Path]]:
    photos, mattings = (
        sorted(Path(source, kind).rglob(f"*{suffix}"))
        for kind, suffix in (("clip_img", ".jpg"), ("matting", ".png"))
    )
    return list(zip(photos, mattings, strict=True))


def _targets(folder: Path, pairs: list[tuple[Path, Path]]) -> list[Path]:
    folder.mkdir()
    suffix = ".jpg" if folder.name == "photo" else ".png"
    return [folder / f"{number}{suffix}" for number in range(len(pairs))]


def _alpha_of(matting: Path) -> np.ndarray:
    return cv2.imread(str(matting), cv2.IMREAD_UNCHANGED)[..., 3]
