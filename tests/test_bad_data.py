"""Samples that cannot be read, and lists that cannot be used, in training."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from src.common.errors import UserError
from src.common.world import World
from src.data.bad_samples import BadSamples, TooManyBadSamplesError
from src.data.split_files import SplitFiles
from src.dataset import MattingDataset, training_batches
from src.images.files import write_image
from tests.small_dataset import make_person, photo_file, write_dataset
from tests.training_runs import latest, make_config, read_epochs, read_steps, run_training

pytestmark = pytest.mark.usefixtures("thin_networks")

M_NET = "pre_train_m_net"


@pytest.fixture
def large_data(tmp_path) -> Path:
    folder = tmp_path / "large"
    write_dataset(folder, {"train": 40, "eval": 30}, size=(20, 16))
    return folder


def spoil(data: Path, split: str, number: int, kind: str) -> str:
    """Damage one sample; returns its name."""
    name = SplitFiles(data, split).names[number]
    path = photo_file(data, split, name) if kind == "photo" else data / split / "alpha" / name
    path.unlink()
    if kind == "photo":
        path.write_bytes(b"\xff\xd8 no photo")
    elif kind == "size":
        write_image(path, make_person((1,), 7, 9)[1])
    return name


def test_bad_samples_are_reported_once_and_replaced(large_data, tmp_path):
    bad = [spoil(large_data, "train", 3, "photo"), spoil(large_data, "train", 17, "size")]
    bad_eval = spoil(large_data, "eval", 0, "alpha")
    config = make_config({M_NET: {"nEpochs": 2}}, max_bad_fraction=0.05)
    run = run_training(config, large_data, tmp_path / "out")
    for name in (*bad, bad_eval):
        assert run.screen.count(f" {name}: ") == 1
    assert [(e, s) for e, s, _ in read_steps(run.folder / M_NET / "log_latest.txt")] == [
        (epoch, step) for epoch in (1, 2) for step in range(1, 11)
    ]
    good = tmp_path / "good"
    shutil.copytree(large_data, good)
    listed = good / "eval" / "eval.txt"
    listed.write_text("\n".join(n for n in SplitFiles(large_data, "eval").names if n != bad_eval))
    again = run_training(config, good, tmp_path / "out2")
    scores = [read_epochs(each.folder, M_NET)[-1]["eval_sad"] for each in (run, again)]
    assert float(scores[0]) == pytest.approx(float(scores[1]), abs=1e-5)


def test_too_many_bad_samples_stop_the_run_with_their_list(large_data, tmp_path):
    bad = [spoil(large_data, "train", number, "photo") for number in (1, 5, 9)]
    with pytest.raises(UserError) as caught:
        run_training(
            make_config({M_NET: {"nEpochs": 5}}, max_bad_fraction=0.05), large_data, tmp_path / "out"
        )
    first, *lines = str(caught.value).splitlines()
    assert first.startswith("3 of 40 samples cannot be used, more than max_bad_fraction = 0.05 allows")
    assert [line.split(": ")[0].strip() for line in lines] == bad


def test_bad_samples_of_all_processes_count_together():
    class Other(World):
        """Has met the first sample too, and the third."""

        def sum(self, met):
            return met + np.float32([1, 0, 1, 0, 0, 0])

    bad = BadSamples([f"{number}.png" for number in range(6)], max_fraction=0.4)
    bad.add(0, "is damaged")
    bad.share(Other())
    bad.add(4, "is damaged too")
    with pytest.raises(TooManyBadSamplesError) as caught:
        bad.share(Other())
    first, *lines = str(caught.value).splitlines()
    assert first.startswith("3 of 6 samples cannot be used")
    assert lines == ["  0.png: is damaged", "  4.png: is damaged too", "  and 1 more"]


@pytest.mark.parametrize("split", ["train", "eval"])
def test_an_empty_list_is_named(large_data, tmp_path, split):
    (large_data / split / f"{split}.txt").write_text("\n")
    with pytest.raises(UserError, match=f"{split}.txt: lists no image"):
        run_training(make_config({M_NET: {"nEpochs": 1}}), large_data, tmp_path / "out")


def test_a_list_of_another_machine_is_named(large_data, tmp_path):
    listed = large_data / "train" / "train.txt"
    listed.write_text("".join(f"/home/me/{line}\n" for line in listed.read_text().split()))
    with pytest.raises(UserError, match="train.txt: '/home/me/train0.*must have the form <group>"):
        run_training(make_config({M_NET: {"nEpochs": 1}}), large_data, tmp_path / "out")


def test_a_list_with_windows_line_ends(large_data, tmp_path):
    for split in ("train", "eval"):
        listed = large_data / split / f"{split}.txt"
        listed.write_bytes(listed.read_bytes().replace(b"\n", b"\r\n"))
    run = run_training(make_config({M_NET: {"nEpochs": 1}}), large_data, tmp_path / "out")
    assert latest(run.folder, M_NET, 1).exists()


def test_a_missing_photo_is_named(large_data, tmp_path):
    name = SplitFiles(large_data, "train").names[4]
    photo_file(large_data, "train", name).unlink()
    with pytest.raises(UserError, match=f"'{name}', but its photo .* is missing"):
        run_training(make_config({M_NET: {"nEpochs": 1}}), large_data, tmp_path / "out")


def test_a_bad_sample_is_replaced_by_the_same_one_after_resuming(tmp_path):
    """Even the last of an epoch, whose place the first one takes."""
    write_dataset(tmp_path, {"train": 8}, size=(8, 8))

    def order(first_step: int) -> list[list[int]]:
        files = SplitFiles(tmp_path, "train")
        dataset = MattingDataset(files, patch_size=16, mean=(0, 0, 0), max_bad_fraction=0.5)
        options = {"seed": 1, "batch_size": 2, "workers": 1, "first_step": first_step}
        return [batch.index.tolist() for batch in training_batches(dataset, 1, **options)]

    whole = order(0)
    spoil(tmp_path, "train", whole[-1][1], "photo")
    replaced = order(0)
    assert replaced == [*whole[:-1], [whole[-1][0], whole[0][0]]]
    assert order(3) == replaced[3:]
