"""What lies behind the person in an ID photo: a plain colour, a gradient, nothing, or what was there."""

import re
from typing import NamedTuple

import cv2
import numpy as np

from src.common.errors import UserError

TRANSPARENT, ORIGINAL = "transparent", "original"
# As ID photo programs use them; CSS's colours of these names are others.
COLOURS = {
    "white": "#FFFFFF",
    "blue": "#438EDB",
    "light-blue": "#628BCE",
    "sky-blue": "#00BFF3",
    "dark-blue": "#4B6190",
    "red": "#FF0000",
    "brick-red": "#D74532",
    "dark-red": "#BE0000",
    "grey": "#F2F0F0",
}
GRADIENTS = ("vertical", "radial")


class Backdrop(NamedTuple):
    """A background.

    Args:
        name: of files.
        colour: BGR; None where it is transparent, or the photo's own.
        gradient: 'vertical' (downwards to white), 'radial' (from white in the middle) or ''.
    """

    name: str
    colour: tuple[int, int, int] | None
    gradient: str = ""

    @property
    def is_transparent(self) -> bool:
        """Whether there is none."""
        return self.name == TRANSPARENT

    def picture(self, height: int, width: int) -> np.ndarray:
        """The background, (height, width, 3) uint8 BGR; only of those that have a colour."""
        if self.gradient == "vertical":
            white = np.linspace(0, 1, height, dtype=np.float32)[:, np.newaxis].repeat(width, axis=1)
        elif self.gradient == "radial":
            rows = (np.arange(height, dtype=np.float32)[:, np.newaxis] + 0.5) / height - 0.5
            columns = ((np.arange(width, dtype=np.float32) + 0.5) / width - 0.5) * (width / height)
            distance = np.hypot(rows, columns)
            white = 1 - distance / distance.max()
        else:
            return np.full((height, width, 3), self.colour, np.uint8)
        channels = [np.rint(white * (255 - each) + each).astype(np.uint8) for each in self.colour]
        return cv2.merge(channels)


def parse_backdrop(text: str) -> Backdrop:
    """Read a background: a colour's name or #RRGGBB, also with :vertical or :radial, transparent or original.

    Raises:
        UserError: it is none of these.
    """
    if text in (TRANSPARENT, ORIGINAL):
        return Backdrop(text, None)
    colour, _, gradient = text.partition(":")
    code = COLOURS.get(colour, colour)
    if not re.fullmatch("#[0-9a-fA-F]{6}", code) or (gradient not in GRADIENTS if ":" in text else False):
        raise UserError(
            f"background {text}: choose {', '.join(COLOURS)} or #RRGGBB, also with :vertical or :radial, "
            f"or {TRANSPARENT} or {ORIGINAL}"
        )
    red, green, blue = bytes.fromhex(code[1:])
    return Backdrop(text.replace("#", "").replace(":", "-"), (blue, green, red), gradient)
