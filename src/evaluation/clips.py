"""Quality of a model's mattes of clips; each clip is a stream of frames from an empty start."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from src.clips.clip import MOST_APART, Clip
from src.common.errors import UserError
from src.common.process_pool import available_cores
from src.common.progress import Progress
from src.common.read_ahead import map_ahead
from src.evaluation.predicted_clips import MeasuredFrame, mean_over_frames, measure_frame
from src.evaluation.values import Values
from src.images.files import ImageError
from src.images.preprocessing import alpha_to_float
from src.inference.matting import Matting
from src.streams.stream import Stream
from src.streams.stream_state import LONGEST_GAP, Reset
from src.streams.temporal import Temporal

# Seconds from one number to the next: frames more than MOST_APART numbers apart have a gap between them.
_SPACING = Fraction(LONGEST_GAP) / MOST_APART


class ClipFrame(NamedTuple):
    """A frame of a clip."""

    clip: Clip
    number: int
    image: np.ndarray  # (H, W, 3) uint8, BGR
    true_alpha: np.ndarray  # (H, W) uint8
    time: Fraction  # seconds


class MeasuredClips(NamedTuple):
    """The result of measuring clips."""

    values: dict[str, Values]  # by clip
    problems: list[str]  # one line for each clip that is left out, with the reason
    frames: int
    seconds: float  # from reading the first frame to measuring the last one
    resets: Counter[Reset]  # of the alpha of the frame before


def measure_clips(
    clips: Sequence[Clip],
    matting: Matting,
    way: Temporal | None = None,
    on_matte: Callable[[ClipFrame, np.ndarray], object] = lambda *_: None,
) -> MeasuredClips:
    """Matte and measure clips; each is a stream of its own.

    Args:
        clips: composed clips or ones with masks; those of colours without a background are left out.
        matting: the matting to measure.
        way: how alpha is made steady; None: as `usual_way`.
        on_matte: called in any order with each frame and its predicted alpha (H, W) in [0, 1].

    Raises:
        UserError: no clip can be measured.
    """
    found: dict[str, Values] = {}
    problems: list[str] = []
    resets: Counter[Reset] = Counter()
    frames, started = 0, time.perf_counter()
    with (
        ThreadPoolExecutor(1) as readers,
        ThreadPoolExecutor(available_cores()) as pool,
        Progress("evaluating", "frame", sum(len(clip.numbers) for clip in clips)) as bar,
    ):

        def finish(predicted: tuple[ClipFrame, np.ndarray]) -> MeasuredFrame:
            frame, pred_alpha = predicted
            alpha = matting.upsample(frame.image, pred_alpha)
            on_matte(frame, alpha)
            return measure_frame(alpha, alpha_to_float(frame.true_alpha))

        def measured(clip: Clip, stream: Stream) -> Iterator[MeasuredFrame]:
            read = map_ahead(readers, lambda number: _read(clip, number), clip.numbers)
            for each in map_ahead(pool, finish, stream.alphas(read, way), ahead=available_cores()):
                bar.update()
                yield each

        for clip in clips:
            stream = Stream(matting)
            try:
                if clip.kind == "foreground":
                    raise ImageError("has no background; a composed clip is needed")
                found[clip.name] = mean_over_frames(measured(clip, stream))
            except ImageError as error:
                problems.append(f"clip {clip.name}: {error}")
            else:
                frames += len(clip.numbers)
                resets += stream.state.resets
    if not found:
        raise UserError(f"no clip can be measured, the first: {problems[0]}")
    return MeasuredClips(found, problems, frames, time.perf_counter() - started, resets)


def _read(clip: Clip, number: int) -> ClipFrame:
    (image,), (true_alpha,) = clip.frames.images([number]), clip.frames.alphas([number])
    return ClipFrame(clip, number, image, true_alpha, number * _SPACING)
