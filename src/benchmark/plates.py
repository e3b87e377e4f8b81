"""Workloads: Background Matting V2, in mode sampling, on one photo and its plate, in several engines.

The weights are random; all refine the same number of cells.
"""

import sys
from pathlib import Path

import numpy as np

from src.benchmark.contender import ROOT, timed
from src.benchmark.networks import in_another_process
from src.benchmark.runner import built_runner, timed_runner

_SYSTEM = "background_matting"
_RUNNER_INPUTS = 3  # of 50 MB each at 1920x1088


def torch(width: int, height: int, channels_last: bool):
    """The network in PyTorch, in eager mode."""
    import torch

    from src.description.plate_form import copy_scale
    from src.pytorch.background_matting import RefineNetwork, SamplingRefiner

    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = RefineNetwork(copy_scale(height, width), SamplingRefiner()).eval().to(memory_format=layout)
    torch.nn.init.constant_(network.decoder.conv4.bias, 0.5)  # no error is 0, so no cell is left out
    inputs = [torch.from_numpy(each).to(memory_format=layout) for each in _inputs(width, height)]

    @torch.inference_mode()
    def work():
        network(*inputs)

    return timed(work)


def onnx(width: int, height: int, folder: str):
    """The exported ONNX file in ONNX Runtime, as predict.py runs it."""
    from src.engines.exported import load_onnx

    run, inputs = load_onnx(_exported(width, height, folder, "ONNX")), _inputs(width, height)
    return timed(lambda: run(*inputs))


def mindspore(width: int, height: int, folder: str):
    """The checkpoint, not compiled, as predict.py runs it."""
    from src.engines.plate_engine import open_plate_engine

    checkpoint = Path(folder, "plates.ckpt")
    in_another_process(_save, checkpoint)
    engine = open_plate_engine(checkpoint, _SYSTEM, engine="mindspore", device="CPU")
    return timed(lambda: engine.run(*_inputs(width, height)))


def runner(width: int, height: int, folder: str):
    """The C++ runner: the median it reports, which excludes reading and writing files."""
    from src.deployment.lowering import lower_file

    exported, inputs = _exported(width, height, folder, "MINDIR"), Path(folder, "plate_inputs")
    lower_file(exported, exported, for_cpu=True)
    inputs.mkdir(exist_ok=True)
    for number in range(_RUNNER_INPUTS):
        np.concatenate(_inputs(width, height)).tofile(inputs / f"{number}.bin")
    return timed_runner([built_runner(), "--model", exported, "--input", inputs])


def _inputs(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    photo, plate = np.random.default_rng(0).random((2, 1, 3, height, width), np.float32)
    return photo, plate


def _exported(width: int, height: int, folder: str, file_format: str) -> Path:
    size = f"{width}x{height}"
    path = Path(folder, f"plates_{size}{'.onnx' if file_format == 'ONNX' else '.mindir'}")
    in_another_process(_export, folder, file_format, size)
    if not path.exists():
        sys.exit(f"{path} was not exported")
    return path


def _export(folder: str, file_format: str, size: str) -> None:
    from src.config import load_config
    from src.deployment.plate_export import export_for_plates

    checkpoint = Path(folder, "plates.ckpt")
    _save(checkpoint)
    settings = {
        "ckpt_file": checkpoint,
        "file_name": checkpoint.with_suffix(""),
        "file_format": file_format,
        "mindir_version": 1,
        "refinement": "sampling",
        "sizes": f"[{size}]",
        "device_target": "CPU",
    }
    configuration = ROOT / "configs" / "background_matting.yaml"
    export_for_plates(
        load_config(configuration, [f"export.{key}={value}" for key, value in settings.items()])
    )


def _save(checkpoint: Path) -> None:
    from src.common.device import use_device
    from src.description.model_info import ModelInfo
    from src.model.weights import save_model
    from src.systems.background_matting import SYSTEMS

    use_device("CPU")
    network = SYSTEMS[_SYSTEM].build()
    SYSTEMS[_SYSTEM].initialise(network, 0)
    save_model(network, checkpoint, ModelInfo(system=_SYSTEM))
