"""Loads one module of a package without importing the whole package, which can take seconds or minutes."""

import importlib.util
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
