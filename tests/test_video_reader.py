"""What a video holds, whatever it says of itself."""

from fractions import Fraction

import numpy as np
import pytest

from src.images.files import ImageError
from src.videos.frame_shape import turned, with_square_pixels
from src.videos.reader import VideoReader
from tests.videos import write_timed_video, write_video

FRAMES = [np.full((48, 64, 3), 8 * number, np.uint8) for number in range(30)]
STEADY = [40 * number for number in range(30)]
SLOWING = [33 * number for number in range(10)] + [330 + 100 * number for number in range(20)]
KINDS = [("clip.mp4", "mpeg4"), ("clip.mkv", "mpeg4"), ("clip.webm", "libvpx"), ("clip.mov", "libx264")]


@pytest.mark.parametrize(("name", "codec"), KINDS)
@pytest.mark.parametrize("times", [STEADY, SLOWING], ids=["steady", "slowing"])
def test_each_frame_has_its_time_and_nothing_is_missed(tmp_path, name, codec, times):
    with VideoReader(write_timed_video(tmp_path / name, FRAMES, times, codec)) as video:
        found = list(video.frames())
        assert (video.height, video.width, video.lost) == (48, 64, 0)
    assert [frame.time for frame in found] == pytest.approx([time / 1000 for time in times], abs=1e-3)
    levels = [frame.image.mean() for frame in found]
    assert levels == pytest.approx([8 * number for number in range(30)], abs=3)


@pytest.mark.parametrize("rate", [12, 25, 29.97, 119.87])
def test_a_constant_rate_is_that_which_is_said(tmp_path, rate):
    with VideoReader(write_video(tmp_path / "clip.mp4", FRAMES, rate)) as video:
        assert float(video.rate) == pytest.approx(rate, abs=1e-3) and video.expected == 30


def test_a_look_shows_the_same_picture(tmp_path):
    """But for rounding; colours change slowly, since a look takes them from the next pixel."""
    ramp = np.linspace(20, 235, 64, dtype=np.uint8)
    image = np.stack(np.broadcast_arrays(ramp, ramp[::-1], ramp[:, np.newaxis]), axis=-1)
    path = write_video(tmp_path / "a.mp4", [image] * 2)
    with VideoReader(path) as reader, VideoReader(path) as looking:
        for frame, (look, time) in zip(reader.frames(), looking.pictures(), strict=True):
            assert time == frame.time
            apart = np.abs(look().astype(int) - frame.image)
            assert apart.mean() < 3 and apart.max() < 20


def test_a_video_that_was_cut_off_lacks_frames(tmp_path):
    clip = write_timed_video(tmp_path / "clip.mkv", FRAMES, STEADY)
    whole = clip.read_bytes()
    clip.write_bytes(whole[: len(whole) // 2])
    with VideoReader(clip) as video:
        count = sum(1 for _ in video.frames())
        assert 0 < count < 25 and count + video.lost == pytest.approx(30, abs=2)


@pytest.mark.parametrize("content", [b"", b"no video"])
def test_what_is_no_video_is_named(tmp_path, content):
    (tmp_path / "clip.mp4").write_bytes(content)
    with pytest.raises(ImageError, match="clip.mp4: cannot be read as a video"):
        VideoReader(tmp_path / "clip.mp4")


@pytest.mark.parametrize(
    ("aspect", "expected"),
    [
        (Fraction(1), (48, 64)),
        (Fraction(4, 3), (48, 85)),
        (Fraction(1, 2), (96, 64)),
        (None, (48, 64)),
        (Fraction(0), (48, 64)),
        (Fraction(1, 65535), (48, 64)),
    ],
)
def test_pixels_become_square_and_none_is_given_up(aspect, expected):
    assert with_square_pixels(48, 64, aspect) == expected


@pytest.mark.parametrize("a", [1, -1, 0])
@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("mirror", [1, -1])
def test_every_quarter_and_mirror_image_is_where_the_matrix_puts_it(a, turn, mirror):
    """By the matrix's definition: the corner that lies at the least x and y is the one shown there."""
    linear = np.array(
        [[a, 0], [0, turn * mirror]] if a else [[0, turn], [mirror, 0]]
    )  # x, y of columns, rows
    image = np.arange(6, dtype=np.uint8).reshape(2, 3)
    places = np.array([linear.T @ (column, row) for row in range(2) for column in range(3)])
    places -= places.min(axis=0)
    expected = np.zeros(places.max(axis=0)[::-1] + 1, np.uint8)
    expected[places[:, 1], places[:, 0]] = image.ravel()
    (ax, bx), (cx, dx) = linear * 65536
    matrix = np.array([ax, bx, 0, cx, dx, 0, 7 * 65536, 0, 1 << 30], np.int32).tobytes()
    found = turned(np.repeat(image[..., np.newaxis], 3, axis=2), matrix)
    np.testing.assert_array_equal(found[..., 0], expected)


def test_a_matrix_of_noughts_turns_nothing():
    image = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    np.testing.assert_array_equal(turned(image, bytes(36)), image)
