"""Evaluate a trained model on the test split.

python eval.py --yaml_path=./config.yaml
"""

from pathlib import Path

from src.common.atomic_file import write_text
from src.common.command_line import config_of, make_parser, run_command
from src.common.errors import UserError
from src.config import Config

LOG_FILE = "eval.log"


def run_evaluation(config: Config, save: str = "all") -> dict[str, float]:
    """Evaluate `config.test.model` on the test split and write mattes, metrics, pictures and the log.

    Args:
        config: the configuration.
        save: 'none', 'alpha' (PNG) or 'all' (also cutouts, RGBA PNG).

    Returns:
        The mean of each metric over the photos.

    Raises:
        UserError: model or data cannot be used; or photos could not be read, after all others are done.
    """
    # MindSpore takes seconds to import; --help and a mistake in the configuration should not wait for it.
    from src.common.device import use_device
    from src.data.split_files import SplitFiles
    from src.evaluation.evaluate import evaluate
    from src.evaluation.report import averages
    from src.inference.predictor import Predictor
    from src.load_model import load_for_inference

    test = config.test
    files = SplitFiles(test.test_pic_path, "test")
    device = use_device(test.device_target)
    predictor = Predictor(load_for_inference(test.model), size=test.size, mean=config.mean)
    output_folder = Path(test.output_path)
    output_folder.mkdir(parents=True, exist_ok=True)  # what cannot be written should fail before the work
    measurements, skipped, seconds = evaluate(predictor, files, output_folder, save)

    means = averages(measurements)
    lines = [f"model: {test.model}, device: {device}, network input: {test.size}x{test.size}"]
    lines += [f"{each.sample.name} sad: {each.values['sad']:.4f}" for each in measurements]
    lines += [f"skipped: {reason}" for reason in skipped]
    lines += [f"images: {len(measurements)}, {len(measurements) / seconds:.2f} images/s, compiling included"]
    lines += [f"ave_{name}: {value:.6f}" for name, value in means.items() if name != "sad"]
    lines += [f"ave_sad: {means['sad']:.4f}"]
    write_text(output_folder / LOG_FILE, "".join(f"{line}\n" for line in lines))
    print("\n".join(lines))
    if skipped:
        raise UserError(f"{len(skipped)} photos could not be read and are not in ave_sad; see {LOG_FILE}")
    return means


def main() -> None:
    """Read the command line and evaluate."""
    parser = make_parser(
        "Measure a trained model on the test split (SAD, MSE, MAD, gradient and connectivity errors) and "
        "write alpha, cutouts, metrics.csv and a picture of the best and the worst into test.output_path.",
        "python eval.py --yaml_path=./config.yaml --set test.model=semantic_hm_best.ckpt",
    )
    parser.add_argument(
        "--save",
        choices=("none", "alpha", "all"),
        default="all",
        help="which images to write: none, alpha (PNG), or all: alpha and cutouts (RGBA PNG) (default: all)",
    )
    arguments = parser.parse_args()
    run_evaluation(config_of(arguments), arguments.save)


if __name__ == "__main__":
    run_command(main)
