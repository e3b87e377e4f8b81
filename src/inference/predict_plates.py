"""Photos and their plates to files of mattes: what predict.py does with --plate."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src.common.atomic_file import BadNameError
from src.common.progress import Progress, say
from src.images.files import ImageError, read_image, read_photo, write_image
from src.inference.background import Background
from src.inference.cutout import naming_failures
from src.inference.engine_choice import EngineName
from src.inference.jobs import Job
from src.inference.plate_engine import open_plate_engine, plate_system_of
from src.inference.plate_files import Plates, fit_plate, is_unlike
from src.inference.plate_matting import PlateMatting
from src.inference.plate_registration import match_exposure, register
from src.inference.predict import find_todo
from src.inference.shard import Shard
from src.inference.shipped import require_system
from src.systems.plate_form import RefinementName
from src.systems.registry import SystemName

_WORTH_TELLING = 0.01  # of the photo


def predict_with_plates(
    inputs: Iterable[str | Path],
    plate: str | Path,
    *,
    checkpoint: str | Path,
    system: SystemName | None = None,
    output: str | Path | None = None,
    background: str = "transparent",
    engine: EngineName = "auto",
    refinement: RefinementName | None = None,
    replace_colours: bool = True,
    align: bool = False,
    match_exposure: bool = False,
    overwrite: bool = False,
    shard: Shard | None = None,
    device: str = "auto",
) -> int:
    """Matte photos with their plates; writes what `predict` writes.

    Args:
        inputs: photos, or folders of them.
        plate: a photo of the place without the person, for all photos, or a folder of plates with the names
            of their photos.
        checkpoint: the model, of Background Matting V2: a checkpoint (.ckpt) or an export (.mindir, .onnx).
        system: the system that it must have, and that of a checkpoint that does not say it; None for its own.
        output: folder of the results; None: beside their sources.
        background: see `predict`.
        engine: what runs it; see `open_plate_engine`.
        refinement: which pixels the model refines; see `open_plate_engine`.
        replace_colours: by the foreground that the network predicts; otherwise the photo's are kept.
        align: move each plate so that it lies on its photo; see `register`.
        match_exposure: give each plate the light of its photo; the network sees each photo twice.
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
    wanted, system = system, plate_system_of(checkpoint, system)
    if wanted:
        require_system(checkpoint, system, wanted)
    todo, left_out = find_todo(inputs, output, behind, overwrite, shard)
    todo = [job for job in todo if not plates.holds(job.source)]
    if not todo:
        return left_out
    opened = open_plate_engine(checkpoint, system, engine=engine, refinement=refinement, device=device)
    matting = PlateMatting(opened)
    cutter = _Cutter(matting, behind, replace_colours, align, match_exposure, overwrite)
    with Progress("matting", "photo", len(todo)) as bar:
        for job in todo:
            try:
                with naming_failures(job.source):
                    cutter.write(job, plates.of(job.source))
                say(f"{job.source}: {job.results(behind.is_transparent)[-1]}")
            except (ImageError, BadNameError) as error:
                left_out += 1
                say(f"left out: {error}")
            bar.update()
    return left_out


@dataclass(frozen=True)
class _Cutter:
    """Writes the results of one photo at a time; see `predict_with_plates` for the settings."""

    matting: PlateMatting
    background: Background
    replace_colours: bool
    align: bool
    match_exposure: bool
    overwrite: bool

    def write(self, job: Job, file: Path) -> None:
        """Matte a photo with the plate in a file.

        Raises:
            ImageError: one of them cannot be read, they do not fit, or it is a video.
            UserError: a result cannot be written.
        """
        if job.is_video:
            raise ImageError(f"{job.source}: videos cannot be matted with a plate yet")
        photo = read_photo(job.source)
        seen = photo.seen()
        for remark in photo.remarks:
            say(f"{job.source}: {remark}")
        if self.matting.shrinks(seen):
            say(f"{job.source}: is larger than the exported models, and matted on a smaller copy")
        plate = self._prepare(job.source, seen, file)
        alpha, foreground = self.matting.matte(seen, plate)
        if photo.alpha is not None:
            alpha = np.minimum(alpha, photo.alpha)
        colours = foreground if self.replace_colours else photo.colours
        pictures = alpha, self.background.behind(seen, alpha, colours)
        is_transparent = self.background.is_transparent
        missing = job.missing(is_transparent, self.overwrite)
        for path, picture in zip(job.results(is_transparent), pictures, strict=True):
            if path in missing:
                write_image(path, picture)

    def _prepare(self, source: Path, photo: np.ndarray, file: Path) -> np.ndarray:
        """The plate of a photo, as alike as it can be made."""
        plate = fit_plate(photo, read_image(file), file)
        if is_unlike(photo, plate):
            say(
                f"{source}: {file} looks like another place, even at its border; --plate is the same place "
                "without the person, and --background the new background"
            )
        if self.align:
            plate, problem, uncovered = register(photo, plate)
            if problem:
                say(f"{source}: {file} is not aligned, but used as it is: {problem}")
            elif uncovered > _WORTH_TELLING:
                say(f"{source}: {file} does not reach {uncovered:.0%} of the photo; nobody is seen there")
        if self.match_exposure:
            plate = match_exposure(photo, plate, self.matting.matte(photo, plate).alpha)
        return plate
