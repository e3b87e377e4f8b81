"""A model for videos of one layer, as files: its alpha can be computed by hand, and it compiles at once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Tensor, nn, ops

from src.deployment.export import export_network
from src.description.model_info import ModelInfo, write_model_info
from src.load_model import load_network
from src.model.modnet.frame import normalise_frame
from src.model.modnet.layers import SigmoidConv
from src.model.weights import save_parameters
from src.systems import modnet

SIZE = 32
_COLOURS, _PREVIOUS, _BIAS = (0.5, -1.0, 1.5), 3.0, -1.0  # red, green, blue


class ThinFrameMatte(nn.Cell):
    """Alpha from each pixel and the alpha of the frame before there."""

    def __init__(self):
        super().__init__()
        self.matte = SigmoidConv(4, 1)

    def construct(self, frame: Tensor, previous: Tensor) -> Tensor:
        return self.matte(ops.concat((normalise_frame(frame), previous), 1))


def thin_alpha(frame: np.ndarray, previous: np.ndarray) -> np.ndarray:
    """What it computes of a frame, RGB (H, W, 3) uint8, and the alpha of the frame before (H, W)."""
    x = ((frame.astype(np.float32) - 127.5) / 127.5) @ np.float32(_COLOURS) + _PREVIOUS * previous + _BIAS
    return 1 / (1 + np.exp(-x))


def save_thin_video_model(patch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Write it as a checkpoint and beside it as ONNX; `modnet_video` is this network from now on."""
    patch.setattr(modnet, "MODNET_VIDEO", replace(modnet.MODNET_VIDEO, build_inference=ThinFrameMatte))
    network, path = ThinFrameMatte(), folder / "thin.ckpt"
    network.matte.weight.set_data(Tensor(np.float32([*_COLOURS, _PREVIOUS]).reshape(1, 4, 1, 1)))
    network.matte.bias.set_data(Tensor(np.float32([_BIAS])))
    info = ModelInfo(system="modnet_video", size=SIZE)
    save_parameters(network, path)
    write_model_info(path, info)
    export_network(network, str(path.with_suffix("")), "ONNX", info, checkpoint=path)
    return path


def export_thin_mindir(checkpoint: Path) -> None:
    """Write it beside its checkpoint as MINDIR, too, which the C++ runner reads."""
    network = load_network(checkpoint, "modnet_video")
    name, info = str(checkpoint.with_suffix("")), ModelInfo(system="modnet_video", size=SIZE)
    export_network(network, name, "MINDIR", info, mindir_version="1", checkpoint=checkpoint)
