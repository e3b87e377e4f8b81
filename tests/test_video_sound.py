"""The sound of a video stays with its picture."""

import av
import numpy as np
import pytest

from tests.videos import ffmpeg, frame_times, needs_ffmpeg, sound, tracks

pytestmark = needs_ffmpeg
BEEP = "aevalsrc='between(t,0.6,0.8)*sin(6000*t)':s=44100:d=1.2"
PICTURE = "testsrc=s=32x24:r=10:d=1.2"
CODECS = {
    **{"mp4": ["-c:a", "aac"], "mkv": ["-c:a", "libvorbis"], "mov": ["-c:a", "pcm_s16le"]},
    **{"webm": ["-c:v", "libvpx", "-c:a", "libopus", "-ar", "48000"], "flv": ["-c:a", "mp3"]},
    **{"ts": ["-c:a", "mp2"], "avi": ["-c:a", "pcm_u8"], "wmv": []},
}
# AVI has no place for starts; MOV is written as MP4 is, WebM as Matroska.
WITHOUT_OTHER_STARTS = ("avi", "mov", "webm")


def film(folder, suffix, *, picture_from=0.0, sound_from=0.0):
    """A picture and a beep from 0.6 to 0.8 s after the sound's start, each starting when it is told to."""
    clip = folder / f"clip.{suffix}"
    picture = ["-itsoffset", picture_from, "-f", "lavfi", "-i", PICTURE]
    beep = ["-itsoffset", sound_from, "-f", "lavfi", "-i", BEEP]
    # Otherwise ffmpeg fills MP4's start with pictures.
    ffmpeg(*picture, *beep, "-fps_mode", "passthrough", *CODECS[suffix], clip)
    return clip


def beep_after_picture(clip):
    """Seconds from the first picture's start to the beep's."""
    heard, rate = sound(clip)
    beep = np.argmax(np.abs(heard) > 0.3 * np.abs(heard).max()) / rate
    return beep - frame_times(clip)[0]


@pytest.mark.parametrize(
    ("suffix", "picture_from", "sound_from"),
    [
        (suffix, *starts)
        for suffix in CODECS
        for starts in ((0, 0), (1, 0), (0, 0.5))
        if suffix not in WITHOUT_OTHER_STARTS or not any(starts)
    ],
)
def test_whatever_starts_first(tmp_path, predict_left, suffix, picture_from, sound_from):
    clip = film(tmp_path, suffix, picture_from=picture_from, sound_from=sound_from)
    status, screen = predict_left(clip)
    assert status == 0 and "can be read" not in screen
    made = tmp_path / "clip_composite.mp4"
    given = beep_after_picture(clip)
    assert given == pytest.approx(0.6 + sound_from - picture_from, abs=0.05)
    assert beep_after_picture(made) == pytest.approx(given, abs=0.02)
    assert [track["codec_type"] for track in tracks(made)] == ["video", "audio"]
    assert [track["codec_type"] for track in tracks(tmp_path / "clip_alpha.mp4")] == ["video"]
    assert (": its sound track 1 becomes AAC" in screen) == (suffix in ("mkv", "mov", "avi", "wmv"))


def test_what_mp4_holds_is_copied_bit_for_bit(tmp_path, predict_left):
    clip = film(tmp_path, "mp4")
    assert predict_left(clip)[0] == 0
    copies = []
    for video in (clip, tmp_path / "clip_composite.mp4"):
        ffmpeg("-i", video, "-map", "0:a", "-c", "copy", "-f", "adts", tmp_path / "sound")
        copies.append((tmp_path / "sound").read_bytes())
    assert copies[0] == copies[1]


def test_all_tracks_with_their_languages(tmp_path, predict_left):
    clip = tmp_path / "clip.mkv"
    beeps = ["-f", "lavfi", "-i", BEEP, "-f", "lavfi", "-i", "sine=300:d=1.2"]
    maps = ["-map", "0", "-map", "1", "-map", "2", "-c:a:0", "aac", "-c:a:1", "libvorbis"]
    names = ["-metadata:s:a:0", "language=deu", "-metadata:s:a:1", "language=fra"]
    ffmpeg("-f", "lavfi", "-i", PICTURE, *beeps, *maps, *names, clip)
    assert predict_left(clip)[0] == 0
    made = tmp_path / "clip_composite.mp4"
    heard = [track for track in tracks(made) if track["codec_type"] == "audio"]
    assert [track["tags"]["language"] for track in heard] == ["deu", "fra"]
    assert [track["codec_name"] for track in heard] == ["aac", "aac"]
    heard, rate = sound(made, 1)
    assert np.abs(heard[rate // 2 : rate]).max() > 0.05


def test_sound_longer_than_the_picture_is_kept_and_nothing_seems_lost(tmp_path, predict_left):
    for suffix in ("mp4", "flv", "mkv"):
        clip = tmp_path / f"clip.{suffix}"
        ffmpeg("-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", "sine=300:d=3", clip)
        status, screen = predict_left(clip, "--overwrite")
        assert status == 0 and "can be read" not in screen
        heard, rate = sound(tmp_path / "clip_composite.mp4")
        assert len(heard) / rate == pytest.approx(3, abs=0.1)


def test_a_track_that_nobody_can_read_is_named(tmp_path, predict_left):
    clip = film(tmp_path, "mov")
    content = clip.read_bytes()
    assert content.count(b"sowt") == 1
    clip.write_bytes(content.replace(b"sowt", b"XYZ1"))
    status, screen = predict_left(clip)
    assert status == 3 and f"{clip}: its sound track 1 cannot be read, and is missing in the result" in screen
    assert [track["codec_type"] for track in tracks(tmp_path / "clip_composite.mp4")] == ["video"]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_damaged_sound_does_not_stop_the_video(tmp_path, predict_left, suffix):
    clip = film(tmp_path, suffix)
    with av.open(str(clip)) as file:
        packets = [packet for packet in file.demux(audio=0) if packet.size > 10 and packet.pos][2:5]
    content = bytearray(clip.read_bytes())
    for packet in packets:
        start = packet.pos + (100 if suffix == "ts" else 12)  # past the headers of the file's own
        content[start : start + 6] = b"\xff" * 6
    clip.write_bytes(content)
    assert predict_left(clip)[0] == 0
    made = tmp_path / "clip_composite.mp4"
    assert len(frame_times(made)) == 12
    assert beep_after_picture(made) == pytest.approx(0.6, abs=0.05)


def test_varying_rate_keeps_sound_and_picture_together(tmp_path, predict_left):
    clip = tmp_path / "clip.mkv"
    times = "settb=1/1000,setpts='if(lt(N,10),N*100,1000+(N-10)*500)'"
    picture = ["-f", "lavfi", "-i", "testsrc=s=32x24:r=10:d=2", "-f", "lavfi", "-i", "sine=300:d=6"]
    ffmpeg(*picture, "-vf", times, "-fps_mode", "vfr", "-enc_time_base", "1/1000", clip)
    assert predict_left(clip)[0] == 0
    expected = [0.1 * number for number in range(10)] + [1 + 0.5 * number for number in range(10)]
    for kind in ("alpha", "composite"):
        found = frame_times(tmp_path / f"clip_{kind}.mp4")
        first = frame_times(clip)[0]
        assert found == pytest.approx([time + first for time in expected], abs=0.01)
