"""Building blocks shared by T-Net and M-Net."""

from mindspore import Tensor, nn

_SCALE_STEP = 16  # both networks halve height and width four times


def conv_bn_relu(in_channels: int, out_channels: int) -> nn.SequentialCell:
    """Convolution 3x3 without bias, batch normalisation, ReLU; keeps height and width."""
    return nn.SequentialCell(
        nn.Conv2d(in_channels, out_channels, 3, pad_mode="pad", padding=1),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def check_size(image: Tensor) -> None:
    """Check that height and width can be halved four times.

    Raises:
        ValueError: height or width of (N, C, H, W) is not a multiple of 16.
    """
    height, width = image.shape[-2:]
    if height % _SCALE_STEP or width % _SCALE_STEP:
        raise ValueError(
            f"height and width must be multiples of {_SCALE_STEP}, but the image is {height}x{width}"
        )
