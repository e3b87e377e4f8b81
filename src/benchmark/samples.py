"""Photos for measurements: generated portraits, as source pairs and as a finished data set."""

import shutil
from pathlib import Path
from typing import NamedTuple

import cv2

from src.config import GenerateDataConfig
from src.generation.generator import generate_datasets
from src.sample_data import make_sample_data

_PORTRAITS = 30  # the rest are copies, which take just as long to read and write
_SEED = 5
_SMALL_COUNT = 24
VIDEO_FRAMES = 48


class Samples(NamedTuple):
    """Files for measurements."""

    source: Path  # pairs of 600x800
    data: Path  # 80 % of them for training, 10 % for testing
    photo: Path
    large_photo: Path  # 7680x4320
    small_photos: Path  # folder of photos of 340x460
    small_count: int
    video: Path  # 640x480, of VIDEO_FRAMES frames


def make_samples(folder: Path, pairs: int) -> Samples:
    """Make the samples below `folder`, with `pairs` source pairs."""
    drawn, source, data = (folder / name for name in ("drawn", "source", "data"))
    make_sample_data(drawn, _PORTRAITS, _SEED)
    for kind, sub in (("clip_img", "clip"), ("matting", "matting")):
        paths = sorted((drawn / kind).rglob("*.*"))
        for number in range(pairs):
            copy, place = divmod(number, len(paths))
            path = paths[place]
            target = source / kind / f"{path.parts[-3]}{copy}" / f"{sub}_00000000" / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    section = GenerateDataConfig(
        path_mt_human=str(source),
        path_save=str(data),
        path_debug=str(folder / "debug"),
        proportion="8:1:1",
        split_by="image",
        generate_debug=False,
    )
    generate_datasets(section, _SEED)
    photo = next((drawn / "clip_img").rglob("*.jpg"))
    large_photo = folder / "large.jpg"
    cv2.imwrite(str(large_photo), cv2.resize(cv2.imread(str(photo)), (7680, 4320)))
    small, video = folder / "small", folder / "moving.mp4"
    _shrink(sorted((drawn / "clip_img").rglob("*.jpg"))[:_SMALL_COUNT], small)
    _film(photo, video)
    return Samples(source, data, photo, large_photo, small, _SMALL_COUNT, video)


def _shrink(photos: list[Path], folder: Path) -> None:
    folder.mkdir()
    for photo in photos:
        cv2.imwrite(str(folder / photo.name), cv2.resize(cv2.imread(str(photo)), (340, 460)))


def _film(photo: Path, video: Path) -> None:
    """A camera that moves along a photo."""
    image = cv2.resize(cv2.imread(str(photo)), (688, 917))
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"mp4v"), 25, (640, 480))
    for place in range(VIDEO_FRAMES):
        writer.write(image[2 * place : 2 * place + 480, place : place + 640])
    writer.release()
