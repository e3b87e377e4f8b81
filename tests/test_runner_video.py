"""The C++ runner on raw frames: alphas and composites as in Python, times, and what it says of bad input."""

import re
import signal
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from src.images.blending import blend
from src.images.files import write_image
from src.images.letterbox import letterbox_place
from src.images.preprocessing import alpha_to_bytes, resize
from src.inference.background import Background
from src.inference.matting import Matting, load_matting
from src.streams.stream_state import StreamState
from tests.nv21 import to_nv21, to_rgb
from tests.runner import CANNOT_LOAD, ENVIRONMENT, ROOT, RUNNER, call_runner, error_lines
from tests.thin_video_model import SIZE, export_thin_mindir, save_thin_video_model

HEIGHT, WIDTH = 40, 64
STAGES = ("conversion", "resize", "network", "compositing", "conversion back", "camera to display")

pytestmark = pytest.mark.usefixtures("runner")


@pytest.fixture(scope="module")
def thin(tmp_path_factory) -> Path:
    """A checkpoint of one layer; beside it ONNX, and MINDIR for the runner."""
    with pytest.MonkeyPatch.context() as patch:
        checkpoint = save_thin_video_model(patch, tmp_path_factory.mktemp("thin"))
        export_thin_mindir(checkpoint)
        yield checkpoint


def scene(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 80, (4, 6, 3)) + 170 * (seed % 2)
    return cv2.resize(coarse.astype(np.uint8), (WIDTH, HEIGHT))


# Two pans with a cut between them, RGB as it comes out of NV21.
FRAMES = [to_rgb(to_nv21(np.roll(scene(seed), shift, axis=1))) for seed in (0, 1) for shift in range(15)]


def alphas_in_python(matting: Matting, frames: list[np.ndarray]) -> list[np.ndarray]:
    """The network's alphas (S, S) of RGB frames, each given the one before as predict.py gives it."""
    state, alphas, size = StreamState(), [], matting.info.size
    for number, frame in enumerate(frames):
        image = np.ascontiguousarray(frame[..., ::-1])
        previous = state.previous(image, number / 25, (size, size))
        alphas.append(matting.network_alpha(matting.engine.run_all(matting.prepare(image, previous))))
        state.keep(alphas[-1])
    return alphas


def run_video(model: Path, video: Path | str, *options: str | Path, size: str = f"{WIDTH}x{HEIGHT}"):
    return call_runner("--model", model, "--video", video, "--size", size, "--warmup", "0", *options)


def write_frames(path: Path, frames: list[np.ndarray]) -> Path:
    path.write_bytes(b"".join(frame.tobytes() for frame in frames))
    return path


def test_thirty_frames_of_nv21(thin, tmp_path):
    """Alphas, state and cuts as in Python; composites by hand; every stage has its time."""
    sources = [to_nv21(frame) for frame in FRAMES]
    video = write_frames(tmp_path / "clip.nv21", sources)
    outputs = ("--output", tmp_path / "composites.nv21", "--mattes", tmp_path / "alphas")
    result = run_video(thin.with_suffix(".mindir"), video, *outputs, "--background", "#204060")
    assert (result.returncode, error_lines(result)) == (0, [])
    alphas = np.fromfile(tmp_path / "alphas", np.float32).reshape(30, SIZE, SIZE)
    frames = [to_rgb(source) for source in sources]
    matting = load_matting(thin, engine="onnx", mirror=False)
    expected = alphas_in_python(matting, frames)
    np.testing.assert_allclose(alphas, expected, atol=1e-4)
    assert np.abs(expected[1] - alphas_in_python(matting, frames[1:2])[0]).max() > 0.1  # the state matters
    composites = np.fromfile(tmp_path / "composites.nv21", np.uint8).reshape(30, -1, WIDTH)
    place, behind = letterbox_place(HEIGHT, WIDTH, SIZE), np.full_like(frames[0], (0x20, 0x40, 0x60))
    for frame, alpha, composite in zip(frames, alphas, composites, strict=True):
        shown = blend(frame, behind, resize(alpha_to_bytes(place.cut(alpha)), HEIGHT, WIDTH))
        np.testing.assert_allclose(composite.astype(int), to_nv21(shown), atol=2)
    assert "30 frames, cuts: 1" in result.stdout
    medians, percentiles = zip(*map(times(result.stdout).get, STAGES), strict=True)
    assert medians[-1] >= max(medians[:-1]) and min(medians) >= 0
    assert all(median <= percentile for median, percentile in zip(medians, percentiles, strict=True))


def times(report: str) -> dict[str, tuple[float, float]]:
    """Median and 95th percentile of each stage, milliseconds."""
    rows = re.findall(r"^(\w[a-z ]+?) +([\d.]+) +([\d.]+)$", report, re.MULTILINE)
    return {stage: (float(median), float(percentile)) for stage, median, percentile in rows}


def test_rgb_through_pipes_over_a_picture(thin, tmp_path):
    """Stdout has the composites alone; the picture covers the frame as in Python."""
    picture = cv2.resize(scene(3), (90, 90))
    write_image(tmp_path / "behind.png", picture)
    arguments = ["--model", thin.with_suffix(".mindir"), "--video", "-", "--size", f"{WIDTH}x{HEIGHT}"]
    options = ["--format", "rgb", "--output", "-", "--mattes", tmp_path / "alphas"]
    result = subprocess.run(
        [RUNNER, *arguments, *options, "--background", tmp_path / "behind.png"],
        input=b"".join(frame.tobytes() for frame in FRAMES[:3]),
        capture_output=True,
        env=ENVIRONMENT,
    )
    assert result.returncode == 0, result.stderr
    composites = np.frombuffer(result.stdout, np.uint8).reshape(3, HEIGHT, WIDTH, 3)
    alphas = np.fromfile(tmp_path / "alphas", np.float32).reshape(3, SIZE, SIZE)
    place, background = letterbox_place(HEIGHT, WIDTH, SIZE), Background(str(tmp_path / "behind.png"))
    for frame, alpha, composite in zip(FRAMES, alphas, composites, strict=False):
        shown = resize(alpha_to_bytes(place.cut(alpha)), HEIGHT, WIDTH)
        image = np.ascontiguousarray(frame[..., ::-1])
        expected = background.behind(image, shown, image)[..., ::-1]
        np.testing.assert_allclose(composite.astype(int), expected, atol=1)
    assert set(STAGES) <= set(times(result.stderr.decode()))


@pytest.mark.parametrize(
    ("content", "options", "facts"),
    [
        (b"", (), ("clip", "0 bytes", "3840")),
        (bytes(3841), (), ("clip", "3841 bytes", "3840", "--size", "--format")),
        (None, (), ("clip", "cannot be read", "No such file")),
        (bytes(3840), ("--background", "#12345"), ("#12345", "#RRGGBB")),
        (bytes(3840), ("--background", "absent.png"), ("absent.png", "cannot be read")),
        (bytes(3840), ("--output", "/absent/composites"), ("/absent/composites", "No such file")),
        (bytes(3840), ("--mattes", "clip"), ("clip", "the video itself")),
    ],
)
def test_what_cannot_be_used_is_named(thin, tmp_path, monkeypatch, content, options, facts):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("clip").write_bytes(content)
    result = run_video(thin.with_suffix(".mindir"), "clip", *options)
    (line,) = error_lines(result)
    assert result.returncode == 1
    assert all(fact in line for fact in facts), line
    assert content is None or Path("clip").read_bytes() == content


def test_a_stream_that_ends_within_a_frame(thin, tmp_path):
    """The frames before it have their results."""
    arguments = ["--model", thin.with_suffix(".mindir"), "--video", "-", "--size", f"{WIDTH}x{HEIGHT}"]
    content = to_nv21(FRAMES[0]).tobytes()
    command = [RUNNER, *arguments, "--output", tmp_path / "out"]
    result = subprocess.run(command, input=content + content[:7], capture_output=True, env=ENVIRONMENT)
    assert result.returncode == 1
    assert b"error: -: ends within frame 2, after 7 of the 3840 bytes" in result.stderr
    assert (tmp_path / "out").stat().st_size == 3840


def test_a_stream_whose_sender_is_stopped_as_well(thin, tmp_path):
    """By the Ctrl-C of both, within a frame."""
    content = to_nv21(FRAMES[0]).tobytes()
    arguments = ["--model", thin.with_suffix(".mindir"), "--video", "-", "--size", f"{WIDTH}x{HEIGHT}"]
    command = [RUNNER, *arguments, "--output", tmp_path / "out"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
        process.stdin.write(content + content[:7])
        process.stdin.flush()
        deadline = time.monotonic() + 60
        while not (tmp_path / "out").exists() or (tmp_path / "out").stat().st_size < 3840:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.stdin.close()
        assert b"error" not in process.stderr.read()
        assert process.wait(60) == 128 + signal.SIGINT
    assert (tmp_path / "out").stat().st_size == 3840


def test_results_appear_whole_or_not_at_all(thin, tmp_path):
    """Earlier ones are left where the model is wrong, and where the run is stopped."""
    earlier = {tmp_path / name: name.encode() for name in ("composites", "alphas")}
    for path, content in earlier.items():
        path.write_bytes(content)
    outputs = "--output", tmp_path / "composites", "--mattes", tmp_path / "alphas"
    video = write_frames(tmp_path / "clip", [to_nv21(FRAMES[0])] * 20_000)
    (tmp_path / "wrong.mindir").write_bytes(b"no model")
    assert run_video(tmp_path / "wrong.mindir", video, *outputs).returncode == CANNOT_LOAD
    size = f"{WIDTH}x{HEIGHT}"
    command = [RUNNER, "--model", thin.with_suffix(".mindir"), "--video", video, "--size", size, *outputs]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT) as process:
        deadline = time.monotonic() + 60
        while not any(path.stat().st_size > 3840 for path in tmp_path.glob(".partial-*")):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 128 + signal.SIGINT
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path in earlier} == earlier
    assert not list(tmp_path.glob(".partial-*"))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--output", "x", "--mattes", "./y/../x"), "--output and --mattes: must be two files"),
        (("--output", "x", "--mattes", Path("x").absolute()), "--output and --mattes: must be two files"),
        (("--size", "64"), "--size 64: must be WIDTHxHEIGHT, such as 640x480"),
        (("--size", "0x40"), "--size 0: must be a number of at least 1"),
        (("--size", "63x40"), "--size: both sides of nv21 frames must be even"),
        (("--format", "yuv"), "--format yuv: must be nv21 or rgb"),
        (("--output", "-", "--mattes", "-"), "--output and --mattes: only one can go to stdout"),
        (("--video", ""), "--model, --video and --size are needed; see --help"),
        (("--photos", "x"), "only one of --input, --photos, --video and --pipe can be given"),
    ],
)
def test_a_wrong_command_line(options, reason):
    result = run_video(Path("absent.mindir"), "clip", *options)
    (line,) = error_lines(result)
    assert result.returncode == 2
    assert line.startswith(f"error: {reason}")


