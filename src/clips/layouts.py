"""Finds the clips in a folder, in any of the layouts of public data sets and of this project.

    fgr/<clip>.mp4, pha/<clip>.mp4                    VideoMatte240K: colours without background, and alpha
    fgr/<clip>/<frame>.jpg, pha/<clip>/<frame>.jpg    the same as frames
    <clip>/com/<frame>.png, <clip>/pha/<frame>.png    composed frames
    <clip>/frame_<number>.jpg, alpha_<number>.png     the same in one folder
    original_<split>/original<a>_<b>.jpg,
    ground_truth_<split>/gt<a>_<b>.jpg                ConferenceVideoSegmentation: video a, frame b; masks

Frame and alpha are paired by their names. What is wrong with a clip is told, and the clip left out.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from src.clips.clip import Clip, Kind
from src.clips.frame_files import FrameFiles
from src.clips.video_pair import VideoPair
from src.common.errors import UserError
from src.common.folder_search import is_hidden, search
from src.images.files import ImageError
from src.images.suffixes import DATA_SUFFIXES
from src.videos.kinds import VIDEO_SUFFIXES

LeaveOut = Callable[[str], object]

_NUMBER = re.compile(r"\d+$")
_CONFERENCE = re.compile(r"(?:original|gt)((\d+)_\d+)$")
_CONFERENCE_SPLITS = {"train": "training", "test": "testing"}


def find_split(root: Path, split: str, leave_out: LeaveOut = print) -> list[Clip]:
    """Find the clips of one split: below `<root>/<split>/`, or that half of ConferenceVideoSegmentation.

    Args:
        root: the data set.
        split: 'train', 'valid' or 'test'.
        leave_out: is told of each clip that cannot be used, with the reason.

    Raises:
        UserError: there is no such split, or it holds no clip that can be used.
    """
    conference = root / f"original_{_CONFERENCE_SPLITS.get(split)}"
    if not (root / split).is_dir() and conference.is_dir():
        return _required(root, list(_of_conference(conference, leave_out)))
    return find_clips(root / split, leave_out)


def holds_clips(root: Path, split: str) -> bool:
    """Whether that split of a data set holds clips, in any layout, rather than photos that a list names."""
    folder = root / split
    if (folder / f"{split}.txt").exists() or (folder / "clip_img").is_dir():
        return False
    return folder.is_dir() or (root / f"original_{_CONFERENCE_SPLITS.get(split)}").is_dir()


def find_clips(folder: Path, leave_out: LeaveOut = print) -> list[Clip]:
    """Find the clips in a folder, sorted by name; frames are sorted as numbers.

    Args:
        folder: holds clips in any layout, or is itself one clip of frames.
        leave_out: is told of each clip that cannot be used, with the reason: a file is cut off or has another
            size, a frame or alpha lacks its partner, or there is a single frame.

    Raises:
        UserError: the folder is missing or holds no clip that can be used.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of clips")
    if (folder / "fgr").is_dir() and (folder / "pha").is_dir():
        return _required(folder, list(_of_video_matte(folder, leave_out)))
    halves = [each for each in _folders(folder) if each.name.startswith("original_")]
    if halves:
        return _required(folder, [clip for half in halves for clip in _of_conference(half, leave_out)])
    clips = []
    for place in [folder] if _is_clip(folder) else _folders(folder):
        if _is_clip(place):
            clips += _made(place.name, lambda place=place: _of_folder(place), leave_out)
        else:
            leave_out(f"{place}: is no clip: has neither com/ and pha/ nor frame_<number>.jpg")
    return _required(folder, clips)


def _required(folder: Path, clips: list[Clip]) -> list[Clip]:
    if not clips:
        raise UserError(f"{folder}: holds no clip that can be used; see the layouts in docs/dataset.md")
    return clips


def _made(name: str, make: Callable[[], Clip], leave_out: LeaveOut) -> Iterator[Clip]:
    """The clip, or nothing."""
    try:
        yield make()
    except ImageError as error:
        leave_out(f"clip {name}: {error}")


def _of_video_matte(folder: Path, leave_out: LeaveOut) -> Iterator[Clip]:
    colours, alphas = (_named(folder / each, leave_out) for each in ("fgr", "pha"))
    for name in sorted({*colours, *alphas}):
        if name not in colours or name not in alphas:
            lacking = "pha" if name in colours else "fgr"
            leave_out(f"clip {name}: {folder / lacking} has neither a video nor a folder of this name")
            continue
        yield from _made(name, lambda name=name: _foreground(name, colours[name], alphas[name]), leave_out)


