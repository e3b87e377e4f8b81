"""MODNet's samples of clips: frames, each with the alpha of the frame before it, changed as the frame is."""

from pathlib import Path

import numpy as np
import pytest

from src.clips.split_frames import SplitFrames
from src.common.errors import UserError
from src.systems.modnet_data import ClipSamples
from tests.small_clips import alpha, frame, write, write_frames

COLUMNS = ("image", "alpha", "previous", "image_before")
SIZE, SIDE = 64, 72
BEFORE = {2: None, 3: 2, 5: 3, 10: 5, 11: 10, 17: None}  # 17 is more than 5 behind 11
EPOCHS = 40


def write_clip(folder: Path, shown: dict[int, int]) -> Path:
    """A clip in whose frame number k that of number shown[k] is seen."""
    for number, seen in shown.items():
        write(folder / "com" / f"{number}.png", frame(seen, SIDE, SIDE))
        write(folder / "pha" / f"{number}.png", alpha(seen, SIDE, SIDE))
    return folder


def samples(root: Path, augments: bool = True) -> ClipSamples:
    return ClipSamples(SplitFrames(root, "train"), COLUMNS, patch_size=SIZE, seed=5, augments=augments)


@pytest.fixture
def root(tmp_path) -> Path:
    write_clip(tmp_path / "clips" / "train" / "a", {number: number for number in BEFORE})
    write_clip(tmp_path / "clips" / "train" / "b", {4: 4, 5: 5})
    return tmp_path / "clips"


def test_the_previous_alpha_is_that_of_the_frame_before_in_the_same_crop_and_flip(root, tmp_path):
    """A second data set shows the frame before in place of each: the same changes give the same values."""
    earlier = {number: before or number for number, before in BEFORE.items()}
    write_clip(tmp_path / "earlier" / "train" / "a", earlier)
    write_clip(tmp_path / "earlier" / "train" / "b", {4: 4, 5: 4})
    now, then = samples(root), samples(tmp_path / "earlier")
    assert now.files.names == [*(f"a/{number}" for number in BEFORE), "b/4", "b/5"]
    kinds = {"empty": 0, "true": 0, "other": 0}
    for index, name in enumerate(now.files.names):
        has_before = name not in ("a/2", "a/17", "b/4")
        for epoch in range(EPOCHS):
            image, _, previous, image_before = now.sample(index, epoch)
            earlier_image, earlier_alpha, _, _ = then.sample(index, epoch)
            assert previous.shape == (1, SIZE, SIZE) and previous.dtype == image_before.dtype == np.float32
            np.testing.assert_array_equal(image_before, earlier_image)
            assert np.array_equal(image_before, image) != has_before
            if has_before:
                is_true = np.array_equal(previous, earlier_alpha)
                kinds["true" if is_true else "other" if previous.any() else "empty"] += 1
            else:
                assert not previous.any()
    shares = {kind: count / (5 * EPOCHS) for kind, count in kinds.items()}
    assert shares == pytest.approx({"empty": 0.3, "true": 0.49, "other": 0.21}, abs=0.1)


def test_samples_repeat_and_validation_takes_frames_as_they_are(root):
    for one, other in zip(samples(root).sample(3, 7), samples(root).sample(3, 7), strict=True):
        np.testing.assert_array_equal(one, other)
    data = samples(root, augments=False)
    _, true, previous, _ = data.sample(3)
    assert not previous.any() and abs(true.mean() - alpha(10, SIDE, SIDE).mean() / 255) < 0.005
    np.testing.assert_array_equal(data.picture(3), frame(10, SIDE, SIDE))


def test_clips_that_cannot_be_trained_on_are_named(root, capsys):
    (root / "train" / "b" / "pha" / "5.png").unlink()
    assert SplitFrames(root, "train").names == [f"a/{number}" for number in BEFORE]
    assert "left out: clip b: " in (said := capsys.readouterr().out) and "com/5.png" in said
    write_frames(root / "valid" / "fgr" / "c", (1, 2))
    write_frames(root / "valid" / "pha" / "c", (1, 2), make=alpha)
    with pytest.raises(UserError, match="valid"):
        SplitFrames(root, "eval")
    assert "clip c: has no background" in capsys.readouterr().out
