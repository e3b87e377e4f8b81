"""The three branches: what is a person, where are edges, and both fused (section 3 of the paper)."""

from mindspore import Tensor, nn, ops

from src.model.layers import InFloat32, UpsampleTwice
from src.model.modnet.ib_norm import map_mean
from src.model.modnet.layers import SigmoidConv, conv_ib_relu, shrink

_WIDTH = 1280  # channels of the backbone's last features


class SqueezeExcitation(InFloat32):
    """Scales each channel by a weight that follows from the means of all channels."""

    def __init__(self):
        super().__init__()
        self.reduce = nn.Dense(_WIDTH, _WIDTH // 4, has_bias=False)
        self.expand = nn.Dense(_WIDTH // 4, _WIDTH, has_bias=False)

    def construct(self, e32: Tensor) -> Tensor:
        mean = map_mean(e32)[:, :, 0, 0]
        weight = ops.sigmoid(self.expand(ops.relu(self.reduce(mean))))
        return e32 * ops.expand_dims(ops.expand_dims(weight, 2), 3)


class LRBranch(nn.Cell):
    """Low resolution: e32 to l8 (N, 32, H/8, W/8), which tells people from background."""

    def __init__(self):
        super().__init__()
        self.up = UpsampleTwice()
        self.se = SqueezeExcitation()
        self.conv_16x = conv_ib_relu(_WIDTH, 96, 5)
        self.conv_8x = conv_ib_relu(96, 32, 5)

    def construct(self, e32: Tensor) -> Tensor:
        return self.conv_8x(self.up(self.conv_16x(self.up(self.se(e32)))))


class LRBranchWithSemantic(LRBranch):
    """In training: l8 and the coarse alpha s (N, 1, H/16, W/16)."""

    def __init__(self):
        super().__init__()
        self.semantic = SigmoidConv(32, 3, stride=2)

    def construct(self, e32: Tensor) -> tuple[Tensor, Tensor]:
        l8 = super().construct(e32)
        return l8, self.semantic(l8)


class HRBranch(nn.Cell):
    """High resolution: x (N, C, H, W), e2, e4 and l8 to h2 (N, 32, H/2, W/2), which knows the edges."""

    def __init__(self, in_channels: int):
        super().__init__()
        self.up = UpsampleTwice()
        self.reduce_2x = conv_ib_relu(16, 32, 1)
        self.down_2x = conv_ib_relu(in_channels + 32, 32, 3, stride=2)
        self.reduce_4x = conv_ib_relu(24, 32, 1)
        self.merge_4x = conv_ib_relu(64, 64, 3)
        self.conv_4x = nn.SequentialCell(
            conv_ib_relu(96 + in_channels, 64, 3), conv_ib_relu(64, 64, 3), conv_ib_relu(64, 32, 3)
        )
        self.conv_2x = nn.SequentialCell(
            conv_ib_relu(64, 64, 3), conv_ib_relu(64, 32, 3), conv_ib_relu(32, 32, 3), conv_ib_relu(32, 32, 3)
        )

    def construct(self, x: Tensor, e2: Tensor, e4: Tensor, l8: Tensor) -> Tensor:
        r2 = self.reduce_2x(e2)
        h4 = self.down_2x(ops.concat((shrink(x, 2), r2), 1))
        h4 = self.merge_4x(ops.concat((h4, self.reduce_4x(e4)), 1))
        h4 = self.conv_4x(ops.concat((h4, self.up(l8), shrink(x, 4)), 1))
        return self.conv_2x(ops.concat((self.up(h4), r2), 1))


class HRBranchWithDetail(HRBranch):
    """In training: h2 and the alpha near edges d (N, 1, H, W)."""

    def __init__(self, in_channels: int):
        super().__init__(in_channels)
        self.detail_conv = conv_ib_relu(32 + in_channels, 32, 3)
        self.detail = SigmoidConv(32, 1)

    def construct(self, x: Tensor, e2: Tensor, e4: Tensor, l8: Tensor) -> tuple[Tensor, Tensor]:
        h2 = super().construct(x, e2, e4, l8)
        return h2, self.detail(self.detail_conv(ops.concat((self.up(h2), x), 1)))


class Fusion(nn.Cell):
    """l8, h2 and x to the matte p (N, 1, H, W)."""

    def __init__(self, in_channels: int):
        super().__init__()
        self.up = UpsampleTwice()
        self.conv_4x = conv_ib_relu(32, 32, 5)
        self.conv_2x = conv_ib_relu(64, 32, 3)
        self.matte_conv = conv_ib_relu(32 + in_channels, 16, 3)
        self.matte = SigmoidConv(16, 1)

    def construct(self, x: Tensor, l8: Tensor, h2: Tensor) -> Tensor:
        f4 = self.conv_4x(self.up(l8))
        f2 = self.conv_2x(ops.concat((self.up(f4), h2), 1))
        return self.matte(self.matte_conv(ops.concat((self.up(f2), x), 1)))
