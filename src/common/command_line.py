"""How every Python command starts and ends: errors, signals, streams, exit status.

A command imports this module first: from then on, Ctrl-C and SIGTERM end it at any moment without a
traceback.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from src.common import signals
from src.common.errors import UserError
from src.common.names import show_any_name
from src.common.remarks import show_remarks
from src.common.stopping import StoppedError
from src.common.streams import repair_streams
from src.common.unfinished import interrupt, remove_lost, remove_unfinished

SKIPPED_STATUS = 3  # finished, but some files could not be used
INTERRUPTED_STATUS = 130

_ROOT = Path(__file__).resolve().parents[2]
_COMMAND_FOLDERS = (_ROOT, _ROOT / "src", _ROOT / "src" / "deployment", _ROOT / "scripts")
_PYTORCH_FOLDER = _ROOT / "src" / "pytorch"
_UNWINDING = signal.SIGUSR1  # interrupts the main thread, even while it waits


class _Interruption:
    """Whether a signal has interrupted this command."""

    status: int | None = None  # the exit status, once a signal was received
    is_running = False  # whether run_command is active and reports how the command ends


def run_command(main: Callable[[], int | None]) -> None:
    """Run `main` and exit with the status it returns (None means 0).

    A user error exits with status 1 and one message, Ctrl-C with 130, SIGTERM with 143. Errors of the
    operating system (a full disk, a folder that is not writable) count as user errors, and so does a missing
    MindSpore, without which photos alone are matted.
    """
    show_any_name()
    show_remarks()
    try:
        _Interruption.is_running = True
        sys.exit(main())
    except StoppedError as stopped:
        print(stopped, file=sys.stderr)
        sys.exit(stopped.exit_status)
    except (UserError, OSError, KeyboardInterrupt) as error:
        if _Interruption.status or isinstance(error, KeyboardInterrupt):
            remove_lost()
            print("\ninterrupted", file=sys.stderr)
            sys.exit(_Interruption.status or INTERRUPTED_STATUS)
        if isinstance(error, UserError):
            print(f"error: {error}", file=sys.stderr)
            sys.exit(error.exit_status)
        sys.exit(f"error: {error.filename or 'system'}: {error.strerror or error}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "mindspore":
            raise
        remedy = "pip install -r requirements.txt"
        sys.exit(f"error: this needs MindSpore, which {sys.executable} does not have: {remedy}")
    finally:
        _Interruption.is_running = False


def _end(number: int) -> None:
    """End the command on a signal.

    Without MindSpore, the main thread is interrupted, so that its worker processes can finish their work.
    MindSpore would abort on such an interrupt, so the process exits at once if it is loaded. It also does so
    while modules are imported, when no work has started.
    """
    first = _Interruption.status is None
    _Interruption.status = 128 + number
    if first and _Interruption.is_running and "mindspore" not in sys.modules:
        signal.pthread_kill(threading.main_thread().ident, _UNWINDING)
        return
    _exit_at_once()


def _end_of_pytorch(number: int, _: FrameType | None) -> None:
    """As `_end`, called in the main thread."""
    first = _Interruption.status is None
    _Interruption.status = 128 + number
    if first and _Interruption.is_running:
        interrupt()
    else:
        _exit_at_once()


def _exit_at_once() -> None:
    _kill_children()
    remove_unfinished()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        print("\ninterrupted", file=sys.stderr, flush=True)
    os._exit(_Interruption.status)


def _kill_children() -> None:
    """Kill the programs that this process started, such as ffmpeg; they inherited the blocked signals."""
    for children in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                os.kill(int(child), signal.SIGKILL)


def _folder_of_program() -> Path | None:
    """Where the program lies; a notebook, or a test that imports a command, is in no folder of commands."""
    program = getattr(sys.modules["__main__"], "__file__", None)
    return None if program is None else Path(program).resolve().parent


if _folder_of_program() in _COMMAND_FOLDERS:
    repair_streams()
    signal.signal(_UNWINDING, interrupt)
    signals.receive(_end)
elif _folder_of_program() == _PYTORCH_FOLDER:
    repair_streams()
    # Not by `receive`: PyTorch's DataLoader ends its workers with SIGTERM, and they would inherit the block.
    for _number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(_number) != signal.SIG_IGN:  # as nohup and & leave some
            signal.signal(_number, _end_of_pytorch)
