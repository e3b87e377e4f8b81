"""Small source data sets for tests, in the layout of the Matting Human Datasets."""

from pathlib import Path

import cv2
import numpy as np

from src.config import GenerateDataConfig


def make_photo(number: int, height: int = 40, width: int = 30) -> np.ndarray:
    """A smooth photo (H, W, 3) uint8, another one for every number."""
    coarse = np.random.default_rng(number).integers(0, 256, (5, 4, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)


def make_alpha(number: int, height: int = 40, width: int = 30) -> np.ndarray:
    """An ellipse with soft edges, (H, W) uint8, another one for every number."""
    rows, columns = np.mgrid[:height, :width]
    middle = np.random.default_rng(number).uniform(0.4, 0.6, 2)
    distance = np.hypot(rows / height - middle[0], columns / width - middle[1])
    return np.clip((0.35 - distance) * 2000, 0, 255).astype(np.uint8)


def photo_path(source: Path, group: str, name: str, sub: str = "00000000") -> Path:
    """Where a photo lies; `name` with its suffix."""
    return source / "clip_img" / group / f"clip_{sub}" / name


def matting_path(source: Path, group: str, name: str, sub: str = "00000000") -> Path:
    """Where a matting lies; `name` with its suffix."""
    return source / "matting" / group / f"matting_{sub}" / name


def write_file(path: Path, content: np.ndarray | bytes) -> Path:
    """Write an image or bytes, and the folders above."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        assert cv2.imwrite(str(path), content)
    return path


def write_pair(source: Path, group: str, number: int, sub: str = "00000000", size=(40, 30)) -> str:
    """Write a photo and its matting; returns the line that lists them."""
    name = f"{group}-{number:08d}"
    photo, alpha = make_photo(number, *size), make_alpha(number, *size)
    write_file(photo_path(source, group, f"{name}.jpg", sub), photo)
    write_file(matting_path(source, group, f"{name}.png", sub), np.dstack([photo, alpha]))
    return f"{group}/matting_{sub}/{name}.png"


def write_source(source: Path, groups: dict[str, int], size=(40, 30)) -> list[str]:
    """Write so many pairs for each group, in two sub folders; returns the sorted list lines."""
    return sorted(
        write_pair(source, group, number, f"{number % 2:08d}", size)
        for group, count in groups.items()
        for number in range(count)
    )


def make_config(folder: Path, **changes) -> GenerateDataConfig:
    """A configuration for `folder`/source, without worker processes and with a small debug set."""
    defaults = {
        "path_mt_human": str(folder / "source"),
        "path_save": str(folder / "datasets"),
        "path_debug": str(folder / "debug"),
        "debug_pic_nums": 5,
        "ksize": 5,
        "num_workers": 1,
        "list_error_files": (),
    }
    return GenerateDataConfig(**{**defaults, **changes})


def read_list(folder: Path, split: str) -> list[str]:
    """The lines of a split's list."""
    return (folder / split / f"{split}.txt").read_text().splitlines()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def state(folder: Path) -> dict[str, tuple]:
    """Every entry below a folder with its time, mode and bytes: what must not change in a source."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mtime_ns,
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in [folder, *folder.rglob("*")]
    }
