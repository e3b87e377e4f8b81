"""Evaluation with plates: fixed composites, and what is measured on them."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

import eval as evaluation
from scripts import measure_matting
from src.common.atomic_file import TEMPORARY_PREFIX
from src.common.errors import UserError
from src.config import BackgroundMattingConfig, load_config
from src.data.plate_composites import find_composites
from src.evaluation.plate_metrics import FOREGROUND, USUAL, foreground_mse, paddle_metrics
from src.generation.plate_composites import make_plate_composites
from src.images.files import write_image
from tests import background_matting_golden as golden
from tests.background_matting_golden import needs_golden_files

CONFIG = Path(__file__).resolve().parent.parent / "configs" / "background_matting.yaml"
SIDE = 64
NAMES = {"SAD": "sad", "MAD x 1000": "mad", "MSE x 1000": "mse", "Grad": "grad", "Conn": "conn"}


def configured(folder: Path, **more: object) -> BackgroundMattingConfig:
    settings = {
        "generate_data.path_people": folder / "PhotoMatte85",
        "generate_data.path_backgrounds": folder / "places",
        "generate_data.path_save": folder / "composites",
        "generate_data.count": 3,
        "generate_data.side": SIDE,
        "generate_data.num_workers": 1,
        "test.test_pic_path": folder / "composites",
        "test.output_path": folder / "out",
        "test.model": folder / "model.ckpt",
        **more,
    }
    return load_config(CONFIG, [f"{key}={value}" for key, value in settings.items()])


@pytest.fixture
def folder(tmp_path) -> Path:
    """People as in PhotoMatte85, RGBA files of any depth, and photos of places."""
    rng = np.random.default_rng(0)
    for name in ("a.png", "more/b.png"):
        person = rng.integers(0, 256, (60, 50, 4), np.uint8)
        person[..., 3] = 0
        person[10:50, 10:40, 3] = 255
        person[10:50, 9, 3] = 128
        write_image(tmp_path / "PhotoMatte85" / name, person)
    for number in range(3):
        write_image(tmp_path / "places" / f"{number}.png", rng.integers(0, 256, (70, 90, 3), np.uint8))
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.png")}


@needs_golden_files
def test_metrics_equal_the_reference():
    expected = {
        row["name"]: float(row["value"]) for row in golden.rows_of("losses.tsv") if row["group"] == "metric"
    }
    for number, true in enumerate(golden.scene()["pha"][:, 0]):
        pred = (0.9 * true[:, ::-1] + 0.05).astype(np.float32)
        for name, short in NAMES.items():
            # The reference stretches alpha to 0..1 before Grad, as RVM's code does.
            stretched = (pred - pred.min()) / np.ptp(pred) if name == "Grad" else pred
            assert USUAL[name](stretched, true) == pytest.approx(expected[f"{short}_{number}"], rel=1e-4)
        for name, value in paddle_metrics(pred, true).items():
            short = name.replace(" ", "_").lower()
            assert value == pytest.approx(expected[f"{short}_{number}"], rel=1e-4)
        # The factor 2, and a pixel more in the mean.
        sad, pixels = expected[f"sad_unknown_{number}"], expected[f"unknown_pixels_{number}"]
        assert paddle_metrics(pred, true)["paddle SAD"] == pytest.approx(2 * sad, rel=1e-4)
        assert paddle_metrics(pred, true)["paddle MSE"] * (pixels + 1) / pixels == pytest.approx(
            2 * expected[f"mse_unknown_{number}"], rel=1e-4
        )


def test_colours_are_measured_where_there_is_somebody():
    true, alpha = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.float32)
    pred = true.copy()
    pred[0] = 51
    alpha[:2] = 0.5
    assert foreground_mse(pred, true, alpha) == pytest.approx(1000 * 0.2**2 / 2)
    assert foreground_mse(pred, true, 0 * alpha) == 0


def test_the_same_seed_makes_the_same_composites_and_only_what_is_missing(folder):
    config = configured(folder)
    assert make_plate_composites(config.generate_data, config.seed) == []
    made = contents(folder / "composites")
    names = ["00000_a.png", "00001_more_b.png", "00002_a.png"]
    kinds = ("alpha", "foreground", "image", "plate")
    assert sorted(made) == sorted(f"test/{kind}/{name}" for kind in kinds for name in names)
    (folder / "composites" / "test" / "plate" / names[1]).unlink()
    (folder / "composites" / "test" / "plate" / f"{TEMPORARY_PREFIX}abcdefgh.png").touch()  # of a killed run
    make_plate_composites(config.generate_data, config.seed)
    assert contents(folder / "composites") == made
    with pytest.raises(UserError, match=r"composites\.txt"):
        make_plate_composites(config.generate_data, config.seed + 1)

    pictures = find_composites(folder / "composites")[1].read()
    assert pictures["image"].shape == (SIDE, SIDE, 3)
    alpha = pictures["alpha"][..., np.newaxis] / 255
    expected = pictures["foreground"] * alpha + pictures["plate"] * (1 - alpha)
    assert np.abs(pictures["image"] - expected).max() <= 1.5
    assert 0 < alpha.mean() < 1


def test_composites_are_made_beside_what_is_trained_on_but_not_in_another_data_set(folder):
    config, place = configured(folder), folder / "composites"
    (place / "train").mkdir(parents=True)
    (place / "test").mkdir()
    with pytest.raises(UserError, match="composites: holds other data, such as test; name a new folder"):
        make_plate_composites(config.generate_data, config.seed)
    (place / "test").rmdir()
    assert make_plate_composites(config.generate_data, config.seed) == []


def test_composites_whose_names_are_too_long_are_left_out(folder):
    config = configured(folder)
    person = folder / "PhotoMatte85" / "a.png"
    person.rename(person.with_name(f"{'a' * 248}.png"))
    problems = make_plate_composites(config.generate_data, config.seed)
    assert len(problems) == 2 and all("File name too long" in each for each in problems)


class Guess:
    """A model that says 0.25 everywhere, and the plate's colours."""

    def room(self, height, width):
        return height, width

    def run(self, photo, plate):
        return np.full((1, 1, *photo.shape[2:]), 0.25, np.float32), plate


