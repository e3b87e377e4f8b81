"""Quality of mattes of videos that lie in files, by the metrics of Robust Video Matting."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from src.clips.clip import Clip
from src.clips.frame_files import FrameFiles
from src.clips.layouts import find_clips
from src.common.errors import UserError
from src.common.process_pool import available_cores
from src.common.progress import Progress
from src.common.read_ahead import map_ahead
from src.data.pairs import require_same_size
from src.evaluation.values import OF_ALPHA, Values
from src.images.files import ImageError, read_gray
from src.images.preprocessing import alpha_to_float
from src.metric import dtssd

NAMES = (*OF_ALPHA, "dtSSD")

MeasuredFrame = tuple[np.ndarray, np.ndarray, Values]  # its predicted and true alpha, and its metrics


def measure_predictions(predicted: Path, true: Path) -> tuple[dict[str, Values], list[str]]:
    """Measure predicted alphas, each a file with the place and name of the true one in another folder.

    Unlike RVM's code, this counts no dtSSD for the first frame and stretches no alpha to 0..1 before Grad.

    Args:
        predicted: for example with <clip>/pha/<frame>.png.
        true: clips of frames in files, in any layout of `find_clips`.

    Returns:
        By clip, each metric's mean over the frames, and dtSSD's over the pairs of frames; and a line for each
        clip that is left out, with the reason.

    Raises:
        UserError: no clip can be measured.
    """
    problems: list[str] = []
    clips = find_clips(true, problems.append)
    found: dict[str, Values] = {}
    with (
        ThreadPoolExecutor(available_cores()) as pool,
        Progress("measuring", "frame", sum(len(clip.numbers) for clip in clips)) as bar,
    ):
        for clip in clips:
            try:
                found[clip.name] = _measure_clip(clip, predicted, true, pool, bar)
            except ImageError as error:
                problems.append(f"clip {clip.name}: {error}")
    if not found:
        raise UserError(f"{predicted}: no clip can be measured; the first: {problems[0]}")
    return found, problems


def _measure_clip(clip: Clip, predicted: Path, true: Path, pool: ThreadPoolExecutor, bar: Progress) -> Values:
    frames = clip.frames
    if not isinstance(frames, FrameFiles):
        raise ImageError("its alphas are no single files")

    def measure(number: int) -> MeasuredFrame:
        file = frames.alpha_file(number)
        (true_alpha,), other = frames.alphas([number]), predicted / file.relative_to(true)
        pred_alpha = read_gray(other)
        require_same_size(true_alpha, pred_alpha, file, other)
        return measure_frame(alpha_to_float(pred_alpha), alpha_to_float(true_alpha))

    def counted() -> Iterator[MeasuredFrame]:
        for measured in map_ahead(pool, measure, clip.numbers, ahead=2 * available_cores()):
            bar.update()
            yield measured

    return mean_over_frames(counted())


def measure_frame(pred_alpha: np.ndarray, true_alpha: np.ndarray) -> MeasuredFrame:
    """Measure one frame's predicted alpha, (H, W) float32 in [0, 1], against the true one."""
    return pred_alpha, true_alpha, {name: metric(pred_alpha, true_alpha) for name, metric in OF_ALPHA.items()}


def mean_over_frames(measured: Iterable[MeasuredFrame]) -> Values:
    """The mean of each metric over a clip's frames, in their order, and of dtSSD over its pairs of frames."""
    values: list[Values] = []
    changes: list[float] = []
    before = None
    for pred_alpha, true_alpha, found in measured:
        values.append(found)
        if before is not None:
            changes.append(dtssd((before[0], pred_alpha), (before[1], true_alpha)))
        before = pred_alpha, true_alpha
    means = {name: float(np.mean([each[name] for each in values])) for name in OF_ALPHA}
    return {**means, "dtSSD": float(np.mean(changes))}
