"""Reading images of every kind, writing whole files or none."""

import io
import os
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from src.common.atomic_file import TEMPORARY_PREFIX, atomic_path, remove_abandoned, write_bytes, write_text
from src.common.errors import UserError
from src.images.files import (
    ImageError,
    PictureSizeError,
    read_alpha_channel,
    read_gray,
    read_image,
    write_image,
)
from tests.matting_source import make_alpha, make_photo

ROOT = Path(__file__).resolve().parent.parent
PHOTO = make_photo(1)
ALPHA = make_alpha(1)
BGRA = np.dstack([PHOTO, ALPHA])


def encoded(image: np.ndarray, suffix: str) -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()


def saved(folder: Path, content: np.ndarray | bytes, name: str = "image.png") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else encoded(content, path.suffix))
    return path


# --- reading photos ---


def test_photo_is_bgr(tmp_path):
    image = read_image(saved(tmp_path, PHOTO))
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, PHOTO)


def test_jpeg_is_close(tmp_path):
    difference = read_image(saved(tmp_path, PHOTO, "image.jpg")).astype(int) - PHOTO
    assert abs(difference).mean() < 3


def linear_profile() -> bytes:
    """A colour profile of version 2 with the primaries of sRGB, but values in proportion to light."""

    def xyz(*values: float) -> bytes:
        return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))

    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 7) + b"linear\0" + bytes(79),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": xyz(0.9642, 1, 0.8249),
        b"rXYZ": xyz(0.4361, 0.2225, 0.0139),
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        **{name: b"curv" + bytes(8) for name in (b"rTRC", b"gTRC", b"bTRC")},
    }
    offset = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">2I", offset + len(data), len(content))
        data += content
    size = struct.pack(">I", offset + len(data))
    kind = bytes.fromhex("02100000") + b"mntrRGB XYZ " + bytes(12) + b"acsp"
    white = struct.pack(">3i", 63190, 65536, 54061)
    return (size + bytes(4) + kind + bytes(28) + white).ljust(128, b"\0") + table + data


def test_another_colour_profile_becomes_srgb(tmp_path):
    gray = Image.new("RGB", (8, 8), (128, 128, 128))
    gray.save(tmp_path / "linear.png", icc_profile=linear_profile())
    # sRGB's curve of 128 / 255, by its definition (IEC 61966-2-1).
    expected = 255 * (1.055 * (128 / 255) ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(read_image(tmp_path / "linear.png"), expected, atol=1.5)


def test_a_damaged_colour_profile_is_left_aside(tmp_path):
    Image.new("RGB", (8, 8), (128, 128, 128)).save(tmp_path / "odd.png", icc_profile=linear_profile()[:140])
    assert (read_image(tmp_path / "odd.png") == 128).all()


def test_grey_photo_has_three_equal_channels(tmp_path):
    image = read_image(saved(tmp_path, ALPHA))
    assert image.shape == (*ALPHA.shape, 3)
    for channel in range(3):
        np.testing.assert_array_equal(image[..., channel], ALPHA)


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path):
    values = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
    path = saved(tmp_path, values)
    expected = np.arange(256).reshape(16, 16)
    np.testing.assert_array_equal(read_gray(path), expected)
    np.testing.assert_array_equal(read_image(path)[..., 1], expected)


def test_sixteen_bit_colour_is_scaled(tmp_path):
    image = read_image(saved(tmp_path, PHOTO.astype(np.uint16) * 257))
    np.testing.assert_array_equal(image, PHOTO)


def test_cmyk_colours_are_about_right(tmp_path):
    colours = np.array([[[0, 0, 0], [255, 255, 255], [200, 30, 40], [20, 180, 60]]], np.uint8)
    image = np.repeat(np.repeat(colours, 16, axis=0), 16, axis=1)
    Image.fromarray(image[..., ::-1]).convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95, subsampling=0)
    difference = read_image(tmp_path / "cmyk.jpg")[:, 8::16].astype(int) - image[:, 8::16]
    assert abs(difference).max() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, orientation):
    """Each orientation, undone by hand as the standard defines it."""
    store = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.swapaxes(0, 1),
        6: np.rot90,
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(store(PHOTO[..., ::-1]))).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "turned.png"), PHOTO)


def test_palette_photo(tmp_path):
    palette_image = Image.fromarray(PHOTO[..., ::-1]).quantize(16)
    palette_image.save(tmp_path / "palette.png")
    expected = np.asarray(palette_image.convert("RGB"))[..., ::-1]
    np.testing.assert_array_equal(read_image(tmp_path / "palette.png"), expected)


def test_one_pixel(tmp_path):
    assert read_image(saved(tmp_path, PHOTO[:1, :1])).shape == (1, 1, 3)


