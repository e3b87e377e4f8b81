"""Runs each workload to be compared in its own process, once per request.

A workload is a function in a module of this folder that does all preparation and returns a function; each
call of the returned function runs the workload once and returns the seconds per item (photo, step, pair).
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

ROOT = Path(__file__).resolve().parents[2]
# Keep freed memory instead of returning it to the system: otherwise PyTorch on CPU spends half of its time in
# page faults.
KEEP_MEMORY = {
    "MALLOC_TOP_PAD_": "1073741824",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "-1",
}
_KILLED = -9


class LeftOutError(Exception):
    """A workload cannot run on this machine: a package is missing, or there is too little memory."""


class Contender:
    """The process of a workload, which is run once to warm up.

    Args:
        work: MODULE:FUNCTION, with the module below src.benchmark.
        arguments: the function's arguments; must be JSON values.
        environment: additional environment variables of the process.

    Raises:
        LeftOutError: the workload cannot run here; the message says why. The methods raise it, too.
        RuntimeError: the workload failed.
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
            env={**os.environ, **(environment or {})},
        )
        self._answer()

    def seconds(self) -> float:
        """Run the workload once and return the seconds per item."""
        print(file=self._process.stdin, flush=True)
        return self._answer()["seconds"]

    def close(self) -> int:
        """End the process; return the peak memory of it or of a program it started, in bytes."""
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
            raise LeftOutError("killed, possibly for lack of memory")
        raise RuntimeError(f"{self._work} failed with status {self._process.returncode}:\n{log}")

    def _end(self) -> None:
        self._process.wait()
        self._process.stdout.close()
        self._log.close()


def timed(work: Callable[[], object], items: int = 1) -> Callable[[], float]:
    """Time each call of `work`, which processes `items` items; returns seconds per item."""

    @functools.wraps(work)
    def run() -> float:
        started = time.perf_counter()
        work()
        return (time.perf_counter() - started) / items

    return run


def main() -> None:
    """The process: run the workload once for every line on standard input."""
    name, arguments = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # output printed by libraries must not mix with the answers
    module, function = name.split(":")
    work = getattr(importlib.import_module(f"src.benchmark.{module}"), function)(*json.loads(arguments))
    work()
    print("{}", file=answers)
    for _ in sys.stdin:
        print(json.dumps({"seconds": work()}), file=answers)
    # Not ru_maxrss of the process itself, which starts at its parent's value.
    own = int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
    peak = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    print(json.dumps({"peak": peak * 1024}), file=answers)


if __name__ == "__main__":
    main()
