"""Installed for all, used by others: caches where nothing, or no home, can be written."""

import os
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from src.common.cache_folders import use_cache_folder
from src.common.errors import UserError
from src.trimap_matting import solvers

ROOT = Path(__file__).resolve().parent.parent
NOT_WRITABLE = Path("/proc/none")  # not even by root
VARIABLE = "SHM_TEST_CACHE_DIR"


@pytest.fixture
def no_variable(monkeypatch):
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setenv("XDG_CACHE_HOME", "")


def chosen(usual: Path | None) -> Path | None:
    use_cache_folder(VARIABLE, usual)
    return Path(os.environ[VARIABLE]) if os.environ[VARIABLE] else None


def test_the_usual_folder_is_left_to_the_library(no_variable, tmp_path):
    assert chosen(tmp_path / "usual") is None


def test_the_next_choice_is_the_user_s_cache(no_variable, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert chosen(NOT_WRITABLE) == tmp_path / ".cache" / "semantic_human_matting"
    monkeypatch.setenv(VARIABLE, "/mine")
    assert chosen(NOT_WRITABLE) == Path("/mine")


@pytest.mark.parametrize("home", [str(NOT_WRITABLE), "~", "relative"])
def test_without_a_home_it_is_a_temporary_folder(no_variable, monkeypatch, tmp_path, home):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", home)
    folder = chosen(None)
    assert folder.is_absolute() and tmp_path not in folder.parents and folder.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_curves_are_drawn_where_no_cache_can_be_written(tmp_path):
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "HOME": "~", "TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": str(ROOT)}
    for name in ("MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        environment.pop(name, None)
    program = "from src.common.plotting import plt; plt.plot([1, 2]); plt.savefig('curve.png')"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curve.png", "tmp"]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_trimaps_need_is_compiled_where_the_packages_cannot_be_written(
    no_variable, monkeypatch, tmp_path
):
    """The library itself is left out: with an empty cache, it compiles for a minute."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    spec = ModuleSpec("pymatting", None, origin=str(NOT_WRITABLE / "pymatting" / "__init__.py"))
    monkeypatch.setattr(solvers, "find_spec", lambda name: spec)
    monkeypatch.setitem(sys.modules, "pymatting", None)
    with pytest.raises(UserError, match="pip install"):
        solvers._library()
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / ".cache" / "semantic_human_matting")
