"""Photos and their plates to files of mattes: what predict.py does with --plate."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from src.common.atomic_file import BadNameError
from src.common.progress import Progress, say
from src.description.plate_form import RefinementName
from src.description.traits import SystemName
from src.engines.engine_choice import EngineName
from src.engines.plate_engine import open_plate_engine, require_plate_system
from src.images.files import ImageError, read_image, read_photo
from src.inference.background import Background
from src.inference.cutout import naming_failures, within
from src.plates.files import Plates
from src.plates.matting import PlateMatting
from src.plates.preparation import PlatePreparation
from src.prediction.collection import Jobs
from src.prediction.job import Job
from src.prediction.predict import find_todo, tell_of_video
from src.prediction.shard import Shard
from src.streams.first_frames import median_plate
from src.streams.temporal import Temporal, usual_way

if TYPE_CHECKING:
    from src.prediction.video import Matted


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
    temporal: Temporal | None = None,
    overwrite: bool = False,
    shard: Shard | None = None,
    device: str = "auto",
) -> int:
    """Matte photos and videos with their plates; writes what `predict` writes.

    Args:
        inputs: photos, videos, or folders of them.
        plate: a photo of the place without the person, for all, or a folder of plates with the names of their
            photos and videos; 'first:2s' for videos whose first 2 seconds show the empty place.
        checkpoint: the model, of Background Matting V2: a checkpoint (.ckpt) or an export (.mindir, .onnx).
        system: the system that it must have, and that of a checkpoint that does not say it; None for its own.
        output: folder of the results; None: beside their sources.
        background: see `predict`.
        engine: what runs it; see `open_plate_engine`.
        refinement: which pixels the model refines; see `open_plate_engine`.
        replace_colours: by the foreground that the network predicts; otherwise the photo's are kept.
        align: move each plate so that it lies on its photo; see `register`.
        match_exposure: give each plate the light of its photo; the network sees each photo twice. Videos have
            one plate, which is aligned with the first frame, and has its light.
        temporal: how the alpha of videos is made steady; None: as `usual_way`.
        overwrite: make existing results again.
        shard: matte only the photos of this shard.
        device: 'auto', 'Ascend', 'GPU' or 'CPU'.

    Returns:
        How many photos and videos were left out, or could not be read in large part.

    Raises:
        UserError: inputs, plate, model or background cannot be used, or results cannot be written.
    """
    inputs, checkpoint, behind = list(inputs), Path(checkpoint), Background(background)
    plates = Plates(plate, inputs)
    system = require_plate_system(checkpoint, system)
    todo, left_out = find_todo(inputs, output, behind, overwrite, shard, plates.holds)
    if not todo:
        return left_out
    opened = open_plate_engine(checkpoint, system, engine=engine, refinement=refinement, device=device)
    preparation = PlatePreparation(PlateMatting(opened), align, match_exposure)
    cutter = _Cutter(preparation, behind, replace_colours, overwrite)
    if todo.photos:
        left_out += _matte_photos(todo.photos, cutter, plates)
    for job in todo.videos:
        matte = partial(cutter.write_video, job, plates, temporal or usual_way(system))
        left_out += tell_of_video(job, behind.is_transparent, matte)
    return left_out


def _matte_photos(photos: Jobs, cutter: "_Cutter", plates: Plates) -> int:
    """Returns how many were left out."""
    left_out = 0
    with Progress("matting", "photo", len(photos)) as bar:
        for job in photos:
            try:
                with naming_failures(job.source):
                    cutter.write(job, plates.of(job.source))
                say(f"{job.source}: {job.results(cutter.background.is_transparent)[-1]}")
            except (ImageError, BadNameError) as error:
                left_out += 1
                say(f"left out: {error}")
            bar.update()
    return left_out


@dataclass(frozen=True)
class _Cutter:
    """Writes the results of one photo at a time; see `predict_with_plates` for the settings."""

    preparation: PlatePreparation
    background: Background
    replace_colours: bool
    overwrite: bool

    def write(self, job: Job, file: Path) -> None:
        """Matte a photo with the plate in a file.

        Raises:
            ImageError: one of them cannot be read, or they do not fit.
            UserError: a result cannot be written.
        """
        photo = read_photo(job.source)
        seen = photo.seen()
        for remark in photo.remarks:
            say(f"{job.source}: {remark}")
        plate = self.preparation.prepare_and_tell(job.source, seen, read_image(file), file)
        alpha, foreground = self.preparation.matting.matte(seen, plate)
        colours = foreground if self.replace_colours else photo.colours
        alpha, colours = within(photo, alpha, lambda _: colours)
        pictures = alpha, self.background.behind(seen, alpha, colours)
        job.write(pictures, self.background.is_transparent, self.overwrite)

    def write_video(self, job: Job, plates: Plates, temporal: Temporal) -> "Matted":
        """Matte a video; raises as `matte_video`."""
        from src.prediction import plate_video  # PyAV, which photos do not need

        if plates.seconds is None:
            (first,), file = plate_video.first_frames(job.source), plates.of(job.source)
            plate = read_image(file)
        else:
            first, *others = plate_video.first_frames(job.source, plates.seconds)
            plate, file = median_plate([first, *others]), "the plate of its first seconds"
        with naming_failures(job.source):
            plate = self.preparation.prepare_and_tell(job.source, first, plate, file)

        def picture(image: np.ndarray, alpha: np.ndarray, foreground: np.ndarray) -> np.ndarray:
            return self.background.behind(image, alpha, foreground if self.replace_colours else image)

        paths = job.missing(self.background.is_transparent, self.overwrite)
        return plate_video.matte_video_with_plate(
            job, paths, self.preparation.matting, plate, picture, temporal
        )
