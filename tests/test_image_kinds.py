"""Pictures are read as their kind says: depth, alpha, several in one file."""

import logging
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tqdm import tqdm

from src.common.remarks import show_remarks
from src.images.files import PLAIN, ImageError, read_alpha_channel, read_gray, read_image, read_photo
from tests.matting_source import make_alpha, make_photo

PHOTO, ALPHA = make_photo(1), make_alpha(1)
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


# --- depth ---


@pytest.mark.parametrize(
    "values",
    [
        RAMP.astype(np.float32) / 255,
        RAMP.astype(np.float32),
        RAMP.astype(np.float32) * 257,
        RAMP.astype(np.int32),
        RAMP.astype(np.int32) * 257,
        RAMP.astype(np.int32) * (2**31 // 256),
    ],
    ids=["float 1", "float 255", "float 65535", "int 255", "int 65535", "int 2^31"],
)
def test_grey_of_32_bits_is_scaled(tmp_path, values):
    Image.fromarray(values).save(tmp_path / "deep.tif")
    photo = read_photo(tmp_path / "deep.tif")
    assert np.abs(photo.colours.astype(int) - RAMP[..., np.newaxis]).max() <= 1
    assert np.abs(read_gray(tmp_path / "deep.tif").astype(int) - RAMP).max() <= 1
    assert "for white" in photo.remarks[0]


@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_grey_of_sixteen_bits_is_rounded(tmp_path, name):
    values = np.arange(0, 65536, 16).astype(np.uint16)[np.newaxis]
    Image.fromarray(values).save(tmp_path / name)
    np.testing.assert_array_equal(read_gray(tmp_path / name), np.round(values / 257))


def test_light_brighter_than_white_is_white(tmp_path):
    Image.fromarray(np.float32([[-0.1, 0.5, 1, 3.5]])).save(tmp_path / "light.tif")
    np.testing.assert_array_equal(read_gray(tmp_path / "light.tif"), [[0, 128, 255, 255]])


@pytest.mark.parametrize("values", [[[0, np.nan]], [[0, np.inf]], [[-5, -1]], [[0, 1e9]]])
def test_values_that_are_no_picture_are_refused(tmp_path, values):
    Image.fromarray(np.float32(values)).save(tmp_path / "odd.tif")
    with pytest.raises(ImageError, match="odd.tif: cannot be read as an image: it"):
        read_image(tmp_path / "odd.tif")


def test_colours_of_floating_point_are_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "colour.tiff"), PHOTO.astype(np.float32) / 255)
    with pytest.raises(ImageError, match="colour.tiff: cannot be read as an image"):
        read_image(tmp_path / "colour.tiff")


def test_integers_of_twelve_bits_with_white_zero_and_without_a_sign(tmp_path):
    """A TIFF by hand: 12 bits are packed, 3 bytes for 2 values."""
    packed = bytes.fromhex("000fff 800000".replace(" ", ""))  # 0, 4095; 2048, 0
    path = tmp_path / "twelve.tif"
    tags = [(256, 2), (257, 2), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, 2), (279, 6)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    path.write_bytes(b"II*\0" + struct.pack("<I", 14) + packed + directory)
    np.testing.assert_array_equal(read_gray(path), [[0, 255], [128, 0]])

    Image.fromarray(RAMP.astype(np.uint16) * 257).save(tmp_path / "plain.tif")
    content = bytearray((tmp_path / "plain.tif").read_bytes())
    place = content.index(struct.pack("<HHI", 262, 3, 1)) + 8
    content[place] = 0  # white is zero
    (tmp_path / "inverted.tif").write_bytes(content)
    np.testing.assert_array_equal(read_gray(tmp_path / "inverted.tif"), 255 - RAMP)


@pytest.mark.parametrize("mode", ["1", "LA", "PA", "RGBA"])
def test_modes_of_few_bits_and_with_alpha(tmp_path, mode):
    gray = Image.fromarray(np.where(RAMP > 99, 255, 0).astype(np.uint8))
    image = gray.convert("P").convert("PA") if mode == "PA" else gray.convert(mode)
    image.save(tmp_path / "image.tif")
    photo = read_photo(tmp_path / "image.tif")
    np.testing.assert_array_equal(photo.colours, np.dstack([np.asarray(gray)] * 3))
    assert photo.alpha is None and photo.remarks == ()


# --- alpha ---


def save_with_alpha(folder: Path, name: str) -> Path:
    """PHOTO, hidden where ALPHA is 0, in files whose alpha is of several kinds."""
    rgba = Image.fromarray(np.dstack([PHOTO[..., ::-1], ALPHA]))
    path = folder / name
    if name == "sixteen.png":
        cv2.imwrite(str(path), np.dstack([PHOTO, ALPHA]).astype(np.uint16) * 257)
    else:
        rgba.save(path, **({"lossless": True, "exact": True} if path.suffix == ".webp" else {}))
    return path