def test_path_may_hold_spaces_and_other_scripts(tmp_path):
    np.testing.assert_array_equal(read_image(saved(tmp_path, PHOTO, "my 照片.png")), PHOTO)


# --- reading alpha ---


def test_alpha_channel(tmp_path):
    np.testing.assert_array_equal(read_alpha_channel(saved(tmp_path, BGRA)), ALPHA)


def test_alpha_channel_of_grey_and_of_sixteen_bits(tmp_path):
    Image.merge("LA", [Image.fromarray(255 - ALPHA), Image.fromarray(ALPHA)]).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_alpha_channel(tmp_path / "grey.png"), ALPHA)
    wide = saved(tmp_path, BGRA.astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_alpha_channel(wide), ALPHA)


def test_palette_with_transparency(tmp_path):
    image = Image.fromarray((ALPHA > 0).astype(np.uint8), "P")
    image.putpalette([10, 20, 30, 200, 210, 220])
    image.save(tmp_path / "palette.png", transparency=bytes([0, 200]))
    np.testing.assert_array_equal(read_alpha_channel(tmp_path / "palette.png"), np.where(ALPHA > 0, 200, 0))


@pytest.mark.parametrize(("image", "mode"), [(PHOTO, "RGB"), (ALPHA, "L")])
def test_no_alpha_channel(tmp_path, image, mode):
    with pytest.raises(ImageError, match=rf"image.png: has no alpha channel \(mode {mode}\)"):
        read_alpha_channel(saved(tmp_path, image))


# --- damaged files ---


@pytest.mark.parametrize("read", [read_image, read_gray, read_alpha_channel])
def test_unreadable_files_are_named(tmp_path, read):
    for content in (b"", b"no image", encoded(BGRA, ".png")[:100]):
        with pytest.raises(ImageError, match="image.png: cannot be read as an image"):
            read(saved(tmp_path, content))
    with pytest.raises(ImageError, match="missing.png: no such file"):
        read(tmp_path / "missing.png")
    with pytest.raises(ImageError, match="cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_truncated_files_are_never_read(tmp_path, suffix):
    """Cut anywhere before the pixels end (the last bytes of a file may be no part of them)."""
    whole = encoded(make_photo(3, 64, 64), suffix)
    for length in range(0, len(whole) - 60, max(1, len(whole) // 40)):
        with pytest.raises(ImageError):
            read_image(saved(tmp_path, whole[:length], f"cut{suffix}"))


def jpeg_with_exif() -> bytes:
    exif, content = Image.Exif(), io.BytesIO()
    exif[0x0112], exif[0x010E] = 6, "a photo"
    exif.get_ifd(0x8769)[0x829A] = 0.01
    Image.fromarray(PHOTO).save(content, "JPEG", exif=exif)
    return content.getvalue()


def pillow_encoded(kind: str) -> bytes:
    content = io.BytesIO()
    Image.fromarray(PHOTO).save(content, kind)
    return content.getvalue()


@pytest.mark.parametrize("name", ["phone.heic", "renamed.jpg"])
def test_photos_of_newer_telephones(tmp_path, name):
    smooth = make_photo(1, 128, 96)
    photo = pillow_heif.from_pillow(Image.fromarray(smooth[..., ::-1]))
    photo.save(tmp_path / "photo.heic", quality=90)
    (tmp_path / "photo.heic").rename(tmp_path / name)
    assert np.abs(read_image(tmp_path / name).astype(int) - smooth).mean() < 3


WHOLE_FILES = [jpeg_with_exif(), encoded(BGRA, ".png"), encoded(PHOTO, ".jpg"), encoded(ALPHA, ".png")]
WHOLE_FILES += [pillow_encoded(kind) for kind in ("WEBP", "TIFF", "AVIF")]


@given(
    st.sampled_from(WHOLE_FILES),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6),
    st.sampled_from([300, 10**6]),
)
@settings(max_examples=60)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damage_is_an_image_error_or_harmless(tmp_path_factory, content, changes, reach):
    """Bytes changed at any place, or within the headers: never another exception."""
    damaged = bytearray(content)
    for position, value in changes:
        damaged[position % min(reach, len(damaged))] = value
    path = saved(tmp_path_factory.getbasetemp(), bytes(damaged), "damaged")
    for read, dimensions in ((read_image, 3), (read_gray, 2), (read_alpha_channel, 2)):
        try:
            image = read(path)
        except ImageError as error:
            assert str(error).startswith(f"{path}: ")
        else:
            assert (image.dtype, image.ndim) == (np.uint8, dimensions)


def test_an_odd_exif_entry_does_not_hide_a_photo(tmp_path):
    content = bytearray(jpeg_with_exif())
    description = content.index(bytes.fromhex("010e0002"))
    content[description + 1] = 0x45  # now an entry that must be a number, but is text
    height, width = PHOTO.shape[:2]
    assert read_image(saved(tmp_path, bytes(content), "odd.jpg")).shape == (width, height, 3)


# --- writing ---


@pytest.mark.parametrize("image", [PHOTO, ALPHA, BGRA], ids=["colour", "grey", "with alpha"])
def test_png_gives_back_what_was_written(tmp_path, image):
    write_image(tmp_path / "new" / "folder" / "image.png", image)
    np.testing.assert_array_equal(
        cv2.imread(str(tmp_path / "new" / "folder" / "image.png"), cv2.IMREAD_UNCHANGED), image
    )


def test_jpeg_quality_counts(tmp_path):
    for quality in (20, 95):
        write_image(tmp_path / f"{quality}.jpg", make_photo(1, 200, 200), jpeg_quality=quality)
    assert (tmp_path / "20.jpg").stat().st_size < (tmp_path / "95.jpg").stat().st_size


@pytest.mark.parametrize("name", ["image.xyz", "image"])
def test_unknown_format(tmp_path, name):
    with pytest.raises(UserError, match=f"{name}: an image cannot be written"):
        write_image(tmp_path / name, PHOTO)
    assert not list(tmp_path.iterdir())


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"file/image.png: cannot be written: .*; choose another folder"):
        write_image(tmp_path / "file" / "image.png", PHOTO)


def test_a_picture_too_large_for_its_format_is_named(tmp_path):
    with pytest.raises(PictureSizeError, match=r"long.jpg: .* 1x65501 pixels is too large for '.jpg'; .*png"):
        write_image(tmp_path / "long.jpg", np.zeros((65501, 1, 3), np.uint8))


# --- whole files or none ---


def test_an_error_leaves_the_earlier_file(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "earlier")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]
    assert path.read_text() == "earlier"


