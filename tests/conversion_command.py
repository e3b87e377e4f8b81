"""Runs src/get_init_weight.py as users do who have no PyTorch."""

import subprocess
import sys
from pathlib import Path

_SCRIPT = Path(__file__).resolve().parent.parent / "src" / "get_init_weight.py"


def convert_without_torch(folder: Path, *arguments: str | Path) -> str:
    """Run the command in a folder, where PyTorch cannot be imported, and return what it prints."""
    (folder / "torch.py").write_text("raise ImportError('hidden from this test')")
    process = subprocess.run(
        [sys.executable, _SCRIPT, *arguments],
        env={"PYTHONPATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout
