"""MODNet's samples of clips: frames, each with the alpha of the frame before it, changed as the frame is."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.clips.split_frames import SplitFrames
from src.common.errors import UserError
from src.images.files import ImageError
from src.systems.modnet_data import ClipSamples
from tests.small_clips import alpha, frame, write, write_frames, write_mp4

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


def test_alphas_of_other_frames_are_read_only_where_they_are_seen(root):
    """A damaged one costs none of the samples that do not need it."""
    files = SplitFrames(root, "train")
    trained, validated = (
        ClipSamples(files, ("alpha", "previous"), patch_size=SIZE, seed=5, augments=augments)
        for augments in (True, False)
    )
    for path in (root / "train" / "a" / "pha").iterdir():
        if path.stem != "11":
            path.write_bytes(b"damaged")
    after_damaged, after_whole = map(files.names.index, ("a/11", "b/5"))
    assert not validated.sample(after_damaged)[1].any()
    found = Counter()
    for epoch in range(EPOCHS):
        try:
            found["seen" if trained.sample(after_damaged, epoch)[1].any() else "empty"] += 1
        except ImageError as error:
            assert "10.png" in str(error)
            found["damaged"] += 1
    assert found["empty"] >= 5 and found["damaged"] >= 15  # the rest are shown another sample's
    for epoch in range(3 * EPOCHS):  # in some of which a damaged one would be shown in place of its own
        trained.sample(after_whole, epoch)


def test_clips_that_cannot_be_trained_on_are_named(root, capsys):
    (root / "train" / "b" / "pha" / "5.png").unlink()
    assert SplitFrames(root, "train").names == [f"a/{number}" for number in BEFORE]
    assert "left out: clip b: " in (said := capsys.readouterr().out) and "com/5.png" in said
    write_frames(root / "valid" / "fgr" / "c", (1, 2))
    write_frames(root / "valid" / "pha" / "c", (1, 2), make=alpha)
    with pytest.raises(UserError, match="valid"):
        SplitFrames(root, "eval")
    place = root / "backgrounds" / "valid"
    reason = f"clip c: has no background; put photos or videos without people into {place}"
    assert reason in capsys.readouterr().out
    (root / "backgrounds" / "valid").mkdir(parents=True)
    with pytest.raises(UserError, match="backgrounds.valid: holds no backgrounds"):
        SplitFrames(root, "eval")


PERSON, BACKGROUNDS = 170, {"a": 0, "b": 90, "c": 250}  # shades of grey


@pytest.fixture
def filmed(tmp_path) -> Path:
    """Two clips of a grey person without a background, and backgrounds of one colour each."""
    for clip in ("d", "e"):
        for number in range(1, 5):
            person = np.full((SIDE, SIDE, 3), PERSON, np.uint8)
            write(tmp_path / "train" / "fgr" / clip / f"{number}.png", person)
            write(tmp_path / "train" / "pha" / clip / f"{number}.png", alpha(number, SIDE, SIDE))
    for name, shade in BACKGROUNDS.items():
        write(tmp_path / "backgrounds" / "train" / f"{name}.png", np.full((SIDE, SIDE, 3), shade, np.uint8))
    return tmp_path


def shade(image: np.ndarray, where: np.ndarray) -> int:
    """The one shade of a column `image` in some pixels."""
    (found,) = {round(float(value)) for value in 127.5 * image[:, where].ravel() + 127.5}
    return found


def test_clips_without_a_background_get_one_for_each_clip_and_epoch(filmed):
    data = samples(filmed, augments=False)
    drawn = set()
    for epoch in range(12):
        for clip in range(2):
            behind = set()
            for place in range(4):
                image, true, _, _ = data.sample(4 * clip + place, epoch)
                assert shade(image, true[0] == 1) == PERSON
                behind.add(shade(image, true[0] == 0))
            assert len(behind) == 1 and behind <= {*BACKGROUNDS.values()}
            drawn.add((clip, *behind))
    assert len(drawn) == 6
    np.testing.assert_array_equal(data.sample(0, 3)[0], samples(filmed, augments=False).sample(0, 3)[0])
    assert data.picture(0).shape == (SIDE, SIDE, 3)


def test_half_of_the_backgrounds_are_videos(filmed):
    """A video goes on from frame to frame, and the frame before is shown with what was behind it then."""
    shown = [np.full((SIDE, SIDE, 3), 100 + 10 * number, np.uint8) for number in range(16)]
    write_mp4(filmed / "backgrounds" / "train" / "v.mp4", shown)
    data = samples(filmed, augments=False)
    assert [*BACKGROUNDS, "v"] == [name.split(".")[0] for name in data.files.listed[8:]]
    of_videos = 0
    for epoch in range(40):
        frames = [data.sample(place, epoch) for place in range(4)]
        behind = [127.5 * image[0, true[0] == 0].mean() + 127.5 for image, true, *_ in frames]
        if min(abs(behind[0] - shade) for shade in BACKGROUNDS.values()) > 5:
            of_videos += 1
            assert len({round(each) for each in behind}) > 1
            for now, (*_, before) in zip(frames[:-1], frames[1:], strict=True):
                np.testing.assert_array_equal(before, now[0])
    assert of_videos == pytest.approx(20, abs=10)


def test_people_leave_where_the_background_is_known(filmed):
    data, left = samples(filmed), 0
    for epoch in range(60):
        for index in range(8):
            _, true, previous, _ = data.sample(index, epoch)
            if not true.any():
                assert index % 4 and previous.any()
                left += 1
    assert left / (60 * 6) == pytest.approx(0.05, abs=0.035)


def test_a_background_that_cannot_be_read_is_named_once(filmed, capsys):
    (filmed / "backgrounds" / "train" / "b.png").write_bytes(b"no picture")
    data = samples(filmed, augments=False)
    for epoch in range(12):
        image, true, _, _ = data.sample(0, epoch)
        assert shade(image, true[0] == 0) in (0, 250)
    assert capsys.readouterr().out.count("left out: ") == 1


@pytest.fixture
def masked(tmp_path) -> Path:
    """A clip of the conference layout: a mask in JPEG, whose edge is upright in the middle."""
    for number in (1, 2):
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[:, SIDE // 2 :] = 255
        write(tmp_path / "original_training" / f"original7_{number}.jpg", frame(number, SIDE, SIDE))
        write(tmp_path / "ground_truth_training" / f"gt7_{number}.jpg", mask)
    return tmp_path


def test_of_masks_only_what_is_far_from_the_edge_is_known(masked):
    files = SplitFrames(masked, "train")
    columns = ("alpha", "trimap", "known")
    data = ClipSamples(files, columns, patch_size=SIDE, seed=5, augments=False)
    true, trimap, known = data.sample(0)
    np.testing.assert_array_equal(trimap, true)
    expected = np.ones(SIDE, bool)
    expected[SIDE // 2 - 10 : SIDE // 2 + 10] = False
    np.testing.assert_array_equal(known[0], np.tile(expected, (SIDE, 1)))
    data = ClipSamples(files, columns, patch_size=SIZE, seed=5, augments=True)
    for epoch in range(10):
        _, _, known = data.sample(0, epoch)
        assert set(np.unique(known)) <= {0, 1}


@pytest.mark.parametrize("by", ["mindspore", "torch"])
def test_what_is_not_known_does_not_count(by):
    rng = np.random.default_rng(0)
    coarse = rng.random((1, 1, 4, 4), np.float32)
    detail, matte, true = rng.random((3, 1, 1, SIZE, SIZE), np.float32)
    image = rng.random((1, 3, SIZE, SIZE), np.float32)
    known = (rng.random(matte.shape) < 0.5).astype(np.float32)

    def loss(matte: np.ndarray, known: np.ndarray) -> float:
        batch = {"image": image, "alpha": true, "trimap": true, "previous": true, "known": known}
        if by == "mindspore":
            from mindspore import Tensor

            from src.systems import modnet

            tensors = {name: Tensor(values) for name, values in batch.items()}
            terms = modnet.MODNET_VIDEO.phases["video"].loss(
                tuple(map(Tensor, (coarse, detail, matte))), tensors
            )
            return float(terms["loss"].asnumpy())
        torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        from src.pytorch.clips import ClipBatch
        from src.pytorch.phases import PHASES

        outputs = [torch.from_numpy(values) for values in (coarse, detail, matte)]
        tensors = ClipBatch(**{name: torch.from_numpy(values) for name, values in batch.items()})
        return PHASES["video"].loss(lambda seen: outputs, None, tensors, 0).item()

    other = np.where(known == 1, matte, rng.random(matte.shape, np.float32))
    assert loss(matte, known) == pytest.approx(loss(other, known))
    everywhere = np.ones_like(known)
    assert loss(matte, everywhere) != pytest.approx(loss(other, everywhere))