def test_full_disk_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    write_text(path, "earlier")

    def full(self, content):
        with self.open("wb") as file:
            file.write(content[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError, match=r"file.txt: cannot be written: No space left on device"):
        write_bytes(path, b"longer than before")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]
    assert path.read_text() == "earlier"


def test_the_temporary_file_lies_beside_with_the_same_suffix(tmp_path):
    with atomic_path(tmp_path / "image.png") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(TEMPORARY_PREFIX)
        assert temporary.suffix == ".png"
        assert not (tmp_path / "image.png").exists()


def test_a_killed_writer_leaves_no_half_file(tmp_path):
    """Killed with the temporary file half written."""
    code = (
        "import os, signal, sys\n"
        "from src.common.atomic_file import atomic_path\n"
        "with atomic_path(sys.argv[1]) as temporary:\n"
        "    temporary.write_bytes(b'half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "file.bin"
    write_bytes(path, b"earlier")
    run = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False)
    assert run.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"earlier"


def test_a_reader_sees_whole_files_only(tmp_path):
    path, size = tmp_path / "file.bin", 300_000
    write_bytes(path, bytes([0]) * size)
    stop = threading.Event()

    def write_over_and_over():
        number = 0
        while not stop.is_set():
            number = (number + 1) % 256
            write_bytes(path, bytes([number]) * size)

    writer = threading.Thread(target=write_over_and_over)
    writer.start()
    seen = {path.read_bytes() for _ in range(200)}
    stop.set()
    writer.join()
    assert len(seen) > 1
    assert all(len(content) == size and len(set(content)) == 1 for content in seen)


def test_permissions_follow_the_umask(tmp_path):
    write_text(tmp_path / "file.txt", "text")
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "file.txt").stat().st_mode & 0o777 == 0o666 & ~umask


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path):
    code = (
        "import sys, time\n"
        "from src.common.atomic_file import atomic_path\n"
        "with atomic_path(sys.argv[1]) as temporary:\n"
        "    temporary.write_bytes(b'half')\n"
        "    print('writing', flush=True)\n"
        "    time.sleep(60)\n"
    )
    path = tmp_path / "file.png"
    names = f"{TEMPORARY_PREFIX}mine.png", f"{TEMPORARY_PREFIX}12345678.jpg", "p.png"
    users = {tmp_path / name for name in names}
    for each in users:
        each.write_bytes(b"whole")
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "writing\n"
        remove_abandoned([path])
        assert len(list(tmp_path.iterdir())) == 4  # what is being written stays
        writer.kill()
    assert len(list(tmp_path.iterdir())) == 4
    remove_abandoned([path, tmp_path / "gone" / "file.png"])
    assert set(tmp_path.iterdir()) == users
