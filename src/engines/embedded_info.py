"""A model's metadata inside an exported file: in the user_info of MINDIR, in the metadata of ONNX.

Both formats are protocol buffers with a list of keys and values at the top level. Fields may come in any
order, so entries are simply appended to the file; reading them needs neither MindSpore nor ONNX.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from src.common.errors import UserError
from src.description.model_info import (
    ModelInfo,
    dump_model_info,
    info_path,
    parse_model_info,
    read_model_info,
)
from src.description.traits import check_input_size, needs_plate, takes_normalised

_EXPORTED_SUFFIXES = (".mindir", ".onnx")
_ENTRIES = 14  # number of the field with the keys and values, in both formats
_INFO, _CHECKPOINT = b"matting_model", b"checkpoint_sha256"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types


def is_exported(path: Path) -> bool:
    """Whether a file is an exported model, by its suffix in lower or upper case."""
    return path.suffix.lower() in _EXPORTED_SUFFIXES


def find_model_info(path: str | Path) -> ModelInfo | None:
    """The metadata of a checkpoint or exported model; None if it has none, like older ones.

    Raises:
        UserError: the file cannot be read, or its metadata is invalid.
    """
    path = Path(path)
    if not is_exported(path):
        return read_model_info(path)
    text = _find_text(path, _INFO)
    return parse_model_info(text, path) if text else None


def is_export_of(path: Path, checkpoint: Path) -> bool:
    """Whether an exported file was made from exactly this checkpoint, according to its metadata.

    Raises:
        UserError: one of them cannot be read.
    """
    return _find_text(path, _CHECKPOINT) == digest_of(checkpoint)


def model_info_of(
    path: str | Path,
    *,
    size: int | None = None,
    mean: Sequence[float] | None = None,
    otherwise: ModelInfo,
) -> ModelInfo:
    """The metadata of a model, with size and mean replaced if given.

    Args:
        path: a checkpoint or exported model.
        size: height and width of the input, in pixels; None for the model's own.
        mean: BGR, 0..255, subtracted from photos in training; None for the model's own.
        otherwise: used for a model without metadata.

    Raises:
        UserError: as `find_model_info`, or size or mean cannot be used, or the system needs a plate.
    """
    if mean is not None and not all(0 <= value <= 255 for value in mean):  # nor NaN
        raise UserError(f"mean {' '.join(f'{value:g}' for value in mean)}: must be values from 0 to 255")
    found = find_model_info(path)
    info = found or otherwise
    if needs_plate(info.system):
        raise UserError(
            f"{path}: is a model of {info.system}, which needs a photo of the empty place (the plate) beside "
            "each photo: predict.py takes it as --plate, commands with a configuration take "
            "--yaml_path=configs/background_matting.yaml; without plates, name a model of shm or modnet"
        )
    if mean is not None and not takes_normalised(info.system):
        raise UserError(f"mean: cannot be chosen for {info.system}, whose input is (RGB - 127.5) / 127.5")
    given = {"size": size, "mean": None if mean is None else tuple(mean)}
    info = replace(info, **{key: value for key, value in given.items() if value is not None})
    try:
        check_input_size(info.size, info.system)
    except ValueError as error:
        is_own = found is not None and size is None
        description = path if is_exported(Path(path)) else info_path(path)
        raise UserError(f"{f'{description}: ' if is_own else ''}size {info.size}: {error}") from None
    return info


def embed_model_info(path: Path, info: ModelInfo, checkpoint: Path | None = None) -> None:
    """Append a model's metadata to an exported file; files of other formats are left unchanged.

    Args:
        path: the exported file.
        info: the metadata.
        checkpoint: the checkpoint that was exported; its SHA-256 is stored as well.

    Raises:
        UserError: the checkpoint cannot be read.
    """
    if not is_exported(path):
        return
    texts = {_INFO: dump_model_info(info)}
    if checkpoint is not None:
        texts[_CHECKPOINT] = digest_of(checkpoint)
    with path.open("ab") as file:
        for key, text in texts.items():
            file.write(_field(_ENTRIES, _field(1, key) + _field(2, text.encode())))


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(_read(path)).hexdigest()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def _find_text(path: Path, key: bytes) -> str | None:
    """The text of a key in an exported file; None if the key is missing."""
    try:
        for number, entry in _fields(memoryview(_read(path))):  # a view: fields can be megabytes
            if number == _ENTRIES and (pair := dict(_fields(entry))).get(1) == key:
                return bytes(pair[2]).decode()
    except (IndexError, KeyError, ValueError):  # damaged; the loader reports it
        pass
    return None


def _fields(content: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of each length-delimited field in a message."""
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
    """The varint at a position (groups of seven bits, lowest first), and the position after it."""
    value, shift = 0, 0
    while True:
        byte = content[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def _field(number: int, content: bytes) -> bytes:
    """Encode a length-delimited field."""
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])
