"""Values of metrics by name: those of an alpha that several reports show, their means, and a line of text."""

from collections.abc import Mapping

import numpy as np

from src.metric import connectivity_error, gradient_error, mad, mse

Values = dict[str, float]

# Of alphas (H, W) float32 in [0, 1], predicted and true.
OF_ALPHA = {
    "MAD x 1000": lambda pred, true: 1000 * mad(pred, true),
    "MSE x 1000": lambda pred, true: 1000 * mse(pred, true),
    "Grad": gradient_error,
    "Conn": connectivity_error,
}


def mean_values(found: Mapping[str, Values]) -> Values:
    """The mean of each metric over photos or clips, which all have the same metrics."""
    names = next(iter(found.values()))
    return {name: float(np.mean([values[name] for values in found.values()])) for name in names}


def listed(values: Values) -> str:
    """Such as 'MAD x 1000 1.234, Grad 0.567'."""
    return ", ".join(f"{name} {value:.3f}" for name, value in values.items())
