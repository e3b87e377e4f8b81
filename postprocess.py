"""Turn the output files of the C++ runner into mattes and metrics.

python postprocess.py --yaml_path=./config.yaml
"""

from pathlib import Path

from src.common.atomic_file import atomic_folder
from src.common.command_line import SKIPPED_STATUS, run_command
from src.config_flags import config_of, make_parser
from src.data.plate_composites import find_composites
from src.deployment.options import add_model_option, exported_info
from src.deployment.plate_files import RunnerPlateFiles, form_of_model
from src.deployment.runner_files import INPUTS, OUTPUTS, RESULTS
from src.deployment.score import score
from src.description.traits import needs_plate
from src.evaluation.plates import evaluate_plates


def main() -> int:
    """Read the command line and measure; returns the exit status."""
    parser = make_parser(
        f"Measure the alphas in {OUTPUTS} at the photos' own sizes and write pictures, cutouts and metrics "
        f"into {RESULTS}; earlier ones are replaced.",
        "python postprocess.py --yaml_path=./config.yaml",
    )
    parser.add_argument(
        "--folder",
        default=".",
        help=f"contains {INPUTS} and {OUTPUTS}; {RESULTS} is written here (default: the current folder)",
        metavar="FOLDER",
    )
    add_model_option(parser)
    arguments = parser.parse_args()
    folder = Path(arguments.folder)
    config = config_of(arguments)
    if needs_plate(config.system):
        composites = find_composites(config.test.test_pic_path)
        files = RunnerPlateFiles(
            composites, folder / INPUTS, folder / OUTPUTS, form_of_model(arguments.model)
        )
        with atomic_folder(folder / RESULTS) as results:
            found, skipped = evaluate_plates(files.matte, composites, results)
        sads = {name: values["SAD"] for name, values in found.items()}
    else:
        info = exported_info(arguments.model, config)
        measurements, skipped = score(folder / INPUTS, folder / OUTPUTS, folder / RESULTS, info)
        sads = {each.sample.name: each.values["sad"] for each in measurements}
    for name, value in sads.items():
        print(f"{name} sad: {value:.4f}")
    for reason in skipped:
        print(f"skipped: {reason}")
    total = sum(sads.values())
    print(f"Total images: {len(sads)}, total sad: {total}, ave sad: {total / len(sads)}")
    return SKIPPED_STATUS if skipped else 0


if __name__ == "__main__":
    run_command(main)
