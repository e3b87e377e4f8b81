"""Export of the network for deployment, and a check that the exported file computes the same."""

import shutil
from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from src.common.atomic_file import atomic_path
from src.common.errors import UserError
from src.common.unfinished import temporary_folder
from src.deployment.half_weights import store_half
from src.deployment.lowering import LOWERED_VERSION, lower_file
from src.deployment.onnx_names import name_ends
from src.deployment.onnx_operators import use_fast_operators
from src.deployment.onnx_resizing import export_with_resizing
from src.inference.embedded_info import embed_model_info
from src.inference.exported import (
    ExportedError,
    MissingRuntimeError,
    as_arrays,
    load_mindir,
    load_onnx,
)
from src.model.pspnet.pyramid import fold_pyramids
from src.systems.model_info import ModelInfo
from src.systems.registry import SystemName, empty_inputs, output_names

LARGEST_DIFFERENCE = 1e-4
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
    Matting V2 takes photo and plate (1, 3, H, W), RGB in [0, 1], of the size in `info.plate_form`, and gives
    alpha (1, 1, H, W) and foreground (1, 3, H, W), all float32.
    In ONNX, weights that float16 holds exactly are stored so.

    Args:
        network: with trained weights; is put into evaluation mode. Its pyramid is folded.
        file_name: without suffix; relative to the current folder.
        file_format: 'MINDIR', 'ONNX' or 'AIR'.
        info: the model's metadata; embedded into MINDIR and ONNX files.
        mindir_version: version of a MINDIR file, 'latest' or '1'.
        checkpoint: the file that the weights come from; MINDIR and ONNX files get its digest.

    Returns:
        The path of the exported file.

    Raises:
        ExportError: the format is not supported on this device.
        MindirError: the model cannot be written in this MINDIR version.
        UserError: the file cannot be written.
    """
    network.set_train(False)
    fold_pyramids(network)
    path = Path(file_name + _SUFFIXES[file_format])
    named_inputs = inputs_of(info)
    inputs = [Tensor(each) for each in named_inputs.values()]
    try:
        # MindSpore exports only to paths of plain letters; the user's may hold spaces or Chinese characters.
        with temporary_folder() as folder:
            exported = Path(folder, f"network{path.suffix}")
            if file_format == "ONNX":
                export_with_resizing(network, inputs, exported)
                use_fast_operators(exported)
                store_half(exported)
                name_ends(exported, list(named_inputs), output_names(info.system))
            else:
                ms.export(network, *inputs, file_name=str(exported), file_format=file_format)
            if file_format == "MINDIR" and mindir_version == str(LOWERED_VERSION):
                lower_file(exported, exported)
            embed_model_info(exported, info, checkpoint)
            _copy(exported, path)
    except (ValueError, RuntimeError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ExportError(f"{path}: cannot be exported as {file_format}: {reason}") from None
    return path


def export_checked(
    network: nn.Cell,
    reference: nn.Cell,
    file_name: str,
    file_format: str,
    info: ModelInfo,
    *,
    mindir_version: str = "latest",
    checkpoint: Path | None = None,
) -> tuple[Path, float | None]:
    """Export like `export_network`, but replace an existing file only if the new one passes `check_export`.

    Args:
        network: see `export_network`.
        reference: the network to compare the exported file with.
        file_name: see `export_network`.
        file_format: see `export_network`.
        info: see `export_network`.
        mindir_version: see `export_network`.
        checkpoint: see `export_network`.

    Returns:
        The path of the exported file, and the result of `check_export`.

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
            difference = _check(candidate, reference, inputs_of(info))
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
    """The inputs of an exported model by name, in order, as zeros."""
    if info.plate_form:
        shape = (1, 3, info.plate_form.height, info.plate_form.width)
        return {name: np.zeros(shape, np.float32) for name in ("image", "plate")}
    return empty_inputs(info.system, info.size)


def check_export(path: Path, network: nn.Cell, size: int, system: SystemName = "shm") -> float | None:
    """Run the exported file and the network on one random input.

    Returns:
        The largest difference of any output value, relative to the largest value if that is above 1; None
        for AIR, which only the tools of Ascend devices can run.

    Raises:
        ExportError: the difference is above 1e-4.
        ExportedError: the file cannot be loaded.
    """
    return _check(path, network, empty_inputs(system, size))


def _check(path: Path, network: nn.Cell, zeros: dict[str, np.ndarray]) -> float | None:
    if path.suffix == _SUFFIXES["AIR"]:
        return None
    run_exported = load_onnx(path) if path.suffix == _SUFFIXES["ONNX"] else load_mindir(path)
    inputs = [_random_like(each) for each in zeros.values()]
    expected = as_arrays(ms.jit(network.construct)(*map(Tensor, inputs)))
    found = run_exported(*inputs)
    # Rounding grows with the values; logits may be large.
    difference = max(
        float(np.abs(a - b).max() / max(1, np.abs(b).max())) for a, b in zip(found, expected, strict=True)
    )
    if not difference <= LARGEST_DIFFERENCE:
        raise ExportError(
            f"{path}: differs from the network by {difference:g}, more than {LARGEST_DIFFERENCE:g}"
        )
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
