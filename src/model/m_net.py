"""M-Net: image and trimap to fine alpha (Semantic Human Matting, section 4.2)."""

from mindspore import Tensor, nn, ops

from src.model.layers import check_size, conv_bn_relu


class MaxPoolHalf(nn.Cell):
    """Max pooling 3x3 with stride 2 and padding 1, of maps that are not negative and of even size.

    For inference zeros before the first row and column are all the padding that counts: MindSpore's own
    needs an operator that ONNX and older runtimes lack, and is slower (2 cores, 8x16x160x160: 45 ms, this
    15 ms). In training its gradient wins (both ways together 64 ms, through the zeros 116 ms).
    """

    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d(3, stride=2, pad_mode="valid")
        self.padded_pool = nn.MaxPool2d(3, stride=2, pad_mode="pad", padding=1)

    def construct(self, x: Tensor) -> Tensor:
        if self.training:
            return self.padded_pool(x)
        x = ops.concat((ops.zeros_like(x[:, :, :1]), x), axis=2)
        x = ops.concat((ops.zeros_like(x[:, :, :, :1]), x), axis=3)
        return self.pool(x)


class ConvToAlpha(nn.Conv2d):
    """Convolution to one channel that keeps height and width.

    One output channel leaves most of a CPU's vectors empty. In training the kernel's columns are therefore
    channels of a convolution with a kernel one wide, shifted and added (2 cores, 8x16x160x160, both ways: 107
    instead of 266 ms).
    """

    def __init__(self, in_channels: int, kernel_size: int):
        super().__init__(in_channels, 1, kernel_size, pad_mode="pad", padding=kernel_size // 2)

    def construct(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().construct(x)
        height, width = self.kernel_size
        columns = ops.transpose(self.weight, (3, 1, 2, 0))  # (width, C, height, 1)
        x = ops.conv2d(x, columns, pad_mode="pad", padding=(height // 2, 0))
        margin = ops.zeros((*x.shape[:3], width // 2), x.dtype)
        parts = ops.split(ops.concat((margin, x, margin), axis=3), 1, axis=1)
        alpha = parts[0][:, :, :, : x.shape[3]]
        for shift in range(1, width):
            alpha += parts[shift][:, :, :, shift : shift + x.shape[3]]
        return alpha


def deconv_x2(channels: int) -> nn.Conv2dTranspose:
    """Transposed convolution 5x5 that doubles height and width exactly.

    Padding 1 at the end is the published padding 2 with output padding 1: MindSpore's own
    output_padding leaves the last row and column zero.
    """
    return nn.Conv2dTranspose(channels, channels, 5, stride=2, pad_mode="pad", padding=(2, 1, 2, 1))


class MNet(nn.Cell):
    """Image (N, 3, H, W) and trimap (N, 3, H, W) of class probabilities to alpha_r (N, 1, H, W).

    alpha_r is not limited to [0, 1].

    Raises:
        ValueError: H or W is not a multiple of 16.
    """

    def __init__(self):
        super().__init__()
        self.halve = MaxPoolHalf()
        self.en_conv_bn_relu_1 = conv_bn_relu(6, 16)
        self.en_conv_bn_relu_2 = conv_bn_relu(16, 32)
        self.en_conv_bn_relu_3 = conv_bn_relu(32, 64)
        self.en_conv_bn_relu_4 = conv_bn_relu(64, 128)
        self.de_conv_bn_relu_1 = conv_bn_relu(128, 128)
        self.deconv_1 = deconv_x2(128)
        self.de_conv_bn_relu_2 = conv_bn_relu(128, 64)
        self.deconv_2 = deconv_x2(64)
        self.de_conv_bn_relu_3 = conv_bn_relu(64, 32)
        self.deconv_3 = deconv_x2(32)
        self.de_conv_bn_relu_4 = conv_bn_relu(32, 16)
        self.deconv_4 = deconv_x2(16)
        self.conv = ConvToAlpha(16, 5)

    def construct(self, image: Tensor, trimap: Tensor) -> Tensor:
        check_size(image)
        x = ops.concat((image, trimap), axis=1)
        x = self.halve(self.en_conv_bn_relu_1(x))
        x = self.halve(self.en_conv_bn_relu_2(x))
        x = self.halve(self.en_conv_bn_relu_3(x))
        x = self.halve(self.en_conv_bn_relu_4(x))
        x = self.deconv_1(self.de_conv_bn_relu_1(x))
        x = self.deconv_2(self.de_conv_bn_relu_2(x))
        x = self.deconv_3(self.de_conv_bn_relu_3(x))
        x = self.deconv_4(self.de_conv_bn_relu_4(x))
        return self.conv(x)
