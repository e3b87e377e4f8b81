"""Building blocks shared by the networks."""

from mindspore import Tensor, nn, ops

_SCALE_STEP = 16  # SHM's networks halve height and width four times


class InFloat32(nn.Cell):
    """A cell that computes in float32 in mixed precision, too, since float16 would lose too much."""


class UpsampleTwice(nn.Cell):
    """Bilinear interpolation to twice the size, with pixel centres at half-integers."""

    def construct(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        return ops.interpolate(x, size=(2 * height, 2 * width), mode="bilinear", align_corners=False)


def conv_bn_relu(in_channels: int, out_channels: int) -> nn.SequentialCell:
    """Convolution 3x3 without bias, batch normalisation, ReLU; keeps height and width."""
    return nn.SequentialCell(
        nn.Conv2d(in_channels, out_channels, 3, pad_mode="pad", padding=1),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


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
