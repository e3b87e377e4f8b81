"""Reports of a model's mattes of clips: metrics of each clip, and the mattes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from src.clips.clip import Clip
from src.common.atomic_file import write_csv
from src.evaluation.clips import ClipFrame, MeasuredClips, measure_clips
from src.evaluation.predicted_clips import NAMES
from src.evaluation.report import METRICS_FILE, Save, write_matte
from src.evaluation.values import listed, mean_values
from src.inference.matting import Matting
from src.streams.stream_state import described
from src.streams.temporal import Temporal


def evaluate_clips(
    clips: Sequence[Clip], matting: Matting, folder: Path, save: Save, way: Temporal | None = None
) -> MeasuredClips:
    """Measure clips and write metrics.csv, a row for each.

    Args:
        clips: the clips.
        matting: the matting to measure.
        folder: the folder to write to.
        save: 'none'; 'alpha' to write alpha/<clip>/<number>.png as well; 'all' for these and cutout/ (RGBA).
        way: how alpha is made steady; None: as `usual_way`.

    Raises:
        UserError: no clip can be measured, or the folder cannot be written.
    """

    def write(frame: ClipFrame, alpha: np.ndarray) -> None:
        write_matte(folder, f"{frame.clip.name}/{frame.number:04d}.png", frame.image, alpha, save)

    measured = measure_clips(clips, matting, way, write)
    rows = ((clip, *(f"{values[name]:.6f}" for name in NAMES)) for clip, values in measured.values.items())
    write_csv(folder / METRICS_FILE, ("clip", *NAMES), rows)
    return measured


def clip_lines(measured: MeasuredClips, skipped: Sequence[str]) -> list[str]:
    """What the log says of clips: each one's metrics, what was skipped, and the means over the clips."""
    values, rate = measured.values, measured.frames / measured.seconds
    return [
        *(f"{clip}: {listed(each)}" for clip, each in values.items()),
        *(f"skipped: {reason}" for reason in skipped),
        f"frames: {measured.frames}, {rate:.2f} frames/s, compiling included; {described(measured.resets)}",
        f"mean of {len(values)} clips: {listed(mean_values(values))}",
    ]
