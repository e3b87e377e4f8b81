"""The PyTorch trainer on clips: the samples of train.py, and no MindSpore."""

import contextlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from src.clips.split_frames import SplitFrames
from src.systems.modnet_data import ClipSamples
from tests.small_clips import alpha, frame, write

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from src.pytorch.batch import Batch  # noqa: E402
from src.pytorch.clips import ClipBatch, frame_samples  # noqa: E402
from tests.small_dataset import write_dataset  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
SIZE = 64
SETTINGS = {"size": SIZE, "batch": 2, "seed": 3, "device": "cpu"}
# train.py's network is not there: the whole of it must come from PyTorch.
WITHOUT_MINDSPORE = (
    "import sys; sys.modules['mindspore'] = None; from src.pytorch.train import main; sys.exit(main())"
)


@pytest.fixture
def clips(tmp_path) -> Path:
    for split, numbers in (("train", (1, 2, 3, 9)), ("valid", (4, 5))):
        for number in numbers:
            write(tmp_path / split / "a" / "com" / f"{number}.png", frame(number, SIZE, SIZE))
            write(tmp_path / split / "a" / "pha" / f"{number}.png", alpha(number, SIZE, SIZE))
    return tmp_path


def test_batches_hold_the_samples_of_train_py(clips):
    samples = ClipSamples(
        SplitFrames(clips, "train"), ClipBatch._fields, patch_size=SIZE, seed=3, augments=True
    )
    order = np.random.default_rng((3, 1)).permutation(4)[:2]
    with contextlib.closing(frame_samples(str(clips), "train", **SETTINGS).endless(2)) as found:
        batch = next(found)
    assert isinstance(batch, ClipBatch)
    for place, index in enumerate(order):
        for name, expected, values in zip(ClipBatch._fields, samples.sample(index, 1), batch, strict=True):
            np.testing.assert_array_equal(values[place].numpy(), expected, err_msg=name)
    (batch,) = frame_samples(str(clips), "eval", **SETTINGS).whole_split()
    assert not batch.previous.any() and batch.alpha.any()


def test_photos_are_taken_where_there_are_no_clips(tmp_path):
    write_dataset(tmp_path, {"train": 2, "eval": 2})
    (batch,) = frame_samples(str(tmp_path), "train", **SETTINGS).whole_split()
    assert isinstance(batch, Batch)


def train(data: Path, *options: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", WITHOUT_MINDSPORE, data, data / "out", "--phase", "video"]
    command += ["--size", str(SIZE), "--batch", "2", "--steps", "2", *options]
    (data / "out").mkdir(exist_ok=True)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_a_run(clips):
    result = train(clips)
    assert result.returncode == 0, result.stderr
    assert np.isfinite(float(result.stdout.split("step 2: eval loss ")[1]))
    refused = train(clips, "--vary_light")
    assert refused.returncode == 2 and "--vary_light: frames of clips" in refused.stderr
