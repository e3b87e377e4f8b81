"""Turn the photos of a split into the input files of the C++ runner.

python preprocess.py --yaml_path=./config.yaml
"""

from pathlib import Path

from src.common.command_line import SKIPPED_STATUS, run_command
from src.config_flags import config_of, make_parser
from src.data.plate_composites import find_composites
from src.data.split_files import SplitFiles
from src.deployment.options import add_model_option, exported_info
from src.deployment.plate_files import RunnerPlateFiles, form_of_model
from src.deployment.prepare import prepare
from src.deployment.runner_files import INPUTS, OUTPUTS
from src.description.traits import needs_plate


def main() -> int:
    """Read the command line and prepare; returns the exit status."""
    parser = make_parser(
        "Write the photos of infer.file_test_list as input files of the C++ runner, together with photos and "
        f"true alphas, into {INPUTS}; earlier ones are replaced. With a system that takes plates, "
        "the photos are the composites of test.test_pic_path, and true alphas stay there.",
        "python preprocess.py --yaml_path=./config.yaml --set infer.file_test_list=datasets/test/test.txt",
    )
    parser.add_argument(
        "--folder", default=".", help=f"folder for {INPUTS} (default: the current folder)", metavar="FOLDER"
    )
    add_model_option(parser)
    arguments = parser.parse_args()
    config = config_of(arguments)
    folder = Path(arguments.folder)
    if needs_plate(config.system):
        samples = find_composites(config.test.test_pic_path)
        files = RunnerPlateFiles(samples, folder / INPUTS, folder / OUTPUTS, form_of_model(arguments.model))
        skipped = files.write_inputs()
    else:
        samples = SplitFiles.of_list(config.infer.file_test_list)
        skipped = prepare(samples, folder / INPUTS, exported_info(arguments.model, config))
    for reason in skipped:
        print(f"skipped: {reason}")
    print(f"prepared {len(samples) - len(skipped)} of {len(samples)} photos")
    return SKIPPED_STATUS if skipped else 0


if __name__ == "__main__":
    run_command(main)
