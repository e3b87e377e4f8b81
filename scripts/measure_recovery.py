"""Measure how soon a model for videos recovers from a wrong alpha of the frame before.

python scripts/measure_recovery.py CLIPS --checkpoint modnet_video.ckpt --picture recovery.png

CLIPS holds clips with true alpha, such as <clip>/com/<frame>.png and <clip>/pha/<frame>.png. Frame 10 of each
is given an alpha that is 1 everywhere, 0 everywhere, or shifted; then the model is on its own again.
"""

import argparse
import sys
from pathlib import Path

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

from src.clips.layouts import find_clips  # noqa: E402
from src.common.command_line import run_command  # noqa: E402
from src.common.errors import UserError  # noqa: E402
from src.description.traits import takes_previous  # noqa: E402
from src.evaluation.recovery import (  # noqa: E402
    DISTURBANCES,
    UNDISTURBED,
    frames_until_recovered,
    measure_recovery,
)
from src.inference.matting import load_matting  # noqa: E402

_AT, _COUNT = 10, 40


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("clips", metavar="CLIPS", type=Path)
    parser.add_argument("--checkpoint", metavar="FILE", type=Path, required=True)
    parser.add_argument("--picture", metavar="FILE", type=Path, help="draw the errors, means over the clips")
    arguments = parser.parse_args()
    if arguments.picture and arguments.picture.suffix.lower() not in (".png", ".svg"):
        parser.error(f"--picture {arguments.picture}: must end in .png or .svg")
    matting = load_matting(arguments.checkpoint)
    if not takes_previous(matting.info.system):
        raise UserError(f"{arguments.checkpoint}: is of system {matting.info.system}, which keeps no state")
    every = find_clips(arguments.clips)
    clips = [clip for clip in every if clip.kind != "foreground" and len(clip.numbers) > _AT]
    for name in sorted({clip.name for clip in every} - {clip.name for clip in clips}):
        print(f"left out: {name}: has no background, or no more than {_AT} frames")
    if not clips:
        raise UserError(f"{arguments.clips}: holds no clip with a background and more than {_AT} frames")
    shortest = min(clips, key=lambda clip: len(clip.numbers))
    count = min(_COUNT, len(shortest.numbers))
    if count < _COUNT:
        print(f"of each clip, {count} frames are measured instead of {_COUNT}: {shortest.name} has no more")
    found = [measure_recovery(clip, matting, _AT, count) for clip in clips]
    means = {name: np.mean([each[name] for each in found], axis=0) for name in found[0]}
    print(f"{UNDISTURBED}: MAD x 1000 {means[UNDISTURBED][_AT:].mean():.2f}")
    for name in DISTURBANCES:
        frames = frames_until_recovered(means[name][_AT:], means[UNDISTURBED][_AT:])
        when = f"not within {count - _AT} frames" if frames is None else f"after {frames} frames"
        print(f"{name}: MAD x 1000 {means[name][_AT]:.2f} at first, back to within 10 % {when}")
    if arguments.picture:
        draw(means, arguments.picture)


def draw(means: dict[str, np.ndarray], path: Path) -> None:
    """Draw the errors by frame."""
    from src.common.plotting import plt, save_figure

    figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
    for name, errors in means.items():
        axes.plot(errors, label=name, linewidth=2.5 if name == UNDISTURBED else 1.2)
    axes.axvline(_AT, color="0.7", linestyle=":")
    axes.set(xlabel="frame", ylabel="MAD x 1000", ylim=(0, None))
    axes.legend()
    save_figure(figure, path)


if __name__ == "__main__":
    run_command(main)
