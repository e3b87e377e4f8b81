"""What an exported model of Background Matting V2 was made for; its description holds it."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from src.common.text_values import choice_of, number, read_keys, whole_number

RefinementName = Literal["full", "sampling", "thresholding"]
CELL = 4  # pixels to a side, of what the refiner takes or leaves
COPY_SIDE = 480  # longer side of the copy that the base network sees, if the photo is large enough
LARGEST_SCALE = 0.5
SMALLEST_SIDE = 64  # of a picture whose smallest level the Laplacian loss can still reflect at its borders
_TRAINING_SCALE = 0.25  # of the published training, whose samples have 2048 pixels


@dataclass(frozen=True, kw_only=True)
class PlateForm:
    """The fixed settings of an exported model.

    Args:
        width: of its photos and plates, in pixels; None, as height and backbone_scale: photos of any size.
        height: likewise.
        backbone_scale: of the copy that the base network sees; None: `copy_scale` of each photo.
        refinement: 'full' refines all, 'sampling' a fixed number of cells of 4x4 pixels, 'thresholding' those
            whose expected error is above a threshold.
        sample_cells: that number, in 'sampling'.
        threshold: that threshold, in 'thresholding'.
    """

    width: int | None = None
    height: int | None = None
    backbone_scale: float | None = None
    refinement: RefinementName
    sample_cells: int | None = None
    threshold: float | None = None

    @property
    def takes_any_size(self) -> bool:
        """Whether photos of any size are taken, if their sides are multiples of 4."""
        return self.width is None

    @property
    def copies_evenly(self) -> bool:
        """Whether each pixel of the copy that the base network sees stands for as many whole ones."""
        sides = self.width, self.height
        return all(side % int(side * self.backbone_scale) == 0 for side in sides)


ANY_SIZE = PlateForm(refinement="full")  # its shapes are those of convolutions and resizing alone

_READERS = {
    "width": whole_number(32, CELL),
    "height": whole_number(32, CELL),
    "backbone_scale": number(lambda scale: 0 < scale <= LARGEST_SCALE, f"above 0, {LARGEST_SCALE} at most"),
    "refinement": choice_of(get_args(RefinementName)),
    "sample_cells": whole_number(1),
    "threshold": number(lambda value: 0 <= value < 1, "from 0 to below 1"),
}


def read_plate_form(values: Any) -> PlateForm:
    """Read a form from YAML; width, height and scale are there together or not at all.

    Raises:
        WrongValuesError: a key is missing, unknown or wrong.
    """
    if values == {"refinement": ANY_SIZE.refinement}:
        return ANY_SIZE
    required = ("width", "height", "backbone_scale", "refinement")
    return PlateForm(**read_keys(values, _READERS, required))


def plate_form(
    width: int,
    height: int,
    refinement: RefinementName,
    *,
    backbone_scale: float | None = None,
    sample_pixels: int = 80_000,
    threshold: float = 0.1,
) -> PlateForm:
    """The form of a size; see `PlateForm`.

    Args:
        width: in pixels.
        height: in pixels.
        refinement: the mode.
        backbone_scale: None: as `copy_scale`.
        sample_pixels: 16 in a cell; at most all cells are refined.
        threshold: of the expected error.
    """
    cells = min(sample_pixels // CELL**2, width * height // CELL**2)
    return PlateForm(
        width=width,
        height=height,
        backbone_scale=backbone_scale or copy_scale(height, width),
        refinement=refinement,
        sample_cells=cells if refinement == "sampling" else None,
        threshold=threshold if refinement == "thresholding" else None,
    )


def copy_scale(height: int, width: int) -> float:
    """The scale of the copy that the base network sees: 0.125 for 3840x2160, at most 0.5."""
    return min(LARGEST_SCALE, COPY_SIDE / max(height, width))


def training_scale(side: int) -> float:
    """The scale for square samples: 0.25 as published, but for small ones what photos get as well.

    A base network that has seen maps of 8x8 alone invents people on those of larger copies.
    """
    return max(_TRAINING_SCALE, copy_scale(side, side))
