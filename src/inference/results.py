"""Which files are results of earlier runs, by their names."""

import re
from collections.abc import Iterable
from pathlib import Path

ALPHA, CUTOUT, COMPOSITE = "_alpha", "_cutout", "_composite"
PHOTO_ENDING, VIDEO_ENDING = ".png", ".mp4"  # of results

_RESULT = re.compile(f"(.+)({ALPHA}|{CUTOUT}|{COMPOSITE})({PHOTO_ENDING}|{VIDEO_ENDING})", re.DOTALL)


def find_results(photos: Iterable[Path], videos: Iterable[Path]) -> set[Path]:
    """Those of some photos and videos that are results.

    Wherever it lies, a file is a result of the photo or video that its name begins with, if that is among
    them. Without it, alpha and the cutout or composite, side by side, tell each other.
    """
    results = set()
    for ending, paths in ((PHOTO_ENDING, set(photos)), (VIDEO_ENDING, set(videos))):
        sources = {name for path in paths for name in (path.stem, path.name)}
        for path in paths:
            parts = _RESULT.fullmatch(path.name)
            if parts is None or parts[3] != ending:
                continue
            partners = (CUTOUT, COMPOSITE) if parts[2] == ALPHA else (ALPHA,)
            beside = (path.with_name(f"{parts[1]}{partner}{ending}") for partner in partners)
            if parts[1] in sources or any(partner in paths for partner in beside):
                results.add(path)
    return results
