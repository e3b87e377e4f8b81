"""How large the installation is, and how long it takes."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from src.benchmark.contender import ROOT
from src.benchmark.results import Result

_OURS = {
    "predict.py": ("-r", str(ROOT / "requirements-predict.txt")),
    "everything, with MindSpore": ("-r", str(ROOT / "requirements.txt")),
}
_OTHERS = {"PyTorch and OpenCV": ("torch", "opencv-python-headless")}


def measure_set_ups() -> list[Result]:
    """Install each into a new environment, as set_up.sh does, without pip's cache: seconds, and megabytes."""
    times, sizes = [], []
    for label, requirements in {**_OURS, **_OTHERS}.items():
        described = {"item": "set-up", "label": label, "is_ours": label in _OURS, "is_shown": True}
        time_row, size_row = Result(row="set-up, time", **described), Result(row="set-up, size", **described)
        try:
            seconds, megabytes = _install(requirements)
        except subprocess.CalledProcessError:
            reason = "pip cannot install it here"
            times.append(time_row._replace(left_out=reason))
            sizes.append(size_row._replace(left_out=reason))
        else:
            times.append(time_row._replace(median=seconds))
            sizes.append(size_row._replace(median=megabytes, unit="MB"))
    return times + sizes


def _install(requirements: tuple[str, ...]) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="set-up-") as folder:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-compile"]
        subprocess.run([*pip, *requirements], check=True, stdout=sys.stderr)
        seconds = time.perf_counter() - started
        return seconds, sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6
