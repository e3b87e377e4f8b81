"""Export of Background Matting V2: a file for each size of photos and plates, or one for any."""

from dataclasses import replace
from pathlib import Path

from src.common.device import use_device
from src.common.errors import UserError
from src.config import BackgroundMattingConfig
from src.deployment.export import export_checked
from src.deployment.onnx_any_size import TRACED
from src.description.model_info import write_model_info
from src.description.plate_form import PlateForm
from src.description.traits import SystemName, needs_plate
from src.engines.embedded_info import find_model_info
from src.engines.exported import Run, compiled
from src.engines.plate_checkpoint import CheckpointEngine
from src.load_model import load_matte_network
from src.model.folding import fold_batch_norms


def export_for_plates(config: BackgroundMattingConfig) -> list[Path]:
    """Export `config.export.ckpt_file` for each of `config.export.sizes`.

    Beside each file lies its description, `<file>.yaml`, which the file also holds: size, scale of the small
    copy, refinement and number of refined cells.

    Returns:
        The exported files.

    Raises:
        UserError: as `export_checked`, or the checkpoint is of another system. A file is kept only if its
            outputs match the network's.
    """
    settings = config.export
    checkpoint = Path(settings.ckpt_file)
    info = (find_model_info(checkpoint) if checkpoint.is_file() else None) or config.model_info()
    if not needs_plate(info.system):
        raise UserError(f"{checkpoint}: is a model of {info.system}; export it with its own configuration")
    use_device(settings.device_target)
    paths = []
    for form in settings.forms():
        network = load_matte_network(checkpoint, info.system, TRACED if form.takes_any_size else form)
        if settings.file_format != "ONNX":  # ONNX Runtime does it itself
            fold_batch_norms(network)
        own_info = replace(info, plate_form=form)
        path, difference = export_checked(
            network,
            _reference(checkpoint, info.system, form, settings.device_target),
            f"{settings.file_name}{_ending(form)}",
            settings.file_format,
            own_info,
            mindir_version=settings.mindir_version,
            checkpoint=checkpoint,
        )
        write_model_info(path, own_info)
        found = "not checked here" if difference is None else f"largest difference {difference:.3g}"
        scale = "any size" if form.takes_any_size else f"scale {form.backbone_scale:g}"
        print(f"exported {path}: {form.refinement}, {scale}; {found}")
        paths.append(path)
    return paths


def _reference(checkpoint: Path, system: SystemName, form: PlateForm, device: str) -> Run:
    """What an exported file must compute."""
    if form.takes_any_size:
        return CheckpointEngine(checkpoint, system, form.refinement, device).run
    return compiled(load_matte_network(checkpoint, system, form))


def _ending(form: PlateForm) -> str:
    """Of a file's name: its size, if it has one."""
    return "" if form.takes_any_size else f"_{form.width}x{form.height}"
