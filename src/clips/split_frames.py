"""The frames of all clips of a training split, one after the other."""

from pathlib import Path

import numpy as np

from src.clips.layouts import find_split
from src.common.errors import UserError
from src.common.progress import say

_FOLDERS = {"train": "train", "eval": "valid"}
_UNUSABLE = {
    "foreground": "has no background; training needs composed clips",
    "mask": "has binary masks; training needs soft alpha",
}


class SplitFrames:
    """The frames of one split; clips that cannot be used are named and left out.

    Args:
        folder: a data set with the folders train/ and valid/, each with clips in a layout of `find_clips`.
        split: 'train' or 'eval', which is valid/.

    Attributes:
        names: of the frames, <clip>/<number>.
        listed: what a resumed run must find unchanged.

    Raises:
        UserError: the split's folder is missing or holds no clip that can be used.
    """

    def __init__(self, folder: str | Path, split: str):
        name = _FOLDERS[split]
        self._frames = []
        for clip in find_split(Path(folder), name, lambda problem: say(f"left out: {problem}")):
            if clip.kind in _UNUSABLE:
                say(f"left out: clip {clip.name}: {_UNUSABLE[clip.kind]}")
            else:
                self._frames += [(clip, number) for number in clip.numbers]
        if not self._frames:
            raise UserError(
                f"{Path(folder, name)}: holds no composed clip with soft alpha; see docs/dataset.md"
            )
        self.names = self.listed = [f"{clip.name}/{number}" for clip, number in self._frames]

    def __len__(self) -> int:
        return len(self._frames)

    def image(self, index: int) -> np.ndarray:
        """Read a frame, BGR (H, W, 3) uint8; ImageError where it cannot be read."""
        clip, number = self._frames[index]
        return clip.frames.images([number])[0]

    def alpha(self, index: int) -> np.ndarray:
        """Read a frame's alpha, (H, W) uint8; ImageError where it cannot be read."""
        clip, number = self._frames[index]
        return clip.frames.alphas([number])[0]

    def before(self, index: int) -> int | None:
        """The index of the frame before in the same clip; None where there is none, see `Clip.before`."""
        clip, number = self._frames[index]
        return None if clip.before(number) is None else index - 1
