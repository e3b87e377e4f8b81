"""Workloads: the network on one photo, in several inference engines."""

import multiprocessing
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from src.benchmark.contender import timed


def mindspore(size: int):
    """The compiled network, as eval.py and predict.py run it."""
    from src.common.device import use_device
    from src.engines.engine import INPUT, open_engine
    from src.inference.matting import SHIPPED_MODEL

    use_device("CPU")
    engine, inputs = open_engine(SHIPPED_MODEL, engine="mindspore", size=size), {INPUT: image(size)}
    return timed(lambda: engine.run(inputs))


def torch(size: int, channels_last: bool):
    """The same network in PyTorch, in eager mode."""
    import torch

    from src.pytorch.network import SHMNet

    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = SHMNet().eval().to(memory_format=layout)
    values = torch.from_numpy(image(size)).to(memory_format=layout)

    @torch.inference_mode()
    def work():
        network(values)

    return timed(work)


def onnx(size: int, folder: str):
    """The exported ONNX file in ONNX Runtime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        str(exported(size, folder, "ONNX")), providers=["CPUExecutionProvider"]
    )
    name, values = session.get_inputs()[0].name, image(size)
    return timed(lambda: session.run(None, {name: values}))


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
    network(Tensor(image(size)))
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


def image(size: int) -> np.ndarray:
    """The network's input, of noise."""
    return np.random.default_rng(0).normal(0, 0.3, (1, 3, size, size)).astype(np.float32)


def exported(size: int, folder: str, file_format: str) -> Path:
    """Export the shipped model in another process, to keep MindSpore's threads out of the measured one."""
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
    from src.description.model_info import ModelInfo
    from src.inference.matting import SHIPPED_MODEL
    from src.load_model import load_for_inference

    use_device("CPU")
    export_network(load_for_inference(SHIPPED_MODEL), name, file_format, ModelInfo(size=size))
