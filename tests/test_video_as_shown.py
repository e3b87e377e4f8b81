"""Videos are matted as players show them: turned, their pixels square, their colours right."""

import cv2
import numpy as np
import pytest

from tests.videos import ffmpeg, frame_times, needs_ffmpeg, shown_by_ffmpeg, tracks

pytestmark = needs_ffmpeg
HEIGHT, WIDTH = 96, 128
X264 = ["-c:v", "libx264", "-crf", "1", "-preset", "ultrafast"]
FFV1 = ["-c:v", "ffv1"]


@pytest.fixture
def photo(tmp_path):
    """Colours of every kind, soft, so that what coding loses of edges does not count."""
    coarse = np.random.default_rng(3).integers(0, 256, (4, 5, 3), np.uint8)
    coarse[0, 0], coarse[0, 1], coarse[3, 0] = (0, 0, 255), (255, 255, 255), (0, 0, 0)
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR))
    return path


def film(photo, name, *arguments):
    """Four frames of the photo; returns the video."""
    clip = photo.with_name(name)
    ffmpeg("-loop", 1, "-framerate", 10, "-i", photo, "-frames:v", 4, *arguments, clip)
    return clip


def require_shown_alike(clip, stretch=(1, 1), atol=3.0):
    """The composite's left is the source's as ffmpeg shows it, alpha is white and black."""
    source = shown_by_ffmpeg(clip)
    height, width = (round(side * factor) for side, factor in zip(source.shape, stretch, strict=False))
    source = cv2.resize(source, (width, height), interpolation=cv2.INTER_CUBIC)[
        : height // 2 * 2, : width // 2 * 2
    ]
    composite, alpha = (
        shown_by_ffmpeg(clip.with_name(f"{clip.stem}_{kind}.mp4")) for kind in ("composite", "alpha")
    )
    assert composite.shape == alpha.shape == source.shape
    left, right = int(0.4 * source.shape[1]), int(0.6 * source.shape[1])
    difference = np.abs(composite[:, :left].astype(float) - source[:, :left])
    assert difference.mean() < atol and np.abs(difference.mean(axis=(0, 1))).max() < 1.5 * atol
    assert np.abs(composite[:, right:].mean(axis=(0, 1)) - (255, 0, 0)).max() < 6
    assert alpha[:, :left].min() >= 253 and alpha[:, right:].max() <= 2
    (picture,) = tracks(clip.with_name(f"{clip.stem}_composite.mp4"))
    assert picture.get("sample_aspect_ratio", "1:1") == "1:1" and not picture.get("side_data_list")


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_telephones_hold_their_videos_any_way(photo, predict_left, angle):
    lying = film(photo, "lying.mp4", *X264, "-pix_fmt", "yuv420p")
    clip = photo.with_name("clip.mp4")
    ffmpeg("-i", lying, "-c", "copy", "-metadata:s:v:0", f"rotate={angle}", clip)
    assert predict_left(clip)[0] == 0
    height, width = (HEIGHT, WIDTH) if angle % 180 == 0 else (WIDTH, HEIGHT)
    assert shown_by_ffmpeg(clip).shape == (height, width, 3)
    require_shown_alike(clip)


@pytest.mark.parametrize("flips", ["rotate=0:hflip=1", "rotate=90:hflip=1", "rotate=0:vflip=1"])
def test_mirrored_by_what_the_stream_says(photo, predict_left, flips):
    """The display orientation of H.264's SEI, which ffmpeg shows as well."""
    clip = film(photo, "clip.mp4", *X264, "-pix_fmt", "yuv420p", "-bsf:v", _orientation(flips))
    plain = film(photo, "plain.mp4", *X264, "-pix_fmt", "yuv420p")
    assert shown_by_ffmpeg(clip).shape != shown_by_ffmpeg(plain).shape or (
        np.abs(shown_by_ffmpeg(clip).astype(float) - shown_by_ffmpeg(plain)).mean() > 10
    )
    assert predict_left(clip)[0] == 0
    require_shown_alike(clip)


def _orientation(flips):
    settings = dict(each.split("=") for each in flips.split(":"))
    flip = "".join(kind for kind in ("horizontal", "vertical") if settings.get(f"{kind[0]}flip"))
    return f"h264_metadata=display_orientation=insert:rotate={settings['rotate']}:flip={flip}"


@pytest.mark.parametrize(
    ("name", "aspect", "stretch"),
    [
        ("clip.mp4", "4/3", (1, 4 / 3)),
        ("clip.mkv", "8/9", (9 / 8, 1)),
        ("clip.avi", "16/11", (1, 16 / 11)),
        ("clip.ts", "12/11", (1, 12 / 11)),
    ],
)
def test_pixels_that_are_not_square(photo, predict_left, name, aspect, stretch):
    clip = film(photo, name, *X264, "-pix_fmt", "yuv420p", "-vf", f"setsar={aspect}")
    assert predict_left(clip)[0] == 0
    require_shown_alike(clip, stretch)


