"""The files of one split of a generated data set, located through its list."""

import glob
from pathlib import Path, PurePosixPath

from src.common.errors import UserError
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
        # Not splitlines(): it also splits at other characters, which names may contain.
        self.names = [line.strip() for line in text.split("\n") if line.strip()]
        if not self.names:
            raise UserError(f"{self._list}: lists no images; this split needs at least one")
        self._photos = [self._find_photo(name) for name in self.names]

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

    def _find_photo(self, name: str) -> Path:
        matting = PurePosixPath(name)
        leaves_folder = matting.is_absolute() or ".." in matting.parts
        if leaves_folder or len(matting.parts) < 2 or not matting.parent.name.startswith("matting_"):
            raise UserError(f"{self._list}: '{name}' must have the form <group>/matting_<sub>/<name>.png")
        sub = f"clip_{matting.parent.name.removeprefix('matting_')}"
        folder = self._folder / "clip_img" / matting.parent.parent / sub
        for suffix in DATA_SUFFIXES:
            photo = folder / f"{matting.stem}{suffix}"
            if photo.exists():
                return photo
        for photo in folder.glob(f"{glob.escape(matting.stem)}.*"):  # such as .Jpg
            if photo.suffix.lower() in DATA_SUFFIXES:
                return photo
        raise UserError(
            f"{self._list}: lists '{name}', but its photo {folder / matting.stem}.jpg is missing; make the "
            "data set again"
        )
