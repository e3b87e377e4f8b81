"""Where live frames come from: cameras, and videos that play as one."""

import errno
import re
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest

from src.common.errors import UserError
from src.live import camera
from src.live.camera import Camera, CameraError
from src.live.live_frame import framed
from src.live.played_file import PlayedFile
from src.live.source import open_source
from tests.small_clips import frame as picture
from tests.small_clips import number_of
from tests.videos import write_timed_video


def test_frames_are_mirrored_and_cut_to_the_square_in_the_middle():
    image = np.arange(4 * 7 * 3, dtype=np.uint8).reshape(4, 7, 3)
    np.testing.assert_array_equal(framed(image, "whole"), image[:, ::-1])
    np.testing.assert_array_equal(framed(image, "square"), image[:, 1:5][:, ::-1])
    np.testing.assert_array_equal(framed(image[:, :3], "square"), image[:3, 2::-1])


def test_a_file_plays_once_at_its_own_times(tmp_path):
    times = [0, 80, 240, 280]
    path = write_timed_video(tmp_path / "a.mkv", [picture(number) for number in range(4)], times)
    source = open_source(str(path))
    assert isinstance(source, PlayedFile)
    frames = []
    for frame in source.frames(threading.Event()):
        assert time.perf_counter() >= frame.taken - 0.01  # it has come
        frames.append(frame)
    source.close()
    assert [number_of(frame.picture()) for frame in frames] == [0, 1, 2, 3]
    assert [round(1000 * frame.time) for frame in frames] == times
    waited = [1000 * (frame.taken - frames[0].taken) for frame in frames]
    assert all(found >= given - 1 for found, given in zip(waited, times, strict=True))


def of_lavfi(device: Path) -> av.container.InputContainer:
    """A device of FFmpeg's that each machine has, and that goes after a tenth of a second."""
    return av.open("testsrc=size=64x48:rate=50:duration=0.1", format="lavfi")


def test_a_camera_that_disappears_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(camera, "_open", of_lavfi)
    source = Camera(Path("/dev/video7"))
    frames = []
    with pytest.raises(CameraError, match="/dev/video7: the camera has gone"):
        for frame in source.frames(threading.Event()):
            frames.append(frame)
    source.close()
    assert [frame.picture().shape for frame in frames] == [(48, 64, 3)] * 5


def test_a_camera_gives_frames(monkeypatch):
    monkeypatch.setattr(camera, "_open", of_lavfi)
    source = Camera(Path("/dev/video7"))
    frames = source.frames(threading.Event())
    first, second = next(frames), next(frames)
    frames.close()
    source.close()
    image = first.picture()
    assert image.shape == (48, 64, 3) and image.std() > 20
    assert second.time >= first.time and 0 < first.seconds < 20


def test_a_camera_is_given_up_after_five_seconds_without_a_frame_and_a_file_never():
    assert Camera.patience == 5 and PlayedFile.patience is None


class Unplugged:
    """A container of a camera that is pulled out."""

    def demux(self, **_):
        raise OSError(errno.ENODEV, "No such device")


def test_an_unplugged_camera_says_why(monkeypatch):
    monkeypatch.setattr(camera, "_open", lambda device: Unplugged())
    with pytest.raises(CameraError, match="gone.*No such device"):
        list(Camera(Path("/dev/video0")).frames(threading.Event()))


@pytest.mark.parametrize(
    ("number", "fact"), [(errno.EACCES, "usermod -aG video"), (errno.EBUSY, "another program")]
)
def test_a_camera_that_may_not_be_used(monkeypatch, number, fact):
    def refuse(device: Path) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(camera, "_open", refuse)
    with pytest.raises(CameraError, match=f"/dev/video3: .*{fact}"):
        Camera(Path("/dev/video3"))


@pytest.mark.parametrize("name", ["77", "/dev/null", "nowhere.mp4", __file__])
def test_what_is_no_camera_is_named(name):
    with pytest.raises(UserError, match="video77: no such camera" if name == "77" else re.escape(name)):
        open_source(name)
