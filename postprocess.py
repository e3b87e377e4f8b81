"""Turn the output files of the C++ runner into mattes and metrics.

python postprocess.py --yaml_path=./config.yaml
"""

from pathlib import Path

from src.common.command_line import SKIPPED_STATUS, run_command
from src.config_flags import config_of, make_parser
from src.deployment.options import add_model_option, exported_info
from src.deployment.runner_files import INPUTS, OUTPUTS, RESULTS
from src.deployment.score import score


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
    info = exported_info(arguments.model, config_of(arguments))
    measurements, skipped = score(folder / INPUTS, folder / OUTPUTS, folder / RESULTS, info)
    sads = [each.values["sad"] for each in measurements]
    for each in measurements:
        print(f"{each.sample.name} sad: {each.values['sad']:.4f}")
    for reason in skipped:
        print(f"skipped: {reason}")
    print(f"Total images: {len(sads)}, total sad: {sum(sads)}, ave sad: {sum(sads) / len(sads)}")
    return SKIPPED_STATUS if skipped else 0


if __name__ == "__main__":
    run_command(main)
