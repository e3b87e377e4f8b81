"""What runs a model of Background Matting V2 on a photo and its plate: a checkpoint, or its exported files.

A checkpoint and a file exported for any size take photos as they are, another exported file those of its own
size. Of several files, made for different sizes, each photo takes the smallest that it fits into.
"""

import glob
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.errors import UserError
from src.description.plate_form import PlateForm, RefinementName
from src.description.traits import SystemName, needs_plate
from src.engines.embedded_info import find_model_info, is_export_of, is_exported
from src.engines.engine_choice import EngineName, choose_engine, has_accelerator
from src.engines.exported import Run, load_mindir, load_onnx
from src.engines.plate_interface import PlateEngine, Size, checked, whole_cells
from src.engines.shipped import require_system

_FORMATS = {"auto": ".onnx", "onnx": ".onnx", "lite": ".mindir"}  # of the files beside a checkpoint
_EXPORT_SETTINGS = {"onnx": "export.file_format=ONNX", "lite": "export.mindir_version=1"}
_LARGE = 1 << 22  # pixels; 4K has twice as many, and would need 4 GB if memory were kept


def plate_system_of(path: Path, otherwise: SystemName | None) -> SystemName:
    """The system of a model.

    Args:
        path: the model.
        otherwise: that of a model that does not say it; None: there must be no such.

    Raises:
        UserError: there is no such file, its system is unknown, or takes no plates.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such model")
    info = find_model_info(path)
    system = info.system if info else otherwise
    if system is None:
        raise UserError(f"{path}: does not say of which system it is; name it with --system")
    if not needs_plate(system):
        raise UserError(f"{path}: is a model of {system}; plates are for models of background_matting")
    return system


def require_plate_system(path: Path, wanted: SystemName | None) -> SystemName:
    """The system of a model, which must be the one asked for; None: any.

    Raises:
        UserError: as `plate_system_of`, or it is another one.
    """
    system = plate_system_of(path, wanted)
    if wanted:
        require_system(path, system, wanted)
    return system


def open_plate_engine(
    path: Path,
    system: SystemName,
    *,
    engine: EngineName = "auto",
    refinement: RefinementName | None = None,
    device: str = "auto",
) -> PlateEngine:
    """Load a model.

    Args:
        path: a checkpoint (.ckpt) or an exported model (.mindir, .onnx).
        system: its system.
        engine: 'onnx' and 'lite', the C++ runner, run a checkpoint by the files exported from it that lie
            beside it, 'mindspore' itself; 'auto' is 'onnx' on CPUs where there are such files.
        refinement: what the model must refine; None: what it was exported for; of checkpoints, 'sampling'.
        device: for MindSpore and the runner: 'auto', 'Ascend', 'GPU' or 'CPU'.

    Raises:
        UserError: the model cannot be used, or not by this engine, or refines something else.
    """
    if is_exported(path):
        chosen = choose_engine(path, engine, device=device)  # which refuses an engine of another format
        return ExportedPlates([_read_export(path, refinement)], device, chosen.engine)
    exports = [] if engine == "mindspore" else _exports_of(path, refinement, _FORMATS[engine])
    if engine in ("onnx", "lite"):
        if not exports:
            kind = f" in mode {refinement}" if refinement else ""
            suffix, setting = _FORMATS[engine], _EXPORT_SETTINGS[engine]
            raise UserError(
                f"{path}: engine {engine} needs files exported from it{kind}, beside it: "
                f"{path.with_suffix('')}*{suffix} (export.py with {setting})"
            )
        choose_engine(exports[0].path, engine, device=device)
    is_cpu = device == "CPU" or (device == "auto" and not has_accelerator())
    if exports and (engine != "auto" or (is_cpu and find_spec("onnxruntime"))):
        return ExportedPlates(exports, device, "onnx" if engine == "auto" else engine)
    if not find_spec("mindspore"):
        raise UserError(
            f"{path}: running it needs MindSpore (pip install -r requirements.txt), or ONNX Runtime with "
            "files that were exported from it and lie beside it"
        )
    from src.engines.plate_checkpoint import CheckpointEngine  # MindSpore, which takes seconds

    return CheckpointEngine(path, system, refinement or "sampling", device)


class _Export(NamedTuple):
    path: Path
    form: PlateForm

    def room(self, height: int, width: int) -> Size:
        """The size of the inputs for a photo of this size, see `PlateEngine`."""
        if self.form.takes_any_size:
            return whole_cells(height, width)
        return self.form.height, self.form.width


class ExportedPlates:
    """Exported files of one model; each is loaded when a photo first needs it.

    Args:
        exports: at least one.
        device: for MindSpore and the C++ runner.
        engine: runs them: 'onnx', 'mindspore' or 'lite'.
    """

    def __init__(self, exports: Sequence[_Export], device: str, engine: EngineName):
        self._exports = exports
        self._device, self._engine = device, engine
        self._runs: dict[tuple[Path, bool], Run] = {}

    def room(self, height: int, width: int) -> Size:
        """The smallest size that holds the photo, or else the one for which it shrinks least."""

        def cost(size: Size) -> tuple[float, int]:
            return -min(1, size[0] / height, size[1] / width), size[0] * size[1]

        return min((each.room(height, width) for each in self._exports), key=cost)

    def run(self, photo: np.ndarray, plate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `PlateEngine`."""
        size = photo.shape[2:]
        path = next(each.path for each in self._exports if each.room(*size) == size)
        key = path, size[0] * size[1] > _LARGE
        if key not in self._runs:
            self._runs[key] = self._load(*key)
        return checked(path, self._runs[key](photo, plate), size)

    def _load(self, path: Path, is_large: bool) -> Run:
        if self._engine == "lite":
            from src.engines.lite import start_runner

            return start_runner(path, self._device)
        if self._engine == "onnx":
            return load_onnx(path, keeps_memory=not is_large)
        from src.common.device import use_device

        use_device(self._device)
        return load_mindir(path)


def _exports_of(checkpoint: Path, refinement: RefinementName | None, suffix: str) -> list[_Export]:
    """The files beside a checkpoint that were exported from it, in this mode; one of each size."""
    beside = sorted(checkpoint.parent.glob(f"{glob.escape(checkpoint.stem)}*{suffix}"))
    found = [_Export(path, form) for path in beside if (form := _form_of(path)) is not None]
    wanted = [each for each in found if refinement in (None, each.form.refinement)]
    return [each for each in wanted if is_export_of(each.path, checkpoint)]


def _read_export(path: Path, refinement: RefinementName | None) -> _Export:
    form = form_of_export(path)
    if refinement not in (None, form.refinement):
        raise UserError(
            f"{path}: was exported in mode {form.refinement}, not {refinement}; leave out --plate-refine, or "
            f"export with export.refinement={refinement}"
        )
    return _Export(path, form)


def form_of_export(path: Path) -> PlateForm:
    """What an exported model was made for.

    Raises:
        UserError: the file cannot be read, or does not say it.
    """
    form = _form_of(path)
    if form is None:
        raise UserError(f"{path}: does not say what size it was made for; export it with export.py")
    return form


def _form_of(path: Path) -> PlateForm | None:
    info = find_model_info(path)
    return info.plate_form if info else None
