"""Workloads: the network on one photo, in several inference engines."""

import multiprocessing
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from src.benchmark.contender import ROOT, timed

_RUNNER_INPUTS = 8  # number of inputs for the median
_MEDIAN = re.compile(r"^median ([\d.]+) ms", re.MULTILINE)


def mindspore(size: int):
    """The compiled network, as eval.py and predict.py run it."""
    from src.common.device import use_device
    from src.inference.engine import INPUT, open_engine
    from src.inference.matting import SHIPPED_MODEL

    use_device("CPU")
    engine, inputs = open_engine(SHIPPED_MODEL, engine="mindspore", size=size), {INPUT: _image(size)}
    return timed(lambda: engine.run(inputs))


def torch(size: int, channels_last: bool):
    """The same network in PyTorch, in eager mode."""
    import torch

    from src.pytorch.network import SHMNet

    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = SHMNet().eval().to(memory_format=layout)
    image = torch.from_numpy(_image(size)).to(memory_format=layout)

    @torch.inference_mode()
    def work():
        network(image)

    return timed(work)


def onnx(size: int, folder: str):
    """The exported ONNX file in ONNX Runtime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        str(_exported(size, folder, "ONNX")), providers=["CPUExecutionProvider"]
    )
    name, image = session.get_inputs()[0].name, _image(size)
    return timed(lambda: session.run(None, {name: image}))


def runner(size: int, folder: str):
    """The C++ runner: the median it reports, which excludes reading and writing files."""
    from src.deployment.lowering import lower_file

    subprocess.run(["bash", ROOT / "ascend_infer" / "build.sh", "CPU"], check=True)
    exported = _exported(size, folder, "MINDIR")
    lowered, inputs = exported.with_name("lowered.mindir"), exported.with_name("inputs")
    lower_file(exported, lowered)
    inputs.mkdir(exist_ok=True)
    for number in range(_RUNNER_INPUTS):
        _image(size).tofile(inputs / f"{number}.bin")
    return timed_runner(lowered, inputs)


def timed_runner(model: Path, inputs: Path):
    """Run a model on a folder of inputs; returns the median that the runner reports, in seconds."""
    command = [ROOT / "ascend_infer" / "build" / "shm_infer", "--model", model, "--input", inputs]

    def work() -> float:
        with tempfile.TemporaryDirectory() as outputs:
            result = subprocess.run([*command, "--output", outputs], capture_output=True, text=True)
        if result.returncode:
            sys.exit(result.stderr)
        return float(_MEDIAN.search(result.stdout)[1]) / 1000

    return work


def multiply_accumulates(size: int) -> dict[str, int]:
    """Count the multiply-accumulates of the convolutions in each phase's forward pass, for one photo."""
    from mindspore import Tensor, nn

    from src.model.network import SHMNet

    network = SHMNet().set_train(False)
    counts = {"t_net": 0, "m_net": 0}

    def count_of(part: str):
        def add(cell, inputs, output):
            pixels = inputs[0] if isinstance(cell, nn.Conv2dTranspose) else output
            counts[part] += cell.weight.size * pixels.shape[2] * pixels.shape[3]

        return add

    for name, cell in network.cells_and_names():
        if isinstance(cell, nn.Conv2d | nn.Conv2dTranspose):
            cell.register_forward_hook(count_of(name.split(".")[0]))
    network(Tensor(_image(size)))
    return {
        "pre_train_t_net": counts["t_net"],
        "pre_train_m_net": counts["m_net"],
        "end_to_end": sum(counts.values()),
    }


def matrix_product(side: int = 1536):
    """NumPy's product of two float32 matrices: seconds per multiply-accumulate."""
    rng = np.random.default_rng(0)
    one, other = rng.random((2, side, side), np.float32)
    return timed(lambda: one @ other, side**3)


def _image(size: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.3, (1, 3, size, size)).astype(np.float32)


def _exported(size: int, folder: str, file_format: str) -> Path:
    """Export in another process, to keep MindSpore's threads out of the measured one."""
    suffix = {"MINDIR": ".mindir", "ONNX": ".onnx"}[file_format]
    path = Path(folder, f"network{suffix}")
    in_another_process(_export, str(path.with_suffix("")), file_format, size)
    if not path.exists():
        sys.exit(f"{path} was not exported")
    return path


def in_another_process(function: Callable, *arguments: object) -> None:
    """Call a function of a module without its threads staying here."""
    process = multiprocessing.get_context("spawn").Process(target=function, args=arguments)
    process.start()
    process.join()


def _export(name: str, file_format: str, size: int) -> None:
    from src.common.device import use_device
    from src.deployment.export import export_network
    from src.inference.matting import SHIPPED_MODEL
    from src.load_model import load_for_inference
    from src.systems.model_info import ModelInfo

    use_device("CPU")
    export_network(load_for_inference(SHIPPED_MODEL), name, file_format, ModelInfo(size=size))
