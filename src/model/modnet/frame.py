"""MODNet for frames as they come: normalisation and layout are part of the graph."""

import mindspore as ms
from mindspore import Tensor, ops

from src.model.modnet.network import MatteNet


def normalise_frame(frame: Tensor) -> Tensor:
    """RGB (N, H, W, 3) uint8 to (N, 3, H, W) float32 in [-1, 1]."""
    return (ops.transpose(ops.cast(frame, ms.float32), (0, 3, 1, 2)) - 127.5) / 127.5


class FrameMatte(MatteNet):
    """Maps a frame, RGB (N, H, W, 3) uint8, to its alpha (N, 1, H, W) float32 in [0, 1].

    Raises:
        ValueError: H or W is not a multiple of 32.
    """

    def __init__(self):
        super().__init__(3)

    def construct(self, frame: Tensor) -> Tensor:
        return super().construct(normalise_frame(frame))


class FrameMatteWithPrevious(MatteNet):
    """The same, also from the alpha of the frame before (N, 1, H, W), which is zeros where there is none.

    Pass each alpha on as the next `previous`: the graph itself keeps no state.
    """

    def __init__(self):
        super().__init__(4)

    def construct(self, frame: Tensor, previous: Tensor) -> Tensor:
        return super().construct(ops.concat((normalise_frame(frame), previous), 1))
