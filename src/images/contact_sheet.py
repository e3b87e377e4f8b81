"""Images for display: cutouts, and rows of photo, mattes and trimap side by side."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

_TILE_HEIGHT = 240
_TITLE_HEIGHT = 30
_GAP = 6


def contact_sheet(
    rows: Sequence[Sequence[np.ndarray]], titles: Sequence[str], captions: Sequence[str] | None = None
) -> np.ndarray:
    """Lay out rows of images, each (H, W) or (H, W, 3) uint8 BGR, scaled to the same height.

    Args:
        rows: one image per title in each row; at least one row.
        titles: column titles.
        captions: row captions, drawn on the first image of each row; None for no captions.

    Returns:
        (H, W, 3) uint8 BGR.
    """
    tiles = [[_to_tile(image) for image in row] for row in rows]
    for row, caption in zip(tiles, captions or (), strict=False):
        row[0] = _with_caption(row[0], caption)
    widths = [max(row[column].shape[1] for row in tiles) for column in range(len(titles))]
    sheet_rows = [
        _join([_centre(tile, width) for tile, width in zip(row, widths, strict=True)]) for row in tiles
    ]
    header = _join([_title(title, width) for title, width in zip(titles, widths, strict=True)])
    return np.vstack([header, *(with_gap for row in sheet_rows for with_gap in (row, _gap_below(row)))])


def side_by_side(sheets: Sequence[np.ndarray]) -> np.ndarray:
    """Join sheets from left to right, padding shorter ones with white."""
    height = max(sheet.shape[0] for sheet in sheets)
    padded = [np.pad(s, ((0, height - s.shape[0]), (0, 0), (0, 0)), constant_values=255) for s in sheets]
    return np.hstack(padded)


def _to_tile(image: np.ndarray) -> np.ndarray:
    if image.ndim == 2:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    width = max(1, round(image.shape[1] * _TILE_HEIGHT / image.shape[0]))
    return cv2.resize(image, (width, _TILE_HEIGHT), interpolation=cv2.INTER_AREA)


def _centre(tile: np.ndarray, width: int) -> np.ndarray:
    left = (width - tile.shape[1]) // 2
    right = width - tile.shape[1] - left
    return cv2.copyMakeBorder(tile, 0, 0, left, right, cv2.BORDER_CONSTANT, value=(255, 255, 255))


def _join(tiles: Sequence[np.ndarray]) -> np.ndarray:
    gap = np.full((tiles[0].shape[0], _GAP, 3), 255, np.uint8)
    return np.hstack([part for tile in tiles for part in (tile, gap)])


def _gap_below(row: np.ndarray) -> np.ndarray:
    return np.full((_GAP, row.shape[1], 3), 255, np.uint8)


def _with_caption(tile: np.ndarray, text: str) -> np.ndarray:
    picture = Image.fromarray(tile)
    corner = (4, tile.shape[0] - 4)
    font = ImageFont.load_default(16)
    ImageDraw.Draw(picture).text(
        corner, text, "white", font, anchor="ld", stroke_width=2, stroke_fill="black"
    )
    return np.asarray(picture)


def _title(text: str, width: int) -> np.ndarray:
    label = Image.new("RGB", (width, _TITLE_HEIGHT), "white")
    draw = ImageDraw.Draw(label)
    draw.text((width // 2, _TITLE_HEIGHT // 2), text, "black", ImageFont.load_default(14), anchor="mm")
    return np.asarray(label)
