"""What a model is, inside an exported file: in the user_info of MINDIR, in the metadata of ONNX.

Both are protocol buffers with a list of keys and values at their top level. Fields may come in any order, so
that one is added at the file's end; looking for it needs neither MindSpore nor ONNX.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from src.common.errors import UserError
from src.systems.model_info import ModelInfo, dump_model_info, parse_model_info, read_model_info
from src.systems.registry import check_input_size

_EXPORTED_SUFFIXES = (".mindir", ".onnx")
_ENTRIES = 14  # number of the field with the keys and values, in both formats
_INFO, _CHECKPOINT = b"matting_model", b"checkpoint_sha256"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types


def is_exported(path: Path) -> bool:
    """Whether a model is an exported one, by its name in small or capital letters."""
    return path.suffix.lower() in _EXPORTED_SUFFIXES


def find_model_info(path: str | Path) -> ModelInfo | None:
    """What a checkpoint or exported model is; None where it does not say, as older ones.

    Raises:
        UserError: the file cannot be read, or what it says cannot be understood.
    """
    path = Path(path)
    if not is_exported(path):
        return read_model_info(path)
    text = _find_text(path, _INFO)
    return parse_model_info(text, path) if text else None


def is_export_of(path: Path, checkpoint: Path) -> bool:
    """Whether an exported file says that it comes from just this checkpoint.

    Raises:
        UserError: one of them cannot be read.
    """
    return _find_text(path, _CHECKPOINT) == _digest(checkpoint)


def model_info_of(
    path: str | Path,
    *,
    size: int | None = None,
    mean: Sequence[float] | None = None,
    otherwise: ModelInfo,
) -> ModelInfo:
    """What a model is, with other settings where they are given.

    Args:
        path: a checkpoint or exported model.
        size: height and width of its input; None for its own.
        mean: subtracted from the BGR values in training; None for its own.
        otherwise: what holds for a model that does not say what it is.

    Raises:
        UserError: as `find_model_info`, or size or mean cannot be used.
    """
    if mean is not None and not all(0 <= value <= 255 for value in mean):  # nor NaN
        raise UserError(f"mean {' '.join(f'{value:g}' for value in mean)}: must be values from 0 to 255")
    info = find_model_info(path) or otherwise
    given = {"size": size, "mean": None if mean is None else tuple(mean)}
    info = info.model_copy(update={key: value for key, value in given.items() if value is not None})
    try:
        check_input_size(info.size, info.system)
    except ValueError as error:
        raise UserError(f"size {info.size}: {error}") from None
    return info


def embed_model_info(path: Path, info: ModelInfo, checkpoint: Path | None = None) -> None:
    """Add to an exported file what the model is; other formats stay as they are.

    Args:
        path: the exported file.
        info: what the model is.
        checkpoint: where it comes from.
    """
    if not is_exported(path):
        return
    texts = {_INFO: dump_model_info(info)}
    if checkpoint is not None:
        texts[_CHECKPOINT] = _digest(checkpoint)
    with path.open("ab") as file:
        for key, text in texts.items():
            file.write(_field(_ENTRIES, _field(1, key) + _field(2, text.encode())))


def _digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(_read(path)).hexdigest()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def _find_text(path: Path, key: bytes) -> str | None:
    """The text of a key in an exported file; None where it has none."""
    try:
        for number, entry in _fields(memoryview(_read(path))):  # a view: fields are megabytes
            if number == _ENTRIES and (pair := dict(_fields(entry))).get(1) == key:
                return bytes(pair[2]).decode()
    except (IndexError, KeyError, ValueError):  # damaged: whoever loads it says so
        pass
    return None


def _fields(content: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of each field of bytes in a message."""
    place = 0
    while place < len(content):
        tag, place = _read_varint(content, place)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            _, place = _read_varint(content, place)
        elif wire_type in (_FIXED64, _FIXED32):
            place += 8 if wire_type == _FIXED64 else 4
        elif wire_type == _BYTES:
            length, place = _read_varint(content, place)
            yield number, content[place : place + length]
            place += length
        else:
            raise ValueError(f"wire type {wire_type}")


def _read_varint(content: memoryview, place: int) -> tuple[int, int]:
    """The number at a place, in groups of seven bits from the lowest, and the place after it."""
    value, shift = 0, 0
    while True:
        byte = content[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes."""
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])
