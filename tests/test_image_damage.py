"""A whole picture is read whatever is damaged beside it, with a word; a picture that is not whole is not."""

import errno
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from src.images import files
from src.images.decoding import PassingImageError
from src.images.files import ImageError, read_image, read_photo
from tests.matting_source import make_photo

PHOTO = make_photo(1)


def test_what_the_disk_or_memory_withholds_may_be_readable_later(tmp_path, monkeypatch):
    path = tmp_path / "me.png"
    path.write_bytes(png())
    for error, may_pass in (
        (OSError(errno.EIO, "Input/output error"), True),
        (MemoryError(), True),
        (OSError("image file is truncated"), False),
    ):

        def load(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(files, "load_picture", load)
        with pytest.raises(ImageError) as caught:
            read_image(path)
        assert isinstance(caught.value, PassingImageError) == may_pass and str(path) in str(caught.value)


def png(**options) -> bytes:
    content = io.BytesIO()
    Image.fromarray(PHOTO[..., ::-1]).save(content, "PNG", **options)
    return content.getvalue()


def with_chunk(content: bytes, kind: bytes, body: bytes, before: bytes = b"IDAT", checksum: int = 0) -> bytes:
    place = content.index(before) - 4
    chunk = struct.pack(">I", len(body)) + kind + body
    return content[:place] + chunk + struct.pack(">I", checksum or zlib.crc32(kind + body)) + content[place:]


def long_text() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("notes", "a" * 3_000_000, zip=True)
    return png(pnginfo=info)


def text_after_the_picture() -> bytes:
    return with_chunk(png(), b"zTXt", b"notes\0\0" + zlib.compress(bytes(3_000_000)), b"IEND")


def many_texts() -> bytes:
    info = PngImagePlugin.PngInfo()
    for number in range(80):
        info.add_text(f"notes{number}", "a" * 1_000_000, zip=True)
    return png(pnginfo=info)


PNGS = {
    "long text": long_text(),
    "long text at the end": text_after_the_picture(),
    "many texts": many_texts(),
    "wrong checksum": with_chunk(png(), b"tEXt", b"notes\0hello", checksum=1),
    "long profile": with_chunk(png(), b"iCCP", b"p\0\0" + zlib.compress(bytes(3_000_000))),
    "odd resolution": with_chunk(png(), b"pHYs", b"\0"),
    "odd name": with_chunk(png(), b"iTXt", b"\xff\0\1\0"),
}


@pytest.mark.parametrize("name", PNGS)
def test_a_png_is_read_whatever_lies_beside_the_picture(tmp_path, name):
    path = tmp_path / "photo.png"
    path.write_bytes(PNGS[name])
    photo = read_photo(path)
    np.testing.assert_array_equal(photo.colours, PHOTO)
    if name != "odd name":
        assert len(photo.remarks) == 1 and "the picture is whole" in photo.remarks[0]


def jpeg(**options) -> bytes:
    content = io.BytesIO()
    Image.fromarray(make_photo(1, 64, 48)[..., ::-1]).save(content, "JPEG", quality=95, **options)
    return content.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


@pytest.mark.parametrize(
    "trimming",
    [
        segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x03\xed\0\0\0\0\xff\xff"),
        segment(0xE2, b"MPF\0" + b"II*\0\xff\xff\xff\xff"),
        segment(0xE2, b"ICC_PROFILE\0\1\1" + b"no profile"),
        segment(0xE1, b"Exif\0\0" + b"II*\0\xff\xff\xff\xff"),
        segment(0xE1, b"Exif\0\0"),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<no xml"),
        segment(0xFE, b"\xff" * 60000),
        segment(0xEE, b"Adobe"),
    ],
    ids=["Photoshop", "MPF", "profile", "EXIF", "no EXIF", "XMP", "comment", "Adobe"],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_jpeg_is_read_whatever_lies_beside_the_picture(tmp_path, trimming):
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg())
    expected = read_image(path)
    path.write_bytes(jpeg()[:2] + trimming + jpeg()[2:])
    photo = read_photo(path)
    np.testing.assert_array_equal(photo.colours, expected)
    if b"no profile" in trimming or trimming.endswith(b"II*\0\xff\xff\xff\xff"):
        assert not photo.remarks or "damaged" in photo.remarks[0]
    if b"no profile" in trimming or (b"Exif" in trimming and b"II" in trimming):
        assert photo.remarks


def test_a_webp_whose_last_texts_are_cut_off_is_read(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "a photo" * 50
    Image.fromarray(PHOTO[..., ::-1]).save(tmp_path / "p.webp", lossless=True, exif=exif)
    content = (tmp_path / "p.webp").read_bytes()
    for cut in (1, 100, len(content) - content.index(b"EXIF") - 2):
        (tmp_path / "p.webp").write_bytes(content[:-cut])
        photo = read_photo(tmp_path / "p.webp")
        np.testing.assert_array_equal(photo.colours, PHOTO)
        assert "the picture is whole" in photo.remarks[0]
    (tmp_path / "p.webp").write_bytes(content[: content.index(b"EXIF") - 8])
    with pytest.raises(ImageError):
        read_photo(tmp_path / "p.webp")


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_with_a_text_outside_the_file_is_read(tmp_path, order):
    path = tmp_path / "p.tif"
    values = [
        (256, 2),
        (257, 2),
        (258, 8),
        (259, 1),
        (262, 1),
        (270, 2**32 - 16),
        (273, 8),
        (278, 2),
        (279, 4),
    ]
    kinds = {270: (2, 100)}
    entries = b"".join(struct.pack(f"{order}HHII", tag, *kinds.get(tag, (4, 1)), v) for tag, v in values)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 12) + bytes([1, 2, 3, 4])
    path.write_bytes(head + struct.pack(f"{order}H", len(values)) + entries + bytes(4))
    photo = read_photo(path)
    np.testing.assert_array_equal(photo.colours[..., 0], [[1, 2], [3, 4]])
    assert "the picture is whole" in photo.remarks[0]


@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_whose_end_alone_is_missing_is_read_with_a_word(tmp_path, missing):
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg())
    expected = read_image(path)
    path.write_bytes(jpeg()[:-missing])
    photo = read_photo(path)
    np.testing.assert_array_equal(photo.colours, expected)
    assert photo.remarks == ("the end of the file is missing; the picture is whole",)
    for options, cut in (({}, 6), ({}, 200), ({"progressive": True}, 2)):
        path.write_bytes(jpeg(**options)[:-cut])
        with pytest.raises(ImageError):
            read_photo(path)


def test_a_damaged_profile_is_said(tmp_path):
    Image.new("RGB", (8, 8), (128, 128, 128)).save(tmp_path / "odd.png", icc_profile=b"no profile")
    photo = read_photo(tmp_path / "odd.png")
    assert (photo.colours == 128).all() and "colour profile is damaged" in photo.remarks[0]


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_exif_data_without_entries_is_not_damaged(tmp_path, name):
    Image.fromarray(PHOTO[..., ::-1]).save(tmp_path / name, exif=Image.Exif())
    assert read_photo(tmp_path / name).remarks == ()
    path = tmp_path / "b.jpg"
    for block, is_sound in (
        (b"Exif\0\0II*\0\x08\0\0\0" + bytes(6), True),
        (b"Exif\0\0II*\0\x08\0\0\0\x05\0" + bytes(4), False),
        (b"Exif\0\0II*\0\x08\0\0\0", False),
        (b"Exif\0\0" + bytes(20), False),
    ):
        path.write_bytes(jpeg()[:2] + segment(0xE1, block) + jpeg()[2:])
        assert any("EXIF" in each for each in read_photo(path).remarks) != is_sound
