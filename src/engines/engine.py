"""Engines run a network, loaded from a checkpoint, a MINDIR or an ONNX file, on named arrays.

MindSpore and ONNX Runtime are imported only when a file is loaded. So a mistake on the command line is
reported at once, prediction with one does not need the other, and the C++ runner's pre- and postprocessing
needs neither.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from src.common.errors import UserError
from src.description.model_info import ModelInfo
from src.description.traits import SystemName, output_shapes
from src.engines.embedded_info import is_exported, model_info_of
from src.engines.engine_choice import EngineName, choose_engine
from src.engines.outputs import named_outputs
from src.engines.turn import LANES, lane, turn

INPUT, TRIMAP_LOGITS, ALPHA = "image", "trimap_logits", "alpha"
FRAME, PREVIOUS = "frame", "previous"  # the inputs of MODNet


Arrays = dict[str, np.ndarray]
Run = Callable[..., list[np.ndarray]]


@dataclass(frozen=True)
class Engine:
    """A loaded network; any thread may run it.

    Args:
        run: maps the system's inputs to its outputs. Of SHM, these are {"image": (1, 3, S, S)} and
            {"trimap_logits": (1, 3, S, S), "alpha": (1, 1, S, S)}, all float32; of MODNet, those of
            `empty_inputs`, and "alpha".
        info: the model's metadata; `info.size` is S.
        lanes: how many threads at a time may run it; others wait.
    """

    run: Callable[[Arrays], Arrays]
    info: ModelInfo
    lanes: int = 1

    def run_all(self, inputs: Sequence[Arrays]) -> list[Arrays]:
        """The outputs for some inputs, computed at the same time as far as there are lanes for it."""
        if self.lanes == 1 or len(inputs) < 2:
            return [self.run(each) for each in inputs]
        with ThreadPoolExecutor(self.lanes) as lanes:
            return list(lanes.map(self.run, inputs))


def open_engine(
    path: str | Path,
    *,
    engine: EngineName = "auto",
    size: int | None = None,
    mean: Sequence[float] | None = None,
    device: str = "auto",
    otherwise: ModelInfo = ModelInfo(),  # noqa: B008 - frozen
) -> Engine:
    """Load a model.

    Args:
        path: a checkpoint (.ckpt), or an exported model (.mindir, .onnx).
        engine: 'onnx' (ONNX Runtime), 'mindspore', 'lite' (the C++ runner) or 'auto', see `choose_engine`.
        size: height and width of the input, a multiple of 16; None for the model's own. The size of an
            exported model is fixed, and `size` is ignored.
        mean: BGR, 0..255, subtracted from photos in training; None for the model's own.
        device: the device for MindSpore: 'auto', 'Ascend', 'GPU' or 'CPU'.
        otherwise: the metadata of a model that has none.

    Raises:
        UserError: the file is missing, damaged or of another network, or engine, size, mean or device cannot
            be used. Running the network raises it if the outputs are not those of the system, or have NaN or
            infinite values.
        ForkedError: this process was forked after a network was loaded; running the network raises it, too.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such model")
    info = model_info_of(path, size=size, mean=mean, otherwise=otherwise)
    name, file = choose_engine(path, engine, size=size, device=device)
    with turn():
        if name == "mindspore":
            from src.common.device import use_device

            use_device(device)
        if name == "lite":
            from src.engines.lite import export_for_lite, load_lite

            file = file if is_exported(file) else export_for_lite(file, info.size, device)
            run, own_size = load_lite(file, device, info.system)
            info = replace(info, size=own_size)
        elif is_exported(file):
            from src.engines.exported import load_exported

            run, own_size = load_exported(file, info.system)
            info = replace(info, size=own_size)
        else:
            run = _open_checkpoint(file, info.system)
    is_onnx = name == "onnx"
    permission = lane if is_onnx else turn
    return Engine(_checked(run, file, info, permission), info, LANES if is_onnx else 1)


def _open_checkpoint(path: Path, system: SystemName) -> Run:
    from src.engines.exported import compiled
    from src.load_model import load_for_inference

    return compiled(load_for_inference(path, system))


def _checked(
    run: Run, path: Path, info: ModelInfo, permission: Callable[[], AbstractContextManager[None]]
) -> Callable[[Arrays], Arrays]:
    """Run the network where `permission` lets it, and reject outputs that the system does not have."""
    shapes = output_shapes(info.system, info.size, info.size)

    def run_checked(inputs: Arrays) -> Arrays:
        with permission():
            outputs = run(*inputs.values())
        return named_outputs(path, outputs, shapes)

    return run_checked
