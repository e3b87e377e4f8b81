"""eval.py with MODNet: photos, and clips, in which the model sees its own alphas from an empty start."""

import csv
from pathlib import Path

import numpy as np
import pytest

import eval as eval_command
from src.clips.layouts import holds_clips
from src.common.command_line import run_command
from src.config import load_config
from src.data.split_files import SplitFiles
from src.evaluation.predicted_clips import NAMES
from src.images.files import read_gray, read_image
from src.metric import dtssd, mad
from tests.small_clips import alpha, cut_off, frame, write_frames, write_mp4
from tests.small_dataset import write_dataset
from tests.thin_video_model import SIZE, save_thin_video_model, thin_alpha

ROOT = Path(__file__).resolve().parents[1]
CLIPS = {"a": [1, 2, 3, 4], "b": [7, 8, 14, 15]}  # in b, 14 has no frame before: it is 6 lower


def picture(number: int, *size: int) -> np.ndarray:
    return frame(number, SIZE, SIZE)


def true(number: int) -> np.ndarray:
    return alpha(number, SIZE, SIZE)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        yield save_thin_video_model(patch, tmp_path_factory.mktemp("model"))


@pytest.fixture
def data(tmp_path) -> Path:
    write_frames(tmp_path / "data" / "test" / "a" / "com", CLIPS["a"], "{}.png", picture)
    write_frames(tmp_path / "data" / "test" / "a" / "pha", CLIPS["a"], "{}.png", true)
    write_frames(tmp_path / "data" / "test" / "b", CLIPS["b"], "frame_{}.png", picture)
    write_frames(tmp_path / "data" / "test" / "b", CLIPS["b"], "alpha_{}.png", true)
    return tmp_path / "data"


@pytest.fixture
def evaluate(model, data, tmp_path, monkeypatch, capsys):
    """Run eval.py with flags; returns its status, and what it printed."""

    def run(*flags: str) -> tuple[int, list[str], str]:
        sets = {
            "model": model,
            "test_pic_path": data,
            "output_path": tmp_path / "out",
            "device_target": "CPU",
        }
        given = [f"--set=test.{key}={value}" for key, value in sets.items()]
        yaml = f"--yaml_path={ROOT / 'configs' / 'modnet_video.yaml'}"
        monkeypatch.setattr("sys.argv", ["eval.py", yaml, *given, *flags])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run_command(eval_command.main)
        screen = capsys.readouterr()
        return ended.value.code or 0, screen.out.splitlines(), screen.err

    return run


def alphas_by_hand(numbers: list[int]) -> list[np.ndarray]:
    """As float: with nobody before the first frame and after a gap of more than 5 numbers."""
    found = []
    for place, number in enumerate(numbers):
        is_next = place and number - numbers[place - 1] <= 5
        previous = found[-1] if is_next else np.zeros((SIZE, SIZE), np.float32)
        found.append(thin_alpha(picture(number)[..., ::-1], previous))
    return found


def read_rows(folder: Path) -> dict[str, dict[str, float]]:
    with (folder / "metrics.csv").open(newline="") as file:
        return {row.pop("clip"): {key: float(row[key]) for key in NAMES} for row in csv.DictReader(file)}


def test_each_clip_is_a_stream_of_its_own(evaluate, tmp_path):
    status, lines, _ = evaluate("--save=alpha")
    assert status == 0
    rows = read_rows(tmp_path / "out")
    assert list(rows) == ["a", "b"]
    for clip, numbers in CLIPS.items():
        pred = alphas_by_hand(numbers)
        trues = [true(number).astype(np.float32) / 255 for number in numbers]
        pairs = list(zip(pred, trues, strict=True))
        assert rows[clip]["MAD x 1000"] == pytest.approx(
            1000 * np.mean([mad(*pair) for pair in pairs]), rel=1e-4
        )
        assert rows[clip]["MSE x 1000"] == pytest.approx(
            1000 * np.mean([(p - t) ** 2 for p, t in pairs]), rel=1e-4
        )
        assert rows[clip]["dtSSD"] == pytest.approx(dtssd(pred, trues), rel=1e-3)
        for number, expected in zip(numbers, pred, strict=True):
            written = read_gray(tmp_path / "out" / "alpha" / clip / f"{number:04d}.png")
            np.testing.assert_allclose(written, 255 * expected, atol=0.51)
    assert not (tmp_path / "out" / "cutout").exists()
    assert any(line.startswith("frames: 8, ") and line.endswith("1 resets (gap 1)") for line in lines)
    means = [f"{name} {np.mean([row[name] for row in rows.values()]):.3f}" for name in NAMES]
    assert lines[-1] == f"mean of 2 clips: {', '.join(means)}"
    assert lines == (tmp_path / "out" / "eval.log").read_text().splitlines()


def test_as_predict_py_mattes_them(evaluate, tmp_path):
    """The default protocol cleans up: faint alpha becomes 0."""
    assert evaluate("--save=none")[0] == 0
    raw = read_rows(tmp_path / "out")
    assert evaluate("--save=none", "--protocol=default")[0] == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"metrics.csv", "eval.log"}
    cleaned = read_rows(tmp_path / "out")
    assert abs(cleaned["a"]["MAD x 1000"] - raw["a"]["MAD x 1000"]) > 1


def test_photos_have_no_frame_before(evaluate, data, tmp_path):
    write_dataset(tmp_path / "photos", {"test": 2}, (SIZE, SIZE))
    assert evaluate(f"--set=test.test_pic_path={tmp_path / 'photos'}", "--save=none")[0] == 0
    files = SplitFiles(tmp_path / "photos", "test")
    with (tmp_path / "out" / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        pred = thin_alpha(read_image(files.photo(number))[..., ::-1], np.zeros((SIZE, SIZE), np.float32))
        assert float(row["mad"]) == pytest.approx(mad(pred, read_gray(files.alpha(number)) / 255), abs=1e-5)
    assert len(rows) == 2


def test_clips_that_cannot_be_measured_are_named(evaluate, data, tmp_path):
    cut_off(data / "test" / "a" / "com" / "2.png")
    status, lines, errors = evaluate("--save=none")
    assert "1 clips" in errors and status == 3 and list(read_rows(tmp_path / "out")) == ["b"]
    assert [line for line in lines if line.startswith("skipped: clip a: ") and "2.png" in line]


def test_colours_without_a_background_are_left_out(evaluate, data):
    pictures = [frame(number) for number in range(3)]
    for name in ("fgr", "pha"):
        write_mp4(data / "test" / name / "0000.mp4", pictures)
    status, _, errors = evaluate("--save=none")
    assert status == 1 and "clip 0000: has no background" in errors


def test_a_split_of_photos_is_no_split_of_clips(data, tmp_path):
    assert holds_clips(data, "test")
    (data / "test" / "test.txt").touch()
    assert not holds_clips(data, "test")
    assert not holds_clips(tmp_path / "nothing", "test")
    (tmp_path / "conference" / "original_testing").mkdir(parents=True)
    assert holds_clips(tmp_path / "conference", "test")


def test_the_default_configurations_can_be_read():
    for name in ("modnet", "modnet_video"):
        config = load_config(ROOT / "configs" / f"{name}.yaml")
        assert f"/{name}/" in config.test.model and f"/{name}/" in config.test.output_path
