"""Where an ID photo lies in the snapshot: head height and top margin as the document wants them."""

from typing import NamedTuple

import numpy as np

from src.common.errors import UserError
from src.id_photo.head import HeadPlace
from src.id_photo.sizes import Size

_MOST_MOVE = 0.10  # of the picture's height and width, so that no cut edge of the body is seen
_ZOOMS = 11  # that are tried, up to the largest head that the document allows
_OPAQUE = 0.5
_MOST_ENLARGEMENT = 1.5


class Crop(NamedTuple):
    """A part of the straightened snapshot, which may reach beyond it, in its pixels."""

    top: int
    left: int
    height: int
    width: int
    remarks: tuple[str, ...]


class CutEdges(NamedTuple):
    """Where the snapshot's edges cut the person, after it was turned: x and y, each (N, 2) float64."""

    left: np.ndarray
    right: np.ndarray
    bottom: np.ndarray


def find_cut_edges(alpha: np.ndarray, matrix: np.ndarray) -> CutEdges:
    """Find where the person touches the edges of the snapshot.

    Args:
        alpha: (H, W) float32 in [0, 1], before it was turned.
        matrix: (2, 3), which turns its pixels (x, y, 1).
    """
    height, width = alpha.shape
    rows, columns = np.arange(height), np.arange(width)

    def turned(line: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        places = np.column_stack(np.broadcast_arrays(x, y, 1.0))[line >= _OPAQUE]
        return places @ matrix.T

    return CutEdges(
        turned(alpha[:, 0], np.zeros(height), rows),
        turned(alpha[:, -1], np.full(height, width - 1), rows),
        turned(alpha[-1], columns, np.full(width, height - 1)),
    )


def find_crop(head: HeadPlace, edges: CutEdges, size: Size, force: bool = False) -> Crop:
    """Place a document's picture in the snapshot.

    The head has the height and the margin above it that the document wants. Where the picture would show an
    edge at which the snapshot cuts the body, it is moved by up to 10 %, and zoomed in as far as the document
    allows. Above and beside the person there may be nothing but background.

    Args:
        head: in the turned snapshot.
        edges: where the person is cut, in the turned snapshot.
        size: the document's.
        force: enlarge a small snapshot to any extent.

    Raises:
        UserError: there is too little of the body, or too few pixels; the message lacks the photo's name.
    """
    target = size.head.height
    for share in np.linspace(target, max(target, size.head.most), _ZOOMS):
        height = (head.chin - head.crown) / share
        width = height * size.width / size.height
        top, left = head.crown - size.head.top * height, head.centre - width / 2
        up = _beyond(edges.bottom[:, 1], edges.bottom[:, 0], left, width, top + height)
        rows = top - up, height
        right_of_edge = _beyond(edges.right[:, 0], edges.right[:, 1], *rows, left + width)
        left_of_edge = _beyond(-edges.left[:, 0], edges.left[:, 1], *rows, -left)
        aside = left_of_edge - right_of_edge
        fits_both = not (left_of_edge and right_of_edge)
        if fits_both and up <= _MOST_MOVE * height and abs(aside) <= _MOST_MOVE * width:
            break
    else:
        if up > _MOST_MOVE * height:
            raise UserError(f"size {size.name}: the photo shows too little of the body below the head")
        raise UserError(f"size {size.name}: the photo's edge cuts off the body, or a hand, beside the head")
    whole_height = round(height)
    remarks = _enlargement(f"the head has {head.chin - head.crown:.0f} pixels", height, size, force)
    if share > target * 1.001:
        remarks.append(f"size {size.name}: zoomed in by {share / target - 1:.0%}, as the body is cut off")
    if up > 0.01 * height:
        remarks.append(f"size {size.name}: {up / height:.0%} more above the head, as the body is cut off")
    if abs(aside) > 0.01 * width:
        remarks.append(f"size {size.name}: {abs(aside) / width:.0%} off the middle, as the body is cut off")
    return Crop(
        round(top - up),
        round(left + aside),
        whole_height,
        max(1, round(whole_height * size.width / size.height)),
        tuple(remarks),
    )


def centred_crop(alpha: np.ndarray, size: Size, force: bool = False) -> Crop:
    """Place a document's picture where no face is known: the person fills it, below the usual margin.

    Args:
        alpha: (H, W) uint8, of at least one opaque pixel.
        size: the document's.
        force: enlarge a small snapshot to any extent.

    Raises:
        UserError: there are too few pixels; the message lacks the photo's name.
    """
    rows, columns = np.nonzero(alpha >= 255 * _OPAQUE)
    top, bottom = rows.min(), rows.max() + 1
    height = (bottom - top) / (1 - size.head.top)
    width = height * size.width / size.height
    remarks = _enlargement(f"the person has {bottom - top} pixels", height, size, force)
    upper = columns[rows < (top + bottom) / 2]
    return Crop(
        round(top - size.head.top * height),
        round(upper.mean() + 0.5 - width / 2),
        max(1, round(height)),
        max(1, round(width)),
        tuple(remarks),
    )


def _enlargement(found: str, height: float, size: Size, force: bool) -> list[str]:
    """What is to be said of a picture that has `height` rows in the snapshot."""
    enlargement = size.height / height
    if enlargement > _MOST_ENLARGEMENT and not force:
        raise UserError(
            f"size {size.name}: {found} and would be enlarged by {enlargement:.1f}; take a larger photo, "
            "or --force"
        )
    if enlargement > 1.02:
        return [f"size {size.name}: enlarged by {enlargement:.2f}; a larger photo would be sharper"]
    return []


def _beyond(places: np.ndarray, across: np.ndarray, start: float, length: float, limit: float) -> float:
    """How far a picture's side at `limit` lies beyond the nearest cut within its other side's range."""
    inside = places[(across >= start) & (across <= start + length)]
    return max(0.0, limit - (inside.min() + 1)) if inside.size else 0.0
