"""Evaluate a trained model on the test split.

python eval.py --yaml_path=./config.yaml
"""

import sys
from pathlib import Path
from typing import get_args

from src.clips.layouts import find_split, holds_clips
from src.common.atomic_file import write_text
from src.common.command_line import SKIPPED_STATUS, run_command
from src.config import BackgroundMattingConfig, CommonConfig
from src.config_flags import config_of, make_parser
from src.data.plate_composites import find_composites
from src.data.split_files import SplitFiles
from src.engines.embedded_info import is_exported
from src.engines.engine import ALPHA, open_engine
from src.engines.plate_engine import open_plate_engine, plate_system_of
from src.engines.shipped import require_output
from src.evaluation.clip_report import clip_lines, evaluate_clips
from src.evaluation.evaluate import Measured, evaluate
from src.evaluation.plates import PlateMetric, evaluate_plates
from src.evaluation.report import Save, averages
from src.evaluation.values import listed, mean_values
from src.inference.matting import Matting
from src.inference.protocol import PROTOCOLS, ProtocolName
from src.plates.matting import PlateMatting

LOG_FILE = "eval.log"


def run_evaluation(
    config: CommonConfig, save: Save = "all", protocol: ProtocolName = "published"
) -> tuple[dict[str, float], list[str]]:
    """Evaluate `config.test.model` on the test split and write mattes, metrics, pictures and the log.

    Args:
        config: the configuration.
        save: 'none', 'alpha' (PNG) or 'all' (also cutouts, RGBA PNG).
        protocol: 'published' (comparable with published numbers) or 'default' (as predict.py).

    Returns:
        The mean of each metric over the photos, or over the clips of a split of clips, and a message for
        each photo or clip that was skipped.

    Raises:
        UserError: model or data cannot be used, or no photo or clip can be read.
    """
    from src.common.device import use_device  # imports MindSpore, which takes seconds

    test, skipped = config.test, []
    data = Path(test.test_pic_path)
    clips = find_split(data, "test", skipped.append) if holds_clips(data, "test") else []
    samples = [] if clips else SplitFiles(data, "test").samples()
    device = use_device(test.device_target)
    engine = open_engine(
        test.model, engine="mindspore", size=test.size, device=device, otherwise=config.model_info()
    )
    require_output(ALPHA, test.model, engine.info)
    matting = Matting(engine, PROTOCOLS[protocol])
    output_folder = Path(test.output_path)
    output_folder.mkdir(parents=True, exist_ok=True)  # fails before the work if not writable
    size = engine.info.size
    lines = [f"model: {test.model}, device: {device}, network input: {size}x{size}"]
    lines += [f"protocol: {protocol}"] if protocol != "published" else []
    if clips:
        way = "none" if protocol == "published" else None
        measured = evaluate_clips(clips, matting, output_folder, save, way)
        skipped += measured.problems
        means = mean_values(measured.values)
        lines += clip_lines(measured, skipped)
    else:
        measured = evaluate(matting, samples, output_folder, save)
        skipped, means = measured.skipped, averages(measured.measurements)
        lines += _photo_lines(measured, means)
    write_text(output_folder / LOG_FILE, "".join(f"{line}\n" for line in lines))
    print("\n".join(lines))
    return means, skipped


def run_plate_evaluation(
    config: BackgroundMattingConfig, save: Save = "all", metric: PlateMetric = "usual"
) -> tuple[dict[str, float], list[str]]:
    """Evaluate `config.test.model` on composites with plates and write mattes, metrics and the log.

    Args:
        config: the configuration.
        save: as `run_evaluation`.
        metric: see `evaluate_plates`.

    Returns:
        The mean of each metric, and a message for each composite that was skipped.

    Raises:
        UserError: model or composites cannot be used.
    """
    test = config.test
    model, folder = Path(test.model), Path(test.output_path)
    composites = find_composites(test.test_pic_path)
    system = plate_system_of(model, config.system)
    way = "auto" if is_exported(model) else "mindspore"
    opened = open_plate_engine(model, system, engine=way, device=test.device_target)
    folder.mkdir(parents=True, exist_ok=True)
    matting = PlateMatting(opened)
    found, skipped = evaluate_plates(
        lambda _, photo, plate: matting.predict(photo, plate), composites, folder, save, metric
    )
    means = mean_values(found)
    lines = [
        f"model: {model}",
        *(f"{name}: {listed(values)}" for name, values in found.items()),
        *(f"skipped: {reason}" for reason in skipped),
        f"mean of {len(found)} composites: {listed(means)}",
    ]
    write_text(folder / LOG_FILE, "".join(f"{line}\n" for line in lines))
    print("\n".join(lines))
    return means, skipped


def _photo_lines(measured: Measured, means: dict[str, float]) -> list[str]:
    measurements, skipped, seconds = measured
    return [
        *(f"{each.sample.name} sad: {each.values['sad']:.4f}" for each in measurements),
        *(f"skipped: {reason}" for reason in skipped),
        f"images: {len(measurements)}, {len(measurements) / seconds:.2f} images/s, compiling included",
        *(f"ave_{name}: {value:.6f}" for name, value in means.items() if name != "sad"),
        f"ave_sad: {means['sad']:.4f}",
    ]


def main() -> int:
    """Read the command line and evaluate."""
    parser = make_parser(
        "Measure a trained model on the test split (SAD, MSE, MAD, gradient and connectivity errors) and "
        "write alpha, cutouts, metrics.csv and a picture of the best and worst into test.output_path. Of a "
        "split of clips, it measures MAD, MSE, gradient and connectivity errors and dtSSD.",
        "python eval.py --yaml_path=./config.yaml --set test.model=semantic_hm_best.ckpt",
    )
    parser.add_argument(
        "--save",
        choices=get_args(Save),
        default="all",
        help="which images to write: none, alpha (PNG), or all: alpha and cutouts (RGBA PNG) (default: all)",
    )
    parser.add_argument(
        "--protocol",
        choices=tuple(PROTOCOLS),
        default="published",
        help="how alpha is made: published (photo stretched to the square, bicubic upsampling; comparable "
        "with published numbers) or default (as predict.py); not of Background Matting V2 "
        "(default: published)",
    )
    parser.add_argument(
        "--metric",
        choices=get_args(PlateMetric),
        default="usual",
        help="of Background Matting V2: usual, or paddle: SAD and MSE as its PaddlePaddle port gives them, "
        "which are twice those in the band around the person (default: usual)",
    )
    arguments = parser.parse_args()
    config = config_of(arguments)
    if isinstance(config, BackgroundMattingConfig):
        if arguments.protocol != "published":
            parser.error("--protocol default is not for configurations of background_matting")
        means, skipped = run_plate_evaluation(config, arguments.save, arguments.metric)
    else:
        if arguments.metric != "usual":
            parser.error("--metric paddle is for configurations of background_matting")
        means, skipped = run_evaluation(config, arguments.save, arguments.protocol)
    if skipped:
        what = "photos could not be read and are not in ave_sad"
        if isinstance(config, BackgroundMattingConfig):
            what = "composites could not be read and are not in the means"
        elif "sad" not in means:
            what = "clips could not be measured and are not in the means"
        print(f"{len(skipped)} {what}; see {LOG_FILE}", file=sys.stderr)
    return SKIPPED_STATUS if skipped else 0


if __name__ == "__main__":
    run_command(main)
