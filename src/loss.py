"""The losses of the three training phases, as pure functions (Semantic Human Matting, section 4.3).

Each phase's function returns named terms; training minimises `loss`.
"""

from mindspore import Tensor, ops

_EPSILON = 1e-6  # under the square root: keeps its gradient finite at 0
_TRIMAP_WEIGHT = 0.01  # of the trimap loss in end-to-end training


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
    image: Tensor, trimap_logits: Tensor, pred_alpha: Tensor, class_map: Tensor, true_alpha: Tensor
) -> dict[str, Tensor]:
    """Loss of the end-to-end phase: L_p + 0.01 L_t."""
    terms = m_net_loss(image, pred_alpha, true_alpha)
    trimap = trimap_loss(trimap_logits, class_map)
    loss = terms["loss"] + _TRIMAP_WEIGHT * trimap
    return {"loss": loss, "alpha": terms["alpha"], "composition": terms["composition"], "trimap": trimap}


def _absolute(difference: Tensor) -> Tensor:
    return ops.sqrt(ops.square(difference) + _EPSILON).mean()
