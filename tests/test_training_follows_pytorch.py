"""train.py and the PyTorch trainer, from the same weights on the same batches: the same losses."""

import argparse
from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.config import Config
from src.data.split_files import SplitFiles
from src.dataset import Batch, MattingDataset, training_batches, validation_batches
from src.model.initialisation import initialise
from src.model.network import SHMNet
from src.model.weights import read_arrays, save_parameters
from tests.small_dataset import write_dataset
from tests.training_runs import BATCH, PATCH, make_config, read_epochs, read_steps, run_training

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from src.pytorch import train as torch_trainer  # noqa: E402
from src.pytorch.batch import Batch as TorchBatch  # noqa: E402
from tests.thin_torch_network import make_torch_networks_thin  # noqa: E402

pytestmark = pytest.mark.usefixtures("thin_networks")

END_TO_END = "end_to_end"
EPOCHS, STEPS = 5, 5
SEED, LR = 3, 1e-2
WARM_UP, DECAY = 10, 0.9
TOLERANCE = 2e-4


def torch_batch(batch: Batch) -> TorchBatch:
    """The same, with the mean, which the trainer takes off itself."""
    image, class_map, alpha = (
        torch.from_numpy(batch.tensors[name].asnumpy()) for name in ("image", "class_map", "alpha")
    )
    mean = torch.tensor(Config().mean)[:, None, None] / 255
    return TorchBatch(image + mean, class_map.long(), alpha)


def dataset(data: Path, split: str) -> MattingDataset:
    options = {"patch_size": PATCH, "mean": Config().mean, "seed": SEED}
    return MattingDataset(SplitFiles(data, split), augments=split == "train", **options)


def follow(data: Path, folder: Path, **others: bool) -> tuple[list[float], list[float]]:
    """By the PyTorch trainer: losses of the steps, and of the running mean after each epoch."""
    options = {"phase": END_TO_END, "steps": EPOCHS * STEPS, "lr": LR, "seed": 0}
    options |= {"bfloat16": False, "pyramid_weight": 0, "vary_light": False, "freeze_statistics": False}
    options |= others
    paths = {"init": str(folder / "begin.ckpt"), "output": str(folder)}
    training = torch_trainer.Training(argparse.Namespace(**options, **paths))
    losses, of_mean = [], []
    for epoch in range(1, EPOCHS + 1):
        batches = training_batches(dataset(data, "train"), epoch, seed=SEED, batch_size=BATCH, workers=1)
        losses += [training.train_step(torch_batch(batch)).item() for batch in batches]
        (batch,) = validation_batches(dataset(data, "eval"), batch_size=BATCH, workers=1)
        with torch.no_grad():
            of_mean.append(training.phase.loss(training.mean, training.mean, torch_batch(batch), 0).item())
    return losses, of_mean


def far(one: list[float], other: list[float]) -> float:
    """The largest relative difference."""
    return float(np.abs(np.divide(one, other) - 1).max())


def prepare(monkeypatch, folder: Path) -> Path:
    """Both trainers with one schedule and thin networks; a data set."""
    make_torch_networks_thin(monkeypatch)
    monkeypatch.setattr(torch_trainer, "_WARM_UP", WARM_UP)
    monkeypatch.setattr(torch_trainer, "_MEMORY", DECAY)
    network = SHMNet()
    initialise(network, SEED)
    save_parameters(network, folder / "begin.ckpt")
    write_dataset(folder / "data", {"train": STEPS * BATCH, "eval": BATCH})
    return folder / "data"


def lead(data: Path, folder: Path, **others: bool) -> tuple[list[float], list[float], Path]:
    """The losses of `follow` by train.py, and the phase's folder."""
    section = {"nEpochs": EPOCHS, "lr": LR, "lr_schedule": "cosine", "warmup_steps": WARM_UP}
    config = make_config({END_TO_END: {**section, "ema_decay": DECAY, **others}}, seed=SEED)
    run = run_training(config, data, folder / "out")
    losses = [loss for _, _, loss in read_steps(run.folder / END_TO_END / "log_latest.txt")]
    assert len(losses) == EPOCHS * STEPS
    of_mean = [float(row["eval_loss"]) for row in read_epochs(run.folder, END_TO_END)]
    return losses, of_mean, run.folder / END_TO_END


def test_steps_with_cosine_warm_up_and_running_mean(tmp_path, monkeypatch):
    """Equal in all three; and another warm-up or another mean would be seen."""
    data = prepare(monkeypatch, tmp_path)
    losses, of_mean, _ = lead(data, tmp_path)
    assert losses[-1] < losses[0] / 2
    expected, expected_of_mean = follow(data, tmp_path)
    assert far(losses, expected) < TOLERANCE
    assert far(of_mean, expected_of_mean) < TOLERANCE

    monkeypatch.setattr(torch_trainer, "_MEMORY", 0)
    assert far(of_mean, follow(data, tmp_path)[1]) > 10 * TOLERANCE
    monkeypatch.setattr(torch_trainer, "_WARM_UP", WARM_UP + 2)
    assert far(losses, follow(data, tmp_path)[0]) > 10 * TOLERANCE


def test_steps_with_frozen_statistics(tmp_path, monkeypatch):
    data = prepare(monkeypatch, tmp_path)
    losses, of_mean, folder = lead(data, tmp_path, freeze_statistics=True)
    before, after = read_arrays(tmp_path / "begin.ckpt"), read_arrays(folder / "semantic_hm_best.ckpt")
    assert any(not np.array_equal(before[name], after[name]) for name in before)
    for name in before:
        if ".moving_" in name:
            np.testing.assert_array_equal(after[name], before[name])
    expected, expected_of_mean = follow(data, tmp_path, freeze_statistics=True)
    assert far(losses, expected) < TOLERANCE
    assert far(of_mean, expected_of_mean) < TOLERANCE
    assert far(losses, follow(data, tmp_path)[0]) > 10 * TOLERANCE
