"""Training that is stopped, killed or damaged goes on and comes out as if it had never stopped."""

import re
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from src import training
from src.bad_samples import BadSamples, TooManyBadSamplesError
from src.config import Config
from src.dataset import MattingDataset, training_batches, validation_batches
from src.errors import UserError
from src.image_io import write_image
from src.phases import PHASES
from src.split_files import SplitFiles
from src.stopping import StoppedError, StopRequest
from src.world import World
from tests.small_dataset import make_person, photo_file, write_dataset
from tests.small_file_system import small_file_system
from tests.training_runs import (
    BATCH,
    TrainCommand,
    assert_same_outcome,
    make_config,
    read_epochs,
    read_events,
    read_parameters,
    read_steps,
    run_training,
)

M_NET = "pre_train_m_net"
STEPS = 4
EPOCHS = 3
STEP_FILE = "resume_step.ckpt"


def config_of(phase: str, **section) -> Config:
    return make_config({phase: {"nEpochs": EPOCHS, **section}})


def latest(folder: Path, phase: str, epoch: int) -> Path:
    return folder / phase / f"semantic_hm_latest_{epoch}.ckpt"


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_dataset(folder, {"train": STEPS * BATCH + 1, "eval": 3})
    return folder


@pytest.fixture(scope="module")
def unbroken(data, tmp_path_factory) -> Path:
    """The M-Net phase, never stopped."""
    return run_training(config_of(M_NET), data, tmp_path_factory.mktemp("unbroken")).folder


@pytest.fixture
def finished(unbroken, tmp_path) -> Path:
    """A copy of it; its folder of output is tmp_path / "out"."""
    folder = tmp_path / "out" / unbroken.parts[-2] / unbroken.name
    shutil.copytree(unbroken, folder)
    return folder


def has_line(log: Path, text: str) -> bool:
    return log.exists() and text in log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_within_the_epoch_and_nothing_is_lost(unbroken, data, tmp_path, number):
    config = config_of(M_NET)
    with TrainCommand(config, data, tmp_path) as command:
        log = command.folder / M_NET / "log_latest.txt"
        status, errors = command.signal_when(lambda: has_line(log, "train epoch: 2 step: 2,"), number)
    assert status == 128 + number
    last = errors.strip().splitlines()[-1]
    found = re.match(r"stopped in epoch (\d) after step (\d) of 4, all of it saved in ", last)
    epoch, step = map(int, found.groups())
    assert (epoch, step) >= (2, 2)
    assert f"{command.folder / M_NET / STEP_FILE}; the same command goes on from there" in last
    resumed = run_training(config, data, tmp_path)
    assert f"starting with epoch {epoch}, step {step + 1}, from " in resumed.screen
    every_step = [(epoch, step) for epoch in range(1, EPOCHS + 1) for step in range(1, STEPS + 1)]
    assert [(epoch, step) for epoch, step, _ in read_steps(log)] == every_step
    events = [
        event.step
        for event in read_events(resumed.folder / "events" / M_NET)
        for value in event.summary.value
        if value.tag == "train/loss"
    ]
    assert events == list(range(1, EPOCHS * STEPS + 1))
    assert_same_outcome(resumed.folder, unbroken)


def test_a_signal_in_a_validation_loses_no_step(unbroken, data, tmp_path, monkeypatch):
    """Which may last longer than a scheduler waits."""
    config = config_of(M_NET)
    begun = []

    def asks_to_stop(self: StopRequest) -> bool:
        return begun.count("validation") == 2

    def validation_begins(*arguments, **options):
        begun.append("validation")
        return validation_batches(*arguments, **options)

    monkeypatch.setattr(StopRequest, "__bool__", asks_to_stop)
    monkeypatch.setattr(training, "validation_batches", validation_begins)
    with pytest.raises(StoppedError, match="stopped in epoch 2 after step 4 of 4, all of it saved in"):
        run_training(config, data, tmp_path)
    monkeypatch.undo()
    resumed = run_training(config, data, tmp_path)
    assert "starting with epoch 2, step 5, from " in resumed.screen
    steps = [(epoch, step) for epoch, step, _ in read_steps(resumed.folder / M_NET / "log_latest.txt")]
    assert steps == [(epoch, step) for epoch in range(1, EPOCHS + 1) for step in range(1, STEPS + 1)]
    assert_same_outcome(resumed.folder, unbroken)


