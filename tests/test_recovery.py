"""How soon a model for videos recovers from a wrong alpha of the frame before."""

from dataclasses import replace

import numpy as np
import pytest

from scripts import measure_recovery as command
from src.clips.layouts import find_clips
from src.common.errors import UserError
from src.description.model_info import ModelInfo
from src.engines.engine import ALPHA, FRAME, PREVIOUS, Engine
from src.evaluation.recovery import UNDISTURBED, frames_until_recovered, measure_recovery
from src.images.files import read_image, write_image
from src.inference.matting import Matting
from src.inference.protocol import PUBLISHED

SIZE, AT = 64, 2


def half_of_before(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Half the frame's own alpha, which its colour shows, and half the alpha of the frame before."""
    own = inputs[FRAME][..., 0].astype(np.float32)[np.newaxis] / 255
    return {ALPHA: (own + inputs[PREVIOUS]) / 2}


MATTING = Matting(Engine(half_of_before, ModelInfo(system="modnet_video", size=SIZE)), PUBLISHED)


@pytest.fixture
def clip(tmp_path):
    """A white person, columns 16 to 47, before black."""
    frame = np.zeros((SIZE, SIZE), np.uint8)
    frame[:, 16:48] = 255
    for number in range(16):
        write_image(tmp_path / "clip" / "com" / f"{number:04d}.png", np.dstack([frame] * 3))
        write_image(tmp_path / "clip" / "pha" / f"{number:04d}.png", frame)
    return find_clips(tmp_path)[0]


def test_errors_after_a_wrong_alpha(clip):
    """From an empty start, this model's error halves in each frame: 1/2, 1/4, ... of the person's half."""
    found = measure_recovery(clip, MATTING, AT, 6)
    halves = 0.5 ** np.arange(1, 7)
    np.testing.assert_allclose(found[UNDISTURBED], 500 * halves, rtol=1e-5)
    shifted = 46 / 64  # of the columns 30 lose the person, and 16 gain it; the rest moves out of the picture
    wrong = {"all foreground": 1 / 2, "all background": 1 / 2, "shifted by 30 pixels": shifted}
    for name, share in wrong.items():
        expected = [*(500 * halves[:AT]), *(1000 * share * halves[:4])]
        np.testing.assert_allclose(found[name], expected, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("disturbed", "expected"),
    [([1, 1.05, 1], 0), ([9, 4, 1], 2), ([9, 1, 9, 1.1], 3), ([0, 0, 0], 0), ([9, 9, 1.2], None)],
)
def test_frames_until_recovered(disturbed, expected):
    assert frames_until_recovered(disturbed, [1.0] * len(disturbed)) == expected


def test_the_command_prints_and_draws(clip, tmp_path, monkeypatch, capsys):
    """The error at frame 10 is 1/4, and 2e-5 undisturbed: it stays above within these frames."""
    monkeypatch.setattr(command, "load_matting", lambda path: MATTING)
    of_colours = replace(clip, name="cutout", kind="foreground")
    monkeypatch.setattr(command, "find_clips", lambda path: [clip, of_colours])
    picture = tmp_path / "recovery.png"
    arguments = ["measure_recovery.py", str(tmp_path), "--checkpoint", "m.ckpt", "--picture"]
    monkeypatch.setattr("sys.argv", [*arguments, str(picture.with_suffix(""))])
    with pytest.raises(SystemExit) as stop:
        command.main()
    assert stop.value.code == 2
    assert "must end in .png or .svg" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", [*arguments, str(picture)])
    command.main()
    printed = capsys.readouterr().out
    assert "left out: cutout: has no background" in printed
    assert "all foreground: MAD x 1000 250.00 at first" in printed and "not within 6 frames" in printed
    assert read_image(picture).shape == (320, 700, 3)


def test_the_shortest_clip_is_named_where_it_shortens_all(clip, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "load_matting", lambda path: MATTING)
    monkeypatch.setattr("sys.argv", ["measure_recovery.py", str(tmp_path), "--checkpoint", "m.ckpt"])
    short = replace(clip, name="short", numbers=clip.numbers[:12])
    monkeypatch.setattr(command, "find_clips", lambda path: [clip, short])
    command.main()
    printed = capsys.readouterr().out
    assert "of each clip, 12 frames are measured instead of 40: short has no more" in printed
    assert "not within 2 frames" in printed
    monkeypatch.setattr(command, "_COUNT", 16)
    monkeypatch.setattr(command, "find_clips", lambda path: [clip])
    command.main()
    assert "has no more" not in capsys.readouterr().out


def test_a_system_without_state_is_an_error(tmp_path, monkeypatch):
    still = Matting(Engine(half_of_before, ModelInfo(system="modnet", size=SIZE)), PUBLISHED)
    monkeypatch.setattr(command, "load_matting", lambda path: still)
    monkeypatch.setattr("sys.argv", ["measure_recovery.py", str(tmp_path), "--checkpoint", "m.ckpt"])
    with pytest.raises(UserError, match=r"m\.ckpt.*modnet"):
        command.main()
