"""What a video holds, whatever it says of itself."""

import numpy as np
import pytest

from src.images.files import ImageError
from src.inference.video_scan import said_frame_count, scan_video
from tests.videos import write_timed_video, write_video

FRAMES = [np.full((48, 64, 3), 8 * number, np.uint8) for number in range(30)]
STEADY = [40 * number for number in range(30)]
SLOWING = [33 * number for number in range(10)] + [330 + 100 * number for number in range(20)]
KINDS = [("clip.mp4", "mpeg4"), ("clip.mkv", "mpeg4"), ("clip.webm", "libvpx")]


@pytest.mark.parametrize(("name", "codec"), KINDS)
@pytest.mark.parametrize("times", [STEADY, SLOWING], ids=["steady", "slowing"])
def test_the_rate_is_that_of_the_frames_and_nothing_is_missed(tmp_path, name, codec, times):
    video = scan_video(write_timed_video(tmp_path / name, FRAMES, times, codec))
    assert (video.height, video.width, video.frames, video.lost) == (48, 64, 30, 0)
    assert video.rate == pytest.approx(29 / (times[-1] / 1000), rel=1e-3)


def test_what_matroska_says_is_far_off(tmp_path):
    """Else the tests here would show nothing."""
    clip = write_timed_video(tmp_path / "clip.mkv", FRAMES, SLOWING)
    assert said_frame_count(clip) > 1.5 * len(FRAMES)


@pytest.mark.parametrize("rate", [12, 25, 29.97, 119.87])
def test_a_constant_rate_stays_as_it_is_said(tmp_path, rate):
    assert scan_video(write_video(tmp_path / "clip.mp4", FRAMES, rate)).rate == pytest.approx(rate, abs=1e-3)


def test_a_video_that_was_cut_off_lacks_frames(tmp_path):
    clip = write_timed_video(tmp_path / "clip.mkv", FRAMES, STEADY)
    whole = clip.read_bytes()
    clip.write_bytes(whole[: len(whole) // 2])
    video = scan_video(clip)
    assert 0 < video.frames < 25 and video.frames + video.lost == pytest.approx(30, abs=2)


@pytest.mark.parametrize("content", [b"", b"no video"])
def test_what_is_no_video_is_named(tmp_path, content):
    (tmp_path / "clip.mp4").write_bytes(content)
    with pytest.raises(ImageError, match="clip.mp4: cannot be read as a video"):
        scan_video(tmp_path / "clip.mp4")
