"""The closer look at people who are small in a photo."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.description.model_info import ModelInfo
from src.engines.engine import ALPHA, INPUT, TRIMAP_LOGITS, Arrays, Engine
from src.images.letterbox import Place, letterbox_place
from src.images.preprocessing import resize
from src.inference import closer_look
from src.inference.matting import Matting
from src.inference.outputs import Outputs
from src.inference.protocol import DEFAULT, PUBLISHED
from src.streams.stream import Stream

SIZE = 64
MEAN = (0, 0, 0)


class BrightIsPerson:
    """A network for which what is bright is the person; it counts its runs."""

    def __init__(self):
        self.runs = 0

    def __call__(self, inputs: Arrays) -> Arrays:
        self.runs += 1
        alpha = inputs[INPUT][:, :1]
        return {TRIMAP_LOGITS: np.concatenate((1 - alpha, alpha, 0 * alpha), axis=1), ALPHA: alpha}


class BrightestCounts(BrightIsPerson):
    """All is a person where anything is white, else nothing is."""

    def __call__(self, inputs: Arrays) -> Arrays:
        outputs = super().__call__(inputs)
        return {name: np.full_like(values, inputs[INPUT].max() > 0.9) for name, values in outputs.items()}


class Frame(NamedTuple):
    """A frame of a stream."""

    image: np.ndarray
    time: float


def matting_of(network: BrightIsPerson, protocol=DEFAULT) -> Matting:
    return Matting(Engine(network, ModelInfo(size=SIZE, mean=MEAN)), protocol)


def figure(height: int, width: int, share: float) -> np.ndarray:
    """A photo whose middle columns are white."""
    photo = np.zeros((height, width, 3), np.uint8)
    half = round(width * share / 2)
    photo[:, width // 2 - half : width // 2 + half] = 255
    return photo


@pytest.mark.parametrize(
    ("photo", "protocol", "runs"),
    [
        (figure(150, 100, 0.2), DEFAULT, 4),
        (figure(150, 100, 0.6), DEFAULT, 2),  # close by
        (figure(135, 100, 0.2), DEFAULT, 2),  # as wide as 3:4
        (figure(100, 150, 0.2), DEFAULT, 4),
        (figure(100, 110, 0.2), DEFAULT, 2),  # fills the height
        (figure(150, 100, 0.2), PUBLISHED, 1),
    ],
    ids=["tall", "close by", "3:4", "wide", "as high as wide", "published"],
)
def test_who_is_looked_at_more_closely(photo, protocol, runs):
    network = BrightIsPerson()
    alpha = matting_of(network, protocol)(photo)
    assert network.runs == runs
    assert alpha.shape == photo.shape[:2]


@pytest.mark.parametrize("place", [(0, 384, 256), (120, 200, 512)], ids=["tall", "small"])
def test_a_closer_look_sees_more(place):
    """Thin legs that the whole photo's copy blurs."""
    top, rows, width = place
    photo = figure(384, width, 0)
    photo[top : top + rows, 96:102] = photo[top : top + rows, 110:116] = 255
    matting = matting_of(BrightIsPerson(), replace(DEFAULT, upsampling="none"))
    true = photo[..., 0] / 255
    whole = matting.upsample(
        photo, matting.join(photo, Outputs(matting.engine.run_all(matting.prepare(photo)))).alpha
    )
    closer = matting(photo)
    assert np.abs(closer - true).mean() < 0.7 * np.abs(whole - true).mean()


def test_the_trimap_is_that_of_the_parts():
    photo = figure(150, 100, 0.2)
    matte = matting_of(BrightIsPerson()).matte(photo)
    assert matte.trimap.shape == photo.shape[:2]
    assert (matte.trimap[20:-20, 48:52] == 255).all() and (matte.trimap[:, :30] == 0).all()


def ramp(region: Place, height: int, width: int, photo: tuple[int, int]) -> np.ndarray:
    """A map (1, height, width) of a part of a photo, whose alpha grows from corner to corner."""
    rows = region.top + (np.arange(height, dtype=np.float32) + 0.5) / height * region.height
    columns = region.left + (np.arange(width, dtype=np.float32) + 0.5) / width * region.width
    return ((rows / photo[0])[:, np.newaxis] + columns / photo[1])[np.newaxis] / 2


@given(
    sides=st.tuples(st.integers(30, 400), st.integers(30, 400)),
    box=st.tuples(*[st.floats(0, 1)] * 4),
    size=st.sampled_from([48, 96]),
)
def test_parts_join_to_the_whole(sides, box, size):
    """Of alpha that grows from corner to corner, whatever the photo and wherever the people."""
    image = np.zeros((*sides, 3), np.uint8)
    whole_place = letterbox_place(*sides, size)
    alpha = np.zeros((whole_place.height, whole_place.width), np.float32)
    top, bottom = sorted(round(end * (len(alpha) - 1)) for end in box[:2])
    left, right = sorted(round(end * (alpha.shape[1] - 1)) for end in box[2:])
    alpha[top : bottom + 1, left : right + 1] = 0.9
    look = closer_look.find_look(image, alpha)
    region = look.region
    assert region.top >= 0 <= region.left and region.height > 0 < region.width
    assert region.top + region.height <= sides[0] and region.left + region.width <= sides[1]
    shown = region.cut(np.ones(sides)).sum() - region.cut(resize(alpha, *sides) > 0.5).sum()
    assert shown >= 0 and (resize(alpha, *sides) > 0.5).sum() == region.cut(resize(alpha, *sides) > 0.5).sum()
    if not look.parts:
        return
    maps = []
    for part in look.parts:
        place = letterbox_place(part.height, part.width, size)
        maps.append(ramp(part, place.height, place.width, sides))
    whole = ramp(Place(0, 0, *sides), *alpha.shape, sides)
    joined = closer_look.joined(image, look, whole, maps)
    finer = joined.shape[1:]
    assert finer[0] >= alpha.shape[0] and finer[1] >= alpha.shape[1] - 1
    expected = ramp(Place(0, 0, *sides), *finer, sides)
    np.testing.assert_allclose(joined, expected, atol=0.03 + 1.5 / min(alpha.shape))


