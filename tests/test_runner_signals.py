"""The C++ runner and its script among other processes: what stops them, and what they leave."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.nv21 import to_nv21
from tests.runner import ENVIRONMENT, ROOT, RUNNER
from tests.test_runner_video import FRAMES, HEIGHT, WIDTH, thin  # noqa: F401

FRAME = to_nv21(FRAMES[0]).tobytes()
SIZE = f"{WIDTH}x{HEIGHT}"

pytestmark = pytest.mark.usefixtures("runner")


@pytest.fixture
def model(thin) -> Path:  # noqa: F811
    return thin.with_suffix(".mindir")


@pytest.fixture(autouse=True)
def hang_ups_count():
    """Also where the tests run below nohup, whose children ignore them."""
    earlier = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, earlier)


@contextlib.contextmanager
def started(*command: str | Path, environment: dict[str, str] = ENVIRONMENT):
    """A process in a session of its own, none of which outlives the test."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, **pipes, env=environment, start_new_session=True) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def matte_a_frame(process: subprocess.Popen) -> None:
    """Afterwards it waits for the next one."""
    process.stdin.write(FRAME)
    process.stdin.flush()
    assert len(process.stdout.read(len(FRAME))) == len(FRAME)


@pytest.mark.parametrize(
    ("number", "whole_group"), [(signal.SIGTERM, False), (signal.SIGTERM, True), (signal.SIGINT, True)]
)
def test_a_script_that_is_stopped_ends_with_its_runner(model, tmp_path, number, whole_group):
    """A scheduler's SIGTERM may reach the script alone, or all processes, as Ctrl-C does."""
    unset = ("LITE_HOME", "MS_LITE_HOME", "DEVICE_ID")
    environment = {name: value for name, value in ENVIRONMENT.items() if name not in unset}
    environment["TMPDIR"] = str(tmp_path)
    script = "bash", ROOT / "scripts" / "run_infer_cpp.sh", model, "CPU"
    options = "--video", "-", "--size", SIZE, "--output", "-"
    with started(*script, *options, environment=environment) as process:
        matte_a_frame(process)
        (runner,) = psutil.Process(process.pid).children()
        (os.killpg if whole_group else os.kill)(process.pid, number)
        assert process.wait(20) == 128 + number
        assert not runner.is_running()
        assert b"camera to display" in process.stderr.read()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stream_without_data_does_not_keep_it(model, number):
    with started(RUNNER, "--model", model, "--video", "-", "--size", SIZE, "--output", "-") as process:
        matte_a_frame(process)
        process.send_signal(number)
        assert process.wait(20) == 128 + number
        assert b"1 frames" in process.stderr.read()


def test_a_reader_that_goes_away(model, tmp_path):
    """As `head` does: it is told of, and nothing half is left."""
    video = tmp_path / "clip"
    video.write_bytes(FRAME * 100)
    outputs = "--output", "-", "--mattes", tmp_path / "alphas"
    with started(RUNNER, "--model", model, "--video", video, "--size", SIZE, *outputs) as process:
        process.stdout.close()
        assert b"error: -: cannot be written: Broken pipe" in process.stderr.read()
        assert process.wait(20) == 1
    assert list(tmp_path.iterdir()) == [video]


def test_it_keeps_its_name(model, monkeypatch):
    """Though it starts once more to set the level of the runtime's log."""
    monkeypatch.delitem(ENVIRONMENT, "GLOG_v")
    with started(RUNNER, "--model", model, "--pipe") as process:
        assert process.stdout.readline().startswith(b"shm_infer ")
        assert psutil.Process(process.pid).name() == "shm_infer"


def test_files_of_killed_runs_are_removed(model, tmp_path):
    """But no new ones, which may be another machine's, and no other files."""
    video = tmp_path / "clip"
    video.write_bytes(FRAME)
    abandoned, new, other = (tmp_path / f".partial-{name}" for name in ("2-0", "2-1", "shm-2"))
    for path in (abandoned, new, other):
        path.touch()
        if path != new:
            two_days_ago = time.time() - 2 * 86400
            os.utime(path, (two_days_ago, two_days_ago))
    command = [RUNNER, "--model", model, "--video", "clip", "--size", SIZE, "--output", "out"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, env=ENVIRONMENT)
    assert set(tmp_path.iterdir()) == {video, new, other, tmp_path / "out"}


def test_files_of_running_runs_are_kept(model, tmp_path):
    """However long they have been paused."""
    video = tmp_path / "clip"
    video.write_bytes(FRAME * 20_000)
    command = RUNNER, "--model", model, "--video", video, "--size", SIZE, "--output"
    with started(*command, tmp_path / "long") as process:
        deadline = time.monotonic() + 60
        while not any(path.stat().st_size for path in tmp_path.glob(".partial-*")):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGSTOP)
        (partial,) = tmp_path.glob(".partial-*")
        os.utime(partial, (0, 0))
        video.write_bytes(FRAME)
        subprocess.run([*command, tmp_path / "short"], check=True, capture_output=True, env=ENVIRONMENT)
        assert partial.exists()
