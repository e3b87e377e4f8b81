"""Reads the archives that torch.save writes, without PyTorch and without running code from them.

Such a file is a zip archive: data.pkl, a pickle of the content, and data/0, data/1, ... with the tensors'
numbers. A pickle names functions to call, which could be any; only the few that make up tensors and dicts are
known here, each replaced by one of this module, and all others are refused. A number of NumPy, such as the
score that some keep beside the weights, is passed over.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


_NUMPY_NUMBER = {
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


class ArchiveError(ValueError):
    """The archive is damaged, or holds more than tensors in dicts and lists."""


def read_archive(path: Path) -> Any:
    """Read what torch.save wrote: its dicts, lists and numbers, and its tensors as arrays.

    Raises:
        ArchiveError: the file is damaged, or holds something else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            (pickled,) = (name for name in archive.namelist() if name.endswith("data.pkl"))
            folder = pickled.removesuffix("data.pkl")
            byte_order = f"{folder}byteorder"
            if byte_order in archive.namelist() and archive.read(byte_order) != b"little":
                raise ArchiveError("its numbers have the other byte order")
            with archive.open(pickled) as file:
                return _Unpickler(file, lambda key: archive.read(f"{folder}data/{key}")).load()
    except ArchiveError:
        raise
    except Exception as error:  # damaged files fail in many ways: in the archive, the pickle, a tensor
        raise ArchiveError(f"{type(error).__name__}: {error}") from None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, read: Callable[[str], bytes]):
        super().__init__(file)
        self._read = read

    def find_class(self, module: str, name: str) -> Any:
        """Only what makes up tensors and dicts; the pickle's instructions can call nothing else."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch._utils" and name in _REBUILD:
            return _REBUILD[name]
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        if (module, name) in _NUMPY_NUMBER:
            return _PassedOver
        raise ArchiveError(f"it names {module}.{name}, which is no part of a state dict")

    def persistent_load(self, identity: tuple) -> np.ndarray:
        """The numbers of a storage, (count,)."""
        kind, dtype, key, _, count = identity
        if kind != "storage" or not isinstance(dtype, str):
            raise ArchiveError(f"it has something of an unknown kind: {kind}")
        content = self._read(key)
        if dtype == "bfloat16":  # the upper half of a float32
            return (np.frombuffer(content, "<u2", count).astype("<u4") << 16).view("<f4")
        return np.frombuffer(content, dtype, count)


class _PassedOver:
    """Stands for what is not read."""

    def __init__(self, *_: object):
        pass

    def __setstate__(self, state: object) -> None:
        pass


def _rebuild_tensor(
    storage: np.ndarray, offset: int, shape: Sequence[int], strides: Sequence[int], *_: object
) -> np.ndarray:
    """The tensor's values; what follows the strides concerns training alone."""
    if min((offset, *shape, *strides)) < 0 or len(shape) != len(strides):
        raise ArchiveError("a tensor has an impossible shape")
    last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    if 0 not in shape and last >= len(storage):
        raise ArchiveError("a tensor is larger than its numbers")
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], tuple(shape), steps).copy()


def _rebuild_parameter(tensor: np.ndarray, *_: object) -> np.ndarray:
    return tensor


_REBUILD = {
    "_rebuild_tensor": _rebuild_tensor,
    "_rebuild_tensor_v2": _rebuild_tensor,
    "_rebuild_parameter": _rebuild_parameter,
}
