"""Predicted frames are measured against true ones of the same names."""

import numpy as np
import pytest

from scripts import measure_matting
from src.common.command_line import SKIPPED_STATUS
from src.common.errors import UserError
from src.evaluation.predicted_clips import measure_predictions
from src.evaluation.values import mean_values
from src.metric import connectivity_error, dtssd, gradient_error, mad
from tests.small_clips import HEIGHT, alpha, write, write_frames

NUMBERS = {"a": [1, 2, 3, 10], "b": [7, 8]}


def predict(number: int) -> np.ndarray:
    """Where the person was two frames ago, with a grey haze that changes."""
    return np.maximum(alpha(number - 2), 20 + number)


@pytest.fixture
def folders(tmp_path):
    for name, numbers in NUMBERS.items():
        write_frames(tmp_path / "true" / name / "com", numbers, "{}.png")
        write_frames(tmp_path / "true" / name / "pha", numbers, "{}.png", alpha)
        write_frames(tmp_path / "pred" / name / "pha", numbers, "{}.png", predict)
    return tmp_path / "pred", tmp_path / "true"


def alphas(numbers, make) -> np.ndarray:
    return np.stack([make(number) for number in numbers]).astype(np.float32) / 255


def test_each_clip_has_the_means_of_its_frames_and_pairs(folders):
    found, problems = measure_predictions(*folders)
    assert list(found) == ["a", "b"] and not problems
    for name, numbers in NUMBERS.items():
        pred, true = alphas(numbers, predict), alphas(numbers, alpha)
        values, pairs = found[name], list(zip(pred, true, strict=True))
        assert values["MAD x 1000"] == pytest.approx(1000 * np.mean([mad(*pair) for pair in pairs]))
        assert values["MSE x 1000"] == pytest.approx(1000 * np.square(pred - true).mean(), rel=1e-5)
        assert values["Grad"] == pytest.approx(np.mean([gradient_error(*pair) for pair in pairs]))
        assert values["Conn"] == pytest.approx(np.mean([connectivity_error(*pair) for pair in pairs]))
        assert values["dtSSD"] == pytest.approx(dtssd(pred, true), rel=1e-5)
    means = mean_values(found)
    assert all(means[name] == pytest.approx((found["a"][name] + found["b"][name]) / 2) for name in means)


def test_true_alpha_has_no_error(folders):
    found, _ = measure_predictions(folders[1], folders[1])
    assert all(value == 0 for values in found.values() for value in values.values())


def test_a_clip_whose_prediction_lacks_a_frame_or_has_another_size_is_named(folders):
    pred, true = folders
    missing = pred / "a" / "pha" / "10.png"
    missing.unlink()
    found, problems = measure_predictions(pred, true)
    assert list(found) == ["b"] and len(problems) == 1 and str(missing) in problems[0]
    other = write(pred / "b" / "pha" / "8.png", alpha(8, HEIGHT + 2))
    with pytest.raises(UserError, match="no clip can be measured"):
        measure_predictions(pred, true)
    assert other.exists()


def test_the_command_prints_the_clips_and_their_mean(folders, monkeypatch, capsys):
    pred, true = folders
    found, _ = measure_predictions(pred, true)
    write_frames(true / "c" / "com", [1, 2], "{}.png")
    monkeypatch.setattr("sys.argv", ["measure_matting.py", str(true), "--predictions", str(pred)])
    capsys.readouterr()
    assert measure_matting.main() == SKIPPED_STATUS
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and "c" in lines[0]
    assert lines[1].startswith("a: ") and f"dtSSD {found['a']['dtSSD']:.3f}" in lines[1]
    assert "mean of 2 clips" in lines[3]
