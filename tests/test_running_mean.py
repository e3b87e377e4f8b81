"""The running mean of the weights; tests/test_stopping.py breaks runs with it off, and goes on."""

import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Tensor, nn

from src.common.errors import UserError
from src.config import Config
from src.description.model_info import ModelInfo, read_model_info
from src.model.initialisation import initialise
from src.model.network import SHMNet
from src.training.running_mean import PREFIX, RunningMean, memory_at
from src.training.schedule import learning_rate
from tests.small_dataset import write_dataset
from tests.training_runs import (
    BATCH,
    PATCH,
    Run,
    latest,
    make_config,
    read_epochs,
    read_events,
    read_parameters,
    run_training,
)

pytestmark = pytest.mark.usefixtures("thin_networks")

M_NET = "pre_train_m_net"
STEPS = 4  # an epoch
EPOCHS = 3
DECAY = 0.8
WARM_UP = 3
CHANGING = {"lr_schedule": "cosine", "warmup_steps": WARM_UP, "ema_decay": DECAY}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_dataset(folder, {"train": STEPS * BATCH + 1, "eval": 1})
    return folder


def config_of(**section) -> Config:
    return make_config({M_NET: {"nEpochs": EPOCHS, "keep_checkpoint_max": "all", **CHANGING, **section}})


@pytest.fixture(scope="module")
def unbroken(data, tmp_path_factory) -> Run:
    return run_training(config_of(), data, tmp_path_factory.mktemp("unbroken"))


# The mean itself


def test_the_memory_grows_to_the_decay():
    assert [memory_at(step, 0.5) for step in (1, 5, 10, 100)] == [1 / 11, 1 / 3, 0.5, 0.5]


def test_it_is_the_mean_of_weights_and_statistics_that_compiled_steps_see():
    """Against NumPy."""
    trained, other = (nn.SequentialCell(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3)) for _ in range(2))
    names = [parameter.name for parameter in trained.get_parameters()]
    assert any("moving_" in name for name in names)
    mean = RunningMean(trained, other, DECAY)
    mean.begin()
    expected = {each.name: each.asnumpy().astype(np.float64) for each in trained.get_parameters()}
    rng = np.random.default_rng(0)
    for step in range(1, 60):
        for parameter in trained.get_parameters():
            value = rng.normal(size=parameter.shape).astype(np.float32)
            parameter.copy_(Tensor(value))
            memory = min(DECAY, step / (step + 10))
            expected[parameter.name] = memory * expected[parameter.name] + (1 - memory) * value
        mean.update(step)
    found = {entry["name"]: entry["data"].asnumpy() for entry in mean.weights()}
    assert list(found) == names == [name.removeprefix(PREFIX) for name in mean.state()]
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], atol=1e-5, err_msg=name)


def test_the_mean_of_a_run_is_what_is_saved_as_best_and_told(unbroken):
    folder = unbroken.folder / M_NET
    rows = read_epochs(unbroken.folder, M_NET)
    best = min(rows, key=lambda row: float(row["eval_sad"]))["epoch"]
    mean = read_parameters(folder / f"resume_{best}.ckpt")
    saved = read_parameters(folder / "semantic_hm_best.ckpt")
    current = read_parameters(latest(unbroken.folder, M_NET, int(best)))
    assert saved.keys() == current.keys() == {each.name for each in SHMNet().get_parameters()}
    for name, value in saved.items():
        np.testing.assert_array_equal(value, mean[f"{PREFIX}{name}"], err_msg=name)
    for name in ("m_net.conv.weight", "m_net.conv_bn_relu.1.moving_mean"):
        assert np.abs(saved[name] - current[name]).max() > 1e-6, name
    np.testing.assert_array_equal(saved["t_net.last_conv.weight"], current["t_net.last_conv.weight"])
    assert read_model_info(folder / "semantic_hm_best.ckpt") == ModelInfo(
        size=PATCH, mean=unbroken.config.mean
    )


# The rate


