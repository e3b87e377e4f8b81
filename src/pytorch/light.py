"""Changes of light and colour of a batch on the device, drawn anew in each step."""

import torch

_CHANGED = 0.5  # share of the samples
_GREY = 0.2  # share of these that lose their colours
_LUMA = (0.114, 0.587, 0.299)  # of B, G, R


def vary_light(colours: torch.Tensor) -> torch.Tensor:
    """Change gamma, gain, tint and saturation of half the samples at random, more than composites do.

    Composites have one light each, photos of other cameras have all: dark ones, pale ones, black and white.

    Args:
        colours: (N, 3, H, W) float32, BGR in [0, 1].

    Returns:
        As `colours`.
    """
    n, device = len(colours), colours.device

    def uniform(low: float, high: float, channels: int = 1) -> torch.Tensor:
        return low + (high - low) * torch.rand((n, channels, 1, 1), device=device)

    gamma = (0.3 * torch.randn((n, 1, 1, 1), device=device)).exp()
    lit = colours**gamma * uniform(0.7, 1.3) * uniform(0.92, 1.08, 3)
    luma = (lit * colours.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)
    saturation = uniform(0.3, 1.3) * (uniform(0, 1) >= _GREY)
    changed = (luma + saturation * (lit - luma)).clamp(0, 1)
    return torch.where(uniform(0, 1) < _CHANGED, changed, colours)
