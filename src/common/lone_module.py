"""Loads a module without the others that it would import, which can take seconds or minutes."""

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType


def module_path(name: str) -> Path:
    """The file of a module, given by its full name, such as package.part.module.

    Raises:
        ImportError: the package is not installed.
    """
    package, *place = name.split(".")
    found = importlib.util.find_spec(package)
    if found is None or not found.origin:
        raise ImportError(f"{package} is not installed")
    return Path(found.origin).parent.joinpath(*place).with_suffix(".py")


def make_module(name: str, path: Path) -> ModuleType:
    """Create a module without executing it; `module.__spec__.loader.exec_module(module)` executes it."""
    spec = importlib.util.spec_from_file_location(name, path)
    return importlib.util.module_from_spec(spec)


@contextlib.contextmanager
def hidden(name: str) -> Iterator[None]:
    """Make the import of a package fail, unless it has been imported already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # which Python takes for a package that cannot be imported
    try:
        yield
    finally:
        del sys.modules[name]
