"""M-Net: predicts fine alpha from image and trimap (Semantic Human Matting, section 4.2)."""

from mindspore import Tensor, nn, ops

from src.model.layers import check_size, conv_bn_relu


class MaxPoolHalf(nn.Cell):
    """Max pooling 3x3 with stride 2 and padding 1, for non-negative maps of even size.

    Such maps only need zeros before the first row and column. Inference adds these explicitly, because
    MindSpore's own padding needs an operator that ONNX and older runtimes lack, and is slower (2 cores,
    8x16x160x160: 45 ms instead of 15 ms). Training uses MindSpore's padding, which is faster with the
    gradient included (64 ms instead of 116 ms for forward and backward).
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

    A single output channel leaves most of a CPU's vector lanes empty. In training, the kernel's columns
    therefore become output channels of a convolution one column wide, which are then shifted and added
    (2 cores, 8x16x160x160, forward and backward: 107 ms instead of 266 ms).
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

    Padding 1 at the end equals the published padding 2 with output padding 1; MindSpore's own
    output_padding leaves the last row and column zero.
    """
    return nn.Conv2dTranspose(channels, channels, 5, stride=2, pad_mode="pad", padding=(2, 1, 2, 1))


class MNet(nn.Cell):
    """Maps image (N, 3, H, W) and trimap class probabilities (N, 3, H, W) to alpha_r (N, 1, H, W).

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
