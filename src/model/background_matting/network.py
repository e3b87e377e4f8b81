"""Background Matting V2: the base network, and the network that refines what it says of a small copy."""

from typing import Any

from mindspore import Tensor, nn, ops

from src.description.plate_form import CELL
from src.model.background_matting.aspp import ASPP
from src.model.background_matting.backbone import BACKBONES, BackboneName
from src.model.background_matting.decoder import Decoder
from src.model.background_matting.layers import clip, resize
from src.model.background_matting.refiner import Refiner, SamplingRefiner
from src.model.layers import check_size


def predict_coarse(
    parts: Any, src: Tensor, bgr: Tensor, kept: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compute what the base network says, from its parts, the attributes of `parts`.

    In training, `kept` is the dropout's, see `ASPP`.

    Returns:
        pha (N, 1, H, W) in [0, 1]; the residual, foreground less photo, (N, 3, H, W); err (N, 1, H, W) in
        [0, 1]; hid (N, 32, H, W), not negative.
    """
    x = ops.concat((src, bgr), 1)
    x1, x2, x3, x4 = parts.backbone(x)
    y = parts.decoder(parts.aspp(x4, kept), x3, x2, x1, x)
    return clip(y[:, 0:1]), y[:, 1:4], clip(y[:, 4:5]), ops.relu(y[:, 5:])


def predict_base(
    parts: Any, src: Tensor, bgr: Tensor, kept: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compute the outputs of `BaseNetwork` from its parts."""
    pha, residual, err, hid = predict_coarse(parts, src, bgr, kept)
    return pha, clip(residual + src), err, hid


def predict_refined(
    parts: Any, src: Tensor, bgr: Tensor, backbone_scale: float, kept: Tensor | None = None
) -> tuple[Tensor, ...]:
    """Compute the outputs of `RefineNetwork` from its parts."""
    check_size(src, CELL)
    height, width = src.shape[2:]
    small = int(height * backbone_scale), int(width * backbone_scale)
    src_sm, bgr_sm = resize(src, small), resize(bgr, small)
    pha_sm, residual_sm, err_sm, hid = predict_coarse(parts, src_sm, bgr_sm, kept)
    matte, ref = parts.refiner(src, bgr, pha_sm, residual_sm, err_sm, hid)
    pha, fgr = clip(matte[:, 0:1]), clip(matte[:, 1:] + src)
    return pha, fgr, pha_sm, clip(residual_sm + src_sm), err_sm, ref


class BaseNetwork(nn.Cell):
    """Maps photo and plate, (N, 3, H, W) each, RGB in [0, 1], to pha, fgr, err and hid.

    pha is the alpha (N, 1, H, W), fgr the foreground's colours (N, 3, H, W), err the expected error of pha
    (N, 1, H, W), all in [0, 1]; hid (N, 32, H, W) are features for a refiner.
    """

    def __init__(self, backbone: BackboneName = "mobilenetv2"):
        super().__init__()
        self.backbone = BACKBONES[backbone]()
        *skips, features = self.backbone.channels
        self.aspp = ASPP(features)
        self.decoder = Decoder(skips)

    def construct(self, src: Tensor, bgr: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return predict_base(self, src, bgr)


class RefineNetwork(BaseNetwork):
    """Maps photo and plate, (N, 3, H, W) each, RGB in [0, 1], to pha, fgr, pha_sm, fgr_sm, err_sm and ref.

    pha (N, 1, H, W) and fgr (N, 3, H, W) are alpha and foreground. Those with _sm, and err_sm, are what the
    base network says of a copy of floor(s * H) by floor(s * W) pixels. All are in [0, 1].
    ref (N, 1, H/4, W/4) is 1 for refined cells of 4x4 pixels, 0 for others.

    Args:
        backbone: name of the backbone.
        refiner: the refiner, in one of its modes; None: by sampling.
        backbone_scale: s, of the copy that the base network sees, at most 0.5.

    Raises:
        ValueError: H or W is not a multiple of 4.
    """

    def __init__(
        self,
        backbone: BackboneName = "mobilenetv2",
        refiner: Refiner | None = None,
        backbone_scale: float = 0.25,
    ):
        super().__init__(backbone)
        self.refiner = refiner or SamplingRefiner()
        self._backbone_scale = backbone_scale

    def construct(self, src: Tensor, bgr: Tensor) -> tuple[Tensor, ...]:
        return predict_refined(self, src, bgr, self._backbone_scale)


class MatteNetwork(RefineNetwork):
    """Maps the same to pha and fgr alone, which is all that inference needs."""

    def construct(self, src: Tensor, bgr: Tensor) -> tuple[Tensor, Tensor]:
        pha, fgr, *_ = super().construct(src, bgr)
        return pha, fgr
