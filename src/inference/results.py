"""Recognises results of earlier runs by their file names."""

import re
from collections.abc import Iterable
from pathlib import Path

ALPHA, CUTOUT, COMPOSITE = "_alpha", "_cutout", "_composite"
PHOTO_ENDING, VIDEO_ENDING = ".png", ".mp4"  # of results

_RESULT = re.compile(f"(.+)({ALPHA}|{CUTOUT}|{COMPOSITE})({PHOTO_ENDING}|{VIDEO_ENDING})", re.DOTALL)


def find_results(photos: Iterable[Path], videos: Iterable[Path]) -> set[Path]:
    """Find the results of earlier runs among photos and videos.

    A file such as me_alpha.png is a result if a photo called me is among the photos, in any folder. It is
    also a result if its counterpart lies beside it: a cutout or composite for alpha, alpha for the others.
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
