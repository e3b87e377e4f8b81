"""Export of the network for deployment, and a check that the exported file computes the same."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from src.common.atomic_file import atomic_path
from src.common.errors import UserError
from src.common.unfinished import temporary_folder
from src.deployment.half_weights import store_half
from src.deployment.lowering import LOWERED_VERSION, lower_file
from src.deployment.onnx_any_size import CHECKED, TRACED, make_any_size
from src.deployment.onnx_names import name_ends
from src.deployment.onnx_operators import use_fast_operators
from src.deployment.onnx_resizing import export_with_resizing
from src.description.model_info import ModelInfo
from src.description.plate_form import PlateForm
from src.description.traits import empty_inputs, output_names
from src.engines.embedded_info import embed_model_info
from src.engines.exported import (
    ExportedError,
    MissingRuntimeError,
    Run,
    load_mindir,
    load_onnx,
)
from src.model.pspnet.pyramid import fold_pyramids

LARGEST_DIFFERENCE = 1e-4
# Each runtime rounds the places of resized pixels in its own way, by 1e-4 pixels at 1280x720. In noise, which
# files are checked with, alpha then differs by 3e-4.
_LARGEST_UNEVEN = 2e-3
_SUFFIXES = {"MINDIR": ".mindir", "ONNX": ".onnx", "AIR": ".air"}


class ExportError(UserError):
    """The export failed, or the exported file computes something else than the network."""


def export_network(
    network: nn.Cell,
    file_name: str,
    file_format: str,
    info: ModelInfo,
    *,
    mindir_version: str = "latest",
    checkpoint: Path | None = None,
) -> Path:
    """Export the network for the inputs of its system, of size S = info.size.

    SHM takes images (1, 3, S, S) and gives trimap logits (1, 3, S, S) and alpha (1, 1, S, S), all float32;
    PSPNet gives trimap logits alone;
    MODNet takes frames (1, S, S, 3) uint8, for videos also the previous alpha, and gives alpha. Background
    Matting V2 takes photo and plate (1, 3, H, W), RGB in [0, 1], of the size in `info.plate_form` or of any,
    and gives alpha (1, 1, H, W) and foreground (1, 3, H, W), all float32.
    In ONNX, weights that float16 holds exactly are stored so.

    Args:
        network: with trained weights; is put into evaluation mode. Its pyramid is folded. For photos of any
            size, it has the form `TRACED`.
        file_name: without suffix; relative to the current folder.
        file_format: 'MINDIR', 'ONNX' or 'AIR'; 'ONNX' for photos of any size.
        info: the model's metadata; embedded into MINDIR and ONNX files.
        mindir_version: version of a MINDIR file, 'latest' or '1'.
        checkpoint: the file that the weights come from; MINDIR and ONNX files get its digest.

    Returns:
        The path of the exported file.

    Raises:
        ExportError: the format is not supported on this device, or the model cannot be written in this
            MINDIR version.
        UserError: the file cannot be written.
    """
    network.set_train(False)
    fold_pyramids(network)
    path = Path(file_name + _SUFFIXES[file_format])
    named_inputs = inputs_of(info)
    inputs = [Tensor(each) for each in named_inputs.values()]
    # MindSpore exports only to paths of plain letters; the user's may hold spaces or Chinese characters.
    with temporary_folder() as folder:
        exported = Path(folder, f"network{path.suffix}")
        try:
            if file_format == "ONNX":
                export_with_resizing(network, inputs, exported)
                use_fast_operators(exported)
                store_half(exported)
                name_ends(exported, list(named_inputs), output_names(info.system))
                if _takes_any_size(info):
                    make_any_size(exported)
            else:
                ms.export(network, *inputs, file_name=str(exported), file_format=file_format)
            if file_format == "MINDIR" and mindir_version == str(LOWERED_VERSION):
                lower_file(exported, exported)
            embed_model_info(exported, info, checkpoint)
        except UserError as error:
            raise ExportError(f"{path}: {_without_path(error, exported)}") from None
        except (ValueError, RuntimeError, TypeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ExportError(f"{path}: cannot be exported as {file_format}: {reason}") from None
        _copy(exported, path)
    return path


def export_checked(
    network: nn.Cell,
    reference: Run,
    file_name: str,
    file_format: str,
    info: ModelInfo,
    *,
    mindir_version: str = "latest",
    checkpoint: Path | None = None,
) -> tuple[Path, float | None]:
    """Export like `export_network`, but replace an existing file only if the new one computes the same.

    Args:
        network: see `export_network`.
        reference: what to compare the exported file with.
        file_name: see `export_network`.
        file_format: see `export_network`.
        info: see `export_network`.
        mindir_version: see `export_network`.
        checkpoint: see `export_network`.

    Returns:
        The path of the exported file, and the largest difference from the reference on random inputs, as
        `check_export`; of files for any size, on inputs of several.

    Raises:
        ExportError: the export or the check failed. If ONNX Runtime is missing, the file is written
            unchecked.
        UserError: the file cannot be written.
    """
    path = Path(file_name + _SUFFIXES[file_format])
    with temporary_folder() as folder:
        candidate = Path(folder, path.name)
        try:
            export_network(
                network,
                str(candidate.with_suffix("")),
                file_format,
                info,
                mindir_version=mindir_version,
                checkpoint=checkpoint,
            )
            difference = check_export(candidate, reference, _examples(info), _tolerance(info))
        except MissingRuntimeError as error:
            _copy(candidate, path)
            raise ExportError(
                f"{path}: is written, but not checked: {_without_path(error, candidate)}"
            ) from None
        except (ExportError, ExportedError) as error:
            raise ExportError(f"{path}: {_without_path(error, candidate)}") from None
        _copy(candidate, path)
    return path, difference


def inputs_of(info: ModelInfo) -> dict[str, np.ndarray]:
    """The inputs that a model is exported with, by name, in order, as zeros."""
    if info.plate_form:
        return _plate_inputs(TRACED if _takes_any_size(info) else info.plate_form)
    return empty_inputs(info.system, info.size)


def _plate_inputs(form: PlateForm) -> dict[str, np.ndarray]:
    return {name: np.zeros((1, 3, form.height, form.width), np.float32) for name in ("image", "plate")}


def _takes_any_size(info: ModelInfo) -> bool:
    return info.plate_form is not None and info.plate_form.takes_any_size


def _examples(info: ModelInfo) -> list[list[np.ndarray]]:
    """Random inputs of a model; of one for any size, photos and plates of several."""
    zeros = map(_plate_inputs, CHECKED) if _takes_any_size(info) else [inputs_of(info)]
    return [[_random_like(each) for each in one.values()] for one in zeros]


def _tolerance(info: ModelInfo) -> float:
    form = info.plate_form
    if form is None or form.takes_any_size or form.copies_evenly:
        return LARGEST_DIFFERENCE
    return _LARGEST_UNEVEN


def check_export(
    path: Path,
    reference: Run,
    examples: Sequence[Sequence[np.ndarray]],
    largest: float = LARGEST_DIFFERENCE,
) -> float | None:
    """Run an exported file and what it was made of on some inputs.

    Returns:
        The largest difference of any output value, relative to the largest value if that is above 1; None
        for AIR, which only the tools of Ascend devices can run.

    Raises:
        ExportError: the difference is above `largest`.
        ExportedError: the file cannot be loaded.
    """
    if path.suffix == _SUFFIXES["AIR"]:
        return None
    run_exported = load_onnx(path) if path.suffix == _SUFFIXES["ONNX"] else load_mindir(path)
    # Rounding grows with the values; logits may be large.
    difference = max(
        float(np.abs(found - expected).max() / max(1, np.abs(expected).max()))
        for inputs in examples
        for found, expected in zip(run_exported(*inputs), reference(*inputs), strict=True)
    )
    if not difference <= largest:
        raise ExportError(f"{path}: differs from the network by {difference:g}, more than {largest:g}")
    return difference


def _random_like(zeros: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(0)
    if zeros.dtype == np.uint8:
        return rng.integers(0, 256, zeros.shape, np.uint8)
    return rng.normal(0, 0.3, zeros.shape).astype(np.float32)


def _without_path(error: Exception, path: Path) -> str:
    return str(error).removeprefix(f"{path}: ")


def _copy(file: Path, path: Path) -> None:
    with atomic_path(path, flush=True) as temporary:
        shutil.copyfile(file, temporary)
