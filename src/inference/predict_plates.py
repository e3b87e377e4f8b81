"""Photos and their plates to files of mattes: what predict.py does with --plate."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from src.common.atomic_file import BadNameError
from src.common.device import use_device
from src.common.errors import UserError
from src.common.progress import Progress, say
from src.images.files import ImageError, read_image, read_photo, write_image
from src.inference.background import Background
from src.inference.cutout import naming_failures
from src.inference.embedded_info import find_model_info
from src.inference.jobs import Job
from src.inference.plate_files import Plates, Refinement, fit_plate, is_unlike
from src.inference.plate_matting import PlateMatting
from src.inference.predict import find_todo
from src.inference.shard import Shard
from src.inference.shipped import require_system
from src.systems.registry import SystemName, needs_plate


def predict_with_plates(
    inputs: Iterable[str | Path],
    plate: str | Path,
    *,
    checkpoint: str | Path,
    system: SystemName | None = None,
    output: str | Path | None = None,
    background: str = "transparent",
    refinement: Refinement = "sampling",
    replace_colours: bool = True,
    overwrite: bool = False,
    shard: Shard | None = None,
    device: str = "auto",
) -> int:
    """Matte photos with their plates; writes what `predict` writes.

    Args:
        inputs: photos, or folders of them.
        plate: a photo of the place without the person, for all photos, or a folder of plates with the names
            of their photos.
        checkpoint: of Background Matting V2.
        system: the system that it must have, and that of a checkpoint that does not say it; None for its own.
        output: folder of the results; None: beside their sources.
        background: see `predict`.
        refinement: see `PlateMatting`.
        replace_colours: by the foreground that the network predicts; otherwise the photo's are kept.
        overwrite: make existing results again.
        shard: matte only the photos of this shard.
        device: 'auto', 'Ascend', 'GPU' or 'CPU'.

    Returns:
        How many photos were left out.

    Raises:
        UserError: inputs, plate, model or background cannot be used, or results cannot be written.
    """
    inputs, checkpoint, behind = list(inputs), Path(checkpoint), Background(background)
    plates = Plates(plate, inputs)
    system = _system_of(checkpoint, system)
    todo, left_out = find_todo(inputs, output, behind, overwrite, shard)
    todo = [job for job in todo if not plates.holds(job.source)]
    if not todo:
        return left_out
    use_device(device)
    matting = PlateMatting(checkpoint, system, refinement)
    with Progress("matting", "photo", len(todo)) as bar:
        for job in todo:
            try:
                with naming_failures(job.source):
                    _matte(job, plates.of(job.source), matting, behind, replace_colours, overwrite)
                say(f"{job.source}: {job.results(behind.is_transparent)[-1]}")
            except (ImageError, BadNameError) as error:
                left_out += 1
                say(f"left out: {error}")
            bar.update()
    return left_out


def _system_of(checkpoint: Path, wanted: SystemName | None) -> SystemName:
    if not checkpoint.is_file():
        raise UserError(f"{checkpoint}: no such model")
    info = find_model_info(checkpoint)
    system = info.system if info else wanted
    if system is None:
        raise UserError(f"{checkpoint}: does not say of which system it is; name it with --system")
    if not needs_plate(system):
        raise UserError(f"{checkpoint}: is a model of {system}; --plate is for models of background_matting")
    if wanted:
        require_system(checkpoint, system, wanted)
    return system


def _matte(
    job: Job, file: Path, matting: PlateMatting, behind: Background, replace_colours: bool, overwrite: bool
) -> None:
    if job.is_video:
        raise ImageError(f"{job.source}: videos cannot be matted with a plate yet")
    photo = read_photo(job.source)
    seen = photo.seen()
    plate = fit_plate(seen, read_image(file), file)
    for remark in photo.remarks:
        say(f"{job.source}: {remark}")
    if is_unlike(seen, plate):
        say(
            f"{job.source}: {file} looks like another place, even at its border; --plate is the same place "
            "without the person, and --background the new background"
        )
    alpha, foreground = matting.matte(seen, plate)
    if photo.alpha is not None:
        alpha = np.minimum(alpha, photo.alpha)
    picture = behind.behind(seen, alpha, foreground if replace_colours else photo.colours)
    missing = job.missing(behind.is_transparent, overwrite)
    for path, result in zip(job.results(behind.is_transparent), (alpha, picture), strict=True):
        if path in missing:
            write_image(path, result)
