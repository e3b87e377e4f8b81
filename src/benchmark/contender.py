"""Works to be compared, each in a process of its own, done once whenever they are asked.

A work is a function of a module in this folder that prepares everything and returns a function; each call of
that does the work once and returns the seconds that an item took (a photo, a step, a pair).
"""

import functools
import importlib
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

# Nothing here imports `src`, which would limit oneDNN for PyTorch as MindSpore needs it.
ROOT = Path(__file__).resolve().parents[2]
# What PyTorch needs on CPU, lest half of its time goes into page faults: memory is kept, not given back.
KEEP_MEMORY = {
    "MALLOC_TOP_PAD_": "1073741824",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "-1",
}
_SET_BY_SRC = "ONEDNN_MAX_CPU_ISA"
_KILLED = -9


class LeftOutError(Exception):
    """A work cannot be done on this machine: a package is missing, or the memory."""


class Contender:
    """The process of a work, which is done once to warm up.

    Args:
        work: MODULE:FUNCTION, the module below src.benchmark.
        arguments: of the function; what JSON knows.
        environment: variables of the process.

    Raises:
        LeftOutError: it cannot be done here; says why. So do the methods.
        RuntimeError: it failed.
    """

    def __init__(self, work: str, *arguments, environment: Mapping[str, str] | None = None):
        self._work = work
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "src.benchmark.contender", work, json.dumps(arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=ROOT,
            env={
                **{name: value for name, value in os.environ.items() if name != _SET_BY_SRC},
                **(environment or {}),
            },
        )
        self._answer()

    def seconds(self) -> float:
        """Do the work once; the seconds that an item took."""
        print(file=self._process.stdin, flush=True)
        return self._answer()["seconds"]

    def close(self) -> int:
        """End the process; returns the most memory that it or a program it started held, in bytes."""
        self._process.stdin.close()
        peak = self._answer()["peak"]
        self._end()
        return peak

    def _answer(self) -> dict[str, float]:
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._process.wait()
        self._log.seek(0)
        log = self._log.read().strip()
        self._end()
        last = log.splitlines()[-1] if log else ""
        if last.startswith("ModuleNotFoundError"):
            raise LeftOutError(last.partition(": ")[2])
        if self._process.returncode == _KILLED:
            raise LeftOutError("killed; was there memory enough?")
        raise RuntimeError(f"{self._work} failed with status {self._process.returncode}:\n{log}")

    def _end(self) -> None:
        self._process.wait()
        self._process.stdout.close()
        self._log.close()


def timed(work: Callable[[], object], items: int = 1) -> Callable[[], float]:
    """A work that is measured from outside, of so many items."""

    @functools.wraps(work)
    def run() -> float:
        started = time.perf_counter()
        work()
        return (time.perf_counter() - started) / items

    return run


def main() -> None:
    """The process: works on every line that comes."""
    name, arguments = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    module, function = name.split(":")
    work = getattr(importlib.import_module(f"src.benchmark.{module}"), function)(*json.loads(arguments))
    work()
    print("{}", file=answers)
    for _ in sys.stdin:
        print(json.dumps({"seconds": work()}), file=answers)
    # Not ru_maxrss of the process itself: that begins with what its parent once held.
    own = int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
    peak = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    print(json.dumps({"peak": peak * 1024}), file=answers)


if __name__ == "__main__":
    main()