def test_a_second_signal_ends_at_once(data, tmp_path):
    with TrainCommand(config_of(M_NET, nEpochs=1000), data, tmp_path) as command:
        log = command.folder / M_NET / "log_latest.txt"

        def ask_twice() -> bool:
            if not has_line(log, "step: 2,"):
                return False
            command.send(signal.SIGTERM)
            return True

        status, _ = command.signal_when(ask_twice, signal.SIGTERM)
    assert status == 143


def test_killed_within_an_epoch_it_goes_on_at_the_last_saved_step(unbroken, data, tmp_path):
    config = config_of(M_NET, save_steps=2)
    with TrainCommand(config, data, tmp_path) as command:
        log = command.folder / M_NET / "log_latest.txt"
        status, _ = command.signal_when(lambda: has_line(log, "train epoch: 3 step: 3,"), signal.SIGKILL)
    assert status == -signal.SIGKILL
    resumed = run_training(config, data, tmp_path)
    assert f"starting with epoch 3, step 3, from {command.folder / M_NET / STEP_FILE}" in resumed.screen
    assert_same_outcome(resumed.folder, unbroken)
    assert not (command.folder / M_NET / STEP_FILE).exists()


@pytest.mark.parametrize("damage", ["truncated", "empty"])
@pytest.mark.parametrize("file", ["semantic_hm_latest_3.ckpt", "resume_3.ckpt"])
def test_a_damaged_newest_checkpoint(finished, unbroken, data, tmp_path, damage, file):
    path = finished / M_NET / file
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[:-5] if damage == "truncated" else b"")
    resumed = run_training(config_of(M_NET), data, tmp_path / "out")
    assert f"{path}: is no checkpoint, or a damaged one" in resumed.screen
    assert f"starting with epoch 3 from {latest(finished, M_NET, 2)}" in resumed.screen
    assert_same_outcome(resumed.folder, unbroken)


@pytest.mark.parametrize(
    ("changes", "section", "difference"),
    [
        ({}, {"lr": 5e-4}, "  pre_train_m_net.lr: 0.001 then, 0.0005 now"),
        ({}, {"patch_size": 48}, "  pre_train_m_net.patch_size: 32 then, 48 now"),
        ({"seed": 4}, {}, "  seed: 3 then, 4 now"),
        ({}, {"train_batch": 8}, "  pre_train_m_net.train_batch: 4 then, 8 now"),
    ],
)
def test_a_changed_configuration_is_shown_and_needs_force(
    finished, data, tmp_path, changes, section, difference
):
    small = {"train_batch": BATCH, "patch_size": 32, "lr": 1e-3, "nEpochs": EPOCHS + 1, **section}

    def config(**more) -> Config:
        return make_config({M_NET: small}, **changes, **more)

    before = {path: path.read_bytes() for path in finished.rglob("*.ckpt")}
    with pytest.raises(UserError) as caught:
        run_training(config(), data, tmp_path / "out")
    lines = str(caught.value).splitlines()
    assert lines[0] == "pre_train_m_net goes on with another configuration than it began with:"
    assert lines[1] == difference
    assert lines[2].endswith("go on all the same with --set resume=force")
    assert {path: path.read_bytes() for path in finished.rglob("*.ckpt")} == before
    forced = run_training(config(resume="force"), data, tmp_path / "out")
    assert difference in forced.screen
    assert latest(finished, M_NET, EPOCHS + 1).exists()
    assert "goes on with another" not in run_training(config(), data, tmp_path / "out").screen


def test_forced_onto_larger_steps_the_epoch_starts_over(data, tmp_path):
    """The step that was saved may not even exist any more."""
    with TrainCommand(config_of(M_NET, save_steps=1), data, tmp_path) as command:
        log = command.folder / M_NET / "log_latest.txt"
        command.signal_when(lambda: has_line(log, "train epoch: 2 step: 3,"), signal.SIGKILL)
    forced = make_config({M_NET: {"nEpochs": EPOCHS, "train_batch": 2 * BATCH}}, resume="force")
    run = run_training(forced, data, tmp_path)
    assert re.search(r"starting with epoch [23] from", run.screen)
    assert latest(run.folder, M_NET, EPOCHS).exists()


