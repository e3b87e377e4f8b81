"""The C++ runner: what it writes and reports, and what it says of what it cannot use."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.golden_weights import random_image
from tests.runner import (
    CANNOT_LOAD,
    ENVIRONMENT,
    ROOT,
    RUNNER,
    SKIPPED,
    call_runner,
    error_lines,
    read_output,
    run_bash,
    run_runner,
    write_input,
)
from tests.small_file_system import small_file_system

SIZE = 64
INPUT_BYTES = 4 * 3 * SIZE * SIZE
FEW = 20  # results
REPORT = re.compile(
    r"NN inference cost average time: (?P<mean>[\d.]+) ms of infer_count (?P<count>\d+)\n"
    r"median (?P<median>[\d.]+) ms, 95th percentile (?P<p95>[\d.]+) ms, min (?P<min>[\d.]+) ms, "
    r"max (?P<max>[\d.]+) ms\n"
    r"from file to file: (?P<rate>[\d.]+) images/s\n"
)

pytestmark = pytest.mark.usefixtures("runner")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def outputs_of(*inputs: str) -> list[str]:
    return sorted(f"{name}_{number}.bin" for name in inputs for number in (0, 1))


@pytest.fixture
def full_disk(tmp_path) -> Path:
    """A file system of 64 KiB."""
    with small_file_system(tmp_path / "small", "64k") as folder:
        yield folder


def test_results_and_report(thin_lowered, inputs, tmp_path):
    options = ("--time_result", str(tmp_path / "time"), "--warmup", "0", "--threads", "2")
    result = run_runner(thin_lowered, inputs, tmp_path / "out", *options)
    assert (result.returncode, error_lines(result)) == (0, [])
    assert names(tmp_path / "out") == outputs_of("image0", "image1", "image2")
    for number in range(3):
        logits = read_output(tmp_path / "out", f"image{number}_0", (3, SIZE, SIZE))
        alpha = read_output(tmp_path / "out", f"image{number}_1", (1, SIZE, SIZE))
        assert np.isfinite(logits).all()
        assert alpha.std() > 0.01
    header, report = result.stdout.split("\n", 1)
    image, logits, alpha = "(1, 3, 64, 64)", "(1, 3, 64, 64)", "(1, 1, 64, 64)"
    assert header == f"input float32 {image}, output float32 {logits}, output float32 {alpha}"
    values = REPORT.fullmatch(report).groupdict()
    assert values.pop("count") == "3"
    numbers = {key: float(value) for key, value in values.items()}
    assert 0 < numbers["min"] <= numbers["median"] <= numbers["p95"] <= numbers["max"]
    assert numbers["min"] <= numbers["mean"] <= numbers["max"]
    assert 0 < numbers["rate"] <= 1000 / numbers["mean"]
    assert (tmp_path / "time" / "test_perform_static.txt").read_text() == report


def test_the_number_of_threads_changes_nothing(thin_lowered, inputs, tmp_path):
    for threads in ("1", "2"):
        assert run_runner(thin_lowered, inputs, tmp_path / threads, "--threads", threads).returncode == 0
    for name in names(tmp_path / "1"):
        one, two = (np.fromfile(tmp_path / threads / name, np.float32) for threads in ("1", "2"))
        np.testing.assert_allclose(one, two, atol=1e-5)


def test_results_do_not_depend_on_what_ran_before(thin_lowered, inputs, tmp_path):
    run_runner(thin_lowered, inputs, tmp_path / "all")
    for number in (0, 1):
        (inputs / f"image{number}.bin").unlink()
    run_runner(thin_lowered, inputs, tmp_path / "one", "--warmup", "0")
    for name in outputs_of("image2"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "all" / name).read_bytes()


DAMAGE = {  # what is done to an input, and what the runner then says of it
    "empty": (
        lambda path: path.write_bytes(b""),
        f"has 0 bytes, but the network's input has {INPUT_BYTES}",
    ),
    "short": (
        lambda path: path.write_bytes(bytes(INPUT_BYTES - 1)),
        f"has {INPUT_BYTES - 1} bytes, but the network's input has {INPUT_BYTES}",
    ),
    "long": (
        lambda path: path.write_bytes(bytes(INPUT_BYTES + 1)),
        f"has more than {INPUT_BYTES} bytes, but the network's input has {INPUT_BYTES}",
    ),
    "dangling link": (lambda path: path.symlink_to("absent"), "cannot be read: No such file or directory"),
    "folder": (Path.mkdir, "cannot be read: not a file"),
    "pipe": (os.mkfifo, "cannot be read: not a file"),
}


@pytest.mark.parametrize("place", ["first", "last"])
def test_bad_inputs_are_skipped_and_told_of(thin_lowered, inputs, tmp_path, place):
    bad = {name: f"{'a' if place == 'first' else 'z'} {name}" for name in DAMAGE}
    (tmp_path / "out").mkdir()
    for name, file in bad.items():
        make, _ = DAMAGE[name]
        make(inputs / f"{file}.bin")
        for output in outputs_of(file):  # of an earlier run; no results of this one
            (tmp_path / "out" / output).write_bytes(b"old")
    result = run_runner(thin_lowered, inputs, tmp_path / "out")
    assert result.returncode == SKIPPED
    for name, (_, reason) in DAMAGE.items():
        assert f"skipped: {inputs / bad[name]}.bin: {reason}" in result.stdout
    assert error_lines(result) == [f"error: {len(bad)} of {len(bad) + 3} inputs were skipped"]
    assert names(tmp_path / "out") == outputs_of("image0", "image1", "image2")
    assert "infer_count 3\n" in result.stdout


def test_no_good_input_at_all(thin_lowered, tmp_path):
    write_input(tmp_path / "in", "x", np.zeros(7))
    result = run_runner(thin_lowered, tmp_path / "in", tmp_path / "out")
    assert (result.returncode, error_lines(result)) == (1, ["error: none of 1 inputs could be used"])


@pytest.mark.parametrize("content", [None, ["notes.txt", ".hidden.bin"]], ids=["missing", "no input"])
def test_a_folder_without_inputs(thin_lowered, tmp_path, content):
    folder = tmp_path / "in"
    if content is not None:
        folder.mkdir()
        for name in content:
            (folder / name).write_bytes(bytes(INPUT_BYTES))
    result = run_runner(thin_lowered, folder, tmp_path / "out")
    reason = "contains no .bin files" if content else "cannot be read: No such file or directory"
    assert (result.returncode, error_lines(result)) == (
        1,
        [f"error: {folder}: {reason}; run preprocess.py first"],
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", ["half", "text", "empty", "version 3"])
def test_a_network_that_cannot_be_loaded(thin_lowered, thin_mindir, inputs, tmp_path, monkeypatch, damage):
    """The runtime's own log is not seen: the runner sets its level."""
    monkeypatch.delitem(ENVIRONMENT, "GLOG_v")
    whole = thin_lowered.read_bytes()
    contents = {"half": whole[: len(whole) // 2], "text": b"no MINDIR\n" * 50, "empty": b""}
    model = tmp_path / "model.mindir"
    model.write_bytes(contents.get(damage, thin_mindir.read_bytes()))
    result = run_runner(model, inputs, tmp_path / "out")
    (line,) = error_lines(result)
    assert result.returncode == CANNOT_LOAD
    assert line.startswith(f"error: {model}: cannot be loaded on CPU (")
    assert "it is damaged" in line and "MINDIR" in line
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize(
    "make", [lambda path: None, Path.mkdir, os.mkfifo], ids=["missing", "folder", "pipe"]
)
def test_a_model_that_is_no_file(inputs, tmp_path, make):
    model = tmp_path / "model.mindir"
    make(model)
    result = run_runner(model, inputs, tmp_path / "out")
    expected = f"error: {model}: missing or not readable; write it with export.py"
    assert (result.returncode, error_lines(result)) == (1, [expected])


@pytest.mark.skipif(Path("/dev/davinci_manager").exists(), reason="there is an Ascend device")
@pytest.mark.parametrize("device", ["Ascend", "GPU"])
def test_a_device_that_is_not_there(thin_lowered, inputs, tmp_path, device):
    result = run_runner(thin_lowered, inputs, tmp_path / "out", "--device", device, "--device_id", "3")
    (line,) = error_lines(result)
    assert result.returncode == CANNOT_LOAD
    assert line.startswith(f"error: {thin_lowered}: cannot be loaded on {device} (")
    assert f"{device} 3 is present" in line


@pytest.mark.parametrize("blocked", ["out", "time"])
def test_a_folder_that_cannot_be_made(thin_lowered, inputs, tmp_path, blocked):
    (tmp_path / blocked).write_text("a file is in the way")
    result = run_runner(thin_lowered, inputs, tmp_path / "out", "--time_result", str(tmp_path / "time"))
    (line,) = error_lines(result)
    assert result.returncode == 1
    assert line.startswith(f"error: {tmp_path / blocked}")
    assert (tmp_path / blocked).read_text() == "a file is in the way"


def test_a_folder_that_cannot_be_written(thin_lowered, inputs, full_disk):
    subprocess.run(["mount", "-o", "remount,ro", full_disk], check=True)
    result = run_runner(thin_lowered, inputs, full_disk)
    (line,) = error_lines(result)
    assert result.returncode == 1
    assert line.endswith("cannot be written: Read-only file system")


def test_a_full_disk(thin_lowered, inputs, full_disk):
    """64 KiB hold the logits of one image (48 KiB) but not its alpha (16 KiB) and the next one's."""
    result = run_runner(thin_lowered, inputs, full_disk / "out")
    (line,) = error_lines(result)
    assert result.returncode == 1
    assert re.fullmatch(
        r"error: .*image\d_\d.bin: cannot be written: No space left on device; make room", line
    )
    for path in (full_disk / "out").iterdir():
        assert path.stat().st_size == 4 * SIZE * SIZE * (3 if path.stem.endswith("_0") else 1)


def test_paths_with_spaces_and_chinese_characters(thin_lowered, inputs, tmp_path):
    model, folder = tmp_path / "模型 一.mindir", tmp_path / "照片 和 蒙版"
    shutil.copy(thin_lowered, model)
    inputs.rename(folder)
    (folder / "image0.bin").rename(folder / "人像 '1' $x.bin")
    result = run_runner(model, folder, tmp_path / "结果 r")
    assert result.returncode == 0, result.stderr
    assert names(tmp_path / "结果 r") == outputs_of("image1", "image2", "人像 '1' $x")


def test_a_result_with_the_longest_possible_name(thin_lowered, inputs, tmp_path):
    name = "x" * (255 - len("_0.bin"))
    (inputs / "image0.bin").rename(inputs / f"{name}.bin")
    result = run_runner(thin_lowered, inputs, tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert names(tmp_path / "out") == outputs_of("image1", "image2", name)


def start_runner(model: Path, folder: Path) -> subprocess.Popen:
    """Start it on folder / "in", and wait until it has written a few results."""
    command = [RUNNER, "--model", model, "--input", folder / "in", "--output", folder / "out"]
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, "env": ENVIRONMENT}
    process = subprocess.Popen(command, **options)
    deadline = time.monotonic() + 60
    while len(list((folder / "out").glob("*.bin"))) < FEW and time.monotonic() < deadline:
        time.sleep(0.005)
    return process


def test_messages_stand_on_lines_of_their_own(thin_lowered, tmp_path):
    """After a progress line that was shown, too."""
    for number in range(400):
        write_input(tmp_path / "in", f"{number:04d}", np.zeros((3, SIZE, SIZE)))
    (tmp_path / "in" / "0399.bin").write_bytes(b"short")
    process = start_runner(thin_lowered, tmp_path)
    process.send_signal(signal.SIGSTOP)
    time.sleep(0.6)  # longer than from one progress line to the next
    process.send_signal(signal.SIGCONT)
    _, errors = process.communicate(timeout=60)
    assert min(int(number) for number in re.findall(r"inference: (\d+)/400", errors)) < 399
    result = subprocess.CompletedProcess([], process.returncode, stderr=errors)
    assert (result.returncode, error_lines(result)) == (SKIPPED, ["error: 1 of 400 inputs were skipped"])


def test_500_inputs(thin_lowered, tmp_path):
    for number in range(500):
        write_input(tmp_path / "in", f"{number:04d}", random_image(1, 3, SIZE, SIZE, seed=number % 7))
    result = run_runner(thin_lowered, tmp_path / "in", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert "infer_count 500\n" in result.stdout
    assert names(tmp_path / "out") == outputs_of(*(f"{number:04d}" for number in range(500)))
    for number in (7, 250, 499):  # each equals the one with the same values
        assert (tmp_path / "out" / f"{number:04d}_1.bin").read_bytes() == (
            tmp_path / "out" / f"{number % 7:04d}_1.bin"
        ).read_bytes()


def test_killed_it_leaves_no_half_result(thin_lowered, tmp_path):
    for number in range(2000):
        write_input(tmp_path / "in", f"{number:04d}", np.zeros((3, SIZE, SIZE)))
    process = start_runner(thin_lowered, tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    written = [path for path in (tmp_path / "out").glob("*.bin") if not path.name.startswith(".")]
    assert FEW <= len(written) < 4000
    for path in written:
        assert path.stat().st_size == 4 * SIZE * SIZE * (3 if path.stem.endswith("_0") else 1)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--device", "TPU"), "--device TPU: must be CPU, Ascend or GPU"),
        (("--threads", "0"), "--threads 0: must be a number of at least 1"),
        (("--threads", "two"), "--threads two: must be a number of at least 1"),
        (("--warmup", "-1"), "--warmup -1: must be a number of at least 0"),
        (("--device_id", "1x"), "--device_id 1x: must be a number of at least 0"),
        (("--precision", "enforce_fp16"), "--precision enforce_fp16: not a mode of CPU; see --help"),
        (
            ("--device", "Ascend", "--precision", "fp16"),
            "--precision fp16: not a mode of Ascend; see --help",
        ),
        (("--colour", "red"), "--colour: unknown option; see --help"),
        (("--threads",), "--threads: unknown, or its value is missing; see --help"),
        (("--output", ""), "--model, --input and --output are needed; see --help"),
        (
            ("--input", "out/../out", "--output", "out"),
            "--output: is the folder of the inputs; choose another",
        ),
    ],
)
def test_a_wrong_command_line(thin_lowered, inputs, tmp_path, options, reason):
    result = run_runner(thin_lowered, inputs, tmp_path / "out", *options)
    assert (result.returncode, error_lines(result)) == (2, [f"error: {reason}"])
    assert not (tmp_path / "out").exists()


def test_a_pipe_has_no_times(thin_lowered, tmp_path):
    result = call_runner("--model", thin_lowered, "--pipe", "--time_result", tmp_path / "time")
    assert (result.returncode, error_lines(result)) == (2, ["error: --time_result: --pipe reports no times"])


def test_help_names_every_option():
    result = subprocess.run([RUNNER, "--help"], capture_output=True, text=True, check=True)
    source = (ROOT / "ascend_infer" / "src" / "arguments.cc").read_text()
    options = set(re.findall(r'name == "(--\w+)"', source))
    assert len(options) >= 10
    for option in options:
        assert f"\n  {option} " in result.stdout or f"\n  {option}\n" in result.stdout


@pytest.fixture(scope="module")
def print_statistics(tmp_path_factory) -> Path:
    program = tmp_path_factory.mktemp("statistics") / "print_statistics"
    sources = [ROOT / "tests/cpp/print_statistics.cc", ROOT / "ascend_infer/src/timing.cc"]
    command = ["g++", "-std=c++17", f"-I{ROOT / 'ascend_infer/src'}", *sources, "-o", program]
    subprocess.run(command, check=True)
    return program


@given(values=st.lists(st.floats(0, 1e4), min_size=1, max_size=40))
def test_statistics_are_those_of_numpy(print_statistics, values):
    output = subprocess.run(
        [print_statistics, *map(repr, values)], capture_output=True, text=True, check=True
    )
    expected = [np.mean(values), np.median(values), np.percentile(values, 95), min(values), max(values)]
    np.testing.assert_allclose(
        [float(text) for text in output.stdout.split()], expected, rtol=1e-12, atol=1e-12
    )


def test_a_device_that_the_build_does_not_know():
    result = run_bash(ROOT / "ascend_infer/build.sh", "cpu")
    expected = "error: the device must be Ascend, GPU or CPU, not 'cpu'\n"
    assert (result.returncode, result.stderr) == (1, expected)


def test_the_build_is_not_repeated_without_need():
    before = RUNNER.stat().st_mtime_ns
    assert run_bash(ROOT / "ascend_infer/build.sh").returncode == 0
    assert RUNNER.stat().st_mtime_ns == before
