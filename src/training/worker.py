"""What each process of a distributed run executes: a script, and then an end that MindSpore cannot spoil.

    python src/training/worker.py SCRIPT [ARGUMENT ...]

When a Python process ends, MindSpore 2.10 takes its cluster down while the other processes do the same. Now
and then that dies of SIGSEGV, after everything has been saved. A worker therefore leaves without it.
"""

import contextlib
import os
import runpy
import signal
import sys
import traceback
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])  # not this folder: its names are not top-level modules

# All workers end so after the same step, not only one of them.
_COMMON_ENDS = (0, 128 + signal.SIGINT, 128 + signal.SIGTERM)


def main() -> None:
    """Run the script and exit with its status."""
    del sys.argv[0]
    status = _status_of(sys.argv[0])
    _flush()
    if status in _COMMON_ENDS and "mindspore" in sys.modules:
        from src.common.world import wait_for_others

        # msrun kills those that have not written their last line. An error says that another has left.
        with contextlib.suppress(RuntimeError):
            wait_for_others()
    os._exit(status)


def _status_of(script: str) -> int:
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


if __name__ == "__main__":
    main()
