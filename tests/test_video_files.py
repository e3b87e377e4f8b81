"""Which files are matted as videos, whatever their names, and that results are whole or not there."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from src.common.atomic_file import TEMPORARY_PREFIX
from src.common.errors import UserError
from src.videos.kinds import VIDEO_SUFFIXES, is_unknown, is_video
from tests.videos import ffmpeg, needs_ffmpeg, read_video, write_video

ROOT = Path(__file__).parents[1]
FRAMES = [np.full((24, 32, 3), 9 * number, np.uint8) for number in range(10)]
SUFFIXES = [
    "ts",
    "flv",
    "m2ts",
    "mts",
    "vob",
    "ogv",
    "asf",
    "f4v",
    "3g2",
    "mxf",
    "nut",
    "mpg",
    "mjpeg",
    "divx",
]
NAMES = [
    *(
        "a:b.mp4",
        "-v.mp4",
        "--help.mp4",
        "file:a.mp4",
        "http:a.mp4",
        "concat:a|b.mp4",
        "pipe:0.mp4",
        "100%.mp4",
    ),
    *(
        "frame%03d.mp4",
        "a b.mp4",
        "a\nb.mp4",
        "'\"`$x.mp4",
        "[0]*?.mp4",
        "日本.mp4",
        os.fsdecode(b"a\xe9.mp4"),
    ),
]


@needs_ffmpeg
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_videos_of_every_suffix(tmp_path, predict_left, suffix):
    source = ["-f", "lavfi", "-i", "testsrc=s=352x288:r=25:d=0.4"]
    format_of = {"m2ts": "mpegts", "mts": "mpegts", "f4v": "mp4", "divx": "avi"}.get(suffix)
    ffmpeg(*source, *(["-f", format_of] if format_of else []), tmp_path / f"clip.{suffix}")
    status, screen = predict_left(tmp_path)
    assert status == 0 and "clip_composite.mp4, 10 frames" in screen
    assert len(read_video(tmp_path / "clip_alpha.mp4")) == 10


def test_suffixes_in_capitals_are_the_same():
    assert {".ts", ".flv", ".m2ts", ".vob", ".ogv"} <= set(VIDEO_SUFFIXES)
    assert is_video(Path("A.FLV")) and not is_video(Path("a.jpg"))


def test_what_has_no_known_suffix_is_known_by_its_content(tmp_path, predict_left):
    write_video(tmp_path / "clip.mp4", FRAMES).rename(tmp_path / "clip")
    cv2.imwrite(str(tmp_path / "photo.png"), FRAMES[3])
    (tmp_path / "photo.png").rename(tmp_path / "photo.1")
    (tmp_path / "notes.xyz").write_text("neither of them\n" * 50)
    status, screen = predict_left(*(tmp_path / name for name in ("clip", "photo.1", "notes.xyz")))
    assert status == 3 and f"left out: {tmp_path / 'notes.xyz'}: unknown kind" in screen
    assert len(read_video(tmp_path / "clip_alpha.mp4")) == 10
    assert (tmp_path / "photo_alpha.png").exists() and not list(tmp_path.glob("notes_*"))


@pytest.mark.parametrize(
    "content",
    [b"", b"text", bytes(3000), b"<html>", b"\x1b[31mred" * 300, np.random.default_rng(0).bytes(5000)],
    ids=["empty", "text", "zeros", "page", "colours", "noise"],
)
def test_what_is_neither_photo_nor_video(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    assert is_unknown(tmp_path / "file")


@pytest.mark.parametrize("name", NAMES)
def test_videos_of_any_name_with_their_sound(tmp_path, predict_left, monkeypatch, name):
    """Given by relative names, from the folder that holds them."""
    _film_with_sound(tmp_path / "plain.mp4").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert predict_left("--output", "a:b", "--", name)[0] == 0
    composite = tmp_path / "a:b" / f"{name[:-4]}_composite.mp4"
    made = _kinds_of_tracks(composite)
    assert made == ["video", "audio"]
    assert len(list((tmp_path / "a:b").iterdir())) == 2


def _film_with_sound(path):
    """A second of picture and sound, written without the program."""
    with av.open(str(path), "w") as file:
        picture = file.add_stream("mpeg4", 10, width=32, height=24)
        heard = file.add_stream("aac", 8000, layout="mono")
        for image in FRAMES:
            file.mux(picture.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        noise = np.random.default_rng(0).normal(0, 0.3, (1, 8000)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
        frame.sample_rate = 8000
        file.mux(heard.encode(frame))
        file.mux(picture.encode(None))
        file.mux(heard.encode(None))
    return path


def _kinds_of_tracks(path):
    with path.open("rb") as content, av.open(content) as file:
        return [stream.type for stream in file.streams]


@pytest.mark.parametrize("share", [0, 0.05, 0.3, 0.5, 0.8, 0.95, 0.999])
def test_a_disk_that_is_full_at_any_moment_leaves_no_result(tmp_path, predict_left, share):
    """Files can have so many bytes at most: of the pictures, of the sound or of the table at the end."""
    clip = _film_with_sound(tmp_path / "clip.mp4")
    assert predict_left(clip, "--output", tmp_path / "whole")[0] == 0
    whole = (tmp_path / "whole" / "clip_composite.mp4").stat().st_size
    assert (tmp_path / "whole" / "clip_alpha.mp4").stat().st_size < 0.9 * whole
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(share * whole), usual[1]))
    try:
        with pytest.raises(UserError, match=r"clip_(composite|alpha).mp4: cannot be written: .*; make room"):
            predict_left(clip, "--output", tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert not list((tmp_path / "out").glob("clip_composite*"))
    assert not list((tmp_path / "out").glob(f"{TEMPORARY_PREFIX}*"))
    assert predict_left(clip, "--output", tmp_path / "out")[0] == 0
    assert _kinds_of_tracks(tmp_path / "out" / "clip_composite.mp4") == ["video", "audio"]


_ENDLESS = """
import sys, time
import src
from src.prediction.video import VideoWriter
write = VideoWriter.write
def slow(self, *arguments):
    write(self, *arguments)
    print("frame", flush=True)
    time.sleep(60)
