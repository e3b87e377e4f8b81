"""A Python for scripts that look for one: the tests' own, which has the packages."""

import sys
from pathlib import Path


def write_python(path: Path) -> None:
    """Write a program that starts it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    path.chmod(0o755)
