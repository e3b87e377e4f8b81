"""T-Net's encoder from a MobileNetV2 that was trained elsewhere, its batch normalisations folded.

Both have the same convolutions, but for T-Net's expansion in block_1, which becomes the identity, and see
other inputs: T-Net (BGR - mean) / 255, the other one RGB / 127.5 - 1.
"""

from collections.abc import Sequence

import numpy as np
from mindspore import Tensor, nn

from src.common.errors import UserError
from src.conversion.tflite import FoldedConv
from src.model.t_net import MobileNetV2

_IDENTITY = 1  # the place of block_1's expansion among the encoder's convolutions


def load_folded_encoder(
    encoder: MobileNetV2, convolutions: Sequence[FoldedConv], images: np.ndarray, mean: Sequence[float]
) -> None:
    """Give an encoder the convolutions of a MobileNetV2 whose batch normalisations are folded.

    The encoder's own batch normalisations get the statistics of what they see on some images, and a gamma and
    beta that undo them: in evaluation mode it computes what the folded network does, in training about that.

    Args:
        encoder: is changed in place.
        convolutions: in the order of the network, for inputs RGB / 127.5 - 1; what follows the encoder's is
            left alone.
        images: some dozen photos (N, 3, H, W) float32 as T-Net sees them.
        mean: subtracted from their BGR values 0..255.

    Raises:
        UserError: the convolutions are not those of a MobileNetV2 of width 1.
    """
    pairs = _convolutions_and_norms(encoder)
    source = [_for_bgr(convolutions[0], mean), *convolutions[1:]] if convolutions else []
    identity = np.eye(32, dtype=np.float32)[..., np.newaxis, np.newaxis]
    source.insert(_IDENTITY, FoldedConv(identity, np.zeros(32, np.float32)))
    shapes = [tuple(conv.weight.shape) for conv, _ in pairs]
    found = [tuple(each.weight.shape) for each in source[: len(pairs)]]
    if found != shapes:
        differing = next(
            (i for i, pair in enumerate(zip(found, shapes, strict=False)) if len(set(pair)) > 1), len(found)
        )
        raise UserError(
            f"holds no MobileNetV2 of width 1: convolution {differing + 1} is "
            f"{found[differing] if differing < len(found) else 'missing'}, not {shapes[differing]}"
        )
    handles = []
    for (conv, norm), (weight, bias) in zip(pairs, source, strict=False):
        conv.weight.set_data(Tensor(weight))
        handles.append(norm.register_forward_hook(_calibrating(bias)))
    encoder.set_train(False)
    encoder(Tensor(images))
    for handle in handles:
        handle.remove()


def _calibrating(bias: np.ndarray):
    """A hook that sets a batch normalisation so that it adds a bias to what it is given."""

    def set_statistics(norm: nn.BatchNorm2d, inputs: tuple[Tensor, ...], _) -> Tensor:
        z = inputs[0].asnumpy()
        mean, variance = z.mean((0, 2, 3), np.float64), z.var((0, 2, 3), np.float64)
        values = {
            norm.moving_mean: mean,
            norm.moving_variance: variance,
            norm.gamma: np.sqrt(variance + norm.eps),
            norm.beta: mean + bias,
        }
        for parameter, value in values.items():
            parameter.set_data(Tensor(value.astype(np.float32)))
        return Tensor(z + bias[:, np.newaxis, np.newaxis])

    return set_statistics


def _for_bgr(first: FoldedConv, mean: Sequence[float]) -> FoldedConv:
    """The first convolution for (BGR - mean) / 255 = (RGB / 127.5 - 1 + 1 - mean / 127.5) / 2, reversed."""
    weight = first.weight[:, ::-1]
    shift = np.asarray(mean, np.float32).reshape(3, 1, 1) / np.float32(127.5) - 1
    return FoldedConv(2 * weight, first.bias + (weight * shift).sum((1, 2, 3)))


def _convolutions_and_norms(encoder: nn.Cell) -> list[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    layers = [cell for _, cell in encoder.cells_and_names() if isinstance(cell, nn.Conv2d | nn.BatchNorm2d)]
    return list(zip(layers[::2], layers[1::2], strict=True))
