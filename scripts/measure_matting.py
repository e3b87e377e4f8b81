"""Measure the mattes of predict.py on photos, or on the frames of a video, with true alpha.

python scripts/measure_matting.py PAIRS --list PAIRS/val.txt

PAIRS holds image/<id>.jpg and alpha/<id>.png (or mask/<id>.png), or the frames of one video,
frame_<number>.jpg and alpha_<number>.png. With --plate, a photo of the video's place without the person,
Background Matting V2 mattes the video. With --predictions, mattes that are there already are measured:
PAIRS then holds clips of frames, such as <clip>/com/<frame>.png and <clip>/pha/<frame>.png.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

from src.common.command_line import SKIPPED_STATUS, run_command  # noqa: E402
from src.common.errors import UserError  # noqa: E402
from src.common.given_options import given  # noqa: E402
from src.common.progress import track  # noqa: E402
from src.config import load_config  # noqa: E402
from src.config_flags import DEFAULT_CONFIG  # noqa: E402
from src.data.lists import find_listed, read_lists  # noqa: E402
from src.data.pairs import PhotoWithAlpha  # noqa: E402
from src.data.people import find_people  # noqa: E402
from src.engines.engine_choice import EngineName  # noqa: E402
from src.engines.plate_engine import open_plate_engine, plate_system_of  # noqa: E402
from src.engines.shipped import shipped_model  # noqa: E402
from src.evaluation.evaluate import measure_photos  # noqa: E402
from src.evaluation.from_trimap import FromTrimap, MeasuredTrimap  # noqa: E402
from src.evaluation.predicted_clips import measure_predictions  # noqa: E402
from src.evaluation.report import best_median_worst  # noqa: E402
from src.evaluation.values import listed, mean_values  # noqa: E402
from src.evaluation.video import measure_video, measure_video_with_plate  # noqa: E402
from src.images.files import read_gray, read_image, write_image  # noqa: E402
from src.inference.matting import SHIPPED_MODEL, Matting, load_matting  # noqa: E402
from src.inference.protocol import Upsampling  # noqa: E402
from src.plates.matting import PlateMatting  # noqa: E402
from src.plates.preparation import PlatePreparation  # noqa: E402
from src.trimap_matting.solvers import DEFAULT_SOLVER, SolverName  # noqa: E402

_WITHOUT_PLATE = ("list", "size", "stretch", "refine", "fast", "trimap", "solver", "picture", "yaml_path")


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("pairs", metavar="PAIRS", type=Path)
    parser.add_argument(
        "--list",
        metavar="FILE",
        type=Path,
        help="photos to measure: one id or set/id per line",
    )
    parser.add_argument(
        "--predictions",
        metavar="DIR",
        type=Path,
        help="measure these alphas of videos, each named as the true one is within PAIRS",
    )
    parser.add_argument("--plate", metavar="FILE", type=Path, help="the video's place without the person")
    parser.add_argument("--checkpoint", metavar="FILE", type=Path, help="model (default: the shipped one)")
    parser.add_argument("--engine", choices=get_args(EngineName), default="auto", help="as predict.py")
    parser.add_argument("--size", type=int, help="size of the network's input (default: the model's own)")
    parser.add_argument("--stretch", "--squash", action="store_true")
    parser.add_argument("--refine", choices=get_args(Upsampling), default="guided")
    parser.add_argument("--fast", action="store_true", help="as predict.py")
    parser.add_argument(
        "--trimap",
        choices=get_args(MeasuredTrimap),
        help="solve the photos' alpha from a trimap, as predict.py does, or from that of the true alpha",
    )
    parser.add_argument(
        "--solver", choices=get_args(SolverName), default=DEFAULT_SOLVER, help="as predict.py"
    )
    parser.add_argument(
        "--picture", metavar="FILE", type=Path, help="write a picture of the best, median and worst"
    )
    parser.add_argument(
        "--yaml_path",
        metavar="FILE",
        default=DEFAULT_CONFIG,
        help="configuration with the mean for models without metadata",
    )
    parser.add_argument("--device", choices=("auto", "Ascend", "GPU", "CPU"), default="auto")
    arguments = parser.parse_args()
    _check(arguments, parser)
    if arguments.predictions:
        return _measure_predictions(arguments.predictions, arguments.pairs)
    frames = sorted(arguments.pairs.glob("frame_*.jpg"), key=lambda path: (len(path.name), path.name))
    if len(frames) > 1 and (arguments.list or arguments.picture or arguments.trimap):
        raise UserError(f"{arguments.pairs}: holds a video; --list, --picture and --trimap are for photos")
    if arguments.plate:
        if len(frames) < 2:
            raise UserError(
                f"{arguments.pairs}: holds no video; scripts/measure_plates.py takes photos with plates"
            )
        _measure_video_with_plate(frames, arguments)
        return 0
    left_out: list[str] = []
    samples = [] if len(frames) > 1 else _find_samples(arguments.pairs, arguments.list, left_out)
    for problem in left_out:
        print(f"skipped: {problem}")
    matting = load_matting(
        arguments.checkpoint or SHIPPED_MODEL,
        engine=arguments.engine,
        device=arguments.device,
        size=arguments.size,
        stretch=arguments.stretch,
        upsampling=arguments.refine,
        mirror=not arguments.fast,
        otherwise=load_config(arguments.yaml_path).model_info(),
    )
    if not samples:
        _measure_video(frames, matting)
        return 0
    predict = FromTrimap(matting, arguments.trimap, arguments.solver) if arguments.trimap else None
    status = _measure_photos(samples, matting, predict, arguments.picture)
    return SKIPPED_STATUS if left_out else status


def _check(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """End with a usage error where an option would have no effect."""

    def refuse(options: Iterable[str], why: str) -> None:
        for name in given(options, arguments, parser):
            parser.error(f"--{name}: {why}")

    if arguments.predictions:
        others = set(vars(arguments)) - {"pairs", "predictions"}
        refuse(sorted(others), "has no effect with --predictions, which are measured as they are")
    if arguments.plate:
        refuse(_WITHOUT_PLATE, "has no effect with --plate, for which photos are matted in another way")
    if not arguments.trimap:
        refuse(["solver"], "needs --trimap")
    elif arguments.picture:
        parser.error("--picture: shows the network's mattes; leave out --trimap")


def _measure_predictions(predictions: Path, true: Path) -> int:
    found, problems = measure_predictions(predictions, true)
    for problem in problems:
        print(f"left out: {problem}")
    for clip, values in {**found, f"mean of {len(found)} clips": mean_values(found)}.items():
        print(f"{clip}: {listed(values)}")
    return SKIPPED_STATUS if problems else 0


def _measure_video(frames: list[Path], matting: Matting) -> None:
    _print_video(measure_video(_read_frames(frames), matting), len(frames))


def _measure_video_with_plate(frames: list[Path], arguments: argparse.Namespace) -> None:
    checkpoint = arguments.checkpoint or shipped_model("background_matting")
    system = plate_system_of(checkpoint, None)
    matting = PlateMatting(
        open_plate_engine(checkpoint, system, engine=arguments.engine, device=arguments.device)
    )
    plate = PlatePreparation(matting).prepare_and_tell(
        frames[0], read_image(frames[0]), read_image(arguments.plate), arguments.plate
    )
    _print_video(measure_video_with_plate(_read_frames(frames), matting, plate), len(frames))


def _read_frames(frames: list[Path]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for frame in track(frames, "measuring", "frame", len(frames)):
        yield read_image(frame), read_gray(frame.with_name(f"alpha_{frame.stem.partition('_')[2]}.png"))


def _print_video(found: dict[str, dict[str, float]], count: int) -> None:
    for way, values in found.items():
        print(
            f"{way}: dtSSD {values['dtssd']:.2f}, mean SAD {values['sad']:.2f}, "
            f"MAD x 1000 {values['mad']:.2f}, of {count} frames"
        )


def _find_samples(folder: Path, list_file: Path | None, left_out: list[str]) -> list[PhotoWithAlpha]:
    people = [each for each in find_people([folder], left_out.append) if each.alpha]
    if list_file:
        listed = find_listed(read_lists([list_file]), people)
        people = [each for each in people if each in listed]
    if not people:
        raise UserError(f"{folder}: contains no photo with alpha, or none that is listed")
    return [PhotoWithAlpha(f"{each.photo.stem}.png", each.photo, each.alpha) for each in people]


def _measure_photos(
    samples: list[PhotoWithAlpha], matting: Matting, predict: FromTrimap | None, picture: Path | None
) -> int:
    measurements, skipped, _ = measure_photos(matting, samples, predict=predict)
    for reason in skipped:
        print(f"skipped: {reason}")
    for name in measurements[0].values:
        values = [each.values[name] for each in measurements]
        print(f"{name}: mean {np.mean(values):.4f}, median {np.median(values):.4f}, of {len(values)} photos")
    if picture:
        write_image(picture, best_median_worst(measurements, matting))
    return SKIPPED_STATUS if skipped else 0


if __name__ == "__main__":
    run_command(main)
