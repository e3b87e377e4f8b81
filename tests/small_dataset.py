"""A small generated data set, as src/generate_datasets.py leaves it, with people a tiny network can learn."""

from pathlib import Path

import cv2
import numpy as np

from src.images.files import write_image
from src.images.trimap import make_trimap

_SUB = "00000000"
_PER_GROUP = 4
_EDGE_WIDTH = 3.0  # pixels over which alpha falls from 255 to 0
_TRIMAP_KERNEL = 5
# Pictures of split s and number n are drawn with the seed (s, n).
_SPLIT_NUMBERS = {"train": 0, "eval": 1, "test": 2}


def write_dataset(folder: Path, counts: dict[str, int], size: tuple[int, int] = (48, 64)) -> None:
    """Write the splits and their lists.

    Args:
        folder: gets train/, eval/ and test/, as far as `counts` names them.
        counts: images of each split.
        size: height and width of every image.
    """
    for split, count in counts.items():
        lines = [_write_sample(Path(folder, split), split, number, size) for number in range(count)]
        list_file = Path(folder, split, f"{split}.txt")
        list_file.parent.mkdir(parents=True, exist_ok=True)
        list_file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def photo_file(folder: Path, split: str, name: str) -> Path:
    """The photo of one line of the list."""
    group, sub, file_name = Path(name).parts
    return Path(folder, split, "clip_img", group, sub.replace("matting_", "clip_"), file_name).with_suffix(
        ".jpg"
    )


def make_person(seed: tuple[int, ...], height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A bright disc with a soft edge on a dark, textured background.

    Returns:
        photo (H, W, 3) uint8 BGR, alpha (H, W) uint8.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    radius = rng.uniform(0.22, 0.34) * min(height, width)
    distance = np.hypot(rows - rng.uniform(0.4, 0.6) * height, columns - rng.uniform(0.4, 0.6) * width)
    alpha = np.clip((radius - distance) / _EDGE_WIDTH + 0.5, 0, 1)
    person = rng.integers(190, 256, 3) + rng.integers(-10, 11, (height, width, 1))
    coarse = rng.integers(0, 80, (5, 5, 3), np.uint8)
    background = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    photo = person * alpha[..., np.newaxis] + background * (1 - alpha[..., np.newaxis])
    return np.clip(np.round(photo), 0, 255).astype(np.uint8), np.round(alpha * 255).astype(np.uint8)


def _write_sample(split_folder: Path, split: str, number: int, size: tuple[int, int]) -> str:
    photo, alpha = make_person((_SPLIT_NUMBERS[split], number), *size)
    group = f"{split}{number // _PER_GROUP}"
    name = f"{group}-{number:08d}"
    write_image(split_folder / "clip_img" / group / f"clip_{_SUB}" / f"{name}.jpg", photo)
    line = f"{group}/matting_{_SUB}/{name}.png"
    pictures = {
        "matting": np.dstack([photo, alpha]),
        "mask": alpha,
        "alpha": alpha,
        "trimap": make_trimap(alpha, _TRIMAP_KERNEL),
    }
    for kind, picture in pictures.items():
        write_image(split_folder / kind / line, picture)
    return line
