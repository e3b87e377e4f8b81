"""Shared by all Python commands: flags, configuration and exit status."""

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from src.common.errors import UserError
from src.common.stopping import StoppedError
from src.config import Config, load_config

SKIPPED_STATUS = 3  # finished, but some files could not be used
INTERRUPTED_STATUS = 130
DEFAULT_CONFIG = Path(__file__).resolve().parents[2] / "config.yaml"


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


def config_of(arguments: argparse.Namespace) -> Config:
    """Load the configuration that the shared flags specify."""
    return load_config(arguments.yaml_path, arguments.overrides)


def run_command(main: Callable[[], int | None]) -> None:
    """Run `main` and exit with the status it returns (None means 0).

    A user error exits with status 1 and one message, Ctrl-C with 130. Errors of the operating system
    (a full disk, a folder that is not writable) count as user errors.
    """
    # Once MindSpore has computed anything, it handles Ctrl-C by sending SIGTERM to its own process.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except StoppedError as stopped:
        print(stopped, file=sys.stderr)
        sys.exit(stopped.exit_status)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except OSError as error:
        sys.exit(f"error: {error.filename or 'system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(INTERRUPTED_STATUS)
