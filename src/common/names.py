"""File names are bytes; bytes that are not valid UTF-8 are shown and written as \\xNN."""

import codecs
import sys

ESCAPE = "escape-name"  # for the `errors` of files and of str.encode

_FIRST_ODD_BYTE = 0xDC00  # Python decodes an invalid byte b to this code + b (PEP 383)


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end]
    return "".join(_escape_character(character) for character in part), error.end


def _escape_character(character: str) -> str:
    byte = ord(character) - _FIRST_ODD_BYTE
    return (
        f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else character.encode("ascii", "backslashreplace").decode()
    )


codecs.register_error(ESCAPE, _escape)


def shown(name: str) -> str:
    """A name as valid Unicode text, with invalid bytes escaped."""
    return name.encode("utf-8", ESCAPE).decode()


def as_bytes(name: str) -> bytes:
    """The bytes of a name: UTF-8, with invalid bytes as they were."""
    return name.encode("utf-8", "surrogateescape")


def show_any_name() -> None:
    """Escape characters that the encoding of standard output or standard error lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ESCAPE)
