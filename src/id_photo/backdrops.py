"""What lies behind the person in an ID photo: a plain colour, a gradient, nothing, or what was there."""

import re
from typing import NamedTuple

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
_GRADIENTS = ("vertical", "radial")


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
            white = np.linspace(0, 1, height)[:, np.newaxis].repeat(width, axis=1)
        elif self.gradient == "radial":
            rows, columns = np.mgrid[:height, :width]
            distance = np.hypot((rows + 0.5) / height - 0.5, ((columns + 0.5) / width - 0.5) * width / height)
            white = 1 - distance / distance.max()
        else:
            white = np.zeros((height, width))
        white = white[..., np.newaxis]
        return np.round(white * 255 + (1 - white) * np.array(self.colour)).astype(np.uint8)


def parse_backdrop(text: str) -> Backdrop:
    """Read a background: a colour's name or #RRGGBB, also with :vertical or :radial, transparent or original.

    Raises:
        UserError: it is none of these.
    """
    if text in (TRANSPARENT, ORIGINAL):
        return Backdrop(text, None)
    colour, _, gradient = text.partition(":")
    code = COLOURS.get(colour, colour)
    if not re.fullmatch("#[0-9a-fA-F]{6}", code) or (gradient not in _GRADIENTS if ":" in text else False):
        raise UserError(
            f"background {text}: choose {', '.join(COLOURS)} or #RRGGBB, also with :vertical or :radial, "
            f"or {TRANSPARENT} or {ORIGINAL}"
        )
    red, green, blue = bytes.fromhex(code[1:])
    return Backdrop(text.replace("#", "").replace(":", "-"), (blue, green, red), gradient)