def test_the_upper_and_the_lower_part_cover_a_frame_and_overlap():
    for height, width in ((141, 100), (200, 100), (1000, 3)):
        image = np.zeros((height, width, 3), np.uint8)
        alpha = np.full((height, width), 0.1, np.float32)
        alpha[[0, -1]] = 0.6
        upper, lower = closer_look.find_look(image, alpha).parts
        assert upper.height == lower.height and upper.width == lower.width == width
        assert upper.top == 0 and lower.top + lower.height == height and upper.height > lower.top > 0


def test_a_speck_is_not_enlarged_beyond_recognition():
    alpha = np.zeros((48, 64), np.float32)
    alpha[20, 30] = 1
    region = closer_look.find_look(np.zeros((480, 640, 3), np.uint8), alpha).region
    assert max(region.height, region.width) >= 160


def someone(
    left: int, right: int, top: int = 20, bottom: int = 100, shape: tuple[int, int] = (100, 200)
) -> np.ndarray:
    """Alpha of a person."""
    alpha = np.zeros(shape, np.float32)
    alpha[top:bottom, left:right] = 1
    return alpha


NOBODY = np.zeros((100, 200), np.float32)


@pytest.mark.parametrize(
    ("before", "now", "keeps"),
    [
        (someone(85, 115), someone(92, 122), True),  # has moved by a little
        (someone(85, 115), someone(92, 122, top=28), True),
        (someone(85, 115), someone(98, 128), False),  # almost out of the region
        (someone(85, 115), someone(85, 115, top=4), False),  # has risen
        (someone(85, 115), someone(90, 110, top=50), False),  # 0.7 times as large
        (someone(85, 115), someone(0, 200), False),
        (someone(85, 115), NOBODY, False),
        (someone(2, 30), someone(4, 34), True),  # at the left edge
        (someone(170, 198), someone(166, 196), True),  # at the right one
        (someone(85, 115, 2, 80), someone(90, 120, 4, 82), True),  # at the upper one
        (NOBODY, someone(85, 115), False),
        (someone(0, 200), someone(60, 140), False),  # nothing was looked at more closely
    ],
)
def test_a_video_keeps_what_is_looked_at_while_people_fit(before, now, keeps):
    image = np.zeros((200, 400, 3), np.uint8)
    look, new = closer_look.find_look(image, before), closer_look.find_look(image, now)
    found = closer_look.find_look(image, now, look)
    assert found == (look if keeps else new)
    assert look != new or not look.parts


def test_a_video_does_not_keep_halves_of_somebody_who_has_come_near():
    image, shape = np.zeros((384, 216, 3), np.uint8), (384, 216)
    far = closer_look.find_look(image, someone(80, 130, 10, 384, shape))
    near = someone(15, 200, 5, 384, shape)
    assert len(far.parts) == 2
    assert closer_look.find_look(image, near, far) == closer_look.find_look(image, near) != far


def test_a_stream_keeps_what_it_looks_at_within_a_scene():
    first, second = (np.zeros((200, 400, 3), np.uint8) for _ in range(2))
    first[40:, 170:230] = second[40:, 180:240] = 255
    bright = second + np.uint8(90) * (second == 0)  # another scene
    matting, steady = matting_of(BrightIsPerson()), Stream(matting_of(BrightIsPerson()))
    steady.predict(first, 0)
    kept = steady.predict(second, 0.04)
    look = matting.run(first).look
    outputs = matting.look_closer(second, matting.engine.run_all(matting.prepare(second)), look)
    np.testing.assert_array_equal(kept, matting.alpha(second, outputs))
    anew = alpha_of(matting, second)
    assert kept.shape != anew.shape or not np.array_equal(kept, anew)
    for photo, time in (
        (second, 9),
        (bright, 9.04),
        (bright[:150], 9.08),
    ):  # after a gap, a cut, in another size
        np.testing.assert_array_equal(steady.predict(photo, time), alpha_of(matting, photo))
        if time > 9:
            assert steady.state.begins


def test_after_a_cut_nothing_of_the_scene_before_is_left():
    """Neither where both scenes have the same colour."""
    scenes = np.full((2, 72, 128, 3), 255, np.uint8), np.zeros((2, 72, 128, 3), np.uint8)
    for scene in scenes:
        scene[:, :, 96:] = 90  # in both scenes
    whole = matting_of(BrightestCounts(), PUBLISHED)
    frames = [Frame(image, number / 25) for number, image in enumerate(np.concatenate(scenes))]
    alphas = [alpha for _, alpha in Stream(whole).alphas(frames, "smoothing")]
    assert [set(alpha.ravel()) for alpha in alphas] == [{1}, {1}, {0}, {0}]


def alpha_of(matting: Matting, photo: np.ndarray) -> np.ndarray:
    return matting.alpha(photo, matting.run(photo))
