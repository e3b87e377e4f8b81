"""How every Python command starts and ends: errors, signals, exit status."""

import signal
import sys
from collections.abc import Callable

from src.common.errors import UserError
from src.common.names import show_any_name
from src.common.remarks import show_remarks
from src.common.stopping import StoppedError

SKIPPED_STATUS = 3  # finished, but some files could not be used
INTERRUPTED_STATUS = 130


def run_command(main: Callable[[], int | None]) -> None:
    """Run `main` and exit with the status it returns (None means 0).

    A user error exits with status 1 and one message, Ctrl-C with 130. Errors of the operating system
    (a full disk, a folder that is not writable) count as user errors.
    """
    show_any_name()
    show_remarks()
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
