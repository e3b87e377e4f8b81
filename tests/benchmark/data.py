"""Making a data set, and feeding training with it; each beside the plain way."""

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from src.augmentation import draw_augmentation
from src.config import GenerateDataConfig
from src.dataset import MattingDataset, training_batches
from src.generation.generator import generate_datasets
from src.preprocessing import normalise
from src.split_files import SplitFiles
from src.trimap import GRAY_OF_CLASS, trimap_to_class_map
from tests.benchmark.contender import timed

_BATCH = 8
_MEAN = (114, 121, 134)


def pipeline(folder: str, size: int, workers: int):
    """src/dataset.py: batches of an epoch, a sample at a time."""
    dataset = _training_set(folder, size)

    def work():
        for _ in training_batches(dataset, 1, seed=0, batch_size=_BATCH, workers=workers):
            pass

    return timed(work, len(dataset) // _BATCH * _BATCH)


def torch_loader(folder: str, size: int, workers: int):
    """The same samples by PyTorch's DataLoader, in processes."""
    import torch
    from torch.utils.data import DataLoader

    dataset = _training_set(folder, size)

    class Samples(torch.utils.data.Dataset):
        def __len__(self):
            return len(dataset)

        def __getitem__(self, index):
            return dataset.sample(index, 1)

    loader = DataLoader(
        Samples(), _BATCH, shuffle=True, num_workers=workers, drop_last=True, persistent_workers=workers > 0
    )
    return timed(lambda: list(loader), len(dataset) // _BATCH * _BATCH)


def plain_loop(folder: str, size: int):
    """One thread, and the whole photo scaled before it is cropped, as older code does."""
    files = SplitFiles(folder, "train")
    cv2.setNumThreads(1)

    def sample(index: int) -> tuple[np.ndarray, ...]:
        kinds = (files.photo, cv2.IMREAD_COLOR), (files.trimap, 0), (files.alpha, 0)
        images = [cv2.imread(str(path(index)), flag) for path, flag in kinds]
        rng = np.random.default_rng(index)
        scale = rng.uniform(0.75, 1.25) if rng.random() < 0.5 else 1.0
        images = [cv2.resize(each, None, fx=scale, fy=scale) for each in images]
        changes = draw_augmentation(rng, *images[1].shape, size, vertical_flip=False)
        image, trimap, alpha = changes.apply(*images, size)
        return normalise(image, _MEAN), trimap_to_class_map(trimap), alpha.astype(np.float32) / 255

    def work():
        for first in range(0, len(files) - _BATCH + 1, _BATCH):
            samples = [sample(index) for index in range(first, first + _BATCH)]
            [np.stack(each) for each in zip(*samples, strict=True)]

    return timed(work, len(files) // _BATCH * _BATCH)


def generation(source: str, workers: int):
    """src/generate_datasets.py from nothing."""
    pairs = len(list(Path(source, "clip_img").rglob("*.jpg")))

    def work():
        with tempfile.TemporaryDirectory() as folder:
            section = GenerateDataConfig(
                path_mt_human=source,
                path_save=f"{folder}/datasets",
                path_debug=f"{folder}/debug",
                generate_debug=False,
                num_workers=workers,
            )
            generate_datasets(section, 0)

    return timed(work, pairs)


def plain_generation(source: str):
    """One step after the other over all pairs, each reading its files again, as older code does."""
    photos = sorted(Path(source, "clip_img").rglob("*.jpg"))

    def matting_of(photo: Path) -> Path:
        group, sub, name = photo.parts[-3:]
        return Path(source, "matting", group, sub.replace("clip_", "matting_"), name).with_suffix(".png")

    def work():
        with tempfile.TemporaryDirectory() as folder:
            targets = {
                kind: [_made(Path(folder, kind, *photo.parts[-3:])) for photo in photos]
                for kind in ("photo", "matting", "mask", "trimap", "alpha")
            }
            for photo, photo_copy, matting_copy in zip(
                photos, targets["photo"], targets["matting"], strict=True
            ):
                shutil.copy(photo, photo_copy)
                shutil.copy(matting_of(photo), matting_copy.with_suffix(".png"))
            for matting, mask in zip(targets["matting"], targets["mask"], strict=True):
                alpha = cv2.imread(str(matting.with_suffix(".png")), cv2.IMREAD_UNCHANGED)[..., 3]
                cv2.imwrite(str(mask.with_suffix(".png")), alpha)
            kernel = np.ones((10, 10), np.uint8)
            for mask, target in zip(targets["mask"], targets["trimap"], strict=True):
                values = cv2.imread(str(mask.with_suffix(".png")), cv2.IMREAD_GRAYSCALE)
                trimap = np.full_like(values, GRAY_OF_CLASS[2])
                trimap[cv2.erode(values, kernel) >= 250] = 255
                trimap[cv2.dilate(values, kernel) == 0] = 0
                cv2.imwrite(str(target.with_suffix(".png")), trimap)
            for matting, target in zip(targets["matting"], targets["alpha"], strict=True):
                alpha = cv2.imread(str(matting.with_suffix(".png")), cv2.IMREAD_UNCHANGED)[..., 3]
                cv2.imwrite(str(target.with_suffix(".png")), alpha)
            for kind, suffix in (("photo", ".jpg"), ("trimap", ".png")):  # mean and standard deviation
                for path in targets[kind]:
                    values = cv2.imread(str(path.with_suffix(suffix))) / 255
                    values.mean(axis=(0, 1)), values.std(axis=(0, 1))

    return timed(work, len(photos))


def copying(source: str):
    """Reading every file of the source and writing it once: what no data set can be made without."""
    files = [path for path in Path(source).rglob("*") if path.is_file()]

    def work():
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda item: shutil.copy(item[1], f"{folder}/{item[0]}"), enumerate(files)))

    return timed(work, len(files) // 2)


def _training_set(folder: str, size: int) -> MattingDataset:
    return MattingDataset(SplitFiles(folder, "train"), patch_size=size, mean=_MEAN, augments=True)


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
