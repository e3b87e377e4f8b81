"""Recognises results of earlier runs by their file names."""

import re
from typing import NamedTuple

ALPHA, CUTOUT, COMPOSITE = "_alpha", "_cutout", "_composite"
PHOTO_ENDING, VIDEO_ENDING = ".png", ".mp4"  # of results

_RESULT = re.compile(f"(.+)({ALPHA}|{CUTOUT}|{COMPOSITE})({PHOTO_ENDING}|{VIDEO_ENDING})", re.DOTALL)


class ResultName(NamedTuple):
    """What the name of a result says."""

    source: str  # the name of its photo or video, with or without its ending
    counterparts: tuple[str, ...]  # the names of the other results, of which one lies beside it


def parse_result(name: str, is_video: bool) -> ResultName | None:
    """Parse a name such as me_alpha.png; None if no result has such a name.

    A cutout or composite is the counterpart of alpha, and alpha of the others.
    """
    parts = _RESULT.fullmatch(name)
    if parts is None or parts[3] != (VIDEO_ENDING if is_video else PHOTO_ENDING):
        return None
    kinds = (CUTOUT, COMPOSITE) if parts[2] == ALPHA else (ALPHA,)
    return ResultName(parts[1], tuple(f"{parts[1]}{kind}{parts[3]}" for kind in kinds))
