"""The search for people who are too small to be seen in a whole photo."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.images.letterbox import letterbox_place
from src.inference.outputs import Outputs
from src.inference.protocol import DEFAULT, PUBLISHED
from src.inference.search import find_tiles, joined_tiles
from src.streams.stream import Stream
from tests.test_closer_look import SIZE, BrightIsPerson, figure, matting_of, ramp


class SharpIsPerson(BrightIsPerson):
    """A network that sees what is bright only where it is not blurred by shrinking."""

    def __call__(self, inputs):
        outputs = super().__call__(inputs)
        return {name: np.where(values >= 0.97, values, 0) for name, values in outputs.items()}


@pytest.mark.parametrize("shape", [(160, 240), (240, 160), (200, 200)])
def test_who_is_seen_only_in_a_part_is_found(shape):
    photo = np.zeros((*shape, 3), np.uint8)
    photo[50:150, 82:86] = 255  # fills no column of the network
    network = SharpIsPerson()
    matting = matting_of(network)
    outputs = matting.run(photo)
    whole, found = matting.alpha(photo, Outputs(outputs.whole)), matting(photo)
    assert not whole.any() and found.shape == shape
    assert found[70:130, 84].mean() > 0.5 and found[:, 120:].max() == 0


@pytest.mark.parametrize(
    ("photo", "protocol", "runs"),
    [
        (figure(100, 150, 0), DEFAULT, 2 + 6),
        (figure(100, 150, 0.2), DEFAULT, 4),  # somebody, who is looked at more closely
        (figure(60, 64, 0), DEFAULT, 2),  # no larger than the network's input
        (figure(100, 150, 0), PUBLISHED, 1),
    ],
    ids=["nobody", "somebody", "small", "published"],
)
def test_a_search_is_made_where_nobody_is_seen(photo, protocol, runs):
    network = BrightIsPerson()
    alpha = matting_of(network, protocol)(photo)
    assert network.runs == runs and alpha.shape == photo.shape[:2]
    if not photo.any():
        assert not alpha.any() and not matting_of(network, protocol).matte(photo).trimap.any()


@given(sides=st.tuples(st.integers(49, 900), st.integers(49, 900)), size=st.sampled_from([48, 96]))
def test_tiles_cover_a_photo_and_their_maps_join_to_the_whole(sides, size):
    """Of alpha that grows from corner to corner."""
    image = np.zeros((*sides, 3), np.uint8)
    place = letterbox_place(*sides, size)
    tiles = find_tiles(image, np.zeros((place.height, place.width), np.float32))
    assert bool(tiles) == (max(sides) > size)
    if not tiles:
        return
    covered, maps = np.zeros(sides, int), []
    for tile in tiles:
        assert tile.top >= 0 <= tile.left and tile.cut(covered).shape == (tile.height, tile.width)
        tile.cut(covered)[:] += 1
        place = letterbox_place(tile.height, tile.width, size)
        maps.append(ramp(tile, place.height, place.width, sides))
    assert covered.min() > 0 and len(tiles) <= 9 and {each.shape for each in maps} == {maps[0].shape}
    joined = joined_tiles(image, tiles, maps)
    finer = joined.shape[1:]
    assert max(finer) > 1.9 * size or min(sides) < 4
    whole = (np.arange(finer[0]) + 0.5)[:, np.newaxis] / finer[0], (np.arange(finer[1]) + 0.5) / finer[1]
    np.testing.assert_allclose(joined[0], (whole[0] + whole[1]) / 2, atol=0.03 + 2 / min(maps[0].shape[1:]))


def test_maps_of_nothing_join_to_nothing_up_to_the_edges():
    image = np.zeros((SIZE * 2, SIZE * 3, 3), np.uint8)
    tiles = find_tiles(image, np.zeros((43, SIZE), np.float32))
    joined = joined_tiles(image, tiles, [np.full((2, 61, SIZE), 0.25, np.float32)] * len(tiles))
    np.testing.assert_allclose(joined, 0.25, rtol=1e-5)


@pytest.mark.parametrize("share", [0, 0.05, 0.2, 0.9])
def test_frames_of_videos_are_searched_and_looked_at_as_photos_are(share):
    photo, matting = figure(200, 300, share), matting_of(BrightIsPerson())
    found = Stream(matting).predict(photo, 0.0)
    np.testing.assert_array_equal(found, matting.alpha(photo, matting.run(photo)))
    assert (found.max() > 0.9) == (share > 0)
