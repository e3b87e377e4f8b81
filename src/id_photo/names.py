"""Names of ID photos' files, such as me_one-inch_white.jpg, and how they are recognised."""

import re
from collections.abc import Set
from pathlib import Path

from src.id_photo.backdrops import COLOURS, GRADIENTS, ORIGINAL, TRANSPARENT, Backdrop
from src.id_photo.sheet import PAPERS
from src.id_photo.sizes import PRESETS, Size

HD = "hd"

_SIZE = "|".join([*map(re.escape, PRESETS), r"[\d.]+x[\d.]+(?:mm|cm|in|px)"])
_COLOUR = "|".join([*COLOURS, "[0-9A-Fa-f]{6}"])
_BACKDROP = rf"{TRANSPARENT}|{ORIGINAL}|(?:{_COLOUR})(?:-(?:{'|'.join(GRADIENTS)}))?"
_RESULT = re.compile(rf"(.+)_(?:{_SIZE})_(?:{_BACKDROP})(?:_(?:{HD}|{'|'.join(PAPERS)}))?", re.DOTALL)


def result_name(name: str, size: Size, backdrop: Backdrop, kind: str = "") -> str:
    """The name of a result, without suffix.

    Args:
        name: of the snapshot.
        size: the document's.
        backdrop: behind the person.
        kind: 'hd', or a sheet's paper; '': the photo at the document's size.
    """
    return "_".join([name, size.name, backdrop.name, *([kind] if kind else [])])


def is_result(path: Path, names: Set[str]) -> bool:
    """Whether a file is an ID photo, by its name, of one of the photos that have these names."""
    parts = _RESULT.fullmatch(path.stem)
    return parts is not None and parts[1] in names


def is_pdf_sheet(path: Path) -> bool:
    """Whether a file is a sheet of ID photos for printing, by its name."""
    return path.suffix == ".pdf" and _RESULT.fullmatch(path.stem) is not None
