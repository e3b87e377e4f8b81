"""Repairs image files whose metadata or end is damaged: makes copies that decoders can read.

PNG: https://www.w3.org/TR/png-3/#5Chunk-layout; JPEG: ITU-T T.81, annex B; WebP: RFC 9649; TIFF 6.0.
"""

import struct
import zlib
from collections.abc import Iterator

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = (b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"eXIf")
_LONGEST_PROFILE = 1 << 20  # Pillow's limit

_JPEG, _JPEG_END, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
_COMMENT, _APPLICATIONS = 0xFE, range(0xE0, 0xF0)
_JPEG_KEPT = (b"JFIF\0", b"Adobe", b"Exif\0", b"ICC_PROFILE\0")
_ADOBE_LENGTH = 16  # including the marker

_WEBP_TRIMMINGS = (b"EXIF", b"XMP ")
_TIFF = {b"II*\0": "<", b"MM\0*": ">"}  # signature and byte order
_TIFF_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
}  # bytes per value, by type
_MORE = (b"", b"\x55\xaa" * 32, b"\x12\x34" * 32)


def without_trimmings(content: bytes) -> bytes | None:
    """Remove texts, comments and damaged metadata from a PNG, JPEG, WebP or TIFF; None for other formats."""
    if content.startswith(_PNG):
        return _PNG + b"".join(_needed_chunks(content))
    if content.startswith(_JPEG):
        return _JPEG + b"".join(_needed_segments(content))
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        body = b"WEBP" + b"".join(_needed_riff_chunks(content))
        return b"RIFF" + struct.pack("<I", len(body)) + body
    if content[:4] in _TIFF:
        return _with_sound_tags(content)
    return None


def with_ends(content: bytes) -> tuple[bytes, ...]:
    """Complete a truncated JPEG in several ways, with different bytes; empty if it is not a truncated JPEG.

    All copies decode to the same picture only if no picture data is missing.
    """
    if not content.startswith(_JPEG) or content.rstrip(b"\0").endswith(_JPEG_END):
        return ()
    return tuple(content.removesuffix(b"\xff") + more + _JPEG_END for more in _MORE)


def _needed_chunks(content: bytes) -> Iterator[bytes]:
    place = len(_PNG)
    while place < len(content):
        (length,) = struct.unpack(">I", content[place : place + 4].ljust(4, b"\0"))
        chunk = content[place : place + 12 + length]
        kind = chunk[4:8]
        if kind[:1].isupper() or (kind in _PNG_KEPT and _is_sound(chunk)):
            yield chunk
        place += 12 + length


def _is_sound(chunk: bytes) -> bool:
    kind, body = chunk[4:8], chunk[8:-4]
    if struct.pack(">I", zlib.crc32(kind + body)) != chunk[-4:]:
        return False
    if kind == b"iCCP":
        unpacking = zlib.decompressobj()
        try:
            unpacking.decompress(body.partition(b"\0")[2][1:], _LONGEST_PROFILE)
        except zlib.error:
            return False
        return unpacking.eof
    return True


def _needed_segments(content: bytes) -> Iterator[bytes]:
    place = len(_JPEG)
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == _SCAN:
            break
        length = 2 + struct.unpack(">H", content[place + 2 : place + 4])[0]
        segment = content[place : place + length]
        is_trimming = marker == _COMMENT or marker in _APPLICATIONS
        is_cut = segment[4:].startswith(b"Adobe") and length < _ADOBE_LENGTH
        if not is_trimming or (segment[4:].startswith(_JPEG_KEPT) and not is_cut):
            yield segment
        place += length
    yield content[place:]


def _needed_riff_chunks(content: bytes) -> Iterator[bytes]:
    place = 12
    while place + 8 <= len(content):
        kind, length = content[place : place + 4], struct.unpack("<I", content[place + 4 : place + 8])[0]
        if kind not in _WEBP_TRIMMINGS:
            yield content[place : place + 8 + length + length % 2]
        place += 8 + length + length % 2


def _with_sound_tags(content: bytes) -> bytes | None:
    """The first picture of a TIFF without tags whose values lie outside the file; None: it has no tags."""
    order = _TIFF[content[:4]]
    try:
        (place,) = struct.unpack_from(f"{order}I", content, 4)
        (count,) = struct.unpack_from(f"{order}H", content, place)
        entries = [content[place + 2 + 12 * k : place + 14 + 12 * k] for k in range(count)]
        sound = [entry for entry in entries if _lies_inside(entry, order, len(content))]
    except struct.error:
        return None
    table = struct.pack(f"{order}H", len(sound)) + b"".join(sound) + bytes(4)  # no further picture
    return content[:place] + table + content[place + len(table) :]


def _lies_inside(entry: bytes, order: str, length: int) -> bool:
    _, kind, count, value = struct.unpack(f"{order}HHII", entry)
    size = count * _TIFF_SIZES.get(kind, 1)
    return size <= 4 or value + size <= length
