"""The refiner: corrects the coarse output at full size, everywhere or in cells of 4x4 pixels.

It sees a cell through two windows of 8x8 pixels. The first, at half size, is the cell's 2x2 and 3 more on
each side; two convolutions reduce it to 4x4. Doubled, it joins the second, at full size: the cell's 4x4 and 2
more on each side. Two other convolutions reduce both to the cell.
"""

import mindspore as ms
from mindspore import Tensor, nn, ops

from src.description.plate_form import CELL, RefinementName
from src.model.background_matting.cells import from_cells, windows
from src.model.background_matting.decoder import HIDDEN
from src.model.background_matting.layers import repeat_pixels, resize
from src.model.layers import pad_with_zeros

_IMAGES = 6  # channels of photo and plate
_MATTE = 4  # channels of pha and residual
_HALF_MARGIN, _FULL_MARGIN = 3, 2


class Refiner(nn.Cell):
    """The layers, which are the same in all modes."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(HIDDEN + _MATTE + _IMAGES, 24, 3, pad_mode="valid")
        self.bn1 = nn.BatchNorm2d(24)
        self.conv2 = nn.Conv2d(24, 16, 3, pad_mode="valid")
        self.bn2 = nn.BatchNorm2d(16)
        self.conv3 = nn.Conv2d(16 + _IMAGES, 12, 3, pad_mode="valid")
        self.bn3 = nn.BatchNorm2d(12)
        self.conv4 = nn.Conv2d(12, _MATTE, 3, pad_mode="valid", has_bias=True)
        self.relu = nn.ReLU()

    def correct(self, half: Tensor, full: Tensor) -> Tensor:
        """Pictures or windows (P, 42, H/2 + 6, W/2 + 6) and (P, 6, H + 4, W + 4) to (P, 4, H, W)."""
        x = self.relu(self.bn1(self.conv1(half)))
        x = repeat_pixels(self.relu(self.bn2(self.conv2(x))), 2)
        x = self.relu(self.bn3(self.conv3(ops.concat((x, full), 1))))
        return self.conv4(x)


def _padded_inputs(
    src: Tensor, bgr: Tensor, pha: Tensor, residual: Tensor, hid: Tensor
) -> tuple[Tensor, Tensor]:
    """What the layers see of a whole picture: (N, 42, H/2 + 6, W/2 + 6) and (N, 6, H + 4, W + 4)."""
    height, width = src.shape[2:]
    images = ops.concat((src, bgr), 1)
    half = resize(ops.concat((hid, pha, residual), 1), (height // 2, width // 2))
    half = ops.concat((half, resize(images, (height // 2, width // 2))), 1)
    return pad_with_zeros(half, _HALF_MARGIN), pad_with_zeros(images, _FULL_MARGIN)


def _enlarged(src: Tensor, pha: Tensor, residual: Tensor) -> Tensor:
    """The coarse pha and residual at full size, (N, 4, H, W)."""
    return resize(ops.concat((pha, residual), 1), src.shape[2:])


def _errors(src: Tensor, err: Tensor) -> Tensor:
    """The error expected in each cell, (N, 1, H/4, W/4)."""
    return resize(err, (src.shape[2] // CELL, src.shape[3] // CELL))


def _choose(ref: Tensor, refined: Tensor, coarse: Tensor) -> Tensor:
    """Refined values where ref (N, 1, H/4, W/4) is 1, coarse ones where it is 0, (N, 4, H, W)."""
    chosen = ops.tile(repeat_pixels(ref, CELL), (1, _MATTE, 1, 1)) > 0  # MindSpore Lite needs equal shapes
    return ops.where(chosen, refined, coarse)


class FullRefiner(Refiner):
    """Refines the whole picture. It consists of convolutions and resizing, which every device can do.

    As those of the other modes, its inputs are photo and plate (N, 3, H, W), H and W multiples of 4, and the
    coarse pha (N, 1, h, w), residual (3), err (1) and hid (32). Its outputs are pha and residual, together
    (N, 4, H, W) and as they come, and ref (N, 1, H/4, W/4), 1 for refined cells, 0 for others.
    """

    def construct(
        self, src: Tensor, bgr: Tensor, pha: Tensor, residual: Tensor, err: Tensor, hid: Tensor
    ) -> tuple[Tensor, Tensor]:
        half, full = _padded_inputs(src, bgr, pha, residual, hid)
        n, _, height, width = src.shape
        return self.correct(half, full), ops.ones((n, 1, height // CELL, width // CELL), src.dtype)


class ThresholdingRefiner(Refiner):
    """Refines the cells whose expected error is above a threshold.

    Their number is unknown beforehand, so the whole picture is computed, and the other cells are dropped.
    """

    def __init__(self, threshold: float = 0.1):
        super().__init__()
        self._threshold = threshold

    def construct(
        self, src: Tensor, bgr: Tensor, pha: Tensor, residual: Tensor, err: Tensor, hid: Tensor
    ) -> tuple[Tensor, Tensor]:
        half, full = _padded_inputs(src, bgr, pha, residual, hid)
        ref = ops.cast(_errors(src, err) > self._threshold, src.dtype)
        return _choose(ref, self.correct(half, full), _enlarged(src, pha, residual)), ref


class SamplingRefiner(Refiner):
    """Refines a fixed number of cells in each picture: those of the largest expected error.

    Cells whose expected error is 0 are computed but not taken: the shapes stay the same.

    Args:
        sample_pixels: pixels to refine in each picture, 16 in a cell; all cells where it has fewer.
    """

    def __init__(self, sample_pixels: int = 80_000):
        super().__init__()
        self._sample_cells = sample_pixels // CELL**2

    def construct(
        self, src: Tensor, bgr: Tensor, pha: Tensor, residual: Tensor, err: Tensor, hid: Tensor
    ) -> tuple[Tensor, Tensor]:
        half, full = _padded_inputs(src, bgr, pha, residual, hid)
        errors = _errors(src, err)
        n, _, rows, columns = errors.shape
        cells = rows * columns
        largest, chosen = ops.topk(errors.reshape(n, cells), min(self._sample_cells, cells))
        row = chosen // columns
        column = chosen - columns * row  # ONNX has no remainder in MindSpore
        refined = self.correct(windows(half, 2 * row, 2 * column), windows(full, CELL * row, CELL * column))

        place = (chosen + cells * ops.arange(n, dtype=ms.int32).reshape(n, 1)).reshape(-1, 1)
        taken = ops.cast(largest > 0, src.dtype).reshape(-1, 1)
        values = _MATTE * CELL**2
        found = ops.concat((refined.reshape(-1, values), taken), 1)
        found = ops.scatter_nd(place, found, (n * cells, values + 1))
        ref = found[:, values:].reshape(n, 1, rows, columns)
        coarse = _enlarged(src, pha, residual)
        return _choose(ref, from_cells(found[:, :values], coarse.shape), coarse), ref


REFINERS: dict[RefinementName, type[Refiner]] = {
    "full": FullRefiner,
    "sampling": SamplingRefiner,
    "thresholding": ThresholdingRefiner,
}
