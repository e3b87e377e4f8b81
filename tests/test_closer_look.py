"""The closer look at tall photos of people from head to feet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.inference import closer_look
from src.inference.engine import ALPHA, INPUT, TRIMAP_LOGITS, Arrays, Engine
from src.inference.matting import Matting
from src.inference.protocol import DEFAULT, PUBLISHED
from src.systems.model_info import ModelInfo

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
        (figure(100, 150, 0.2), DEFAULT, 2),
        (figure(150, 100, 0.2), PUBLISHED, 1),
    ],
    ids=["tall", "close by", "3:4", "wide", "published"],
)
def test_who_is_looked_at_more_closely(photo, protocol, runs):
    network = BrightIsPerson()
    alpha = matting_of(network, protocol)(photo)
    assert network.runs == runs
    assert alpha.shape == photo.shape[:2]


def test_a_closer_look_sees_more():
    """Thin legs that the whole photo's copy blurs."""
    photo = figure(384, 256, 0)
    photo[:, 96:100] = photo[:, 120:124] = 255
    matting = matting_of(BrightIsPerson())
    true = photo[..., 0] / 255
    whole = matting.upsample(photo, matting.join(photo, matting.engine.run_all(matting.prepare(photo))).alpha)
    closer = matting(photo)
    assert np.abs(closer - true).mean() < 0.7 * np.abs(whole - true).mean()


def test_the_trimap_is_that_of_the_parts():
    photo = figure(150, 100, 0.2)
    matte = matting_of(BrightIsPerson()).matte(photo)
    assert matte.trimap.shape == photo.shape[:2]
    assert (matte.trimap[20:-20, 48:52] == 255).all() and (matte.trimap[:, :30] == 0).all()


@given(width=st.integers(1, 300), ratio=st.floats(1.41, 40), size=st.sampled_from([16, 96]))
def test_parts_join_to_the_whole(width, ratio, size):
    """Of alpha that grows from top to bottom, whatever the shape."""
    height = max(2, round(width * ratio))
    image = np.broadcast_to(np.linspace(0, 200, height).astype(np.uint8)[:, None, None], (height, width, 3))
    info = ModelInfo(size=size, mean=MEAN)
    matting = Matting(Engine(BrightIsPerson(), info), DEFAULT)
    outputs = matting.engine.run_all(matting.prepare(image)) + matting.engine.run_all(
        matting.prepare_parts(image)
    )
    joined = matting._alpha(image, outputs)
    assert joined.shape[1] >= 1
    if height < 3 * size:
        return  # too few rows to tell
    profile = joined.mean(axis=1)
    expected = (np.arange(len(profile)) + 0.5) / len(profile) * 200 / 255
    np.testing.assert_allclose(profile, expected, atol=0.02 + 1.5 / len(profile))


def test_parts_cover_a_photo_and_overlap():
    for height, width in ((141, 100), (200, 100), (1000, 3)):
        image = np.arange(height)[:, None, None] + np.zeros((1, width, 3))
        upper, lower = closer_look.parts(image)
        assert upper.shape == lower.shape
        assert upper[0, 0, 0] == 0 and lower[-1, 0, 0] == height - 1 and upper[-1, 0, 0] > lower[0, 0, 0]
