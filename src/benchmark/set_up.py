"""How large the installation is, and how long it takes."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from src.benchmark.contender import ROOT

_REQUIREMENTS = {
    "predict.py": ("-r", str(ROOT / "requirements-predict.txt")),
    "everything, with MindSpore": ("-r", str(ROOT / "requirements.txt")),
    "PyTorch and OpenCV": ("torch", "opencv-python-headless"),
}


def measure_set_ups() -> dict[str, str]:
    """Install each into a new environment, by pip without its cache: megabytes on disk, and seconds."""
    found = {}
    for label, requirements in _REQUIREMENTS.items():
        with tempfile.TemporaryDirectory(prefix="set-up-") as folder:
            started = time.perf_counter()
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            pip = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--no-cache-dir"]
            subprocess.run([*pip, *requirements], check=True, stdout=sys.stderr)
            seconds = time.perf_counter() - started
            size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
            found[label] = f"{size / 1e6:.0f} MB, {seconds:.0f} s"
    return found
