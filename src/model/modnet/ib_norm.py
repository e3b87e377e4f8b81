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
        channels = self.num_features
        if self.training:
            first, second = ops.split(x, channels, axis=1)
            mean, variance = instance_moments(second)
            return ops.concat((super().construct(first), (second - mean) * self._inverse_root(variance)), 1)
        # Both halves as x * scale + shift, without splitting the map.
        mean, variance = instance_moments(x)
        own_scale = self._as_map(self.gamma) * self._inverse_root(self._as_map(self.moving_variance))
        own_shift = self._as_map(self.beta) - self._as_map(self.moving_mean) * own_scale
        scale = self._inverse_root(variance[:, channels:])
        shift = -mean[:, channels:] * scale
        samples = (x.shape[0], 1, 1, 1)
        scale = ops.concat((ops.tile(own_scale, samples), scale), 1)
        return x * scale + ops.concat((ops.tile(own_shift, samples), shift), 1)

    def _as_map(self, values: Tensor) -> Tensor:
        return ops.reshape(values, (1, self.num_features, 1, 1))

    def _inverse_root(self, variance: Tensor) -> Tensor:
        variance = variance + self.eps
        return ops.sqrt(variance) / variance  # rsqrt and reciprocal cannot be exported to ONNX
