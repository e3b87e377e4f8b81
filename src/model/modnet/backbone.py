"""The backbone: MobileNetV2 with a stem of stride 2, down to 1/32 of the size."""

from functools import partial

from mindspore import Tensor, nn

from src.model.backbones.mobilenet_v2 import STAGES, NamedBlock
from src.model.layers import check_size, conv_bn_relu

SCALE_STEP = 32  # the backbone halves height and width five times

conv_bn_relu6 = partial(conv_bn_relu, relu=nn.ReLU6, names=("conv", "norm", "relu"))


class Backbone(nn.Cell):
    """Maps (N, C, H, W) to features e2 (16, 1/2), e4 (24, 1/4) and e32 (1280, 1/32).

    Raises:
        ValueError: H or W is not a multiple of 32.
    """

    def __init__(self, in_channels: int):
        super().__init__()
        self.stem = conv_bn_relu6(in_channels, 32, 3, stride=2)
        self.block_1 = NamedBlock(32, 16, stride=1, expansion=1)
        shapes = [shape for stage in STAGES for shape in stage.blocks()]
        deeper = []
        for number, shape in enumerate(shapes, 2):
            block = NamedBlock(*shape)
            self.insert_child_to_cell(f"block_{number}", block)
            deeper.append(block)
        self.head = conv_bn_relu6(320, 1280, 1)
        self._to_4x = tuple(deeper[: STAGES[0].repeats])
        self._to_32x = tuple(deeper[STAGES[0].repeats :])

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        check_size(x, SCALE_STEP)
        e2 = self.block_1(self.stem(x))
        e4 = e2
        for block in self._to_4x:
            e4 = block(e4)
        y = e4
        for block in self._to_32x:
            y = block(y)
        return e2, e4, self.head(y)
