"""Files that are no checkpoint of MindSpore but something else that is known, and what to do with them."""

import zipfile
from pathlib import Path

_CONVERT = "python src/get_init_weight.py"
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF")
_TENSORFLOW_SUFFIXES = (".h5", ".hdf5", ".keras", ".pb", ".index", ".meta")
_START = 512  # bytes that tell what a file is


def is_of_pytorch(path: Path) -> bool:
    """Whether a file was written by torch.save, in the format of today (an archive) or the older one."""
    with path.open("rb") as file:
        start = file.read(2)
    if start == b"PK":
        names = _names_in(path)
        return names is not None and any(name.endswith("data.pkl") for name in names)
    return start in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def _names_in(path: Path) -> list[str] | None:
    """The names of the files in a ZIP archive; None if it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except zipfile.BadZipFile:
        return None


def explain(path: Path) -> str | None:
    """What a file is and what to do with it; None where nothing speaks against a model of MindSpore.

    Its content tells, since names may not: PyTorch Lightning, too, calls its files .ckpt.
    """
    with path.open("rb") as file:
        start = file.read(_START)
    suffix = path.suffix.lower()
    if not start:
        return "is no checkpoint, or a damaged one: it is empty; copy it again"
    if is_of_pytorch(path):
        return f"is a file of PyTorch; {_CONVERT} {path} converts the original network's weights"
    if start.startswith(b"PK\x03\x04") and _names_in(path) is None:
        return "is a damaged archive, or one that is cut off; download or copy it again"
    if start[4:8] == b"TFL3":
        return (
            f"is a file of TensorFlow Lite; {_CONVERT} --encoder {path} makes a checkpoint to train from, "
            "if it starts with a MobileNetV2"
        )
    if start.startswith(b"\x89HDF") or suffix in _TENSORFLOW_SUFFIXES or ".data-0000" in path.name:
        return "is a file of TensorFlow or Keras, which cannot be converted; name a checkpoint (.ckpt)"
    if start[8:10] == b'{"' or suffix == ".safetensors":
        return f"is a safetensors file; save its weights by torch.save, and {_CONVERT} converts them"
    if start.startswith(_PICTURES) or start[4:8] == b"ftyp":
        return "is a picture or a video; name a checkpoint (.ckpt) here"
    if start.startswith(b"version https://git-lfs"):
        return "is only a pointer of Git LFS; get the file itself by: git lfs pull"
    if start.lstrip().lower().startswith((b"<!doctype", b"<html")):
        return "is a web page; download the file itself"
    if start.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")) or start[257:262] == b"ustar":
        return "is an archive; unpack it first"
    return None


def explain_checkpoint(path: Path) -> str | None:
    """As `explain`, where an exported model will not do either, nor a name that MindSpore does not take."""
    suffix = path.suffix.lower()
    if suffix in (".mindir", ".onnx", ".air"):
        return "is an exported model; name the checkpoint (.ckpt) from which export.py made it"
    reason = explain(path)
    if reason is None and path.suffix != ".ckpt":
        return "the name of a checkpoint ends in .ckpt; rename it, if it is one"
    return reason