@pytest.mark.parametrize("name", ["a.png", "sixteen.png", "a.webp", "a.tif", "a.tga", "a.jp2"])
def test_photos_with_alpha_are_seen_over_a_plain_colour(tmp_path, name):
    path = save_with_alpha(tmp_path, name)
    photo = read_photo(path)
    np.testing.assert_array_equal(photo.alpha, ALPHA)
    np.testing.assert_array_equal(photo.colours, PHOTO)
    weight = ALPHA[..., np.newaxis] / 255
    expected = weight * PHOTO + (1 - weight) * PLAIN
    assert np.abs(read_image(path) - expected).max() <= 0.51
    assert (read_image(path)[ALPHA == 0] == PLAIN).all()


def test_one_colour_that_is_clear(tmp_path):
    gray = np.where(ALPHA > 0, 200, 7).astype(np.uint8)
    for name, image, clear in (
        ("gray.png", Image.fromarray(gray), 7),
        ("deep.png", Image.fromarray(gray.astype(np.uint16) * 257), 7 * 257),
        ("rgb.png", Image.fromarray(np.dstack([gray] * 3)), (7, 7, 7)),
        ("palette.gif", Image.fromarray(gray).convert("P"), 7),
    ):
        image.save(tmp_path / name, transparency=clear)
        np.testing.assert_array_equal(read_alpha_channel(tmp_path / name), np.where(ALPHA > 0, 255, 0))
        assert (read_image(tmp_path / name)[ALPHA == 0] == PLAIN).all()
        assert (read_image(tmp_path / name)[ALPHA > 0] == 200).all()


@pytest.mark.parametrize(
    ("bits", "kind", "pixels", "clear"),
    [
        (1, 0, bytes([0b01101111]), [0]),
        (2, 0, bytes([0b01111001, 0b11001011]), [1]),
        (4, 0, bytes([0x37, 0x83, 0x99, 0xAF]), [3]),
        (8, 0, bytes([3, 7, 8, 3, 9, 4, 5, 6]), [3]),
        (16, 0, struct.pack(">8H", 900, 1, 2, 900, 4, 5, 6, 7), [900]),
        (16, 2, struct.pack(">24H", *[800, 900, 1000, *[9000] * 6] * 2, *[9000] * 6), [800, 900, 1000]),
    ],
)
def test_one_colour_of_a_png_of_any_depth_is_clear(tmp_path, bits, kind, pixels, clear):
    """By hand, since Pillow writes few depths: 8 pixels, of which the first and the fourth are clear."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    (tmp_path / "clear.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 1, bits, kind, 0, 0, 0))
        + chunk(b"tRNS", struct.pack(f">{len(clear)}H", *clear))
        + chunk(b"IDAT", zlib.compress(b"\0" + pixels))
        + chunk(b"IEND", b"")
    )
    alpha = read_alpha_channel(tmp_path / "clear.png")
    np.testing.assert_array_equal(alpha[0, [0, 3]], 0)
    np.testing.assert_array_equal(alpha[0, [1, 2, 4, 5, 6, 7]], 255)


# --- several pictures ---


@pytest.mark.parametrize("name", ["a.gif", "a.tif", "a.png", "a.webp", "a.avif", "a.mpo"])
def test_the_first_of_several_pictures_is_taken_and_said(tmp_path, name, caplog):
    pictures = [Image.new("RGB", (16, 16), colour) for colour in ("white", "black", "red")]
    pictures[0].save(tmp_path / name, save_all=True, append_images=pictures[1:])
    photo = read_photo(tmp_path / name)
    assert photo.colours.min() > 250
    assert photo.remarks == ("holds 3 pictures; the first is taken",)
    with caplog.at_level(logging.WARNING):
        read_image(tmp_path / name)
        read_image(tmp_path / name)
    assert caplog.messages == [f"{tmp_path / name}: holds 3 pictures; the first is taken"]


def test_commands_show_remarks_as_lines(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger("src"), "handlers", [])
    show_remarks()
    pictures = [Image.new("RGB", (16, 16), colour) for colour in ("white", "black")]
    pictures[0].save(tmp_path / "mask.gif", save_all=True, append_images=pictures[1:])
    with tqdm(total=2, desc="bar"):
        read_gray(tmp_path / "mask.gif")
    lines = capsys.readouterr().err.replace("\r", "\n").splitlines()
    assert f"{tmp_path / 'mask.gif'}: holds 2 pictures; the first is taken" in lines


# --- what is no file ---


def test_a_pipe_and_a_device_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", Path("/dev/zero")):
        with pytest.raises(ImageError, match=f"{path}: is a pipe or device"):
            read_image(path)
