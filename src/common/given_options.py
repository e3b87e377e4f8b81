"""Which options of a command line were given."""

import argparse
from collections.abc import Iterable


def given(names: Iterable[str], arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> list[str]:
    """Those of some options whose values are not their defaults."""
    return [name for name in names if getattr(arguments, name) != parser.get_default(name)]
