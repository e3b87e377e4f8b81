"""Workloads: the C++ runner, its network alone and the whole way from photos to mattes."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from src.benchmark.contender import ROOT
from src.benchmark.networks import exported, image

_INPUTS = 8  # for the median
_MEDIAN = re.compile(r"^median ([\d.]+) ms", re.MULTILINE)
_TOTALS = re.compile(r"^whole: ([\d.]+) ms, network: ([\d.]+) ms", re.MULTILINE)


def network(size: int, folder: str):
    """The median that the runner reports, which excludes reading and writing files."""
    inputs = Path(folder, "inputs")
    inputs.mkdir(exist_ok=True)
    for number in range(_INPUTS):
        image(size).tofile(inputs / f"{number}.bin")
    return timed_runner([*_command(size, folder), "--input", inputs])


def timed_runner(command: list):
    """Run a command of the runner on a folder of inputs; returns the median that it reports, in seconds."""

    def work() -> float:
        with tempfile.TemporaryDirectory() as outputs:
            return float(_MEDIAN.search(_run([*command, "--output", outputs]))[1]) / 1000

    return work


def photos(files: str, folder: str):
    """How long the runner took from photos to mattes, compared with its network in the same run."""
    from src.engines.embedded_info import find_model_info
    from src.inference.matting import SHIPPED_MODEL

    command = [*_command(find_model_info(SHIPPED_MODEL).size, folder), "--photos", files]

    def work() -> float:
        with tempfile.TemporaryDirectory() as mattes:
            whole, network = _TOTALS.search(_run([*command, "--mattes", f"{mattes}/mattes"])).groups()
        return float(whole) / float(network)

    return work


def built_runner() -> Path:
    """Build the runner; returns its path."""
    subprocess.run(["bash", ROOT / "ascend_infer" / "build.sh", "CPU"], check=True)
    return ROOT / "ascend_infer" / "build" / "shm_infer"


def _command(size: int, folder: str) -> list:
    """Build the runner and export the shipped model for it."""
    from src.deployment.lowering import lower_file

    model = exported(size, folder, "MINDIR")
    lowered = model.with_name("lowered.mindir")
    lower_file(model, lowered)
    return [built_runner(), "--model", lowered]


def _run(command: list) -> str:
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stderr)
    return result.stdout
