"""File names are bytes: those that are no text are shown and written with \\xNN in place of the odd bytes."""

import codecs
import sys

ESCAPE = "escape-name"  # for the `errors` of files and of str.encode

_FIRST_ODD_BYTE = 0xDC00  # Python's stand-in for the byte 0 that is no text (PEP 383)


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
    """A name as text that every encoding of Unicode holds."""
    return name.encode("utf-8", ESCAPE).decode()


def as_bytes(name: str) -> bytes:
    """The bytes of a name: UTF-8, but for those that are no text."""
    return name.encode("utf-8", "surrogateescape")


def show_any_name() -> None:
    """Let what this process prints hold names that its output's encoding has no characters for."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ESCAPE)
