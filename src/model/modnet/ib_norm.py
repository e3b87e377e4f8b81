"""IBNorm: batch normalisation of half the channels, instance normalisation of the others (IBN-Net)."""

from mindspore import Tensor, nn, ops


def instance_moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance over height and width, (N, C, 1, 1) each, of (N, C, H, W) float32.

    Safe where a device sums in float16: the sum of a whole map could exceed its range, so means are taken
    over W, then H, and the variance is that of centred values.
    """
    mean = map_mean(x)
    return mean, map_mean(ops.square(x - mean))


def map_mean(x: Tensor) -> Tensor:
    """Mean over height and width, (N, C, 1, 1), of (N, C, H, W) float32."""
    return ops.mean(ops.mean(x, 3, True), 2, True)


class IBNorm(nn.BatchNorm2d):
    """Batch norm with gamma and beta of the first half of the channels, instance norm of the second half.

    The instance norm has no parameters, and its statistics are those of each sample, also in evaluation. All
    is computed in float32 in mixed precision, as any batch normalisation.
    """

    def __init__(self, channels: int):
        super().__init__(channels // 2)

    def construct(self, x: Tensor) -> Tensor:
        if self.training:
            first, second = ops.split(x, self.num_features, axis=1)
            mean, variance = instance_moments(second)
            return ops.concat((super().construct(first), (second - mean) * ops.rsqrt(variance + self.eps)), 1)
        # Both halves as x * scale + shift, without splitting the map.
        mean, variance = instance_moments(x)
        batch = (1, self.num_features, 1, 1)
        samples = (x.shape[0], 1, 1, 1)
        own_mean = ops.tile(ops.reshape(self.moving_mean, batch), samples)
        own_variance = ops.tile(ops.reshape(self.moving_variance, batch), samples)
        gamma = ops.reshape(self.gamma, batch)
        beta = ops.reshape(self.beta, batch)
        mean = ops.concat((own_mean, mean[:, self.num_features :]), 1)
        variance = ops.concat((own_variance, variance[:, self.num_features :]), 1)
        scale = ops.rsqrt(variance + self.eps) * ops.concat((gamma, ops.ones_like(gamma)), 1)
        shift = ops.concat((beta, ops.zeros_like(beta)), 1) - mean * scale
        return x * scale + shift
