"""Searching folders: through links, once, and past what cannot be searched."""

import os
import tempfile
from pathlib import Path

import pytest
from PIL import Image

from src.common.folder_search import search
from src.images.suffixes import PHOTO_SUFFIXES


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def found(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in search(folder, (".jpg",)).files]


def test_links_to_folders_are_followed_and_every_folder_is_searched_once(tmp_path):
    touch(tmp_path, "elsewhere/far/a.jpg", "in/z/b.jpg", "in/c.jpg")
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in" / "linked" / "far")
    (tmp_path / "in" / "a").symlink_to("z")  # b.jpg keeps its own folder's name
    (tmp_path / "elsewhere" / "far" / "circle").symlink_to(tmp_path / "in")
    names = found(tmp_path / "in")
    assert names in (["again/a.jpg", "c.jpg", "z/b.jpg"], ["c.jpg", "linked/far/a.jpg", "z/b.jpg"])
    (tmp_path / "way").symlink_to(tmp_path / "in")
    assert found(tmp_path / "way") == names


def test_files_that_are_links_are_files(tmp_path):
    touch(tmp_path, "in/p.jpg")
    (tmp_path / "in" / "q.jpg").symlink_to("p.jpg")
    assert found(tmp_path / "in") == ["p.jpg", "q.jpg"]


def test_what_is_hidden_is_not_found(tmp_path):
    touch(tmp_path, "._p.jpg", ".hidden/p.jpg", "desktop.ini", "p.jpg")
    assert search(tmp_path, (".jpg",)) == ([tmp_path / "p.jpg"], [], [])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_folders_without_permission_are_named(monkeypatch):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        touch(folder, "shut/p.jpg", "blind/q.jpg", "r.jpg")
        (folder / "shut").chmod(0)
        (folder / "blind").chmod(0o744)  # its names can be seen, its files not
        os.seteuid(65534)
        try:
            files, _, problems = search(folder, (".jpg",))
        finally:
            os.seteuid(0)
        assert files == [folder / "r.jpg"] or files == [folder / "blind" / "q.jpg", folder / "r.jpg"]
        assert [problem for problem in problems if problem.startswith(f"{folder / 'shut'}: ")]


def test_every_suffix_that_pillow_reads_is_known():
    """But for what is not made of pixels, stands for other files, or is that of videos."""
    Image.init()
    read = {suffix for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    others = {".eps", ".ps", ".wmf", ".emf", ".grib", ".bufr", ".h5", ".hdf", ".iim", ".mpg", ".mpeg"}
    assert read - others <= set(PHOTO_SUFFIXES)
    assert len(PHOTO_SUFFIXES) == len(set(PHOTO_SUFFIXES))
