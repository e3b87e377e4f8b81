"""What a run goes on from: damaged files, a changed configuration or list, another model."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from src.common.atomic_file import TEMPORARY_PREFIX
from src.common.errors import UserError
from src.common.stopping import StopRequest
from src.common.world import World
from src.config import BackgroundMattingConfig, Config, ModnetConfig, PspnetConfig
from src.systems.shm import SHM
from src.training import phase as training
from src.training.phase_run import PhaseRun
from src.training.resume_check import changed_settings, remember_run
from tests.small_dataset import write_dataset
from tests.training_runs import (
    BATCH,
    assert_same_outcome,
    latest,
    make_config,
    read_epochs,
    read_parameters,
    read_steps,
    run_training,
)

pytestmark = pytest.mark.usefixtures("thin_networks")

M_NET = "pre_train_m_net"
EPOCHS = 3
STEP_FILE = "resume_step.ckpt"


def config_of(phase: str, **section) -> Config:
    return make_config({phase: {"nEpochs": EPOCHS, **section}})


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_dataset(folder, {"train": 4 * BATCH + 1, "eval": 3})
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


@pytest.mark.parametrize(
    ("file", "damage"), [("semantic_hm_latest_3.ckpt", "truncated"), ("resume_3.ckpt", "empty")]
)
def test_a_damaged_newest_checkpoint(finished, unbroken, data, tmp_path, file, damage):
    """tests/test_checkpoint.py has all damage of each file."""
    path = finished / M_NET / file
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[:-5] if damage == "truncated" else b"")
    resumed = run_training(config_of(M_NET), data, tmp_path / "out")
    assert f"{path}: is no checkpoint, or a damaged one" in resumed.screen
    assert f"starting with epoch 3 from {latest(finished, M_NET, 2)}" in resumed.screen
    assert_same_outcome(resumed.folder, unbroken)


CHANGED = [
    ({}, {"lr": 5e-4}, "  pre_train_m_net.lr: 0.001 then, 0.0005 now"),
    ({}, {"patch_size": 48}, "  pre_train_m_net.patch_size: 32 then, 48 now"),
    ({"seed": 4}, {}, "  seed: 3 then, 4 now"),
    ({}, {"train_batch": 8}, "  pre_train_m_net.train_batch: 4 then, 8 now"),
]


@pytest.mark.parametrize(("changes", "section", "difference"), CHANGED)
def test_a_changed_configuration_is_shown(finished, data, tmp_path, changes, section, difference):
    config = make_config({M_NET: {"nEpochs": EPOCHS + 1, **section}}, **changes)
    before = {path: path.read_bytes() for path in finished.rglob("*.*") if path.suffix in (".ckpt", ".yaml")}
    with pytest.raises(UserError) as caught:
        run_training(config, data, tmp_path / "out")
    lines = str(caught.value).splitlines()
    assert lines[0] == "pre_train_m_net: configuration or data have changed since the phase began:"
    assert lines[1] == difference
    assert lines[2].endswith("--set resume=force")
    assert {path: path.read_bytes() for path in before} == before


KINDS = {
    "shm": (Config, M_NET),
    "modnet": (ModnetConfig, "supervised"),
    "background_matting": (BackgroundMattingConfig, "base"),
    "pspnet": (PspnetConfig, "t_net"),
}


@pytest.mark.parametrize(
    ("system", "change", "text"),
    [
        (
            "background_matting",
            {"system": "background_matting_resnet50"},
            "system: background_matting then, background_matting_resnet50 now",
        ),
        ("shm", {"mean": [1, 2, 3]}, "mean: (114.0, 121.0, 134.0) then, (1.0, 2.0, 3.0) now"),
        ("shm", {"amp_level": "O2"}, "amp_level: auto then, O2 now"),
        ("shm", {"amp_dtype": "bfloat16"}, "amp_dtype: float16 then, bfloat16 now"),
        ("pspnet", {"vertical_flip": True}, "vertical_flip: False then, True now"),
        ("shm", {"group_size": 2}, "group_size: 8 then, 2 now"),
        ("modnet", {"supervised": {"lr_decay_epochs": 3}}, "supervised.lr_decay_epochs: 10 then, 3 now"),
        (
            "shm",
            {M_NET: {"train_phase": M_NET, "freeze_statistics": True}},
            "pre_train_m_net.freeze_statistics: False then, True now",
        ),
        (
            "background_matting",
            {"base": {"use_laplacian": False}},
            "base.use_laplacian: True then, False now",
        ),
    ],
)
def test_settings_that_affect_the_weights_are_compared(tmp_path, system, change, text):
    """Of these, only another mean makes scores incomparable."""
    kind, phase = KINDS[system]
    remember_run(tmp_path, kind.model_validate({"system": system}))
    (difference,) = changed_settings(tmp_path, phase, kind.model_validate({"system": system, **change}))
    assert difference == (text, "mean" in change)


def test_a_changed_configuration_needs_force_once(finished, data, tmp_path):
    changes, sections, differences = zip(*CHANGED, strict=True)
    phases = {M_NET: {key: value for each in sections for key, value in each.items()}}
    phases[M_NET]["nEpochs"] = EPOCHS + 1
    other = {key: value for each in changes for key, value in each.items()}
    forced = run_training(make_config(phases, **other, resume="force"), data, tmp_path / "out")
    assert set(differences) <= set(forced.screen.splitlines())
    assert latest(finished, M_NET, EPOCHS + 1).exists()
    again = run_training(make_config(phases, **other), data, tmp_path / "out")
    assert "have changed since" not in again.screen


def test_what_was_forced_is_not_forgotten_when_killed_at_once(finished, data, tmp_path, monkeypatch):
    forced = make_config({M_NET: {"nEpochs": EPOCHS + 1, "patch_size": 64}}, resume="force")
    monkeypatch.setattr(training, "training_batches", lambda *arguments, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_training(forced, data, tmp_path / "out")
    state = read_parameters(finished / M_NET / STEP_FILE)
    assert (float(state["best_score"]), float(state["epoch"]), float(state["step"])) == (np.inf, EPOCHS, 0)


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
    with pytest.raises(UserError, match=f"(?s)configuration or data have changed.*the list of {kind} images"):
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


def test_machines_that_do_not_share_their_output_are_told(finished, data, tmp_path):
    class Other(World):
        """A process that starts from nothing."""

        def agrees(self, values):
            return False

    more = config_of(M_NET, nEpochs=EPOCHS + 1)
    config = more.model_copy(update={"amp_level": "O0", "group_size": 1})  # as train.py resolves them
    run = PhaseRun(SHM, SHM.phases[M_NET], config, str(data), finished, Other())
    with pytest.raises(UserError, match="found epoch 4 from .*all machines must share the output folder"):
        training.train_phase(run, None, StopRequest())


def test_a_finished_model_is_refined_on_new_data_from_epoch_1(unbroken, tmp_path):
    new_data = tmp_path / "new"
    write_dataset(new_data, {"train": 8, "eval": 2}, size=(20, 16))
    model = unbroken / M_NET / "semantic_hm_best.ckpt"
    run = run_training(config_of(M_NET), new_data, tmp_path / "out", model)
    assert f"M-Net: starting with all weights from {model}" in run.screen
    assert read_steps(run.folder / M_NET / "log_latest.txt")[0][:2] == (1, 1)


def test_what_a_killed_run_left_is_removed(finished, data, tmp_path):
    """Checkpoints in the phase's folder; metrics.csv, curves.png and config.yaml in that of the run, too."""
    names = ("aaaaaaaa.csv", "aaaaaaaa.png", "aaaaaaaa.yaml", "aaaaaaaa.ckpt")
    leftovers = [
        folder / f"{TEMPORARY_PREFIX}{name}" for folder in (finished, finished / M_NET) for name in names
    ]
    for each in leftovers:
        each.touch()
    run_training(config_of(M_NET), data, tmp_path / "out")
    assert not any(each.exists() for each in leftovers)
