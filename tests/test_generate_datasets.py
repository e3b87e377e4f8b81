"""The generated data set: layout, values, switches, summary."""

import csv
import os
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from src.generate_datasets import generate_datasets
from src.generation import file_links, pair_files
from src.generation.folder import KINDS
from src.generation.splits import SPLITS
from src.images.trimap import make_trimap
from tests.matting_source import (
    contents,
    make_config,
    matting_path,
    read_list,
    state,
    write_source,
)

GROUPS = {"1803151818": 6, "1803201916": 2, "1803241125": 2}  # 6:2:2 without remainder


@pytest.fixture
def folder(tmp_path):
    write_source(tmp_path / "source", GROUPS)
    return tmp_path


def lines_of(data_set: Path) -> dict[str, list[str]]:
    return {split: read_list(data_set, split) for split in SPLITS}


def gray(path: Path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def test_layout_and_lists(folder):
    generate_datasets(make_config(folder), seed=1)
    lines = lines_of(folder / "datasets")
    assert {split: len(names) for split, names in lines.items()} == {"train": 6, "eval": 2, "test": 2}
    expected = {"journal.jsonl", "skipped.csv"}
    for split, names in lines.items():
        assert names == sorted(names)
        expected.add(f"{split}/{split}.txt")
        for name in names:
            expected |= {f"{split}/{kind}/{name}" for kind in ("matting", "mask", "trimap", "alpha")}
            expected.add(f"{split}/clip_img/{name.replace('matting_', 'clip_').replace('.png', '.jpg')}")
    assert set(contents(folder / "datasets")) == expected


def test_values_of_mask_alpha_and_trimap(folder):
    generate_datasets(make_config(folder, ksize=7), seed=1)
    for split, names in lines_of(folder / "datasets").items():
        for name in names:
            alpha = gray(folder / "source" / "matting" / name)[..., 3]
            made = {
                kind: gray(folder / "datasets" / split / kind / name) for kind in ("mask", "alpha", "trimap")
            }
            np.testing.assert_array_equal(made["mask"], alpha)
            np.testing.assert_array_equal(made["alpha"], alpha)
            np.testing.assert_array_equal(made["trimap"], make_trimap(alpha, 7))
            assert set(np.unique(made["trimap"])) == {0, 128, 255}


def test_photos_mattings_and_alpha_take_no_room(folder):
    generate_datasets(make_config(folder), seed=1)
    split, names = "train", read_list(folder / "datasets", "train")
    for name in names:
        data_set = folder / "datasets" / split
        assert (data_set / "matting" / name).samefile(folder / "source" / "matting" / name)
        assert (data_set / "alpha" / name).samefile(data_set / "mask" / name)


def test_copies_where_links_cannot_be_had(folder, monkeypatch):
    def no_links(*_):
        raise OSError("no links")

    monkeypatch.setattr(file_links.os, "link", no_links)
    generate_datasets(make_config(folder), seed=1)
    for split in SPLITS:
        for name in read_list(folder / "datasets", split):
            copy, original = (
                folder / "datasets" / split / "matting" / name,
                folder / "source" / "matting" / name,
            )
            assert copy.read_bytes() == original.read_bytes()
            assert not copy.samefile(original)


def test_source_is_not_touched(folder):
    before = state(folder / "source")
    generate_datasets(make_config(folder), seed=1)
    generate_datasets(make_config(folder, ksize=9), seed=1)
    assert state(folder / "source") == before


def test_groups_stay_whole(folder):
    generate_datasets(make_config(folder), seed=1)
    groups = [{name.split("/")[0] for name in names} for names in lines_of(folder / "datasets").values()]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 3


def test_split_by_image_cuts_the_sorted_list(folder):
    generate_datasets(make_config(folder, split_by="image", proportion="7:2:1"), seed=1)
    lines = lines_of(folder / "datasets")
    everything = sorted(name for names in lines.values() for name in names)
    assert lines == {"train": everything[:7], "eval": everything[7:9], "test": everything[9:]}


def test_everything_for_training(folder):
    generate_datasets(make_config(folder, proportion="1:0:0"), seed=1)
    assert [len(names) for names in lines_of(folder / "datasets").values()] == [10, 0, 0]


def test_debug_set_has_the_layout_and_the_proportion(folder, capsys):
    generate_datasets(make_config(folder), seed=1)
    lines, all_lines = lines_of(folder / "debug"), lines_of(folder / "datasets")
    assert [len(names) for names in lines.values()] == [3, 1, 1]
    for split, names in lines.items():
        assert set(names) <= set(all_lines[split])
        for kind in KINDS:
            made = {path.stem for path in (folder / "debug" / split / kind).rglob("*.*")}
            assert made == {Path(name).stem for name in names}
    assert "debug_pic_nums" not in capsys.readouterr().out


def test_debug_set_larger_than_the_data_set(folder, capsys):
    generate_datasets(make_config(folder, debug_pic_nums=400), seed=1)
    assert lines_of(folder / "debug") == lines_of(folder / "datasets")
    assert "debug_pic_nums = 400, but the data set has only 10 images" in capsys.readouterr().out


def test_summary_agrees_with_numpy(folder, capsys):
    generate_datasets(make_config(folder), seed=1)
    data_set = folder / "datasets"
    names = [(split, name) for split in ("train", "eval") for name in read_list(data_set, split)]
    photos = [
        cv2.imread(
            str(data_set / split / "clip_img" / name.replace("matting_", "clip_").replace("png", "jpg"))
        )
        for split, name in names
    ]
    trimaps = [cv2.imread(str(data_set / split / "trimap" / name)) for split, name in names]
    expected = ["Total images: 8"]
    for name, images in (("clip", photos), ("trimap", trimaps)):
        pixels = np.concatenate([image.reshape(-1, 3) for image in images]).astype(np.float64)
        for quantity, values in (("mean", pixels.mean(axis=0)), ("std", pixels.std(axis=0))):
            parts = ", ".join(f"{value / 255:.5f}" for value in values)
            expected.append(f"{quantity}_{name}:  [{parts}] {[int(value) for value in values]}")
    assert capsys.readouterr().out.splitlines()[-5:] == expected


def test_summary_has_the_published_form(folder, capsys):
    generate_datasets(make_config(folder), seed=1)
    out = capsys.readouterr().out
    stages = [
        "Copying source files to train dir...",
        "Copying source files to eval dir...",
        "Copying source files to test dir...",
        "Generate mask ...",
        "Generate trimap ...",
        "Generate alpha ...",
        "Copying train mask into alpha...",
        "Copying eval mask into alpha...",
        "Copying test mask into alpha...",
        "Generate datasets txt ...",
        "Generate datasets_debug ...",
        "Generate datasets_debug txt ...",
        "Generate train and eval datasets mean/std ...",
        "Total images: 8",
    ]
    assert [line for line in out.splitlines() if line in stages] == stages
    numbers = r"  \[0\.\d{5}, 0\.\d{5}, 0\.\d{5}\] \[\d+, \d+, \d+\]"
    assert re.search("\n".join(f"{key}:{numbers}" for key in ("mean_clip", "std_clip", "mean_trimap")), out)


def test_all_switches_off_still_checks_and_counts(folder, capsys):
    off = {"copy_pic": False} | {
        f"generate_{what}": False for what in ("mask", "txt", "trimap", "alpha", "debug", "mean_std")
    }
    matting_path(folder / "source", "1803201916", "1803201916-00000000.png").write_bytes(b"")
    generate_datasets(make_config(folder, **off), seed=1)
    assert set(contents(folder / "datasets")) == {"journal.jsonl", "skipped.csv"}
    assert not (folder / "debug").exists()
    out = capsys.readouterr().out
    assert "Skipped: 1 files" in out
    assert "mean_clip" not in out
    assert "Generate" not in out


@pytest.mark.parametrize(
    ("switch", "kinds"),
    [
        ("copy_pic", {"clip_img", "matting"}),
        ("generate_mask", {"mask"}),
        ("generate_trimap", {"trimap"}),
        ("generate_alpha", {"alpha"}),
    ],
)
def test_a_switch_leaves_out_its_kinds_alone_and_is_made_up_for_later(folder, switch, kinds):
    generate_datasets(make_config(folder, **{switch: False}), seed=1)
    made = {path.name for path in (folder / "datasets" / "train").iterdir() if path.is_dir()}
    assert made == set(KINDS) - kinds
    generate_datasets(make_config(folder), seed=1)
    fresh = make_config(folder, path_save=str(folder / "fresh"), generate_debug=False)
    generate_datasets(fresh, seed=1)
    assert contents(folder / "datasets") == contents(folder / "fresh")


def test_no_lists_without_generate_txt(folder):
    generate_datasets(make_config(folder, generate_txt=False), seed=1)
    assert not list(folder.rglob("*.txt"))


def test_statistics_without_trimap_files(folder, capsys):
    generate_datasets(make_config(folder), seed=1)
    with_files = capsys.readouterr().out.splitlines()[-5:]
    generate_datasets(
        make_config(folder, generate_trimap=False, path_save=str(folder / "b"), path_debug=str(folder / "c")),
        1,
    )
    assert capsys.readouterr().out.splitlines()[-5:] == with_files


def test_varying_kernel_size_depends_on_seed_and_name_alone(folder):
    def trimaps(save: str, seed: int, workers: int) -> dict[str, bytes]:
        config = make_config(
            folder,
            fixed_ksize=False,
            ksize=9,
            proportion="1:0:0",
            path_save=str(folder / save),
            num_workers=workers,
            generate_debug=False,
        )
        generate_datasets(config, seed)
        return contents(folder / save / "train" / "trimap")

    one = trimaps("one", 1, workers=1)
    assert one == trimaps("two", 1, workers=2)
    assert one != trimaps("three", 2, workers=1)
    sizes = set()
    for name, content in one.items():
        alpha = gray(folder / "source" / "matting" / name)[..., 3]
        trimap = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        sizes |= {size for size in range(5, 14) if np.array_equal(make_trimap(alpha, size), trimap)}
    assert len(sizes) > 1


def test_one_and_two_workers_make_the_same(folder, capsys):
    generate_datasets(make_config(folder), seed=1)
    one = capsys.readouterr().out
    two = make_config(
        folder, path_save=str(folder / "two"), path_debug=str(folder / "debug_two"), num_workers=2
    )
    generate_datasets(two, seed=1)
    assert capsys.readouterr().out.replace(str(folder / "two"), str(folder / "datasets")) == one
    assert contents(folder / "two") == contents(folder / "datasets")
    assert contents(folder / "debug_two") == contents(folder / "debug")


def test_each_source_file_is_decoded_once(folder, monkeypatch):
    read = []
    for name in ("read_image", "read_alpha_channel"):
        original = getattr(pair_files, name)
        monkeypatch.setattr(
            pair_files, name, lambda path, original=original: (read.append(str(path)), original(path))[1]
        )
    generate_datasets(make_config(folder), seed=1)
    files = [str(path) for path in (folder / "source").rglob("*.*") if path.is_file()]
    assert sorted(read) == sorted(files)


def test_paths_with_spaces_and_other_scripts(tmp_path):
    folder = tmp_path / "my data 数据"
    write_source(folder / "source", {"组 一": 2, "組 二": 2, "g,3": 2})
    generate_datasets(make_config(folder, proportion="1:1:1"), seed=1)
    lines = lines_of(folder / "datasets")
    assert sorted(len(names) for names in lines.values()) == [2, 2, 2]
    for split, names in lines.items():
        assert all((folder / "datasets" / split / "mask" / name).is_file() for name in names)


def test_skipped_files_are_a_table(folder):
    generate_datasets(make_config(folder), seed=1)
    with (folder / "datasets" / "skipped.csv").open(newline="") as table:
        assert list(csv.reader(table)) == [["file", "reason"]]


def test_umask_holds_for_what_is_made(folder):
    generate_datasets(make_config(folder), seed=1)
    mode = (folder / "datasets" / "train" / "train.txt").stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    assert mode == 0o666 & ~umask