VideoWriter.write = slow
import predict
from src.prediction import predict as module
from tests.left_half import model
module.load_matting = lambda *_, **__: model()
sys.argv = ["predict.py", "--background", "blue", *sys.argv[1:]]
predict.main()
"""


def test_what_a_killed_run_leaves_goes_with_the_next(tmp_path, predict_left):
    clip = _film_with_sound(tmp_path / "clip.mp4")
    command = [sys.executable, "-c", _ENDLESS, str(clip)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert any(line == "frame\n" for line in run.stdout)
        run.send_signal(signal.SIGKILL)
    left = {path.name for path in tmp_path.glob(f"{TEMPORARY_PREFIX}*")}
    assert len(left) == 2
    for name in ("abcdefgh.sound.mp4", "abcdefgh.png", "x.sound.mp4"):  # of older code; of a run on photos
        (tmp_path / f"{TEMPORARY_PREFIX}{name}").touch()
    assert predict_left(clip)[0] == 0
    expected = ["clip.mp4", "clip_alpha.mp4", "clip_composite.mp4"]
    assert sorted(path.name for path in tmp_path.iterdir()) == expected
    (tmp_path / f"{TEMPORARY_PREFIX}12345678.mp4").touch()
    assert predict_left(clip)[0] == 0  # nothing is left to do
    assert sorted(path.name for path in tmp_path.iterdir()) == expected


def test_a_video_without_a_picture_is_named(tmp_path, predict_left):
    with av.open(str(tmp_path / "clip.mp4"), "w") as file:
        heard = file.add_stream("aac", 8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        file.mux([*heard.encode(frame), *heard.encode(None)])
    status, screen = predict_left(tmp_path / "clip.mp4")
    assert status == 3 and f"left out: {tmp_path / 'clip.mp4'}: cannot be read as a video" in screen


def test_without_the_package_photos_are_matted_and_videos_say_what_is_missing(
    tmp_path,
    predict_left,
    monkeypatch,
):
    cv2.imwrite(str(tmp_path / "photo.png"), FRAMES[3])
    write_video(tmp_path / "clip.mp4", FRAMES)
    monkeypatch.setitem(sys.modules, "src.prediction.video", None)
    with pytest.raises(UserError, match="requirements-predict.txt"):
        predict_left(tmp_path)
    assert (tmp_path / "photo_composite.png").exists()
