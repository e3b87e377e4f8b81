"""The files of one split of a generated data set, located through its list."""

import glob
from pathlib import Path, PurePosixPath

from src.common.errors import UserError
from src.data.lines import read_lines
from src.data.pairs import PhotoWithAlpha
from src.images.suffixes import DATA_SUFFIXES


class SplitFiles:
    """The paths of each sample's photo, trimap and alpha in one split.

    Args:
        folder: the data set made with src/generate_datasets.py.
        split: 'train', 'eval' or 'test'.

    Raises:
        UserError: the list is missing or empty, or a photo that it names is missing.
    """

    def __init__(self, folder: str | Path, split: str):
        self._folder = Path(folder, split)
        self._list = self._folder / f"{split}.txt"
        try:
            text = self._list.read_text(encoding="utf-8-sig")  # Windows editors may add a BOM
        except FileNotFoundError:
            raise UserError(
                f"{self._list}: no such file; make the data set with src/generate_datasets.py"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{self._list}: cannot be read: {error}") from None
        found = [self._find(line) for line in read_lines(text)]
        if not found:
            raise UserError(f"{self._list}: lists no images; this split needs at least one")
        self.names, self._photos = (list(each) for each in zip(*found, strict=True))

    @classmethod
    def of_list(cls, list_file: str | Path) -> "SplitFiles":
        """Open the split whose list is <folder>/<split>/<split>.txt.

        Raises:
            UserError: as for the class, or the list has another path.
        """
        path = Path(list_file).absolute()
        if path.name != f"{path.parent.name}.txt":
            raise UserError(
                f"{list_file}: not the list of a split; its path must be <split>/<split>.txt in a data set "
                "made with src/generate_datasets.py, such as /cache/datasets/test/test.txt"
            )
        return cls(path.parent.parent, path.parent.name)

    @property
    def listed(self) -> list[str]:
        """What a resumed run must find unchanged."""
        return self.names

    def __len__(self) -> int:
        return len(self.names)

    def photo(self, index: int) -> Path:
        """clip_img/<group>/clip_<sub>/<name>.jpg"""
        return self._photos[index]

    def trimap(self, index: int) -> Path:
        """trimap/<group>/matting_<sub>/<name>.png"""
        return self._folder / "trimap" / self.names[index]

    def alpha(self, index: int) -> Path:
        """alpha/<group>/matting_<sub>/<name>.png"""
        return self._folder / "alpha" / self.names[index]

    def samples(self) -> list[PhotoWithAlpha]:
        """All photos with their alphas, by the names in the list."""
        return [PhotoWithAlpha(name, self.photo(i), self.alpha(i)) for i, name in enumerate(self.names)]

    def _find(self, line: str) -> tuple[str, Path]:
        """The name that a line holds, and its photo; blanks around it are an editor's, or part of it."""
        name = line.strip()
        if name != line and (photo := self._find_photo(line)):
            return line, photo
        if photo := self._find_photo(name):
            return name, photo
        raise UserError(
            f"{self._list}: lists '{name}', but its photo {self._photo_place(name)}.jpg is missing; make the "
            "data set again"
        )

    def _find_photo(self, name: str) -> Path | None:
        place = self._photo_place(name)
        for suffix in DATA_SUFFIXES:
            photo = place.with_name(f"{place.name}{suffix}")
            if photo.exists():
                return photo
        for photo in place.parent.glob(f"{glob.escape(place.name)}.*"):  # such as .Jpg
            if photo.suffix.lower() in DATA_SUFFIXES:
                return photo
        return None

    def _photo_place(self, name: str) -> Path:
        """Where the photo of a matting lies, without its suffix."""
        matting = PurePosixPath(name)
        leaves_folder = matting.is_absolute() or ".." in matting.parts
        if leaves_folder or len(matting.parts) < 2 or not matting.parent.name.startswith("matting_"):
            raise UserError(f"{self._list}: '{name}' must have the form <group>/matting_<sub>/<name>.png")
        sub = f"clip_{matting.parent.name.removeprefix('matting_')}"
        return self._folder / "clip_img" / matting.parent.parent / sub / matting.stem
