"""MODNet's losses as pure functions, which return named terms; training minimises `loss`.

The supervised one is that of the paper's section 3, the other that of its section 4 (SOC: the sub-objectives
agree). Maps are (N, 1, H, W) float32 in [0, 1], the semantic one (N, 1, H/16, W/16).
"""

from mindspore import Tensor, ops

from src.model.modnet.layers import shrink

_SEMANTIC_SCALE = 16
_WEIGHTS = (10, 10, 1)  # of semantic, detail and matte in the supervised loss
_BOUNDARY_WEIGHT = 4  # of the pixels near edges in the matte's terms
_SOC_SEMANTIC_WEIGHT = 100
_SOMEBODY = 0.01  # a coarse alpha above is taken for true by the other output
_PRESENT = 0.1  # an alpha above belongs to a person
_BOUNDARY_SIDE = 0.05  # of the mean of height and width
# Gauss's kernel of sigma 0.8 as the original makes it: its tails lie folded back onto three values.
_BLUR = (0.2502210, 0.4995580, 0.2502210)


def supervised_loss(
    semantic: Tensor, detail: Tensor, matte: Tensor, *, image: Tensor, alpha: Tensor, trimap: Tensor
) -> dict[str, Tensor]:
    """The loss with true alphas.

    Args:
        semantic: predicted coarse alpha.
        detail: predicted alpha near edges.
        matte: predicted alpha.
        image: the three colours (N, 3, H, W) in [-1, 1].
        alpha: true alpha.
        trimap: 0 background, 0.5 unsure, 1 foreground.
    """
    unsure = ops.cast(ops.equal(trimap, 0.5), alpha.dtype)
    near_edges = unsure * matte + (1 - unsure) * trimap
    in_semantic = ops.square(semantic - coarse(alpha)).mean()
    in_detail = (unsure * ops.abs(detail - alpha)).mean()
    in_matte = _matte_terms(matte, near_edges, alpha) + _matte_terms(
        image * matte, image * near_edges, image * alpha
    )
    terms = (_WEIGHTS[0] * in_semantic, _WEIGHTS[1] * in_detail, _WEIGHTS[2] * in_matte)
    return {
        "loss": terms[0] + terms[1] + terms[2],
        "semantic": terms[0],
        "detail": terms[1],
        "matte": terms[2],
    }


def soc_loss(
    semantic: Tensor,
    detail: Tensor,
    matte: Tensor,
    *,
    backup_detail: Tensor,
    backup_matte: Tensor,
    boundaries: Tensor,
) -> dict[str, Tensor]:
    """The loss without labels: the outputs agree, and near edges stay those of an earlier copy.

    Never NaN: a sample without boundaries, where there is nobody, adds nothing to the detail term.

    Args:
        semantic: predicted coarse alpha.
        detail: predicted alpha near edges.
        matte: predicted alpha.
        backup_detail: `detail` of the copy.
        backup_matte: `matte` of the copy.
        boundaries: 1 near edges, else 0, from `find_boundaries`.
    """
    coarse_matte = coarse(matte)
    target = ops.stop_gradient(coarse_matte * _above(coarse_matte, _SOMEBODY))
    back = ops.stop_gradient(semantic * _above(semantic, _SOMEBODY))
    in_semantic = ops.square(semantic - target).mean() + ops.square(coarse_matte - back).mean()
    moved = ops.abs(detail - backup_detail) + ops.abs(matte - backup_matte)
    area = boundaries.sum((1, 2, 3))
    in_detail = ((boundaries * moved).sum((1, 2, 3)) / ops.maximum(area, 1)).mean()
    terms = _SOC_SEMANTIC_WEIGHT * in_semantic, in_detail
    return {"loss": terms[0] + terms[1], "semantic": terms[0], "detail": terms[1]}


def coarse(alpha: Tensor) -> Tensor:
    """Shrink an alpha to the size of the semantic output, and blur it (reflected at the border)."""
    small = shrink(alpha, _SEMANTIC_SCALE)
    return _blur(_blur(small, 2), 3)


def find_boundaries(semantic: Tensor, matte: Tensor) -> Tensor:
    """Find where the present person begins, 1 or 0, (N, 1, H, W), without a gradient.

    The person is where the matte is above 0.1, as far as the semantic output sees one there.
    """
    height, width = matte.shape[-2:]
    side = int(_BOUNDARY_SIDE * (height + width) / 2)
    coarse_person = _above(semantic, _PRESENT)
    seen = ops.interpolate(coarse_person, size=(height, width), mode="bilinear", align_corners=False)
    person = _above(matte, _PRESENT) * seen
    # An even window has its additional pixel before the centre in erosion, after it in dilation, as in SciPy.
    before, after = side // 2, side - 1 - side // 2
    dilated = _largest(person, side, after, before)
    eroded = -_largest(-person, side, before, after)
    return ops.stop_gradient(ops.cast(ops.not_equal(dilated, eroded), matte.dtype))


def _matte_terms(matte: Tensor, near_edges: Tensor, alpha: Tensor) -> Tensor:
    return ops.abs(matte - alpha).mean() + _BOUNDARY_WEIGHT * ops.abs(near_edges - alpha).mean()


def _above(x: Tensor, threshold: float) -> Tensor:
    return ops.cast(ops.greater(x, threshold), x.dtype)


def _blur(x: Tensor, axis: int) -> Tensor:
    length = x.shape[axis]
    inner = ops.split(x, 1, axis)
    padded = ops.concat((inner[1], x, inner[length - 2]), axis)
    if axis == 2:
        parts = padded[:, :, :length], padded[:, :, 1 : length + 1], padded[:, :, 2:]
    else:
        parts = padded[:, :, :, :length], padded[:, :, :, 1 : length + 1], padded[:, :, :, 2:]
    return _BLUR[0] * parts[0] + _BLUR[1] * parts[1] + _BLUR[2] * parts[2]


def _largest(x: Tensor, side: int, before: int, after: int) -> Tensor:
    """The largest value in a square around each pixel, of values in [-1, 1]; pixels outside do not count."""
    x = ops.pad(x, (before, after, before, after), mode="constant", value=-2.0)
    x = ops.max_pool2d(x, (side, 1), (1, 1))
    return ops.max_pool2d(x, (1, side), (1, 1))
