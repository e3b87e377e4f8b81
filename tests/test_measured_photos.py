"""scripts/measure_matting.py on photos: which are measured, what cannot be read, and the picture."""

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from scripts import measure_matting
from src.common.errors import UserError
from src.images.files import read_image, write_image
from tests import left_half


@pytest.fixture
def measure(tmp_path, monkeypatch, capsys):
    """measure(arguments): of three photos, by the stand-in for a model, to the status and the screen.

    Of photo "left", alpha is what the stand-in finds, of "right" the opposite; "damaged" cannot be read.
    """
    model = left_half.model()
    monkeypatch.setattr(measure_matting, "load_matting", lambda *_, **__: model)
    alpha = np.zeros((40, 40), np.uint8)
    alpha[:, :20] = 255
    for name, true in (("left", alpha), ("right", 255 - alpha), ("damaged", alpha)):
        write_image(tmp_path / "image" / f"{name}.jpg", np.full((40, 40, 3), 90, np.uint8))
        write_image(tmp_path / "alpha" / f"{name}.png", true)
    (tmp_path / "image" / "damaged.jpg").write_bytes(b"\xff\xd8 no photo")

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["measure_matting.py", str(tmp_path), *map(str, arguments)])
        return measure_matting.main(), capsys.readouterr().out

    return run


def test_a_photo_that_cannot_be_read_is_named_and_gives_status_3(measure, tmp_path):
    status, screen = measure()
    assert status == 3
    assert f"skipped: {tmp_path / 'image' / 'damaged.jpg'}: " in screen
    assert "iou: mean 0.5000, median 0.5000, of 2 photos" in screen


def test_a_list_names_the_photos_to_measure(measure, tmp_path):
    (tmp_path / "list.txt").write_text("left\ndamaged\n")
    status, screen = measure("--list", tmp_path / "list.txt")
    assert status == 3 and "damaged.jpg" in screen
    assert "iou: mean 1.0000, median 1.0000, of 1 photos" in screen
    (tmp_path / "list.txt").write_text("right\n")
    status, screen = measure("--list", tmp_path / "list.txt")
    assert status == 0 and "iou: mean 0.0000, median 0.0000, of 1 photos" in screen
    (tmp_path / "list.txt").write_text("nobody\n")
    with pytest.raises(UserError, match="nobody"):
        measure("--list", tmp_path / "list.txt")


def test_a_picture_shows_the_best_and_the_worst(measure, tmp_path):
    """Of each a photo, its true alpha, alpha and cutout, side by side."""
    measure("--picture", tmp_path / "sheet.png")
    tiles = np.hsplit(read_image(tmp_path / "sheet.png")[40:260], 12)
    best, worst = tiles[:4], tiles[8:]
    assert np.abs(best[1].astype(int) - best[2]).mean() < 2  # the filter softens its edge
    np.testing.assert_array_equal(best[2], worst[2])
    assert (best[1][:, :230] != worst[1][:, :230]).all()
