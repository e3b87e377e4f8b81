"""The end-to-end network: T-Net, M-Net and their fusion (Semantic Human Matting, section 4)."""

from mindspore import Tensor, nn, ops

from src.model.m_net import MNet
from src.model.t_net import TNet


def fuse(trimap: Tensor, alpha_r: Tensor) -> Tensor:
    """Fuse to alpha_p = foreground + unsure * alpha_r (equation 3).

    Args:
        trimap: class probabilities (N, 3, H, W), channels in the order of `TrimapClass`.
        alpha_r: (N, 1, H, W) from M-Net.

    Returns:
        alpha_p (N, 1, H, W), not limited to [0, 1].
    """
    _, foreground, unsure = ops.split(trimap, 1, axis=1)
    return foreground + unsure * alpha_r


def predict(t_net: nn.Cell, m_net: nn.Cell, image: Tensor) -> tuple[Tensor, Tensor]:
    """Map image (N, 3, H, W) to trimap logits (N, 3, H, W) and alpha_p (N, 1, H, W)."""
    trimap_logits = t_net(image)
    trimap = ops.softmax(trimap_logits, axis=1)
    return trimap_logits, fuse(trimap, m_net(image, trimap))


class SHMNet(nn.Cell):
    """Maps image (N, 3, H, W), normalised BGR, to trimap logits (N, 3, H, W) and alpha_p (N, 1, H, W).

    alpha_p is not limited to [0, 1]: clip it before measuring, writing or compositing it.

    Raises:
        ValueError: H or W is not a multiple of 16.
    """

    def __init__(self):
        super().__init__()
        self.t_net = TNet()
        self.m_net = MNet()

    def construct(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return predict(self.t_net, self.m_net, image)
