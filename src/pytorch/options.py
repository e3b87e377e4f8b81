"""The options of src/pytorch/train.py, and whether they fit together."""

import argparse
from pathlib import Path

from src.clips.layouts import holds_clips
from src.common.counts import above_zero, natural, positive, zero_or_more
from src.description.traits import check_input_size, needs_plate, smallest_size
from src.pytorch.clips import frame_samples
from src.pytorch.phases import PHASES


def make_parser(description: str) -> argparse.ArgumentParser:
    """The parser of the command line; `check_options` looks at what it found.

    Args:
        description: what the program does, for --help.
    """
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=description, formatter_class=formatter)
    parser.add_argument("data", metavar="DATASETS")
    parser.add_argument("output", metavar="OUTPUT")
    parser.add_argument("--phase", choices=PHASES, required=True)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--batch", type=positive, default=8)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--steps", type=positive)
    length.add_argument("--minutes", type=above_zero, help="as many steps as fit, by the clock")
    parser.add_argument("--lr", type=above_zero, default=1e-3)
    parser.add_argument("--seed", type=natural, default=0)
    parser.add_argument(
        "--pyramid_weight",
        type=zero_or_more,
        default=0,
        help="weight of a loss that sharpens edges (default: 0)",
    )
    parser.add_argument(
        "--save_steps", type=positive, default=200, help="steps between savings (default: %(default)s)"
    )
    parser.add_argument(
        "--vary_light", action="store_true", help="change light and colours of half the samples in each step"
    )
    parser.add_argument(
        "--freeze_statistics",
        action="store_true",
        help="keep the running statistics of batch normalisation, to go on from a finished model",
    )
    parser.add_argument(
        "--workers",
        type=natural,
        default=0,
        help="processes that read samples; 0: a thread (default: %(default)s)",
    )
    parser.add_argument("--bfloat16", action="store_true", help="compute the layers in bfloat16")
    parser.add_argument("--init", metavar="FILE", help="weights of an earlier phase (.pth), or a checkpoint")
    parser.add_argument(
        "--pictures",
        metavar="FOLDER",
        nargs="+",
        help="train on these pictures of src/composite_data.py, not on those of DATASETS",
    )
    parser.add_argument(
        "--capacity", type=positive, default=60000, help="pictures held (default: %(default)s)"
    )
    return parser


def check_options(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """End with a usage error where the options do not fit the phase."""
    system = PHASES[options.phase].system
    if options.pyramid_weight and not PHASES[options.phase].has_pyramid_loss:
        having = " and ".join(name for name, phase in PHASES.items() if phase.has_pyramid_loss)
        parser.error(f"--pyramid_weight: {options.phase} has no such loss; it is for {having}")
    if options.pictures and options.workers:
        parser.error("--workers: pictures have readers of their own; without --pictures")
    try:
        check_input_size(options.size, system)
    except ValueError as error:
        parser.error(f"--size {options.size}: {error}")
    # Where a layer sees one value of a photo, batch normalisation needs those of another.
    sees_one_value = needs_plate(system) or options.size == smallest_size(system)
    if options.batch == 1 and sees_one_value and not options.freeze_statistics:
        parser.error(f"--batch 1: {options.phase} at --size {options.size} needs at least 2")
    if needs_plate(system):
        if options.pictures:
            parser.error(
                f"--pictures: {options.phase} needs plates, which pictures of composites do not have"
            )
        if options.vary_light:
            parser.error(f"--vary_light: {options.phase} changes photo and plate itself")
    reads_clips = PHASES[options.phase].open_samples is frame_samples and not options.pictures
    if options.vary_light and reads_clips and holds_clips(Path(options.data), "train"):
        parser.error(f"--vary_light: frames of clips, as in {options.data}, are lit anyway")
