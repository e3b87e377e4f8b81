"""Ctrl-C and SIGTERM at any moment, and standard streams that are closed: real processes."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from src.images.files import write_image
from tests.predicting import PHOTO
from tests.small_dataset import write_dataset

ROOT = Path(__file__).resolve().parent.parent
PARTLY = ".partial-shm-"


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A folder of photos, where commands work with thin networks; their temporary files lie beside it."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests" / "thin_commands"))
    for number in range(3):
        write_image(tmp_path / "work" / f"{number}.png", PHOTO)
    return tmp_path / "work"


def start(command: str, *arguments: object, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(ROOT / command), *map(str, arguments)],
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def wait_until(process: subprocess.Popen, condition: Callable[[], bool]) -> None:
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.002)


def takes_signals(process: subprocess.Popen) -> bool:
    """Whether the command receives signals itself: until then, they end Python, as with any program."""
    found = re.search(r"^SigBlk:\s*(\w+)$", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
    return bool(int(found[1], 16) >> (signal.SIGINT - 1) & 1)


def interrupt(process: subprocess.Popen, number: int, seconds: float = 0) -> str:
    """Send a signal some time after the command takes signals; returns what it printed as errors."""
    wait_until(process, lambda: takes_signals(process))
    time.sleep(seconds)
    process.send_signal(number)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number
    return errors


@pytest.mark.parametrize(
    ("number", "seconds"),
    [(signal.SIGINT, 0.3), (signal.SIGTERM, 1), (signal.SIGINT, 2), (signal.SIGINT, 4)],
)
def test_predicting_ends_with_one_word(place, thin_checkpoint, number, seconds):
    """While modules are imported, the network is compiled, or photos are matted."""
    for copy in range(100):  # more than any machine mattes until then
        (place / f"copy{copy}.png").hardlink_to(place / "0.png")
    process = start(
        "predict.py", place, "--checkpoint", thin_checkpoint, "--size", 512, "--overwrite", cwd=place
    )
    errors = interrupt(process, number, seconds)
    assert errors.strip().splitlines()[-1] == "interrupted"
    assert "Traceback" not in errors and "Fatal" not in errors and len(errors.splitlines()) < 6
    assert not list(place.rglob(f"{PARTLY}*")) and not list((place.parent / "tmp").iterdir())


OTHERS = {
    "train.py": ["--data_url=data", "--train_url=out", "--set=device_target=CPU"],
    "eval.py": ["--set=test.test_pic_path=data", "--set=test.output_path=out", "--set=test.model=thin.ckpt"],
    "export.py": ["--set=export.ckpt_file=thin.ckpt"],
    "preprocess.py": ["--set=infer.file_test_list=data/test/test.txt"],
    "src/sample_data.py": ["out", "--count=500", "--workers=2"],
    "scripts/compare_runner.py": ["data", "--checkpoint=thin.ckpt"],
}


@pytest.mark.parametrize("command", OTHERS)
def test_every_command_ends_with_one_word(command, place, thin_checkpoint):
    """Shortly after its start, while modules are imported."""
    write_dataset(place / "data", {"train": 8, "eval": 3, "test": 3})
    (place / "thin.ckpt").symlink_to(thin_checkpoint)
    process = start(command, *OTHERS[command], cwd=place)
    errors = interrupt(process, signal.SIGINT)
    assert errors.strip() == "interrupted"
    assert not list(place.rglob(f"{PARTLY}*")) and not list((place.parent / "tmp").iterdir())


def test_training_that_has_nothing_to_save_yet_ends_at_once(place):
    """MindSpore is being imported, which must not end in "saving after this step"."""
    write_dataset(place / "data", {"train": 8, "eval": 3})
    process = start("train.py", "--data_url=data", "--train_url=out", "--set=device_target=CPU", cwd=place)
    wait_until(process, lambda: "_c_expression" in Path(f"/proc/{process.pid}/maps").read_text())
    errors = interrupt(process, signal.SIGTERM)
    assert errors.strip() == "interrupted"


def test_a_pool_is_ended_whole(place):
    process = start("src/sample_data.py", "out", "--count=4000", "--workers=2", cwd=place, process_group=0)
    wait_until(process, lambda: bool(list(place.glob("out/clip_img/*/*/*.jpg"))))
    os.killpg(process.pid, signal.SIGTERM)  # as timeout does
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 143 and errors.strip().splitlines()[-1] == "interrupted"
    assert "worker" not in errors and not list(place.rglob(f"{PARTLY}*"))


CLOSED = {"no errors": "2>&-", "no output": ">&-", "nothing": "<&- >&- 2>&-", "head": "2>&1 | head -1"}


@pytest.mark.parametrize("closed", CLOSED)
def test_closed_streams_stop_nothing(place, thin_checkpoint, closed):
    """With the shipped export, and with MindSpore where its own messages find no stream either."""
    program = f"'{sys.executable}' '{ROOT / 'predict.py'}'"
    model = f"--checkpoint '{thin_checkpoint}' --size 32" if closed == "nothing" else "--fast"
    shell = f"set -o pipefail; {program} . {model} {CLOSED[closed]}"
    result = subprocess.run(["bash", "-c", shell], cwd=place, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert {path.name for path in place.iterdir()} == {
        f"{number}{kind}.png" for number in range(3) for kind in ("", "_alpha", "_cutout")
    }
    for text in ("Broken pipe", "Exception", "Traceback"):
        assert text not in result.stdout + result.stderr
    if closed == "nothing":
        assert result.stdout + result.stderr == ""


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "| head -1", "2>&1 | true"])
def test_closed_streams_of_a_command_with_workers(place, closed):
    command = f"'{sys.executable}' '{ROOT / 'src' / 'sample_data.py'}' out --count 2 --workers 1 {closed}"
    result = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=place, capture_output=True)
    assert result.returncode == 0, result.stderr
    assert len(list(place.glob("out/clip_img/*/*/*.jpg"))) == 2
    assert b"Broken pipe" not in result.stderr
