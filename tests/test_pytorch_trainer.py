"""The trainer of the PyTorch twin: a short run, stopped and continued, and its weights brought back."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from src.load_model import load_network
from tests.small_dataset import write_dataset

ROOT = Path(__file__).resolve().parent.parent
torch = pytest.importorskip("torch", reason="PyTorch is not installed")


def train(data: Path, output: Path, steps: int, *options: str) -> str:
    output.mkdir(exist_ok=True)
    sizes = ["--size", "32", "--batch", "4", "--steps", str(steps)]
    command = [sys.executable, "-m", "src.pytorch.train", data, output, *sizes, *options]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_run_is_continued_and_its_weights_come_back(tmp_path):
    write_dataset(tmp_path / "data", {"train": 16, "eval": 4})
    first = train(tmp_path / "data", tmp_path / "out", 10, "--phase", "end_to_end")
    assert "step 10: eval loss" in first
    second = train(tmp_path / "data", tmp_path / "out", 20, "--phase", "end_to_end")
    assert "resuming after step 10" in second and "step 20: eval loss" in second
    losses = [float(text.split("eval loss ")[1].split()[0]) for text in (first, second)]
    assert losses[1] < losses[0]

    checkpoint = tmp_path / "weights.ckpt"
    convert = [sys.executable, ROOT / "src" / "get_init_weight.py", tmp_path / "out" / "weights.pth"]
    subprocess.run([*convert, "--output", checkpoint], check=True, timeout=60)
    from src.pytorch.train import read_weights

    weights = read_weights(str(checkpoint))
    saved = torch.load(tmp_path / "out" / "weights.pth", weights_only=True)
    for name, value in weights.items():
        np.testing.assert_array_equal(value.numpy(), saved[name].numpy(), err_msg=name)
    assert len(weights) == len(load_network(checkpoint).parameters_dict())
    next_phase = ["--phase", "pre_train_m_net", "--init", str(checkpoint), "--bfloat16"]
    assert "step 5: eval loss" in train(tmp_path / "data", tmp_path / "next", 5, *next_phase)
