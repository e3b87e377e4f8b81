"""Puts a file in a second place, as a hard link if possible."""

import os
import shutil
from pathlib import Path

from src.common.atomic_file import atomic_path


def link_or_copy(source: Path, target: Path) -> None:
    """Make `target` a hard link to `source`, or copy it atomically if linking is not possible.

    A target that is already the same file, or a copy of the same size and modification time, is kept.

    Raises:
        UserError: the folder of `target` is not writable or the disk is full.
    """
    source = source.resolve()
    if _is_current(source, target):
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        os.link(source, target)
    except OSError:  # another disk, no links, or no permission: copying shows which
        with atomic_path(target) as temporary:
            shutil.copy2(source, temporary)


def _is_current(source: Path, target: Path) -> bool:
    if not target.exists():
        return False
    if target.samefile(source):
        return True
    old, new = target.stat(), source.stat()
    return (old.st_size, old.st_mtime_ns) == (new.st_size, new.st_mtime_ns)
