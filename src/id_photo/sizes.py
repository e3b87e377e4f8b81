"""Sizes of documents: by name, or in millimetres, inches or pixels."""

import re
from typing import NamedTuple

from src.common.errors import UserError

DEFAULT_DPI = 300
MM_PER_INCH = 25.4
_MOST_PIXELS = 6000  # of a side: of a photo, not of a poster
_MOST_ASPECT = 4
_OWN = re.compile(r"(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)(mm|cm|in|px)")
_MM_PER_UNIT = {"mm": 1.0, "cm": 10.0, "in": MM_PER_INCH}


class Head(NamedTuple):
    """Where the head belongs, relative to the picture's height."""

    height: float = 2 / 3  # from crown to chin
    most: float = 2 / 3 * 1.1  # that the height may be
    top: float = 0.10  # above the crown


class Size(NamedTuple):
    """The size of a document's photo."""

    name: str
    width: int  # pixels
    height: int
    dpi: int
    head: Head = Head()
    least_kb: int | None = None  # that the file may have
    most_kb: int | None = None
    note: str = ""

    @property
    def width_mm(self) -> float:
        """The width on paper."""
        return self.width / self.dpi * MM_PER_INCH

    def describe(self) -> str:
        """Its size on paper and in pixels, and what it is for."""
        paper = f"{self.width_mm:.0f}x{self.height_mm:.0f} mm, {self.width}x{self.height} px"
        return f"{paper}, {self.note}" if self.note else paper

    @property
    def height_mm(self) -> float:
        """The height on paper."""
        return self.height / self.dpi * MM_PER_INCH


class _Preset(NamedTuple):
    width: float
    height: float
    unit: str = "mm"
    dpi: int = DEFAULT_DPI
    head: Head = Head()
    least_kb: int | None = None
    most_kb: int | None = None
    note: str = ""


def _head_mm(height: float, low: float, high: float, top: float) -> Head:
    """Of a head from `low` to `high` mm, `top` mm below the upper edge, in a photo of a height in mm."""
    return Head((low + high) / 2 / height, high / height, top / height)


# From the authorities' public pages and tables of other programs, 2025. The resident card's head follows from
# its face, 193 to 221 pixels wide, 7 to 21 pixels below the upper edge (GA 461-2004).
PRESETS = {
    "one-inch": _Preset(25, 35),
    "small-one-inch": _Preset(22, 32, note="driving licence"),
    "large-one-inch": _Preset(33, 48, note="computer exam"),
    "two-inch": _Preset(35, 49),
    "small-two-inch": _Preset(35, 45),
    "large-two-inch": _Preset(35, 53),
    "five-inch": _Preset(89, 127),
    "cn-passport": _Preset(
        33, 48, head=_head_mm(48, 28, 33, 4), note="passport, permits for Hong Kong and Macau"
    ),
    "cn-id-card": _Preset(26, 32, dpi=350, head=Head(0.74, 0.79, 0.032), note="resident card, GA 461-2004"),
    "graduate-exam": _Preset(45, 60),
    "cet": _Preset(144, 192, "px", note="English exam"),
    "chsi": _Preset(480, 640, "px", least_kb=100, most_kb=500, note="student records; blue background"),
    "schengen": _Preset(35, 45, head=_head_mm(45, 32, 36, 4.5)),
    "uk": _Preset(35, 45, head=_head_mm(45, 29, 34, 4.5)),
    "us-visa": _Preset(2, 2, "in", head=_head_mm(50.8, 25, 35, 5), most_kb=240),
    "japan": _Preset(35, 45),
    "korea": _Preset(35, 45, note="forbids replaced backgrounds"),
}


def parse_size(text: str, dpi: int | None = None) -> Size:
    """Read a size: a preset's name, or such as 35x45mm, 3.5x4.5cm, 2x2in, 480x640px.

    Args:
        text: width and height with a unit, or a name.
        dpi: dots per inch; None for the preset's, or 300. It decides how many pixels a size on paper has.

    Raises:
        UserError: there is no such size, or it is too small or large for a photo.
    """
    if dpi is not None and not 72 <= dpi <= 1200:
        raise UserError(f"dpi {dpi}: must be from 72 to 1200")
    own = _OWN.fullmatch(text.lower())
    if own:
        preset = _Preset(float(own[1]), float(own[2]), own[3])
    elif text in PRESETS:
        preset = PRESETS[text]
    else:
        raise UserError(
            f"size {text}: not known; choose {', '.join(PRESETS)}, or such as 35x45mm or 480x640px"
        )
    dpi = dpi or preset.dpi
    per_unit = 1 if preset.unit == "px" else _MM_PER_UNIT[preset.unit] / MM_PER_INCH * dpi
    width, height = round(preset.width * per_unit), round(preset.height * per_unit)
    if not (32 <= width <= _MOST_PIXELS and 32 <= height <= _MOST_PIXELS):
        raise UserError(f"size {text}: is {width}x{height} pixels; each side must have 32 to {_MOST_PIXELS}")
    if max(width, height) > _MOST_ASPECT * min(width, height):
        raise UserError(f"size {text}: is {width}x{height} pixels; no document's photo is so narrow")
    return Size(text.lower(), width, height, dpi, preset.head, preset.least_kb, preset.most_kb, preset.note)


def describe_presets(dpi: int | None = None) -> str:
    """A table of all presets, a line each: name, mm, pixels, head, what it is for; and their source.

    Args:
        dpi: as of `parse_size`.
    """
    lines = []
    for size in (parse_size(name, dpi) for name in PRESETS):
        paper = f"{size.width_mm:.0f}x{size.height_mm:.0f} mm"
        pixels = f"{size.width}x{size.height} px at {size.dpi} dpi"
        head = f"head {size.head.height:.0%}, {size.head.top:.0%} above"
        lines.append(f"{size.name:16} {paper:12} {pixels:24} {head:24} {size.note}".rstrip())
    lines.append("From public pages of 2025: check with the authority.")
    return "\n".join(lines)