def test_log_events_and_metrics_tell_the_rate_in_use(unbroken):
    expected = [
        learning_rate(step, EPOCHS * STEPS, lr=1e-3, schedule="cosine", warmup_steps=WARM_UP)
        for step in range(EPOCHS * STEPS)
    ]
    assert len(set(expected)) == EPOCHS * STEPS
    log = (unbroken.folder / M_NET / "log_latest.txt").read_text()
    assert [float(rate) for rate in re.findall(r", lr: (\S+)$", log, re.MULTILINE)] == pytest.approx(expected)
    events = [
        value.simple_value
        for event in read_events(unbroken.folder / "events" / M_NET)
        for value in event.summary.value
        if value.tag == "train/lr"
    ]
    assert events == pytest.approx(expected)
    rows = [float(row["lr"]) for row in read_epochs(unbroken.folder, M_NET)]
    assert rows == pytest.approx(expected[STEPS - 1 :: STEPS])


def test_the_rate_is_that_of_the_step(unbroken):
    """Adam's first steps are as long as the rate."""
    weights = read_parameters(latest(unbroken.folder, M_NET, 1))
    moved = np.abs(weights["m_net.conv.weight"] - begun()["m_net.conv.weight"]).max()
    rates = [
        learning_rate(step, EPOCHS * STEPS, lr=1e-3, schedule="cosine", warmup_steps=WARM_UP)
        for step in range(STEPS)
    ]
    assert moved == pytest.approx(sum(rates), rel=0.1)
    assert sum(rates) < 0.8 * STEPS * 1e-3  # warming up


def begun() -> dict[str, np.ndarray]:
    """The weights that a run of these tests begins with."""
    network = SHMNet()
    initialise(network, make_config({M_NET: {}}).seed)
    return {parameter.name: parameter.asnumpy() for parameter in network.get_parameters()}


# Going on with other settings


@pytest.mark.parametrize(
    ("key", "value", "old"),
    [("lr_schedule", "constant", "cosine"), ("warmup_steps", 0, WARM_UP), ("ema_decay", 0.9, DECAY)],
)
def test_a_change_is_shown_and_needs_force(unbroken, data, tmp_path, key, value, old):
    copy_to(tmp_path, unbroken)
    more = {"nEpochs": EPOCHS + 1, key: value}
    with pytest.raises(UserError, match=rf"{M_NET}\.{key}: {old} then, {value} now"):
        run_training(config_of(**more), data, tmp_path)


def test_more_epochs_stretch_the_cosine_and_need_force(unbroken, data, tmp_path):
    copy_to(tmp_path, unbroken)
    with pytest.raises(UserError, match=rf"nEpochs: {EPOCHS} then, {EPOCHS + 1} now"):
        run_training(config_of(nEpochs=EPOCHS + 1), data, tmp_path)


def test_a_run_without_these_settings_is_what_it_was(data, tmp_path):
    """Its resume files have no new fields, so that a run begun before them goes on; and the mean begins with
    the weights where it is asked for later."""
    plain = make_config({M_NET: {"nEpochs": 1}})
    run = run_training(plain, data, tmp_path)
    folder = run.folder / M_NET
    assert not [name for name in read_parameters(folder / "resume_1.ckpt") if name.startswith("running_")]
    without_new_keys(run.folder, folder)
    run_training(make_config({M_NET: {"nEpochs": 2}}), data, tmp_path)

    forced = make_config({M_NET: {"nEpochs": 3, "lr": 1e-9, "ema_decay": DECAY}}, resume="force")
    run_training(forced, data, tmp_path)
    weights, state = read_parameters(latest(run.folder, M_NET, 3)), read_parameters(folder / "resume_3.ckpt")
    name = "m_net.conv.weight"
    np.testing.assert_allclose(state[f"{PREFIX}{name}"], weights[name], atol=1e-6)
    assert math.isfinite(float(state["best_score"]))


def without_new_keys(*folders: Path) -> None:
    """Make the configuration in a run's folders one of older code."""
    new = re.compile(r"^ *(system|amp_dtype|lr_schedule|warmup_steps|ema_decay):.*\n", re.MULTILINE)
    for folder in folders:
        path = folder / "config.yaml"
        path.write_text(new.sub("", path.read_text()))


def copy_to(output: Path, run: Run) -> None:
    shutil.copytree(run.folder, output / run.folder.parts[-2] / run.folder.name)
