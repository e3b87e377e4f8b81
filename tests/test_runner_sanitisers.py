"""The C++ runner under the address and undefined behaviour sanitisers; CI runs this in a step of its own."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from src.images.files import write_image
from tests.runner import CANNOT_LOAD, ENVIRONMENT, ROOT, RUNNER, SKIPPED, call_runner, run_runner
from tests.test_runner_photos import run_photos, save_all_kinds
from tests.test_runner_plates import plate_folder, write_scenes  # noqa: F401
from tests.thin_video_model import export_thin_mindir, save_thin_video_model

SIZE = 64

pytestmark = [pytest.mark.sanitisers, pytest.mark.usefixtures("runner")]


@pytest.fixture(scope="module")
def sanitised_runner(tmp_path_factory) -> Path:
    """The runner built with the address and undefined behaviour sanitisers."""
    folder = tmp_path_factory.mktemp("sanitised")
    cache = (RUNNER.parent / "CMakeCache.txt").read_text()
    settings = [f"-D{line}" for line in cache.splitlines() if line.startswith("LITE_")]
    flags = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -g"
    environment = {**os.environ, "CXXFLAGS": flags}
    for command in (
        ["cmake", "-S", ROOT / "ascend_infer", "-B", folder, *settings],
        ["cmake", "--build", folder, "--parallel", str(os.cpu_count())],
    ):
        subprocess.run(command, env=environment, check=True, capture_output=True)
    return folder / "shm_infer"


@pytest.mark.parametrize("case", ["good", "bad inputs", "bad model", "blocked output"])
def test_the_sanitisers_find_nothing(sanitised_runner, thin_lowered, inputs, tmp_path, case):
    model, status = thin_lowered, 0
    if case == "bad inputs":
        (inputs / "image0.bin").write_bytes(b"x")
        (inputs / "image2.bin").write_bytes(bytes(10 * 4 * 3 * SIZE * SIZE))
        status = SKIPPED
    elif case == "bad model":
        model, status = inputs / "image0.bin", CANNOT_LOAD
    elif case == "blocked output":
        (tmp_path / "out").write_text("")
        status = 1
    # The runtime never frees some of its own tables; what the runner itself leaks would name its namespace.
    for leaks in ("0", "1") if case == "good" else ("0",):
        result = run_runner(
            model, inputs, tmp_path / "out", runner=sanitised_runner, ASAN_OPTIONS=f"detect_leaks={leaks}"
        )
        assert "matting::" not in result.stderr
        assert "runtime error" not in result.stderr
        if leaks == "0":
            assert result.returncode == status, result.stderr
            assert "Sanitizer" not in result.stderr


def test_the_sanitisers_find_nothing_in_photos(sanitised_runner, thin_lowered, tmp_path):
    save_all_kinds(tmp_path / "in")
    rng = np.random.default_rng(0)
    for path in sorted((tmp_path / "in").iterdir()):
        content = bytearray(path.read_bytes())
        for place in rng.integers(8, len(content), 5):
            content[place] = rng.integers(0, 256)
        path.with_name(f"damaged_{path.name}").write_bytes(content)
    for leaks in ("0", "1"):
        result = run_photos(
            *(thin_lowered, tmp_path / "in", tmp_path / leaks),
            runner=sanitised_runner,
            ASAN_OPTIONS=f"detect_leaks={leaks}",
        )
        assert "matting::" not in result.stderr
        assert "runtime error" not in result.stderr
        if leaks == "0":
            assert result.returncode == SKIPPED, result.stderr
            assert "Sanitizer" not in result.stderr


def test_the_sanitisers_find_nothing_in_plates(sanitised_runner, plate_folder, tmp_path):  # noqa: F811
    """Photos that fit, are smaller, larger, tiny, or have no usable plate."""
    write_scenes(tmp_path)
    photos, plates = tmp_path / "test" / "image", tmp_path / "test" / "plate"
    for folder, height in ((photos, 1), (plates, 2)):
        write_image(folder / "tiny.png", np.zeros((height, height, 3), np.uint8))
    write_image(photos / "damaged.png", np.zeros((9, 9, 3), np.uint8))
    (plates / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (model,) = plate_folder.glob("*.mindir")
    result = call_runner(
        *("--model", model, "--photos", photos, "--plates", plates, "--mattes", tmp_path / "out"),
        runner=sanitised_runner,
        ASAN_OPTIONS="detect_leaks=0",
    )
    assert result.returncode == SKIPPED, result.stderr
    assert "Sanitizer" not in result.stderr and "runtime error" not in result.stderr
    assert len(list((tmp_path / "out").iterdir())) == 4


@pytest.mark.parametrize("size", ["64x40", "2x2", "70x6"])
def test_the_sanitisers_find_nothing_in_videos(sanitised_runner, tmp_path, size):
    with pytest.MonkeyPatch.context() as patch:
        model = save_thin_video_model(patch, tmp_path)
        export_thin_mindir(model)
    write_image(tmp_path / "behind.png", np.zeros((9, 5, 3), np.uint8))
    width, height = map(int, size.split("x"))
    content = bytes(range(256)) * 120
    arguments = ["--model", model.with_suffix(".mindir"), "--video", "-", "--size", size, "--output", "-"]
    for frame_format, frame_bytes in (("nv21", width * height * 3 // 2), ("rgb", width * height * 3)):
        result = subprocess.run(
            [sanitised_runner, *arguments, "--format", frame_format, "--background", tmp_path / "behind.png"],
            input=content[: 3 * frame_bytes + 1],
            capture_output=True,
            env={**ENVIRONMENT, "ASAN_OPTIONS": "detect_leaks=0"},
        )
        assert (result.returncode, len(result.stdout)) == (1, 3 * frame_bytes)
        assert b"ends within frame 4" in result.stderr
        assert b"Sanitizer" not in result.stderr and b"runtime error" not in result.stderr


def test_the_sanitisers_find_nothing_in_pipes(sanitised_runner, thin_lowered):
    content = bytes(2 * 4 * 3 * SIZE * SIZE + 1)
    result = subprocess.run(
        [sanitised_runner, "--model", thin_lowered, "--pipe"],
        input=content,
        capture_output=True,
        env={**ENVIRONMENT, "ASAN_OPTIONS": "detect_leaks=0"},
    )
    assert (result.returncode, len(result.stdout.split(b"\n", 1)[1])) == (1, 2 * 4 * 4 * SIZE * SIZE)
    assert b"Sanitizer" not in result.stderr and b"runtime error" not in result.stderr