def _named(folder: Path, leave_out: LeaveOut) -> dict[str, Path]:
    """The folders and videos in a folder, by the name of their clip."""
    found = {path.name: path for path in _folders(folder)}
    for path in search(folder, VIDEO_SUFFIXES, deep=False).files:
        if found.setdefault(path.stem, path) != path:
            leave_out(f"{path}: has the same name as {found[path.stem].name}, which is taken")
    return found


def _foreground(name: str, colours: Path, alphas: Path) -> Clip:
    if colours.is_dir() != alphas.is_dir():
        raise ImageError(f"{colours}: one of fgr and pha is a video, the other a folder of frames")
    if colours.is_dir():
        return _of_files(name, "foreground", _files(colours), _files(alphas))
    pair = VideoPair(colours, alphas)
    if len(pair) < 2:
        raise ImageError(f"{colours}: has a single frame")
    return Clip(name, "foreground", tuple(range(len(pair))), pair.size, pair)


def _of_conference(images: Path, leave_out: LeaveOut) -> Iterator[Clip]:
    masks = images.with_name(images.name.replace("original_", "ground_truth_"))
    if not masks.is_dir():
        raise UserError(f"{masks}: no such folder, which holds the masks of {images.name}")
    videos: dict[int, tuple[list[Path], list[Path]]] = defaultdict(lambda: ([], []))
    for place, folder in enumerate((images, masks)):
        for path in _files(folder):
            found = _CONFERENCE.match(path.stem)
            if found:
                videos[int(found[2])][place].append(path)
            else:
                leave_out(f"{path}: is not named as a frame of this data set, such as original1_25.jpg")
    for number in sorted(videos):
        name = f"{images.name}/{number}"
        files = videos[number]
        yield from _made(name, lambda name=name, files=files: _of_files(name, "mask", *files), leave_out)


def _is_clip(folder: Path) -> bool:
    is_composed = (folder / "com").is_dir() and (folder / "pha").is_dir()
    return is_composed or next(folder.glob("frame_*"), None) is not None


def _of_folder(folder: Path) -> Clip:
    if (folder / "com").is_dir():
        return _of_files(folder.name, "composed", _files(folder / "com"), _files(folder / "pha"))
    files = _files(folder)
    images, alphas = (
        [path for path in files if path.stem.startswith(start)] for start in ("frame_", "alpha_")
    )
    return _of_files(folder.name, "composed", images, alphas)


def _of_files(name: str, kind: Kind, images: Sequence[Path], alphas: Sequence[Path]) -> Clip:
    """A clip of files, after looking at each."""
    images_of, alphas_of = _by_key(images), _by_key(alphas)
    for ours, others, what in ((images_of, alphas_of, "alpha"), (alphas_of, images_of, "frame")):
        lonely = sorted(ours.keys() - others.keys())
        if lonely:
            raise ImageError(f"{ours[lonely[0]]}: has no {what} of the same name ({len(lonely)} in all)")
    if len(images_of) < 2:
        raise ImageError(f"has {'a single frame' if images_of else 'no frame'}")
    frames: dict[int, tuple[Path, Path]] = {}
    for key in sorted(images_of, key=_number):
        if _number(key) in frames:
            raise ImageError(f"{images_of[key]}: has the same number as {frames[_number(key)][0].name}")
        frames[_number(key)] = images_of[key], alphas_of[key]
    files = FrameFiles(frames, binary=kind == "mask")
    return Clip(name, kind, tuple(frames), files.check(), files)


def _by_key(files: Sequence[Path]) -> dict[str, Path]:
    """Files by what their name shares with their partner's: all of it, or what follows the prefix."""
    found: dict[str, Path] = {}
    for path in files:
        conference = _CONFERENCE.match(path.stem)
        key = conference[1] if conference else path.stem.removeprefix("frame_").removeprefix("alpha_")
        if not _NUMBER.search(key):
            raise ImageError(f"{path}: its name does not end in a number")
        if key in found:
            raise ImageError(f"{path}: is there twice, also as {found[key].name}")
        found[key] = path
    return found


def _number(key: str) -> int:
    return int(_NUMBER.search(key)[0])


def _files(folder: Path) -> list[Path]:
    return search(folder, DATA_SUFFIXES, deep=False).files


def _folders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir() and not is_hidden(each))
