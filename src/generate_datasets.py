"""Make the data set: cd src && python generate_datasets.py --yaml_path=../config.yaml"""

import sys
from pathlib import Path

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from src.common.command_line import SKIPPED_STATUS, run_command  # noqa: E402
from src.config import BackgroundMattingConfig  # noqa: E402
from src.config_flags import config_of, make_parser  # noqa: E402
from src.generation.generator import generate_datasets  # noqa: E402
from src.generation.plate_composites import make_plate_composites  # noqa: E402


def main() -> int:
    """Read the command line and make the data set; returns the exit status."""
    parser = make_parser(
        "Make train, eval and test sets (photos, masks, trimaps, alpha) from the Matting Human Datasets, as "
        "configured in the section generate_data. With a configuration of background_matting, make "
        "composites with plates to evaluate on. Run it again to make only what is missing.",
        "cd src && python generate_datasets.py --yaml_path=../config.yaml",
    )
    sys.stdout.reconfigure(line_buffering=True)  # so that a log shows each stage as it starts
    config = config_of(parser.parse_args())
    is_with_plates = isinstance(config, BackgroundMattingConfig)
    make = make_plate_composites if is_with_plates else generate_datasets
    unusable = make(config.generate_data, config.seed)
    return SKIPPED_STATUS if unusable else 0


if __name__ == "__main__":
    run_command(main)
