"""Building blocks shared by the networks."""

from collections import OrderedDict

from mindspore import Tensor, nn, ops

_SCALE_STEP = 16  # SHM's networks halve height and width four times


class InFloat32(nn.Cell):
    """A cell that computes in float32 in mixed precision, too, since float16 would lose too much."""


class UpsampleTwice(nn.Cell):
    """Bilinear interpolation to twice the size, with pixel centres at half-integers."""

    def construct(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        return ops.interpolate(x, size=(2 * height, 2 * width), mode="bilinear", align_corners=False)


def padded_conv(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    *,
    stride: int = 1,
    dilation: int = 1,
    has_bias: bool = False,
) -> nn.Conv2d:
    """Convolution with an odd kernel; sizes are divided by the stride, rounded up."""
    return nn.Conv2d(
        in_channels,
        out_channels,
        kernel_size,
        stride=stride,
        pad_mode="pad",
        padding=kernel_size // 2 * dilation,
        dilation=dilation,
        has_bias=has_bias,
    )


def conv_bn_relu(
    in_channels: int,
    out_channels: int,
    kernel_size: int = 3,
    *,
    stride: int = 1,
    dilation: int = 1,
    relu: type[nn.Cell] = nn.ReLU,
    names: tuple[str, str, str] = ("0", "1", "2"),
) -> nn.SequentialCell:
    """Convolution without bias, batch normalisation, ReLU; sizes are divided by the stride, rounded up.

    Args:
        in_channels: of the convolution.
        out_channels: of all three.
        kernel_size: of the convolution, odd.
        stride: likewise.
        dilation: likewise.
        relu: the third layer.
        names: of the three in published state dicts.
    """
    conv = padded_conv(in_channels, out_channels, kernel_size, stride=stride, dilation=dilation)
    layers = conv, nn.BatchNorm2d(out_channels), relu()
    return nn.SequentialCell(OrderedDict(zip(names, layers, strict=True)))


def pad_with_zeros(x: Tensor, margin: int) -> Tensor:
    """Surround (N, C, H, W) with zeros."""
    # `ops.pad` computes the same, but cannot be exported to ONNX.
    return ops.Pad(((0, 0), (0, 0), (margin, margin), (margin, margin)))(x)


def check_size(image: Tensor, multiple: int = _SCALE_STEP) -> None:
    """Check that height and width can be halved as often as the network halves them.

    Raises:
        ValueError: height or width of (N, C, H, W) is not a multiple of `multiple`.
    """
    height, width = image.shape[-2:]
    if height % multiple or width % multiple:
        raise ValueError(
            f"height and width must be multiples of {multiple}, but the image is {height}x{width}"
        )
