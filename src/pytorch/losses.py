"""The losses of the training phases in PyTorch, an independent reference implementation of src/loss.py."""

import torch
from torch import nn

from src.pytorch.network import SHMNet, fuse

_PYRAMID_LEVELS = 4


def trained_part(network: SHMNet, phase: str) -> nn.Module:
    """Return the part of the network that a phase trains."""
    return {"pre_train_t_net": network.t_net, "pre_train_m_net": network.m_net, "end_to_end": network}[phase]


def phase_loss(network: SHMNet, phase: str, image, class_map, true_alpha, *, pyramid_weight: float = 0):
    """Compute the loss of a training phase, before its step.

    Args:
        network: the network.
        phase: 'pre_train_t_net', 'pre_train_m_net' or 'end_to_end'.
        image: (N, 3, H, W) float32.
        class_map: (N, H, W) int64: 0 background, 1 foreground, 2 unsure.
        true_alpha: (N, 1, H, W) float32 in [0, 1].
        pyramid_weight: weight of `pyramid_loss`, which the paper does not have; T-Net's phase ignores it.
    """
    if phase == "pre_train_t_net":
        return nn.functional.cross_entropy(network.t_net(image), class_map)
    if phase == "pre_train_m_net":
        trimap = nn.functional.one_hot(class_map, 3).permute(0, 3, 1, 2).float()
        alpha = fuse(trimap, network.m_net(torch.cat((image, trimap), 1)))
        trimap_loss = 0
    else:
        logits, alpha = network(image)
        trimap_loss = nn.functional.cross_entropy(logits, class_map)
    alpha_loss, composition_loss = (
        ((alpha * colour - true_alpha * colour) ** 2 + 1e-6).sqrt().mean() for colour in (1, image)
    )
    loss = (alpha_loss + composition_loss) / 2 + 0.01 * trimap_loss
    if pyramid_weight:
        loss = loss + pyramid_weight * pyramid_loss(alpha, true_alpha)
    return loss


def pyramid_loss(alpha, true_alpha):
    """Compare two alphas (N, 1, H, W) band by band: edges and single strands count in the finest bands.

    Sum over 4 levels l, from 0, of 2^l times the mean absolute difference of Laplacian pyramids (after Hou
    and Liu, Context-Aware Image Matting, section 3.2). H and W are multiples of 16.
    """
    # The pyramid is linear, so that of the difference is the difference of the pyramids.
    rest, loss = alpha - true_alpha, 0
    for level in range(_PYRAMID_LEVELS):
        smaller = nn.functional.avg_pool2d(_blur(rest), 2)
        enlarged = _blur(nn.functional.interpolate(smaller, scale_factor=2, mode="nearest"))
        loss = loss + 2**level * (rest - enlarged).abs().mean()
        rest = smaller
    return loss


def _blur(x):
    """Weight each value of (N, 1, H, W) and its neighbours by 1, 4, 6, 4, 1, along both axes."""
    taps = x.new_tensor([1, 4, 6, 4, 1]) / 16
    x = nn.functional.pad(x, (2, 2, 2, 2), mode="replicate")
    x = nn.functional.conv2d(x, taps.view(1, 1, 5, 1))
    return nn.functional.conv2d(x, taps.view(1, 1, 1, 5))
