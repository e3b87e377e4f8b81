"""Sheets of photo paper with as many copies of an ID photo as fit, and marks to cut along."""

from typing import NamedTuple

import numpy as np

from src.common.errors import UserError
from src.id_photo.sizes import MM_PER_INCH, Size

PAPERS = {  # width and height in mm
    "6-inch": (152.0, 102.0),
    "5-inch": (127.0, 89.0),
    "a4": (210.0, 297.0),
    "letter": (215.9, 279.4),
}
MARGIN, GAP = 4.0, 2.0  # mm
_MARK, _CLEAR = 3.0, 0.5  # mm: length of a mark in the margin, and its distance from the photo
_GREY = 150
_BRIGHT = 230  # the edges of a brighter photo get a hairline, or would not be seen on white paper


class Layout(NamedTuple):
    """How photos lie on a sheet."""

    columns: int
    rows: int
    turned: bool  # by 90 degrees

    @property
    def count(self) -> int:
        """How many there are."""
        return self.columns * self.rows


def find_layout(paper: str, size: Size, gap: float = GAP) -> Layout:
    """The layout that holds most photos: all upright, or all turned.

    Args:
        paper: one of PAPERS.
        size: of the photo.
        gap: between photos, in mm.

    Raises:
        UserError: the paper or gap is not known, or the paper is too small for one photo.
    """
    if paper not in PAPERS:
        raise UserError(f"sheet {paper}: choose {', '.join(PAPERS)}")
    if not 0 <= gap <= 50:
        raise UserError(f"gap {gap:g}: must be from 0 to 50 mm")
    room = [side - 2 * MARGIN for side in PAPERS[paper]]
    upright = (size.width_mm, size.height_mm)
    layouts = []
    for turned in (False, True):
        photo = upright[::-1] if turned else upright
        # Rounding to pixels changes the sides of a photo by a little.
        counts = (int((space + gap + 0.1) // (side + gap)) for space, side in zip(room, photo, strict=True))
        layouts.append(Layout(*counts, turned))
    best = max(layouts, key=lambda layout: layout.count)
    if best.count == 0:
        raise UserError(f"sheet {paper}: has no room for a photo of {upright[0]:.0f}x{upright[1]:.0f} mm")
    return best


def draw_sheet(picture: np.ndarray, paper: str, size: Size, gap: float = GAP) -> np.ndarray:
    """Draw a sheet.

    Args:
        picture: the photo, (H, W, 3) uint8 BGR, of the document's size.
        paper: one of PAPERS.
        size: the document's.
        gap: between photos, in mm.

    Returns:
        (h, w, 3) uint8 BGR at the document's dpi.

    Raises:
        UserError: as `find_layout`.
    """
    layout = find_layout(paper, size, gap)

    def pixels(mm: float) -> int:
        return round(mm / MM_PER_INCH * size.dpi)

    photo = np.rot90(picture) if layout.turned else picture
    width, height = map(pixels, PAPERS[paper])
    sheet = np.full((height, width, 3), 255, np.uint8)
    lefts = _starts(width, photo.shape[1], layout.columns, pixels(gap))
    tops = _starts(height, photo.shape[0], layout.rows, pixels(gap))
    _draw_marks(sheet, tops, photo.shape[0], pixels(_CLEAR), pixels(_MARK), lefts, photo.shape[1])
    _draw_marks(
        sheet.swapaxes(0, 1), lefts, photo.shape[1], pixels(_CLEAR), pixels(_MARK), tops, photo.shape[0]
    )
    edges = np.concatenate([photo[0], photo[-1], photo[:, 0], photo[:, -1]])
    has_hairline = bool((edges.min(axis=1) >= _BRIGHT).any())
    for top in tops:
        for left in lefts:
            bottom, right = top + photo.shape[0], left + photo.shape[1]
            if has_hairline:
                sheet[top - 1 : bottom + 1, left - 1 : right + 1] = _GREY
            sheet[top:bottom, left:right] = photo
    return sheet


def _starts(space: int, side: int, count: int, gap: int) -> list[int]:
    """Where photos in a row begin, so that they lie in the middle."""
    first = (space - count * side - (count - 1) * gap) // 2
    return [first + number * (side + gap) for number in range(count)]


def _draw_marks(
    sheet: np.ndarray, tops: list[int], height: int, clear: int, length: int, lefts: list[int], width: int
) -> None:
    """Draw the marks that go on from the upright sides of photos, above, below and in the gaps between."""
    ends = [(tops[0] - clear - length, tops[0] - clear)]
    ends += [(top + height, following) for top, following in zip(tops, tops[1:], strict=False)]
    ends += [(tops[-1] + height + clear, tops[-1] + height + clear + length)]
    for left in lefts:
        for column in (left - 1, left + width):
            for start, end in ends:
                sheet[max(0, start) : end, column] = _GREY