def test_pixels_that_are_not_square_are_stretched_before_the_turn(photo, predict_left):
    lying = film(photo, "lying.mp4", *X264, "-pix_fmt", "yuv420p", "-vf", "setsar=2")
    clip = photo.with_name("clip.mp4")
    ffmpeg("-i", lying, "-c", "copy", "-metadata:s:v:0", "rotate=90", clip)
    assert predict_left(clip)[0] == 0
    require_shown_alike(clip, (2, 1))


MATRICES = ["bt709", "smpte170m", "bt470bg", "smpte240m", "bt2020nc", "fcc"]


@pytest.mark.parametrize(
    ("matrix", "bounds"), [*((each, "tv") for each in MATRICES), ("bt709", "pc"), ("bt470bg", "pc")]
)
def test_range_and_matrix(photo, predict_left, matrix, bounds):
    names = {"smpte170m": "bt601", "bt470bg": "bt601", "bt2020nc": "bt2020"}
    scale = f"scale=out_color_matrix={names.get(matrix, matrix)}:out_range={bounds},format=yuv420p"
    clip = film(photo, "clip.mp4", "-vf", scale, *X264, "-colorspace", matrix, "-color_range", bounds)
    truth = cv2.imread(str(photo)).astype(float)
    assert np.abs(shown_by_ffmpeg(clip) - truth).mean() < 3, "the clip is not what the test is about"
    status, screen = predict_left(clip)
    assert status == 0 and "BT.601" not in screen
    require_shown_alike(clip)
    for kind in ("alpha", "composite"):
        (picture,) = tracks(clip.with_name(f"clip_{kind}.mp4"))
        assert (picture["color_space"], picture["color_range"]) == (matrix, bounds)


@pytest.mark.parametrize(
    ("primaries", "transfer"),
    [("bt709", "bt709"), ("smpte432", "iec61966-2-1"), ("bt2020", "bt2020-10"), ("bt2020", "smpte2084")],
)
def test_primaries_and_transfer_are_kept_but_for_alpha(photo, predict_left, primaries, transfer):
    tags = ["-color_primaries", primaries, "-color_trc", transfer, "-colorspace", "bt2020nc"]
    scale = "scale=out_color_matrix=bt2020,format=yuv420p10le"
    clip = film(photo, "clip.mkv", "-vf", scale, *X264, *tags)
    status, screen = predict_left(clip)
    assert status == 0 and ("is HDR (PQ)" in screen) == (transfer == "smpte2084")
    require_shown_alike(clip)
    (picture,), (alpha,) = (tracks(clip.with_name(f"clip_{kind}.mp4")) for kind in ("composite", "alpha"))
    assert (picture["color_primaries"], picture["color_transfer"]) == (primaries, transfer)
    assert "color_transfer" not in alpha or alpha["color_transfer"] == "unknown"


def test_untagged_colours_stay_untagged_and_a_line_says_so(photo, predict_left):
    clip = film(photo, "clip.mp4", *X264, "-pix_fmt", "yuv420p")
    status, screen = predict_left(clip)
    assert status == 0
    assert (
        f"{clip}: does not say how its colours are coded; read as BT.601, and not said in results" in screen
    )
    require_shown_alike(clip)
    (picture,) = tracks(clip.with_name("clip_composite.mp4"))
    assert picture.get("color_space", "unknown") == "unknown"


@pytest.mark.parametrize(
    "form",
    ["gray", "rgb24", "bgr0", "gbrp", "yuv444p", "yuv422p10le", "yuv410p", "gray16le", "rgb48le", "yuva420p"],
)
def test_every_form_of_pixels(photo, predict_left, form):
    codec = ["-c:v", "rawvideo"] if form in ("rgb24",) else FFV1
    clip = film(photo, "clip.mkv" if codec == FFV1 else "clip.avi", "-pix_fmt", form, *codec)
    assert predict_left(clip)[0] == 0
    require_shown_alike(clip, atol=5)


def test_cropped_by_what_the_stream_says(photo, predict_left):
    """By any number of pixels, which ffmpeg itself does not do by default."""
    bars = "h264_metadata=crop_left=16:crop_top=8:crop_right=32:crop_bottom=24"
    clip = film(photo, "clip.mp4", *X264, "-pix_fmt", "yuv420p", "-bsf:v", bars)
    assert predict_left(clip)[0] == 0
    composite = shown_by_ffmpeg(clip.with_name("clip_composite.mp4"))
    truth = cv2.imread(str(photo))[8:-24, 16:-32].astype(float)
    assert composite.shape == truth.shape
    assert np.abs(composite[:, :32] - truth[:, :32]).mean() < 3


def test_a_size_that_changes_within_a_video(photo, predict_left):
    parts = [
        film(photo, f"{n}.ts", *X264, "-pix_fmt", "yuv420p", "-s", size)
        for n, size in enumerate(("128x96", "64x48"))
    ]
    clip = photo.with_name("clip.ts")
    clip.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert predict_left(clip)[0] == 0
    assert len(frame_times(clip.with_name("clip_composite.mp4"))) == 8
    require_shown_alike(clip)
