"""Photos and videos to files of their mattes: what predict.py does."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from src.common.atomic_file import remove_abandoned
from src.common.errors import UserError
from src.common.progress import Progress, say
from src.description.model_info import ModelInfo
from src.engines.engine_choice import EngineName
from src.images.files import ImageError
from src.inference.background import Background
from src.inference.cutout import CutoutMaker
from src.inference.from_trimap import TrimapMatting, find_trimaps
from src.inference.matting import SHIPPED_MODEL, load_matting
from src.inference.protocol import Upsampling
from src.inference.trimap_network import load_trimap_network
from src.prediction.collection import Jobs
from src.prediction.job import Job
from src.prediction.jobs import find_jobs, left_to_do
from src.prediction.photos import matte_photos
from src.prediction.results import PHOTO_ENDING, VIDEO_ENDING
from src.prediction.shard import Shard
from src.streams.temporal import Temporal
from src.trimap_matting.solvers import DEFAULT_SOLVER, SolverName

if TYPE_CHECKING:
    from src.prediction.video import Matted

_READABLE = 0.9  # of the frames that a video says it has: what it says is often a little wrong


def predict(
    inputs: Iterable[str | Path],
    *,
    output: str | Path | None = None,
    background: str = "transparent",
    checkpoint: str | Path = SHIPPED_MODEL,
    engine: EngineName = "auto",
    size: int | None = None,
    mean: Sequence[float] | None = None,
    otherwise: ModelInfo = ModelInfo(),  # noqa: B008 - frozen
    stretch: bool = False,
    upsampling: Upsampling = "guided",
    mirror: bool = True,
    estimate_foreground: bool = True,
    temporal: Temporal | None = None,
    trimap: str | None = None,
    trimap_model: str | Path | None = None,
    solver: SolverName = DEFAULT_SOLVER,
    overwrite: bool = False,
    shard: Shard | None = None,
    device: str = "auto",
) -> int:
    """Matte photos and videos, and write alpha and cutouts or composites.

    Args:
        inputs: photos, videos, or folders of them.
        output: folder of the results; None: beside their sources.
        background: 'transparent', 'blur', a colour name, '#RRGGBB' or an image.
        checkpoint: the model; see `load_matting` for it and its settings up to `stretch`.
        engine: what runs it.
        size: of the network's input.
        mean: of the model's training.
        otherwise: what holds for a model that does not say what it is.
        stretch: stretch photos to the network's square.
        upsampling: how alpha comes back to the photo's size.
        mirror: as for `load_matting`.
        estimate_foreground: take the old background's colours out of the person's rim.
        temporal: how the alpha of videos is made steady: 'none', 'smoothing' or 'ofd'; None: 'smoothing', but
            'none' for a model that is given its own alpha of the frame before.
        trimap: solve alpha of photos from trimaps: 'auto', 'tnet', or a file or folder, see `find_trimaps`;
            None: alpha is the network's.
        trimap_model: a model that makes the trimaps of 'auto', such as a PSPNet; None: `checkpoint` does.
        solver: solves it.
        overwrite: make existing results again.
        shard: matte only the photos and videos of this shard.
        device: 'auto', 'Ascend', 'GPU' or 'CPU'.

    Returns:
        How many photos and videos were left out, or could not be read in large part.

    Raises:
        UserError: inputs, model or background cannot be used, or results cannot be written.
    """
    inputs = list(inputs)
    behind = Background(background)
    trimaps = None if trimap is None else find_trimaps(trimap, inputs, trimap_model)
    todo, left_out = find_todo(inputs, output, behind, overwrite, shard)
    if not todo:
        return left_out
    if trimaps is not None and (video := next(iter(todo.videos), None)):
        raise UserError(f"{video.source}: a video is not solved from trimaps; leave out --trimap")
    matting = load_matting(
        checkpoint,
        engine=engine,
        device=device,
        size=size,
        mean=mean,
        stretch=stretch,
        upsampling=upsampling,
        mirror=mirror,
        otherwise=otherwise,
    )
    if trimap_model is not None:
        trimaps = load_trimap_network(trimap_model, engine=engine, device=device)
    cutouts = CutoutMaker(matting, behind, estimate_foreground)
    from_trimaps = None if trimaps is None else TrimapMatting(matting, solver, trimaps, tell=say)
    unusable = _matte_photos(todo.photos, cutouts, overwrite, from_trimaps) if todo.photos else 0
    return left_out + unusable + sum(_matte_video(job, cutouts, overwrite, temporal) for job in todo.videos)


def find_todo(
    inputs: Iterable[str | Path],
    output: str | Path | None,
    background: Background,
    overwrite: bool,
    shard: Shard | None,
    is_plate: Callable[[Path], bool] = lambda _: False,
) -> tuple[Jobs, int]:
    """Find the photos and videos that lack a result, and print what else there is; see `predict`
    and `left_to_do`.

    Returns:
        What is to be done, and how many photos and videos are left out.

    Raises:
        UserError: there is no input but plates.
    """

    def tell(problem: str) -> None:
        print(f"left out: {problem}")

    found = find_jobs(inputs, output)
    for problem in found.problems:
        tell(problem)
    left = left_to_do(found, background.is_transparent, overwrite, shard, tell, is_plate)
    if found.results:
        print(f"{found.results} are results of earlier runs, by their names, and are not matted themselves")
    if left.plates:
        print(f"{left.plates} are plates, and are not matted themselves")
    if left.done:
        print(f"{left.done} have their results already; --overwrite makes them again")
    if left.plates and shard is None and left.plates == len(found.jobs):
        raise UserError(
            "--plate: names the photos themselves; it is for photos of the same places without people"
        )
    for ending in (PHOTO_ENDING, VIDEO_ENDING):
        remove_abandoned(folder / f"any{ending}" for folder in found.targets)
    return left.todo, len(found.problems) + left.left_out


def _matte_photos(
    photos: Jobs, cutouts: CutoutMaker, overwrite: bool, from_trimaps: TrimapMatting | None
) -> int:
    """Returns how many were left out."""
    count, problems, started = len(photos), 0, time.perf_counter()
    with Progress("matting", "photo", count) as bar:
        for job, problem, remarks in matte_photos(photos, cutouts, overwrite, from_trimaps):
            bar.update()
            for remark in remarks:
                say(f"{job.source}: {remark}")
            problems += bool(problem)
            result = job.results(cutouts.background.is_transparent)[-1]
            say(f"left out: {problem}" if problem else f"{job.source}: {result}")
    rate = count / (time.perf_counter() - started)
    print(f"{count - problems} photos, {rate:.2f} a second, compiling included; {problems} left out")
    return problems


def _matte_video(job: Job, cutouts: CutoutMaker, overwrite: bool, temporal: Temporal | None) -> int:
    """Returns 1 where it was left out, or much of it could not be read."""

    def matte() -> "Matted":
        from src.prediction.video import matte_video  # PyAV, which photos do not need

        return matte_video(job, cutouts, overwrite, temporal)

    return tell_of_video(job, cutouts.background.is_transparent, matte)


def tell_of_video(job: Job, is_transparent: bool, matte: Callable[[], "Matted"]) -> int:
    """Matte a video, and print what became of it.

    Args:
        job: the video.
        is_transparent: whether the background is.
        matte: mattes it.

    Returns:
        1 where it was left out, or much of it could not be read, else 0.

    Raises:
        UserError: a package is missing, or results cannot be written.
    """
    try:
        matted = matte()
    except ImportError:
        raise UserError("videos need an extra package: pip install -r requirements-predict.txt") from None
    except ImageError as error:
        print(f"left out: {error}")
        return 1
    for remark in matted.remarks:
        print(f"{job.source}: {remark}")
    result = job.results(is_transparent)[-1]
    resets = f", {matted.resets}" if matted.resets else ""
    print(f"{job.source}: {result}, {matted.frames} frames{resets}")
    said = matted.frames + matted.lost
    if matted.lost:
        print(f"{job.source}: of about {said} frames that it says it has, {matted.frames} can be read")
    return int(matted.frames < _READABLE * said or not matted.has_all_sound)
