"""Loads T-Net's encoder from a MobileNetV2 with batch normalisation folded into its convolutions."""

from collections.abc import Sequence

import numpy as np
from mindspore import Tensor, nn

from src.conversion.encoder import (
    IDENTITY,
    Normalisation,
    adapt_to_input,
    encoder_layers,
    set_convolutions,
    undo_norm,
)
from src.conversion.tflite import FoldedConv
from src.model.backbones.mobilenet_v2 import MobileNetV2

_NORMALISATION = Normalisation(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))  # TensorFlow's: RGB / 127.5 - 1


def load_folded_encoder(
    encoder: MobileNetV2, convolutions: Sequence[FoldedConv], *, images: np.ndarray, mean: Sequence[float]
) -> None:
    """Load the convolutions of a MobileNetV2 with folded batch normalisations into an encoder.

    The encoder's own batch normalisations get the statistics measured on some images, and a gamma and beta
    that undo them. In evaluation mode the encoder then computes the same as the folded network, in training
    approximately the same.

    Args:
        encoder: is changed in place, and left in evaluation mode.
        convolutions: in the order of the network, for inputs RGB / 127.5 - 1; those after the encoder's are
            ignored.
        images: a dozen or so photos as inputs of T-Net, (N, 3, H, W) float32.
        mean: subtracted from the BGR values 0..255 of the images.

    Raises:
        UserError: the convolutions are not those of a MobileNetV2 of width 1.
    """
    set_convolutions(encoder, [each.weight for each in convolutions])
    layers = encoder_layers(encoder)
    norms = [norm for _, norm in layers]
    biases = [each.bias for each in convolutions[: len(layers) - 1]]
    biases[0] = biases[0] + adapt_to_input(layers[0][0], _NORMALISATION, mean)
    biases.insert(IDENTITY, np.zeros(norms[IDENTITY].num_features, np.float32))
    for norm, bias in zip(norms, biases, strict=True):
        undo_norm(norm, np.zeros_like(bias), np.ones_like(bias), bias)
    moments = _input_moments(encoder, norms, images)
    for norm, bias, (mean_seen, variance) in zip(norms, biases, moments, strict=True):
        undo_norm(norm, mean_seen, variance, bias)


def _input_moments(
    encoder: MobileNetV2, norms: Sequence[nn.BatchNorm2d], images: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the per-channel mean and variance of each batch normalisation's input, in evaluation mode."""
    means, squares = ([0.0] * len(norms) for _ in range(2))

    def watch(place: int):
        def add_up(_, inputs: tuple[Tensor, ...]) -> None:
            values = inputs[0].asnumpy()[0].reshape(inputs[0].shape[1], -1)
            mean, variance = values.mean(1).astype(np.float64), values.var(1).astype(np.float64)
            means[place] += mean / len(images)
            squares[place] += (variance + np.square(mean)) / len(images)

        return add_up

    handles = [norm.register_forward_pre_hook(watch(place)) for place, norm in enumerate(norms)]
    encoder.set_train(False)
    for image in images:  # one by one: feature maps of a dozen would take gigabytes
        encoder(Tensor(image[np.newaxis]))
    for handle in handles:
        handle.remove()
    # Rounding may leave a dead channel's variance just below 0.
    return [(m, np.maximum(s - np.square(m), 0)) for m, s in zip(means, squares, strict=True)]
