"""The losses of the three training phases, as pure functions (Semantic Human Matting, section 4.3).

Each phase's function returns named terms; training minimises `loss`.
"""

from mindspore import Tensor, ops

_EPSILON = 1e-6  # under the square root: keeps its gradient finite at 0
_TRIMAP_WEIGHT = 0.01  # of the trimap loss in end-to-end training
_PYRAMID_LEVELS = 4  # sizes are multiples of 16, so each can be halved
_TAPS = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def trimap_loss(trimap_logits: Tensor, class_map: Tensor) -> Tensor:
    """L_t: cross entropy of logits (N, 3, H, W) and classes (N, H, W) int32, averaged over pixels."""
    return ops.cross_entropy(trimap_logits, class_map)


def alpha_loss(pred_alpha: Tensor, true_alpha: Tensor) -> Tensor:
    """L_alpha: mean sqrt((pred - true)^2 + 1e-6) of alphas (N, 1, H, W)."""
    return _absolute(pred_alpha - true_alpha)


def composition_loss(image: Tensor, pred_alpha: Tensor, true_alpha: Tensor) -> Tensor:
    """L_comp: like `alpha_loss`, but of alpha * image, with image (N, 3, H, W)."""
    return _absolute((pred_alpha - true_alpha) * image)


def t_net_loss(trimap_logits: Tensor, class_map: Tensor) -> dict[str, Tensor]:
    """Loss of the T-Net phase: L_t."""
    return {"loss": trimap_loss(trimap_logits, class_map)}


def m_net_loss(image: Tensor, pred_alpha: Tensor, true_alpha: Tensor) -> dict[str, Tensor]:
    """Loss of the M-Net phase: L_p = 0.5 L_alpha + 0.5 L_comp."""
    alpha = alpha_loss(pred_alpha, true_alpha)
    composition = composition_loss(image, pred_alpha, true_alpha)
    return {"loss": 0.5 * alpha + 0.5 * composition, "alpha": alpha, "composition": composition}


def end_to_end_loss(
    image: Tensor,
    trimap_logits: Tensor,
    pred_alpha: Tensor,
    class_map: Tensor,
    true_alpha: Tensor,
    pyramid_weight: float = 0,
) -> dict[str, Tensor]:
    """Loss of the end-to-end phase: L_p + 0.01 L_t, and `pyramid_loss` where it has a weight."""
    terms = m_net_loss(image, pred_alpha, true_alpha)
    trimap = trimap_loss(trimap_logits, class_map)
    loss, alpha, composition = terms["loss"] + _TRIMAP_WEIGHT * trimap, terms["alpha"], terms["composition"]
    if not pyramid_weight:
        return {"loss": loss, "alpha": alpha, "composition": composition, "trimap": trimap}
    pyramid = pyramid_loss(pred_alpha, true_alpha)
    loss = loss + pyramid_weight * pyramid
    return {"loss": loss, "alpha": alpha, "composition": composition, "trimap": trimap, "pyramid": pyramid}


def pyramid_loss(pred_alpha: Tensor, true_alpha: Tensor) -> Tensor:
    """Compare two alphas (N, 1, H, W) band by band: edges and single strands count in the finest bands.

    Sum over 4 levels l, from 0, of 2^l times the mean absolute difference of Laplacian pyramids. It is no
    part of Semantic Human Matting; after Hou and Liu, Context-Aware Image Matting, section 3.2.
    """
    # The pyramid is linear, so that of the difference is the difference of the pyramids.
    rest, loss = pred_alpha - true_alpha, 0
    for level in range(_PYRAMID_LEVELS):
        n, c, height, width = rest.shape
        smaller = _blur(rest).reshape(n, c, height // 2, 2, width // 2, 2).mean((3, 5))
        loss = loss + 2**level * ops.abs(rest - _blur(_double(smaller))).mean()
        rest = smaller
    return loss


def _blur(x: Tensor) -> Tensor:
    """Weight each value and its neighbours by 1, 4, 6, 4, 1, along both axes; edges are repeated."""
    for axis in (2, 3):
        size = x.shape[axis]
        first, last = x.narrow(axis, 0, 1), x.narrow(axis, size - 1, 1)
        padded = ops.cat((first, first, x, last, last), axis)
        x = sum(tap * padded.narrow(axis, place, size) for place, tap in enumerate(_TAPS))
    return x


def _double(x: Tensor) -> Tensor:
    """Repeat each pixel of (N, C, H, W) twice in both directions."""
    n, c, height, width = x.shape
    return ops.tile(x.reshape(n, c, height, 1, width, 1), (1, 1, 1, 2, 1, 2)).reshape(
        n, c, 2 * height, 2 * width
    )


def _absolute(difference: Tensor) -> Tensor:
    return ops.sqrt(ops.square(difference) + _EPSILON).mean()