def test_a_model_of_photos(thin_lowered, tmp_path):
    video = write_frames(tmp_path / "clip.nv21", [to_nv21(FRAMES[0])])
    result = run_video(thin_lowered, video)
    assert result.returncode == CANNOT_LOAD
    assert "does not matte frames: it takes and gives input float32 (1, 3, 64, 64)" in result.stderr


@pytest.fixture(scope="module")
def print_report(tmp_path_factory) -> Path:
    program = tmp_path_factory.mktemp("report") / "print_video_report"
    sources = [ROOT / "tests/cpp/print_video_report.cc"]
    sources += [ROOT / "ascend_infer/src" / name for name in ("video_times.cc", "timing.cc")]
    command = ["g++", "-std=c++17", f"-I{ROOT / 'ascend_infer/src'}", *sources, "-o", program]
    subprocess.run(command, check=True)
    return program


@pytest.mark.parametrize(
    ("count", "text", "median"),
    [
        (99_999, "99999 frames, cuts: 2; milliseconds a frame:", 49_999),
        (100_000, "100000 frames, cuts: 2; milliseconds a frame:", 49_999.5),
        (250_001, "250001 frames, cuts: 2; milliseconds a frame, of the last 100000:", 200_000.5),
    ],
)
def test_times_of_the_last_100000_frames(print_report, count, text, median):
    """A camera's stream may never end."""
    report = subprocess.run([print_report, str(count)], capture_output=True, text=True, check=True).stdout
    assert report.splitlines()[0] == text
    assert {median for median, _ in times(report).values()} == {median}
    assert report.endswith("camera to display / network: 1.00; 1000.00 frames/s\n")


@pytest.fixture(scope="module")
def convert(tmp_path_factory):
    """convert("to_rgb" or "to_nv21", bytes of a frame, height, width)."""
    program = tmp_path_factory.mktemp("nv21") / "convert_nv21"
    sources = [ROOT / "tests/cpp/convert_nv21.cc", ROOT / "ascend_infer/src/nv21.cc"]
    command = ["g++", "-std=c++17", f"-I{ROOT / 'ascend_infer/src'}", *sources, "-o", program]
    subprocess.run(command, check=True)

    def run(direction: str, frame: np.ndarray, height: int, width: int) -> np.ndarray:
        sizes = (str(height), str(width))
        result = subprocess.run(
            [program, direction, *sizes], input=frame.tobytes(), capture_output=True, check=True
        )
        return np.frombuffer(result.stdout, np.uint8)

    return run


@pytest.mark.parametrize(("height", "width"), [(2, 2), (36, 50), (256, 256)])
def test_nv21_is_that_of_opencv(convert, height, width):
    """Of any values; 256x256 pixels have every pair of U and V."""
    rng = np.random.default_rng(height)
    nv21 = rng.integers(0, 256, (height * 3 // 2, width), np.uint8)
    if height == 256:
        nv21[height:] = np.stack(np.mgrid[:128, :128], axis=-1).reshape(128, 256) * 2
    found = convert("to_rgb", nv21, height, width).reshape(height, width, 3)
    np.testing.assert_allclose(found.astype(int), to_rgb(nv21), atol=1)
    rgb = rng.integers(0, 256, (height, width, 3), np.uint8)
    back = convert("to_nv21", rgb, height, width).reshape(-1, width)
    np.testing.assert_allclose(back.astype(int), to_nv21(rgb), atol=1)
