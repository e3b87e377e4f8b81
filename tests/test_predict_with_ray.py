"""scripts/predict_with_ray.py, with two workers on this machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from src.images.files import read_gray, write_image
from tests.predicting import PHOTO

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "predict_with_ray.py"


def run_without_ray(*arguments: str) -> subprocess.CompletedProcess:
    code = (
        "import runpy, sys; sys.modules['ray'] = None; sys.argv = sys.argv[1:]; "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", code, SCRIPT, *arguments], capture_output=True, text=True, timeout=60
    )


def test_without_ray_there_is_help_and_a_remedy(tmp_path):
    run = run_without_ray("--help")
    assert run.returncode == 0 and "one for each core" in run.stdout
    run = run_without_ray(str(tmp_path), str(tmp_path / "out"))
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        f"error: this needs Ray, which {sys.executable} does not have: pip install ray"
    ]


def test_two_workers_share_a_folder(tmp_path):
    pytest.importorskip("ray", reason="needs ray (requirements-dev.txt)")
    photos, mattes = tmp_path / "photos", tmp_path / "mattes"
    for number in range(4):
        write_image(photos / f"{number}.png", PHOTO)
    (photos / "broken.jpg").write_bytes(b"no photo")
    run = subprocess.run(
        [sys.executable, SCRIPT, photos, mattes, "--shards", "2"],
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 3, run.stderr  # one photo is left out
    assert {path.name for path in mattes.iterdir()} == {
        f"{number}_{kind}.png" for number in range(4) for kind in ("alpha", "cutout")
    }
    assert read_gray(mattes / "3_alpha.png").shape == PHOTO.shape[:2]
