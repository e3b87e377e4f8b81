"""The C++ runner, built once for all tests, and its scripts."""

import os
import re
import subprocess
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
RUNNER = ROOT / "ascend_infer" / "build" / "shm_infer"
WITHOUT_RUNTIME = ("could not be downloaded", "building the runner needs")
_PROGRESS = re.compile(r"inference: \d+/\d+, [\d.]+ images/s")
SKIPPED, CANNOT_LOAD = 3, 4
# With the log level that the runner would set itself, and start once more for it.
ENVIRONMENT = {**os.environ, "GLOG_v": "4"}
# Of copies of the project, which would compile the same code again.
COPY_ENVIRONMENT = {"CMAKE_CXX_COMPILER_LAUNCHER": str(ROOT / "tests" / "compile_once.sh")}


def build() -> str | None:
    """Build the runner for CPU; returns why this machine cannot, None where it could.

    Raises:
        AssertionError: it should have been possible.
    """
    options = {**COPY_ENVIRONMENT, "OPTIMISED": "1"}
    result = run_bash(ROOT / "ascend_infer" / "build.sh", "CPU", timeout=900, **options)
    if result.returncode == 0:
        return None
    reason = result.stderr.strip().splitlines()[-1]
    assert any(text in reason for text in WITHOUT_RUNTIME) and not os.environ.get("CI"), result.stderr
    return reason


def run_bash(*arguments: str | Path, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["bash", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**ENVIRONMENT, **environment},
    )


def run_runner(
    model: Path, inputs: Path, outputs: Path, *options: str, runner: Path = RUNNER, **environment: str
) -> subprocess.CompletedProcess:
    files = "--model", model, "--input", inputs, "--output", outputs
    return call_runner(*files, *options, runner=runner, **environment)


def call_runner(
    *arguments: str | Path, runner: Path = RUNNER, **environment: str
) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(runner), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**ENVIRONMENT, **environment},
    )


def write_input(folder: Path, name: str, values: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    values.astype(np.float32).tofile(folder / f"{name}.bin")


def read_output(folder: Path, name: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.fromfile(folder / f"{name}.bin", np.float32).reshape(shape)


def error_lines(result: subprocess.CompletedProcess) -> list[str]:
    """What went to stderr, but for the progress line."""
    lines = [line.rpartition("\r")[2] for line in result.stderr.split("\n")]
    return [line for line in lines if line and not _PROGRESS.fullmatch(line)]