@pytest.mark.parametrize("metric", ["usual", "paddle"])
def test_the_command(folder, monkeypatch, capsys, metric):
    config = configured(folder)
    make_plate_composites(config.generate_data, config.seed)
    (folder / "model.ckpt").touch()
    monkeypatch.setattr(evaluation, "open_plate_engine", lambda *_, **__: Guess())
    damaged, *whole = find_composites(folder / "composites")
    damaged.file("plate").write_bytes(b"damaged")
    settings = ["test.test_pic_path", "test.output_path", "test.model"]
    sets = [
        f"--set={key}={value}"
        for key, value in zip(
            settings, (folder / "composites", folder / "out", folder / "model.ckpt"), strict=True
        )
    ]
    monkeypatch.setattr(sys, "argv", ["eval.py", f"--config_path={CONFIG}", *sets, "--metric", metric])
    assert evaluation.main() == 3
    with (folder / "out" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == [each.name for each in whole]
    truth = whole[0].read()
    true_alpha = truth["alpha"].astype(np.float32) / 255
    alpha = np.full_like(true_alpha, 0.25)
    expected = {name: measured(alpha, true_alpha) for name, measured in USUAL.items()}
    expected[FOREGROUND] = foreground_mse(truth["plate"], truth["foreground"], true_alpha)
    expected = expected if metric == "usual" else paddle_metrics(alpha, true_alpha)
    assert set(rows[0]) == {"image", *expected}
    for name, value in expected.items():
        assert float(rows[0][name]) == pytest.approx(value, abs=1e-5)
    log = (folder / "out" / "eval.log").read_text()
    assert damaged.name in log and "mean of 2 composites" in log
    assert (folder / "out" / "alpha" / whole[0].name).is_file()


@pytest.mark.parametrize(
    ("config", "flags"),
    [("configs/background_matting.yaml", ("--protocol", "default")), ("config.yaml", ("--metric", "paddle"))],
)
def test_options_of_another_system_are_refused(monkeypatch, capsys, config, flags):
    monkeypatch.setattr(sys, "argv", ["eval.py", f"--config_path={CONFIG.parent.parent / config}", *flags])
    with pytest.raises(SystemExit) as stop:
        evaluation.main()
    assert stop.value.code == 2
    assert f"{' '.join(flags)} is " in capsys.readouterr().err


def test_a_clip_with_its_plate_is_measured(tmp_path, monkeypatch, capsys):
    """By a model that finds the person, and half of it in the second frame."""
    rng = np.random.default_rng(0)
    plate = rng.integers(0, 200, (40, 60, 3), np.uint8)
    for number in range(2):
        frame, alpha = plate.copy(), np.zeros((40, 60), np.uint8)
        frame[10:30, 20:40], alpha[10:30, 20:40] = 255, 255
        write_image(tmp_path / f"frame_{number}.jpg", frame)
        write_image(tmp_path / f"alpha_{number}.png", alpha)
    write_image(tmp_path / "plate.png", plate)
    halves = iter((1, 0.5))

    class Difference:
        def room(self, height: int, width: int) -> tuple[int, int]:
            return height, width

        def run(self, photo: np.ndarray, plate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            alpha = np.zeros((1, 1, *photo.shape[2:]), np.float32)
            alpha[..., 10:30, 20:40] = next(halves)
            assert plate[..., 20, 30].max() < 0.9 < photo[..., 20, 30].min()
            return alpha, photo

    monkeypatch.setattr(measure_matting, "open_plate_engine", lambda *_, **__: Difference())
    monkeypatch.setattr(measure_matting, "plate_system_of", lambda *_: "background_matting")
    command = ["measure_matting.py", str(tmp_path), "--plate", str(tmp_path / "plate.png")]
    monkeypatch.setattr("sys.argv", command)
    assert measure_matting.main() == 0
    [line] = [each for each in capsys.readouterr().out.splitlines() if each.startswith("frame by frame")]
    # The second frame lacks 400 halves of 2400 pixels.
    assert line.endswith("dtSSD 20.41, mean SAD 0.10, MAD x 1000 41.67, of 2 frames")


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (("--predictions", "alphas", "--fast"), "--fast: has no effect with --predictions"),
        (("--plate", "plate.png", "--size", "320"), "--size: has no effect with --plate"),
        (("--solver", "knn"), "--solver: needs --trimap"),
        (("--trimap", "auto", "--picture", "sheet.png"), "--picture: shows the network's mattes"),
    ],
)
def test_options_without_effect_are_refused(tmp_path, monkeypatch, capsys, flags, why):
    monkeypatch.setattr("sys.argv", ["measure_matting.py", str(tmp_path), *flags])
    with pytest.raises(SystemExit) as stop:
        measure_matting.main()
    assert stop.value.code == 2
    assert why in capsys.readouterr().err


def test_a_plate_for_photos_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["measure_matting.py", str(tmp_path), "--plate", "plate.png"])
    with pytest.raises(UserError, match="holds no video"):
        measure_matting.main()
