"""Turn the photos of a split into the input files of the C++ runner.

python preprocess.py --yaml_path=./config.yaml
"""

from pathlib import Path

from src.common.command_line import SKIPPED_STATUS, run_command
from src.config_flags import config_of, make_parser
from src.data.split_files import SplitFiles
from src.deployment.options import add_model_option, exported_info
from src.deployment.prepare import prepare
from src.deployment.runner_files import INPUTS


def main() -> int:
    """Read the command line and prepare; returns the exit status."""
    parser = make_parser(
        "Write the photos of infer.file_test_list as input files of the C++ runner, together with photos and "
        f"true alphas, into {INPUTS}; earlier ones are replaced.",
        "python preprocess.py --yaml_path=./config.yaml --set infer.file_test_list=datasets/test/test.txt",
    )
    parser.add_argument(
        "--folder", default=".", help=f"folder for {INPUTS} (default: the current folder)", metavar="FOLDER"
    )
    add_model_option(parser)
    arguments = parser.parse_args()
    config = config_of(arguments)
    files = SplitFiles.of_list(config.infer.file_test_list)
    skipped = prepare(files, Path(arguments.folder, INPUTS), exported_info(arguments.model, config))
    for reason in skipped:
        print(f"skipped: {reason}")
    print(f"prepared {len(files) - len(skipped)} of {len(files)} photos")
    return SKIPPED_STATUS if skipped else 0


if __name__ == "__main__":
    run_command(main)
