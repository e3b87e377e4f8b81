"""What the generator refuses, and how its command ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from src.common.errors import UserError
from src.data.split_files import SplitFiles
from src.generate_datasets import generate_datasets
from src.generation.splits import SPLITS
from tests.matting_source import (
    contents,
    make_config,
    make_photo,
    photo_path,
    read_list,
    state,
    write_file,
    write_pair,
    write_source,
)

GROUPS = {"1803151818": 6, "1803201916": 2, "1803241125": 2}  # 6:2:2 without remainder
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def folder(tmp_path):
    write_source(tmp_path / "source", GROUPS)
    return tmp_path


@pytest.mark.parametrize("key", ["path_save", "path_debug"])
@pytest.mark.parametrize("place", ["source", "source/made", "source/clip_img/made"])
def test_refuses_to_write_into_the_source(folder, key, place):
    before = state(folder / "source")
    with pytest.raises(UserError, match=f"generate_data.{key} = .*overlaps with the source"):
        generate_datasets(make_config(folder, **{key: str(folder / place)}), seed=1)
    assert state(folder / "source") == before


def test_refuses_a_link_into_the_source(folder):
    (folder / "elsewhere").symlink_to(folder / "source")
    with pytest.raises(UserError, match="generate_data.path_.* overlaps with the source"):
        generate_datasets(make_config(folder, path_save=str(folder / "elsewhere" / "made")), seed=1)


@pytest.mark.parametrize("place", ["train", "eval/deeper"])
def test_refuses_a_source_that_lies_where_a_split_goes(tmp_path, place):
    write_source(tmp_path / "datasets" / place, GROUPS)
    config = make_config(tmp_path, path_mt_human=str(tmp_path / "datasets" / place))
    with pytest.raises(UserError, match="overlaps with the source"):
        generate_datasets(config, seed=1)


def test_refuses_one_folder_for_both_sets(folder):
    with pytest.raises(UserError, match="path_debug"):
        generate_datasets(make_config(folder, path_debug=str(folder / "datasets")), seed=1)


@pytest.mark.parametrize("missing", ["", "clip_img", "matting"])
def test_missing_folders_are_named(tmp_path, missing):
    source = tmp_path / "source"
    for name in {"clip_img", "matting"} - {missing} if missing else ():
        (source / name).mkdir(parents=True)
    with pytest.raises(UserError, match=f"{missing}: .*No such file.*generate_data.path_mt_human"):
        generate_datasets(make_config(tmp_path), seed=1)


def test_empty_source(tmp_path):
    for name in ("clip_img", "matting"):
        (tmp_path / "source" / name).mkdir(parents=True)
    with pytest.raises(UserError, match="generate_data.path_mt_human = .*no pair"):
        generate_datasets(make_config(tmp_path), seed=1)


def test_too_few_groups(tmp_path):
    write_source(tmp_path / "source", {"a": 5, "b": 5})
    with pytest.raises(UserError, match=r"6:2:2 needs 3 splits.*only 2 groups.*split_by: image"):
        generate_datasets(make_config(tmp_path), seed=1)
    generate_datasets(make_config(tmp_path, split_by="image"), seed=1)
    assert [len(read_list(tmp_path / "datasets", split)) for split in SPLITS] == [6, 2, 2]


def require_refused(folder: Path, **changes) -> None:
    before = contents(folder / "datasets") | contents(folder / "debug")
    with pytest.raises(
        UserError, match="is in (train|eval|test) there, but now belongs to (train|eval|test)"
    ):
        generate_datasets(make_config(folder, **changes), seed=1)
    assert contents(folder / "datasets") | contents(folder / "debug") == before


def test_another_proportion_is_refused(folder):
    generate_datasets(make_config(folder), seed=1)
    require_refused(folder, proportion="2:2:6")


def test_added_sources_that_move_an_image_are_refused(folder):
    generate_datasets(make_config(folder, split_by="image"), seed=1)
    for number in range(3):
        write_pair(folder / "source", "0", number)
    require_refused(folder, split_by="image")


def test_a_debug_set_of_other_splits_is_refused(folder):
    generate_datasets(make_config(folder), seed=1)
    require_refused(folder, path_save=str(folder / "new"), proportion="2:2:6")
    assert not (folder / "new").exists()


@pytest.mark.parametrize("suffix", [".png", ".jpeg", ".JPG"])
def test_a_photo_that_comes_with_another_suffix_is_refused_until_the_old_one_is_gone(folder, suffix):
    """Training would read the old one."""
    config = make_config(folder, proportion="1:0:0")
    generate_datasets(config, seed=1)
    name = "1803151818-00000000"
    photo = photo_path(folder / "source", "1803151818", f"{name}.jpg")
    photo.unlink()
    write_file(photo.with_suffix(suffix), make_photo(77))
    before = contents(folder / "datasets") | contents(folder / "debug")
    for _ in range(2):
        with pytest.raises(
            UserError, match=f"{name}.jpg: is a photo whose source is now .*{name}{suffix}"
        ) as caught:
            generate_datasets(config, seed=1)
        assert contents(folder / "datasets") | contents(folder / "debug") == before
    Path(str(caught.value).split(": ")[0]).unlink()
    for old in folder.glob(f"debug/train/clip_img/*/*/{name}.jpg"):
        old.unlink()
    generate_datasets(config, seed=1)
    [found] = [each for each in SplitFiles(folder / "datasets", "train").samples() if name in each.name]
    assert found.photo.read_bytes() == photo.with_suffix(suffix).read_bytes()


def test_added_sources_that_move_nothing_are_taken_in(folder):
    generate_datasets(make_config(folder, proportion="1:0:0"), seed=1)
    added = write_pair(folder / "source", "1903", 77)
    generate_datasets(make_config(folder, proportion="1:0:0"), seed=1)
    assert added in read_list(folder / "datasets", "train")
    assert (folder / "datasets" / "train" / "mask" / added).is_file()


def test_path_save_is_a_file(folder):
    (folder / "datasets").write_text("in the way")
    with pytest.raises(UserError, match="datasets.*cannot be written"):
        generate_datasets(make_config(folder), seed=1)
    assert (folder / "datasets").read_text() == "in the way"


def test_full_disk_is_one_clear_message(folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError, match=r"datasets.*No space left on device; make room"):
        generate_datasets(make_config(folder), seed=1)
    assert not list(folder.rglob(".partial-*"))


def command(folder: Path, *overrides: str, limit: str = "") -> list[str]:
    settings = make_config(folder, num_workers=2).model_dump(
        include={"path_mt_human", "path_save", "path_debug"}
    )
    flags = [f"--set=generate_data.{key}={value}" for key, value in settings.items()]
    flags += [f"--set=generate_data.{override}" for override in overrides]
    return [sys.executable, "generate_datasets.py", "--yaml_path=../config.yaml", *flags]


def test_command_runs_in_src(folder):
    run = subprocess.run(command(folder), cwd=ROOT / "src", capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-5] == "Total images: 8"
    assert "10 of 10 images, 100%" in run.stderr


def test_command_says_by_its_status_that_a_photo_is_damaged(folder):
    damaged = next((folder / "source" / "clip_img").rglob("*.jpg"))
    damaged.write_bytes(damaged.read_bytes()[:200])
    run = subprocess.run(
        command(folder, "num_workers=1"), cwd=ROOT / "src", capture_output=True, text=True, check=False
    )
    assert run.returncode == 3, run.stderr
    assert damaged.name in Path(make_config(folder).path_save, "skipped.csv").read_text()


def test_command_ends_a_users_mistake_without_traceback(tmp_path):
    run = subprocess.run(command(tmp_path), cwd=ROOT / "src", capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith("error: ")
    assert "Traceback" not in run.stderr


def test_no_room_in_a_worker_is_one_clear_message(tmp_path):
    """A limit on the size of files stands for the full disk: real, and felt by the worker processes."""
    write_source(tmp_path / "source", {"a": 1, "b": 1, "c": 1}, size=(400, 300))
    limited = ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *command(tmp_path, "num_workers=2")]
    run = subprocess.run(limited, cwd=ROOT / "src", capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "cannot be written: File too large" in run.stderr
    assert "Traceback" not in run.stderr
