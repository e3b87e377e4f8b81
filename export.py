"""Export a trained model for deployment.

python export.py --config_path=./config.yaml
"""

from pathlib import Path

from src.common.command_line import run_command
from src.config import BackgroundMattingConfig, CommonConfig
from src.config_flags import config_of, make_parser
from src.description.traits import empty_inputs, output_names, takes_normalised
from src.engines.embedded_info import model_info_of


def export(config: CommonConfig) -> Path:
    """Export `config.export.ckpt_file`; the file is kept only if its outputs match the network's.

    Returns:
        The exported file.

    Raises:
        UserError: the checkpoint cannot be used, the format is not supported here, or the outputs differ.
    """
    # MindSpore takes seconds to import; --help and a mistake in the configuration should not wait for it.
    from src.common.device import use_device
    from src.deployment.export import export_checked
    from src.engines.exported import compiled
    from src.load_model import load_for_inference, load_network

    settings = config.export
    info = model_info_of(settings.ckpt_file, size=settings.size, otherwise=config.model_info())
    use_device(settings.device_target)
    # ONNX Runtime folds batch normalisation itself. Before folding, float16 represents the weights of a
    # checkpoint made with --half exactly.
    load = load_network if settings.file_format == "ONNX" else load_for_inference
    path, difference = export_checked(
        load(settings.ckpt_file, info.system),
        compiled(load_network(settings.ckpt_file, info.system)),
        settings.file_name,
        settings.file_format,
        info,
        mindir_version=settings.mindir_version,
        checkpoint=Path(settings.ckpt_file),
    )
    shapes = {name: each.shape for name, each in empty_inputs(info.system, info.size).items()}
    is_photo = takes_normalised(info.system)
    names = [f"{shape}" if is_photo else f"{name} {shape}" for name, shape in shapes.items()]
    inputs = ", ".join(names)
    outputs = " and ".join(output_names(info.system)).replace("_", " ")
    print(f"exported {path}: input {inputs}, outputs {outputs}")
    if difference is None:
        print("AIR files run only on Ascend and are not checked here")
    else:
        print(f"largest difference between the file and the network: {difference:.3g}")
    return path


def main() -> None:
    """Read the command line and export."""
    parser = make_parser(
        "Write a checkpoint as MINDIR (or ONNX, AIR: export.file_format) into the current folder, and check "
        "that its outputs match the network's.",
        "python export.py --config_path=./config.yaml --set export.ckpt_file=semantic_hm_best.ckpt",
    )
    config = config_of(parser.parse_args())
    if isinstance(config, BackgroundMattingConfig):
        from src.deployment.plate_export import export_for_plates

        export_for_plates(config)
    else:
        export(config)


if __name__ == "__main__":
    run_command(main)
