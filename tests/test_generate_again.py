"""Running again: after a kill, after nothing, after a change."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from src.config import Config, save_config
from src.generate_datasets import generate_datasets
from src.generation import pair_files
from src.images.decoding import PassingImageError
from src.images.trimap import make_trimap
from tests.matting_source import (
    contents,
    make_alpha,
    make_config,
    make_photo,
    matting_path,
    photo_path,
    read_list,
    write_file,
    write_source,
)

ROOT = Path(__file__).resolve().parent.parent
GROUPS = {"a": 4, "b": 2, "c": 2}

# Generates and dies at the n-th renaming: before it, the temporary file still lying there, or after it.
DYING = """
import os, signal, sys
from pathlib import Path
from src.config import load_config
from src.generate_datasets import generate_datasets

left, moment, rename = int(sys.argv[2]), sys.argv[3], Path.replace

def dying_rename(self, target):
    global left
    if left == 0 and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    renamed = rename(self, target)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return renamed

Path.replace = dying_rename
config = load_config(sys.argv[1])
generate_datasets(config.generate_data, config.seed)
"""


@pytest.fixture
def folder(tmp_path):
    write_source(tmp_path / "source", GROUPS)
    return tmp_path


@pytest.fixture
def decoded(monkeypatch):
    """The names of the source files that were decoded."""
    read = []
    for name in ("read_image", "read_alpha_channel"):
        original = getattr(pair_files, name)
        monkeypatch.setattr(
            pair_files, name, lambda path, original=original: (read.append(path.name), original(path))[1]
        )
    return read


def written(folder: Path) -> dict[str, int]:
    """When each file of the data set and the debug set was last written."""
    return {
        str(path): path.stat().st_mtime_ns
        for name in ("datasets", "debug")
        for path in (folder / name).rglob("*.*")
        if path.is_file()
    }


def die(folder: Path, renaming: int, moment: str) -> None:
    """Run what config.yaml says, killed before or after the given renaming (counted from 0)."""
    arguments = [sys.executable, "-c", DYING, str(folder / "config.yaml"), str(renaming), moment]
    run = subprocess.run(arguments, cwd=ROOT, capture_output=True, check=False)
    assert run.returncode == -signal.SIGKILL, run.stderr


def undisturbed(folder: Path, **changes) -> dict[str, bytes]:
    """What a run without earlier ones makes."""
    fresh = {"path_save": str(folder / "fresh"), "path_debug": str(folder / "fresh_debug")}
    generate_datasets(make_config(folder, **changes, **fresh), seed=1)
    return contents(folder / "fresh")


def both_sets(folder: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    return contents(folder / "datasets"), contents(folder / "debug")


def test_second_run_decodes_and_writes_no_image(folder, decoded, capsys):
    (matting_path(folder / "source", "a", "a-00000000.png")).write_bytes(b"broken")
    generate_datasets(make_config(folder), seed=1)
    first, out, times = both_sets(folder), capsys.readouterr().out, written(folder)
    assert len(decoded) == 16
    decoded.clear()
    generate_datasets(make_config(folder), seed=1)
    assert decoded == []
    assert both_sets(folder) == first
    assert capsys.readouterr().out == out
    images = [path for path in times if path.endswith((".png", ".jpg"))]
    assert all(written(folder)[path] == times[path] for path in images)


@pytest.mark.parametrize(
    "deaths", [(0,), (1,), (2,), (7, 3, 0), (15, 1), (16,), (17,), (18,), (19,), (21, 2)]
)
def test_killed_while_writing_and_run_again(folder, deaths):
    config = make_config(folder)
    save_config(Config(seed=1, generate_data=config), folder / "config.yaml")
    for death in deaths:
        die(folder, death, "before")
        assert list(folder.rglob(".partial-*"))
    generate_datasets(config, seed=1)
    assert not list(folder.rglob(".partial-*"))
    assert contents(folder / "datasets") == undisturbed(folder)
    assert contents(folder / "debug") == contents(folder / "fresh_debug")


def start(folder: Path) -> subprocess.Popen:
    arguments = [sys.executable, "src/generate_datasets.py", f"--yaml_path={folder / 'config.yaml'}"]
    return subprocess.Popen(
        arguments,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_masks(folder: Path, count: int, process: subprocess.Popen) -> None:
    while len(list((folder / "datasets").glob("*/mask/*/*/*.png"))) < count:
        assert process.poll() is None, "ended before it could be disturbed"
        time.sleep(0.005)


@pytest.fixture
def slow_folder(tmp_path):
    write_source(tmp_path / "source", {"a": 24, "b": 8, "c": 8}, size=(500, 400))
    config = make_config(tmp_path, num_workers=2, fixed_ksize=False)
    save_config(Config(seed=1, generate_data=config), tmp_path / "config.yaml")
    return tmp_path


def test_killed_with_workers_several_times_and_run_again(slow_folder):
    for masks in (1, 9, 20):
        process = start(slow_folder)
        wait_for_masks(slow_folder, masks, process)
        process.kill()
        process.communicate(timeout=30)  # returns when the workers, which hold the pipe as well, are gone
        assert process.returncode == -signal.SIGKILL
    generate_datasets(make_config(slow_folder, num_workers=2, fixed_ksize=False), seed=1)
    assert contents(slow_folder / "datasets") == undisturbed(slow_folder, fixed_ksize=False)


@pytest.mark.parametrize("masks", [0, 2], ids=["workers starting", "workers at work"])
def test_interrupted_ends_quickly_without_traceback(slow_folder, masks):
    process = start(slow_folder)
    while not (slow_folder / "datasets" / "journal.jsonl").exists():
        assert process.poll() is None, "ended before it could be disturbed"
        time.sleep(0.005)
    time.sleep(0.15)
    wait_for_masks(slow_folder, masks, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert not list(slow_folder.rglob(".partial-*"))
    assert len(list((slow_folder / "datasets").glob("*/mask/*/*/*.png"))) < 40


def test_killed_while_trimaps_are_replaced(folder):
    """A trimap of the new kernel size must not pass for one of the old when the old is wanted again."""
    generate_datasets(make_config(folder, ksize=5), seed=1)
    before, trimaps = contents(folder / "datasets"), contents(folder / "datasets" / "train" / "trimap")
    save_config(Config(seed=1, generate_data=make_config(folder, ksize=11)), folder / "config.yaml")
    die(folder, 5, "after")  # the third trimap is there, but not yet in the journal
    assert contents(folder / "datasets" / "train" / "trimap") != trimaps
    generate_datasets(make_config(folder, ksize=5), seed=1)
    assert contents(folder / "datasets") == before


def test_lost_files_are_made_again(folder, decoded):
    generate_datasets(make_config(folder), seed=1)
    before = both_sets(folder)
    name = read_list(folder / "datasets", "train")[0]
    (folder / "datasets" / "train" / "mask" / name).unlink()
    decoded.clear()
    generate_datasets(make_config(folder), seed=1)
    assert both_sets(folder) == before
    assert len(decoded) == 2


def test_a_lost_journal_costs_time_alone(folder):
    generate_datasets(make_config(folder), seed=1)
    before = both_sets(folder)
    (folder / "datasets" / "journal.jsonl").unlink()
    generate_datasets(make_config(folder), seed=1)
    assert both_sets(folder) == before


def test_a_damaged_journal_costs_time_alone(folder):
    generate_datasets(make_config(folder), seed=1)
    before = both_sets(folder)
    journal = folder / "datasets" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-30] + b"\xff\xfe")
    generate_datasets(make_config(folder), seed=1)
    assert both_sets(folder) == before


@pytest.mark.parametrize(
    "line", ["12", "{}", "[1]", '{"name": "x", "y": 1}', '{"name": ["x"]}', '{"name": 1}', '"name"', "null"]
)
def test_a_journal_line_of_another_form_costs_time_alone(folder, line):
    generate_datasets(make_config(folder), seed=1)
    before = both_sets(folder)
    with (folder / "datasets" / "journal.jsonl").open("a") as journal:
        journal.write(f"{line}\n")
    generate_datasets(make_config(folder), seed=1)
    assert both_sets(folder) == before


@pytest.mark.parametrize("key", ["made", "result", "photo", "squares", "source_state"])
def test_a_journal_entry_of_another_form_is_made_again(folder, key):
    generate_datasets(make_config(folder), seed=1)
    before = both_sets(folder)
    journal = folder / "datasets" / "journal.jsonl"
    value = r'(\{[^}]*\}|\[[^]]*\]|"[^"]*")'
    journal.write_text(re.sub(f'"{key}": {value}', f'"{key}": 5', journal.read_text()))
    generate_datasets(make_config(folder), seed=1)
    assert both_sets(folder) == before


def test_a_changed_source_file_is_done_again(folder, decoded):
    generate_datasets(make_config(folder), seed=1)
    changed = matting_path(folder / "source", "a", "a-00000000.png")
    changed.unlink()
    write_file(changed, np.dstack([make_photo(5), make_alpha(5)]))
    decoded.clear()
    generate_datasets(make_config(folder), seed=1)
    assert sorted(decoded) == ["a-00000000.jpg", "a-00000000.png"]
    assert contents(folder / "datasets") == undisturbed(folder)
    assert contents(folder / "debug") == contents(folder / "fresh_debug")


def test_a_source_file_changed_without_changing_its_size_is_done_again(folder):
    generate_datasets(make_config(folder, copy_pic=False), seed=1)
    changed = matting_path(folder / "source", "a", "a-00000000.png")
    changed.write_bytes(bytes(changed.stat().st_size))
    generate_datasets(make_config(folder, copy_pic=False), seed=1)
    assert changed.name in (folder / "datasets" / "skipped.csv").read_text()


def test_a_repaired_source_file_is_taken_in(folder):
    photo = photo_path(folder / "source", "a", "a-00000000.jpg")
    whole = photo.read_bytes()
    photo.write_bytes(whole[:100])
    generate_datasets(make_config(folder), seed=1)
    photo.write_bytes(whole)
    generate_datasets(make_config(folder), seed=1)
    assert contents(folder / "datasets") == undisturbed(folder)


def test_a_source_file_that_could_not_be_read_for_a_while_is_taken_in(folder, monkeypatch, decoded):
    """Though it has not changed; one that is damaged is not read again."""
    damaged, read = photo_path(folder / "source", "b", "b-00000000.jpg"), pair_files.read_image
    damaged.write_bytes(damaged.read_bytes()[:100])

    def fail(path: Path) -> np.ndarray:
        if path.name == "a-00000000.jpg":
            raise PassingImageError(f"{path}: cannot be read: not enough memory")
        return read(path)

    monkeypatch.setattr(pair_files, "read_image", fail)
    generate_datasets(make_config(folder), seed=1)
    assert "not enough memory" in (folder / "datasets" / "skipped.csv").read_text()
    monkeypatch.setattr(pair_files, "read_image", read)
    decoded.clear()
    generate_datasets(make_config(folder), seed=1)
    assert decoded == ["a-00000000.jpg", "a-00000000.png"]
    assert contents(folder / "datasets") == undisturbed(folder)


def test_another_kernel_size_replaces_the_trimaps(folder):
    generate_datasets(make_config(folder, ksize=5), seed=1)
    generate_datasets(make_config(folder, ksize=9), seed=1)
    assert contents(folder / "datasets") == undisturbed(folder, ksize=9)
    assert contents(folder / "debug") == contents(folder / "fresh_debug")
    generate_datasets(make_config(folder, ksize=9, fixed_ksize=False), seed=1)
    (folder / "fresh").rename(folder / "old")
    assert contents(folder / "datasets") == undisturbed(folder, ksize=9, fixed_ksize=False)


def test_trimaps_that_stay_though_the_kernel_size_changed_are_told_of(folder, capsys):
    generate_datasets(make_config(folder, ksize=5), seed=1)
    before = contents(folder / "datasets" / "train" / "trimap")
    assert "note:" not in capsys.readouterr().out
    generate_datasets(make_config(folder, ksize=9, generate_trimap=False), seed=1)
    assert "note: 8 trimap files" in capsys.readouterr().out
    assert contents(folder / "datasets" / "train" / "trimap") == before
    generate_datasets(make_config(folder, ksize=9), seed=1)
    name = read_list(folder / "datasets", "train")[0]
    trimap = cv2.imread(str(folder / "datasets" / "train" / "trimap" / name), cv2.IMREAD_UNCHANGED)
    alpha = cv2.imread(str(folder / "source" / "matting" / name), cv2.IMREAD_UNCHANGED)[..., 3]
    np.testing.assert_array_equal(trimap, make_trimap(alpha, 9))


def test_a_smaller_debug_set_tells_of_what_stays(folder, capsys):
    generate_datasets(make_config(folder, debug_pic_nums=8), seed=1)
    capsys.readouterr()
    generate_datasets(make_config(folder, debug_pic_nums=4), seed=1)
    (note,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note:")]
    assert "20 files" in note and f"{folder / 'debug'}" in note
    assert sum(len(read_list(folder / "debug", split)) for split in ("train", "eval", "test")) == 4


def test_a_file_put_on_the_error_list_leaves_the_lists(folder):
    generate_datasets(make_config(folder, proportion="1:0:0"), seed=1)
    listed = photo_path(folder / "source", "a", "a-00000000.jpg")
    generate_datasets(make_config(folder, proportion="1:0:0", list_error_files=(str(listed),)), seed=1)
    lines = read_list(folder / "datasets", "train")
    assert len(lines) == 7
    assert not any("a-00000000" in line for line in lines)
