"""MODNet as two cells: all three outputs for training, the matte alone for inference."""

from typing import Any

from mindspore import Tensor, nn

from src.model.modnet.backbone import Backbone
from src.model.modnet.branches import (
    Fusion,
    HRBranch,
    HRBranchWithDetail,
    LRBranch,
    LRBranchWithSemantic,
)


def predict(parts: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the outputs of `MODNet` from its parts, the attributes of `parts`."""
    e2, e4, e32 = parts.backbone(x)
    l8, semantic = parts.lr_branch(e32)
    h2, detail = parts.hr_branch(x, e2, e4, l8)
    return semantic, detail, parts.fusion(x, l8, h2)


class MODNet(nn.Cell):
    """Maps x (N, C, H, W) to semantic (N, 1, H/16, W/16), detail and matte (N, 1, H, W), all in [0, 1].

    Args:
        in_channels: C; 3: RGB in [-1, 1]; 4: also the alpha of the frame before, in [0, 1], 0 where there is
            none.

    Raises:
        ValueError: H or W is not a multiple of 32.
    """

    def __init__(self, in_channels: int = 3):
        super().__init__()
        self.backbone = Backbone(in_channels)
        self.lr_branch = LRBranchWithSemantic()
        self.hr_branch = HRBranchWithDetail(in_channels)
        self.fusion = Fusion(in_channels)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return predict(self, x)


class MatteNet(nn.Cell):
    """Maps x (N, C, H, W) to the matte (N, 1, H, W) of `MODNet`, without what only training needs.

    Raises:
        ValueError: H or W is not a multiple of 32.
    """

    def __init__(self, in_channels: int = 3):
        super().__init__()
        self.backbone = Backbone(in_channels)
        self.lr_branch = LRBranch()
        self.hr_branch = HRBranch(in_channels)
        self.fusion = Fusion(in_channels)

    def construct(self, x: Tensor) -> Tensor:
        e2, e4, e32 = self.backbone(x)
        l8 = self.lr_branch(e32)
        return self.fusion(x, l8, self.hr_branch(x, e2, e4, l8))
