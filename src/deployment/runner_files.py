"""The files that preprocess.py, the runner and postprocess.py share."""

from pathlib import Path

import numpy as np

from src.common.errors import UserError
from src.engines.engine import ALPHA, TRIMAP_LOGITS, Arrays

INPUTS = "preprocess_Result"
OUTPUTS = "result_Files"
RESULTS = "postprocess_Result"
TIMES = "time_Result"


class OutputError(UserError):
    """An output file of the runner is missing or has the wrong size; the message names it."""


class InputFiles:
    """The files in preprocess_Result: for each sample name, the photo, the network input and the true alpha.

    Args:
        folder: the folder preprocess_Result.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._photos = folder / "clip_data"

    def photo(self, name: str, suffix: str) -> Path:
        """clip_data/<name> with the suffix of the original photo, such as .jpg"""
        return self._photos / f"{name}{suffix}"

    def network_input(self, name: str) -> Path:
        """img_data/<name>.bin: (1, 3, size, size) float32."""
        return self._folder / "img_data" / f"{name}.bin"

    def true_alpha(self, name: str) -> Path:
        """label/<name>.png"""
        return self._folder / "label" / f"{name}.png"

    def photos(self) -> list[Path]:
        """All photos, in the order of the list they come from.

        Raises:
            UserError: there are no photos.
        """
        photos = sorted(self._photos.glob("matting_*"), key=_number_first)
        if not photos:
            raise UserError(f"{self._folder}: holds no photo; run preprocess.py first")
        return photos


def sample_name(index: int, photo: Path) -> str:
    """Name a sample after its photo: matting_0007_<photo> for the eighth photo of a list."""
    return f"matting_{index:04d}_{photo.stem}"


def read_outputs(folder: Path, name: str, size: int) -> Arrays:
    """Read the runner's outputs for one sample.

    Args:
        folder: the folder result_Files.
        name: the sample's name.
        size: height and width of the network's input in pixels.

    Returns:
        Trimap logits (1, 3, size, size) and alpha (1, 1, size, size), float32, by name.

    Raises:
        OutputError: a file is missing, cannot be read, has another size or holds values that are no numbers.
    """
    return {
        TRIMAP_LOGITS: read_float32(folder / f"{name}_0.bin", (1, 3, size, size)),
        ALPHA: read_float32(folder / f"{name}_1.bin", (1, 1, size, size)),
    }


def read_float32(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Read a file of raw float32 values with this shape.

    Raises:
        OutputError: the file is missing, cannot be read or has the wrong size.
    """
    try:
        values = np.fromfile(path, np.float32)
    except FileNotFoundError:
        raise OutputError(f"{path}: no such file") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}") from None
    if path.stat().st_size != 4 * np.prod(shape):
        raise OutputError(
            f"{path}: has {path.stat().st_size} bytes instead of {4 * np.prod(shape)}; infer.size and "
            "export.size must be equal"
        )
    if not np.isfinite(values).all():
        raise OutputError(f"{path}: holds values that are NaN or infinite; look at the model's weights")
    return values.reshape(shape)


def _number_first(photo: Path) -> tuple[int, str]:
    number = photo.name.split("_")[1]
    return int(number) if number.isdecimal() else -1, photo.name
