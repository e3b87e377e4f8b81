"""Files whose picture is whole, but not what they hold beside it: copies that decoders read.

PNG: https://www.w3.org/TR/png-3/#5Chunk-layout; JPEG: ITU-T T.81, annex B.
"""

import struct
import zlib
from collections.abc import Iterator

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = (b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"eXIf")
_LONGEST_PROFILE = 1 << 20  # Pillow takes no longer one

_JPEG, _JPEG_END, _SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
_COMMENT, _APPLICATIONS = 0xFE, range(0xE0, 0xF0)
_JPEG_KEPT = (b"JFIF\0", b"Adobe", b"Exif\0", b"ICC_PROFILE\0")
_MORE = (b"", b"\x55\xaa" * 32, b"\x12\x34" * 32)


def without_trimmings(content: bytes) -> bytes | None:
    """A PNG or JPEG without texts, comments and the like; None: it is neither."""
    if content.startswith(_PNG):
        return _PNG + b"".join(_needed_chunks(content))
    if content.startswith(_JPEG):
        return _JPEG + b"".join(_needed_segments(content))
    return None


def with_ends(content: bytes) -> tuple[bytes, ...]:
    """A JPEG whose end is missing, with different bytes in place of it; empty: it is none.

    The pictures of all are equal only where nothing but the end is missing.
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
        if not is_trimming or segment[4:].startswith(_JPEG_KEPT):
            yield segment
        place += length
    yield content[place:]
