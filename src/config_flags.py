"""The flags of every configured command: --yaml_path and --set."""

import argparse
from pathlib import Path

from src.config import CommonConfig, load_config

DEFAULT_CONFIG = Path(__file__).resolve().parent.parent / "config.yaml"


def make_parser(description: str, example: str) -> argparse.ArgumentParser:
    """Return a parser with the shared flags; `example` is shown at the end of --help."""
    parser = argparse.ArgumentParser(
        description=description,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--yaml_path",
        "--config_path",
        metavar="FILE",
        default=str(DEFAULT_CONFIG),
        help="configuration file; both flags are equivalent (default: config.yaml in the project root)",
    )
    parser.add_argument(
        "--set",
        dest="overrides",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="override one configuration value, such as end_to_end.lr=1e-4; may be repeated",
    )
    return parser


def config_of(arguments: argparse.Namespace) -> CommonConfig:
    """Load the configuration that the shared flags specify."""
    return load_config(arguments.yaml_path, arguments.overrides)
