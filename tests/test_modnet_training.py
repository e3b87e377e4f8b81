"""Training of MODNet: its phases, their settings, resuming, and its samples."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Tensor, nn

from src.common.errors import UserError
from src.config import ConfigError, ModnetConfig, ModnetVideoConfig, load_config
from src.data.split_files import SplitFiles
from src.description.model_info import ModelInfo, read_model_info
from src.model.modnet.initialisation import initialise
from src.model.modnet.network import MODNet
from src.systems import modnet
from src.systems.modnet_data import StillSamples
from src.systems.system import Momentum
from src.training.schedule import learning_rate
from src.training.step import make_optimizer
from tests import small_clips
from tests.small_dataset import write_dataset
from tests.thin_network import ThinModnet, leave_curves_empty
from tests.training_runs import (
    assert_same_outcome,
    latest,
    read_epochs,
    read_parameters,
    run_into_power_cut,
    run_training,
)

ROOT = Path(__file__).resolve().parent.parent
SIZE = 64
COLUMNS = ("image", "alpha", "trimap", "previous", "image_before")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_dataset(folder, {"train": 8, "eval": 2}, (SIZE, SIZE))
    return folder


@pytest.fixture
def thin(monkeypatch) -> None:
    for name, channels in (("MODNET", 3), ("MODNET_VIDEO", 4)):
        thin = replace(getattr(modnet, name), build=partial(ThinModnet, channels))
        monkeypatch.setattr(modnet, name, thin)
    leave_curves_empty(monkeypatch)


def make_config(kind: type, **phases: dict):
    small = {"train_batch": 4, "patch_size": SIZE, "nThreads": 1, "save_steps": 1}
    sections = {name: {**small, **section} for name, section in phases.items()}
    common = {"seed": 3, "device_target": "CPU", "ckpt_version": "small", "train_phases": list(phases)}
    systems = {ModnetConfig: "modnet", ModnetVideoConfig: "modnet_video"}
    return kind.model_validate({"system": systems[kind], **common, **sections})


def test_a_run_cut_off_in_adaptation_continues_exactly(thin, data, tmp_path, monkeypatch):
    phases = {"supervised": {"nEpochs": 2, "lr": 0.1}, "adapt": {"nEpochs": 2, "lr": 0.01, "ema_decay": 0.5}}
    config = make_config(ModnetConfig, **phases)
    supervised = config.model_copy(update={"train_phases": ("supervised",)})
    run_training(supervised, data, tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    expected = run_training(config, data, tmp_path / "whole").folder
    losses = [float(row["train_loss"]) for row in read_epochs(expected, "supervised")]
    assert losses[1] < losses[0]
    assert read_model_info(latest(expected, "adapt", 2)) == ModelInfo(system="modnet", size=SIZE)

    run_into_power_cut(
        monkeypatch,
        config,
        data,
        tmp_path / "cut",
        lambda log, line: "epoch: 2 step: 2" in line and "adapt" in str(log._folders[0]),
    )
    resumed = run_training(config, data, tmp_path / "cut")
    assert "epoch 2, step 2, from" in resumed.screen
    assert_same_outcome(resumed.folder, expected)

    # In adaptation the statistics stay, the copy is that of the start of the epoch, and weights move.
    before, after = (
        read_parameters(path)
        for path in (expected / "supervised" / "semantic_hm_best.ckpt", latest(expected, "adapt", 2))
    )
    statistics = [name for name in before if ".moving_" in name]
    assert len(statistics) == 2
    for name in statistics:
        np.testing.assert_array_equal(before[name], after[name])
    state = read_parameters(expected / "adapt" / "resume_2.ckpt")
    backup = read_parameters(latest(expected, "adapt", 1))
    for name, value in backup.items():
        np.testing.assert_array_equal(state[f"backup.{name}"], value, err_msg=name)
    assert any((backup[name] != after[name]).any() for name in backup)


def test_both_phases_for_videos(thin, data, tmp_path):
    config = make_config(ModnetVideoConfig, video={"nEpochs": 1}, adapt={"nEpochs": 1})
    run = run_training(config, data, tmp_path)
    for phase in ("video", "adapt"):
        (row,) = read_epochs(run.folder, phase)
        assert np.isfinite(float(row["train_loss"])) and float(row["eval_sad"]) > 0
    assert read_model_info(latest(run.folder, "video", 1)).system == "modnet_video"


def write_clip(folder: Path, numbers: Sequence[int]) -> None:
    for number in numbers:
        small_clips.write(folder / "com" / f"{number}.png", small_clips.frame(number, SIZE, SIZE))
        small_clips.write(folder / "pha" / f"{number}.png", small_clips.alpha(number, SIZE, SIZE))


def test_a_run_on_clips_continues_exactly(thin, tmp_path, monkeypatch):
    data = tmp_path / "clips"
    clips = {"train/a": range(5), "train/b": range(6, 9), "train/c": [1], "valid/d": [2, 3]}
    for name, numbers in clips.items():
        write_clip(data / name, numbers)
    config = make_config(ModnetVideoConfig, video={"nEpochs": 3, "lr": 0.1})
    expected = run_training(config, data, tmp_path / "whole")
    assert "left out: clip c: " in expected.screen
    losses = [float(row["train_loss"]) for row in read_epochs(expected.folder, "video")]
    assert losses[-1] < losses[0]

    def is_in_epoch_2(log, line):
        return "epoch: 2 step: 2" in line

    run_into_power_cut(monkeypatch, config, data, tmp_path / "cut", is_in_epoch_2)
    resumed = run_training(config, data, tmp_path / "cut")
    assert "epoch 2, step 2, from" in resumed.screen
    assert_same_outcome(resumed.folder, expected.folder)
    write_clip(data / "train" / "c", [2])
    with pytest.raises(UserError, match="list of training images"):
        run_training(config, data, tmp_path / "cut")


@pytest.mark.parametrize(
    ("file", "kind"), [("modnet.yaml", ModnetConfig), ("modnet_video.yaml", ModnetVideoConfig)]
)
def test_the_files_hold_the_defaults(file, kind):
    config = load_config(ROOT / "configs" / file)
    assert isinstance(config, kind)
    named = {"ckpt_version": config.ckpt_version, "test": config.test, "export": config.export}
    assert config == kind(system=config.system, **named)


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("end_to_end.lr=1", ("end_to_end: unknown key", "supervised", "adapt")),
        ("mean=[1, 2, 3]", ("mean: unknown key",)),
        ("supervised.patch_size=80", ("supervised.patch_size = 80", "multiple of 32")),
        ("supervised.lr_decay_epoch=3", ("lr_decay_epoch: unknown key", "lr_decay_epochs")),
        ("train_phases=[video]", ("train_phases.0 = video",)),
    ],
)
def test_wrong_keys_are_named(override, parts):
    with pytest.raises(ConfigError) as error:
        load_config(ROOT / "configs" / "modnet.yaml", [override])
    assert all(part in str(error.value) for part in parts), error.value


def test_momentum_without_decay():
    cell = nn.Dense(3, 2)
    optimizer = make_optimizer(cell, 0.1, Momentum(0.9))
    rng = np.random.default_rng(0)
    expected = {each.name: (each.asnumpy().astype(np.float64), 0.0) for each in cell.trainable_params()}
    for _ in range(3):
        gradients = []
        for name, (value, velocity) in expected.items():
            gradients.append(rng.normal(0, 1, value.shape).astype(np.float32))
            velocity = 0.9 * velocity + gradients[-1]
            expected[name] = value - 0.1 * velocity, velocity
        optimizer(tuple(map(Tensor, gradients)))
    for each in cell.trainable_params():
        np.testing.assert_allclose(each.asnumpy(), expected[each.name][0], rtol=1e-5, atol=1e-6)


def test_steps_of_the_learning_rate():
    rates = [
        learning_rate(step, 40, lr=0.01, schedule="steps", warmup_steps=0, decay_steps=10)
        for step in (0, 9, 10, 39)
    ]
    assert rates == pytest.approx([0.01, 0.01, 0.001, 0.00001])


def test_initial_weights():
    network = MODNet(3)
    initialise(network, 5)
    values = {each.name: each.asnumpy() for each in network.get_parameters()}
    for name, bound in (
        ("hr_branch.conv_4x.0.conv.weight", np.sqrt(6 / (99 * 9))),
        ("backbone.block_9.depthwise.conv.weight", np.sqrt(6 / 9)),
        ("lr_branch.se.reduce.weight", 1 / np.sqrt(1280)),
    ):
        assert 0.98 * bound < np.abs(values[name]).max() <= bound
        assert np.abs(values[name].mean()) < 0.05 * bound
    assert not values["fusion.matte.bias"].any()
    assert (values["fusion.conv_2x.norm.gamma"] == 1).all()


def samples(data: Path, augments: bool, seed: int = 0) -> StillSamples:
    files = SplitFiles(data, "train")
    return StillSamples(files, COLUMNS, patch_size=SIZE, seed=seed, augments=augments, max_bad_fraction=0.0)


def test_samples_are_as_the_network_wants_them(data):
    image, alpha, trimap, previous, before = samples(data, augments=False).sample(3)
    assert image.shape == before.shape == (3, SIZE, SIZE)
    assert alpha.shape == trimap.shape == previous.shape == (1, SIZE, SIZE)
    assert all(each.dtype == np.float32 for each in (image, alpha, trimap, previous))
    assert -1 <= image.min() < -0.3 and 0.4 < image.max() <= 1
    assert (alpha.min(), alpha.max()) == (0, 1)
    assert set(np.unique(trimap)) == {0, 0.5, 1}
    assert (trimap[(alpha > 0) & (alpha < 0.9)] == 0.5).all()
    assert not previous.any()


def test_augmented_samples_repeat_and_have_previous_alphas_of_all_kinds(data):
    dataset = samples(data, augments=True)
    for one, other in zip(dataset.sample(1, 7), dataset.sample(1, 7), strict=True):
        np.testing.assert_array_equal(one, other)
    kinds = {"empty": 0, "true": 0, "other": 0}
    for epoch in range(60):
        _, alpha, _, previous, _ = dataset.sample(2, epoch)
        same = np.array_equal(alpha, previous)
        kinds["true" if same else "other" if previous.any() else "empty"] += 1
    assert 8 < kinds["empty"] < 30 and 15 < kinds["true"] < 45 and 3 < kinds["other"] < 25