def test_what_was_forced_is_not_forgotten_when_killed_at_once(finished, data, tmp_path, monkeypatch):
    forced = make_config({M_NET: {"nEpochs": EPOCHS + 1, "patch_size": 64}}, resume="force")
    monkeypatch.setattr(training, "training_batches", lambda *arguments, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_training(forced, data, tmp_path / "out")
    state = read_parameters(finished / M_NET / STEP_FILE)
    assert (float(state["best_score"]), float(state["epoch"]), float(state["step"])) == (np.inf, EPOCHS, 0)


def test_the_best_score_survives_epochs_that_are_not_saved(data, tmp_path):
    """With save_epoch above 1, a run killed after a best epoch still knows its score."""
    config = config_of(M_NET, save_epoch=100, nEpochs=100)
    with TrainCommand(config, data, tmp_path) as command:
        command.signal_when((command.folder / M_NET / STEP_FILE).exists, signal.SIGKILL)
    resumed = run_training(config_of(M_NET, save_epoch=100), data, tmp_path)
    assert re.search(r"starting with epoch \d+.* from .*resume_step.ckpt", resumed.screen)


def test_harmless_changes_are_taken(finished, data, tmp_path):
    config = config_of(M_NET, nThreads=2, nEpochs=EPOCHS + 1, save_steps=3, keep_checkpoint_max="2")
    run_training(config, data, tmp_path / "out")
    assert latest(finished, M_NET, EPOCHS + 1).exists()


@pytest.mark.parametrize(("split", "kind"), [("train", "training"), ("eval", "validation")])
def test_another_list_of_images_needs_force(finished, data, tmp_path, split, kind):
    other = tmp_path / "other"
    shutil.copytree(data, other)
    listed = other / split / f"{split}.txt"
    listed.write_text("".join(listed.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(UserError, match=f"(?s)another configuration.*the list of {kind} images"):
        run_training(config_of(M_NET, nEpochs=EPOCHS + 1), other, tmp_path / "out")


def test_scores_that_cannot_be_compared_do_not_hold_the_best_back(finished, data, tmp_path):
    """Of another eval list, or at another size; while another rate leaves the best score as it was."""

    def best_score(changes: dict) -> float:
        config = make_config({M_NET: {"nEpochs": EPOCHS + 1, **changes}}, resume="force")
        run = run_training(config, data, tmp_path / "out")
        state = read_parameters(run.folder / M_NET / f"resume_{EPOCHS + 1}.ckpt")
        latest(run.folder, M_NET, EPOCHS + 1).unlink()
        return float(state["best_score"])

    before = float(read_parameters(finished / M_NET / f"resume_{EPOCHS}.ckpt")["best_score"])
    assert best_score({"lr": 1e-9}) <= before
    scores = [float(row["eval_sad"]) for row in read_epochs(finished, M_NET)]
    assert best_score({"lr": 1e-9, "patch_size": 64}) > 2 * min(scores)  # four times the pixels


@pytest.fixture
def small_disk(tmp_path) -> Path:
    """Room for one checkpoint, the best and the state within an epoch, but not for one checkpoint more."""
    with small_file_system(tmp_path / "small", "72m") as folder:
        yield folder


def test_no_space_for_a_checkpoint_leaves_the_last_good_one(unbroken, data, small_disk):
    config = config_of(M_NET)
    with pytest.raises(UserError, match="cannot be written: .*; make room") as caught:
        run_training(config, data, small_disk)
    assert "\n" not in str(caught.value)
    folder = small_disk / "single" / config.ckpt_version
    saved = sorted(path.name for path in (folder / M_NET).glob("semantic_hm_latest_*.ckpt"))
    assert saved[0] == "semantic_hm_latest_1.ckpt"
    subprocess.run(["mount", "-o", "remount,size=200m", small_disk], check=True)
    assert_same_outcome(run_training(config, data, small_disk).folder, unbroken)


# Bad data


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
        assert run.screen.count(f"left out, another sample takes its place: {name}: ") == 1
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


def test_machines_that_do_not_share_their_output_are_told(finished, data, tmp_path):
    class Other(World):
        """A process that starts from nothing."""

        def agrees(self, values):
            return False

    more = config_of(M_NET, nEpochs=EPOCHS + 1)
    config = more.model_copy(update={"amp_level": "O0", "group_size": 1})  # as train.py resolves them
    with pytest.raises(UserError, match="found epoch 4 from .*all machines must share the output folder"):
        training.train_phase(PHASES[M_NET], config, str(data), finished, None, Other(), StopRequest())


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
    with pytest.raises(UserError, match=f"names '{name}', but its photo .* is missing"):
        run_training(make_config({M_NET: {"nEpochs": 1}}), large_data, tmp_path / "out")


def test_a_finished_model_is_refined_on_new_data_from_epoch_1(unbroken, large_data, tmp_path):
    model = unbroken / M_NET / "semantic_hm_best.ckpt"
    run = run_training(config_of(M_NET), large_data, tmp_path / "out", model)
    assert f"M-Net: starting with all weights from {model}" in run.screen
    assert read_steps(run.folder / M_NET / "log_latest.txt")[0][:2] == (1, 1)


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
