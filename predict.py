"""Matte photos and videos.

python predict.py photo.jpg
python predict.py photos/ --output mattes/ --background white
"""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from src.common.command_line import DEFAULT_CONFIG, SKIPPED_STATUS, run_command
from src.images.files import ImageError
from src.inference.matting import DEFAULT_SIZE, SHIPPED_MODEL, load_matting, training_mean

_READABLE = 0.9  # of the frames that a video says it has: what it says is often a little wrong

if TYPE_CHECKING:
    from src.inference.cutout import Cutting
    from src.inference.jobs import Job


def predict(arguments: argparse.Namespace) -> int:
    """Do what the command line asks for; returns the exit status."""
    from src.common.atomic_file import remove_abandoned
    from src.inference.background import Background
    from src.inference.jobs import find_jobs, left_to_do

    background = Background(arguments.background)
    jobs = find_jobs(arguments.inputs, arguments.output)
    todo, done = left_to_do(jobs, background.is_transparent, arguments.overwrite)
    if done:
        print(f"{done} have their results already; --overwrite makes them again")
    if not todo:
        return 0
    remove_abandoned(path for job in todo for path in job.results(background.is_transparent))
    # MindSpore takes seconds to import; a mistake on the command line should not wait for it.
    from src.common.device import use_device
    from src.inference.cutout import Cutting

    use_device(arguments.device)
    matting = load_matting(
        arguments.checkpoint,
        size=arguments.size,
        mean=arguments.mean or training_mean(arguments.checkpoint, arguments.yaml_path),
        squash=arguments.squash,
        refinement=arguments.refine,
        mirrors=not arguments.fast,
    )
    cutting = Cutting(matting, background, arguments.foreground == "estimate", arguments.overwrite)
    photos = [job for job in todo if not job.is_video]
    problems = _matte_photos(photos, cutting) if photos else 0
    problems += sum(_matte_video(job, cutting) for job in todo if job.is_video)
    return SKIPPED_STATUS if problems else 0


def _matte_photos(photos: "list[Job]", cutting: "Cutting") -> int:
    """Returns how many were left out."""
    from src.inference.photos import matte_photos

    problems, started = 0, time.perf_counter()
    with tqdm(total=len(photos), unit="photo", desc="matting") as bar:
        for job, problem in matte_photos(photos, cutting):
            bar.update()
            problems += bool(problem)
            result = job.results(cutting.background.is_transparent)[-1]
            bar.write(f"left out: {problem}" if problem else f"{job.source}: {result}")
    rate = len(photos) / (time.perf_counter() - started)
    print(f"{len(photos) - problems} photos, {rate:.2f} a second, compiling included; {problems} left out")
    return problems


def _matte_video(job: "Job", cutting: "Cutting") -> int:
    """Returns 1 where it was left out, or much of it could not be read."""
    from src.inference.video import matte_video
    from src.inference.video_scan import scan_video

    name = job.source.name
    try:
        with tqdm(unit="frame", desc=f"looking through {name}", leave=False) as bar:
            video = scan_video(job.source, bar.update)
        with tqdm(total=video.frames, unit="frame", desc=name) as bar:
            count = matte_video(job, video, cutting, bar.update)
    except ImageError as error:
        print(f"left out: {error}")
        return 1
    print(f"{job.source}: {job.results(cutting.background.is_transparent)[-1]}, {count} frames")
    said = video.frames + video.lost
    if count < said:
        print(f"{job.source}: of about {said} frames that it says it has, {count} can be read")
    return int(count < _READABLE * said)


def main() -> int:
    """Read the command line and matte."""
    parser = argparse.ArgumentParser(
        description="Cut people out of photos and videos. Writes photo_alpha.png and photo_cutout.png "
        "(RGBA),\nor photo_composite.png where a background is given; of a video, alpha and composite (mp4).",
        epilog="example:\n  python predict.py photos/ --output mattes/ --background white",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("inputs", metavar="PATH", nargs="+", help="photos, videos, or folders of them")
    parser.add_argument("--output", metavar="DIR", help="folder of the results (default: beside the photos)")
    parser.add_argument(
        "--background",
        metavar="WHAT",
        default="transparent",
        help="transparent, blur, a colour name, #RRGGBB or an image (default: transparent)",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        default=SHIPPED_MODEL,
        type=Path,
        help="model: a checkpoint (.ckpt) or an exported one (.mindir) (default: the one of this repository)",
    )
    parser.add_argument(
        "--size",
        type=int,
        default=DEFAULT_SIZE,
        help="height and width of the network's input, a multiple of 16 (default: %(default)s)",
    )
    parser.add_argument(
        "--mean",
        type=float,
        nargs=3,
        metavar=("B", "G", "R"),
        help="of the model's training (default: that of the configuration, but 114 121 134 for the model of "
        "this repository; checkpoints of older code: 104 112 121)",
    )
    parser.add_argument(
        "--yaml_path",
        metavar="FILE",
        default=DEFAULT_CONFIG,
        help="configuration with the mean (default: config.yaml of this project)",
    )
    parser.add_argument("--squash", action="store_true", help="fill the network's square, as published")
    parser.add_argument(
        "--refine",
        choices=("guided", "none"),
        default="guided",
        help="how alpha comes back to the photo's size: by the photo's edges, or bicubic (default: guided)",
    )
    parser.add_argument(
        "--fast",
        action="store_true",
        help="show the network each photo once, not also mirrored: half the time, a little worse",
    )
    parser.add_argument(
        "--foreground",
        choices=("estimate", "none"),
        default="estimate",
        help="take the old background's colours out of the person's rim (default: estimate)",
    )
    parser.add_argument("--overwrite", action="store_true", help="make results again that are there")
    parser.add_argument("--device", choices=("auto", "Ascend", "GPU", "CPU"), default="auto")
    arguments = parser.parse_args()
    return predict(arguments)


if __name__ == "__main__":
    run_command(main)
