"""The frames of all clips of a training split, one after the other."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.clips.backgrounds import Backgrounds
from src.clips.clip import Clip
from src.clips.layouts import find_split
from src.common.errors import UserError
from src.common.making import random_for
from src.common.progress import say
from src.data.binary_masks import far_from_edge
from src.data.plate_files import find_files
from src.images.suffixes import PHOTO_SUFFIXES
from src.videos.kinds import VIDEO_SUFFIXES

_FOLDERS = {"train": "train", "eval": "valid"}
_BACKGROUNDS = "backgrounds"


class TrainingFrame(NamedTuple):
    """A frame with its alpha."""

    image: np.ndarray  # BGR (H, W, 3) uint8; with a background of its own, the colours of the person alone
    alpha: np.ndarray  # (H, W) uint8
    behind: np.ndarray | None = None  # the background that belongs behind the person, as `image`
    known: np.ndarray | None = None  # (H, W) bool: where alpha is true; None: everywhere


class SplitFrames:
    """The frames of one split; clips that cannot be used are named and left out.

    Args:
        folder: a data set with train/ and valid/, each with clips in a layout of `find_clips`; for clips
            without a background also backgrounds/train/ and backgrounds/valid/, photos and videos without
            people.
        split: 'train' or 'eval', which is valid/.

    Attributes:
        names: of the frames, <clip>/<number>.
        listed: what a resumed run must find unchanged.

    Raises:
        UserError: the split's folder is missing or holds no clip that can be used, or there are clips without
            a background, and the folder of backgrounds is empty.
    """

    def __init__(self, folder: str | Path, split: str):
        name = _FOLDERS[split]
        place = Path(folder, _BACKGROUNDS, name)
        self._backgrounds = Backgrounds((), ())
        self._frames = []
        for clip in find_split(Path(folder), name, lambda problem: say(f"left out: {problem}")):
            if clip.kind == "foreground" and not place.is_dir():
                needed = f"put photos or videos without people into {place}"
                say(f"left out: clip {clip.name}: has no background; {needed}")
                continue
            if clip.kind == "foreground" and not any(self._backgrounds):
                self._backgrounds = _find_backgrounds(place)
            self._frames += [(clip, number) for number in clip.numbers]
        if not self._frames:
            raise UserError(f"{Path(folder, name)}: holds no clip to train on; see docs/dataset.md")
        self._told: set[str] = set()
        self.names = [f"{clip.name}/{number}" for clip, number in self._frames]
        behind = [path.relative_to(place).as_posix() for files in self._backgrounds for path in files]
        self.listed = [*self.names, *behind]

    def __len__(self) -> int:
        return len(self._frames)

    def frame(self, index: int, seed: int, epoch: int) -> TrainingFrame:
        """Read a frame.

        Args:
            index: of the frame.
            seed: of all that is drawn.
            epoch: in each epoch, a clip has one background for all its frames.

        Raises:
            ImageError: it cannot be read.
            UserError: none of the backgrounds can be read.
        """
        clip, number = self._frames[index]
        [image] = clip.frames.images([number])
        [alpha] = clip.frames.alphas([number])
        if clip.kind == "foreground":
            return TrainingFrame(image, alpha, behind=self._behind(clip, number, seed, epoch))
        return TrainingFrame(image, alpha, known=far_from_edge(alpha) if clip.kind == "mask" else None)

    def alpha(self, index: int) -> np.ndarray:
        """Read a frame's alpha, (H, W) uint8; ImageError where it cannot be read."""
        clip, number = self._frames[index]
        return clip.frames.alphas([number])[0]

    def before(self, index: int) -> int | None:
        """The index of the frame before in the same clip; None where there is none, see `Clip.before`."""
        clip, number = self._frames[index]
        return None if clip.before(number) is None else index - 1

    def _behind(self, clip: Clip, number: int, seed: int, epoch: int) -> np.ndarray:
        problems: list[str] = []
        count = len(clip.numbers)
        background = self._backgrounds.draw(random_for(seed, clip.name, epoch), clip.size, count, problems)
        for problem in sorted({*problems} - self._told):
            say(f"left out: {problem}")
        self._told |= {*problems}
        return background.at([clip.numbers.index(number)], count)[0]


def _find_backgrounds(folder: Path) -> Backgrounds:
    files = find_files(folder, PHOTO_SUFFIXES + VIDEO_SUFFIXES)
    if not files:
        raise UserError(f"{folder}: holds no backgrounds; put photos or videos without people there")
    return Backgrounds.of(files)
