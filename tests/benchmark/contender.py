"""Works to be compared, each in a process of its own, done once whenever they are asked.

A work is a function of a module in this folder that prepares everything and returns a function; each call of
that does the work once and returns the seconds that an item took (a photo, a step, a pair).
"""

import functools
import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What PyTorch needs on CPU, lest half of its time goes into page faults: memory is kept, not given back.
KEEP_MEMORY = {
    "MALLOC_TOP_PAD_": "1073741824",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "-1",
}


class LeftOutError(Exception):
    """A work cannot be done on this machine."""


class Contender:
    """The process of a work, which is done once to warm up.

    Args:
        work: MODULE:FUNCTION, the module below tests.benchmark.
        arguments: of the function; what JSON knows.
        environment: variables of the process.

    Raises:
        LeftOutError: it cannot be done here; says why.
    """

    def __init__(self, work: str, *arguments, environment: Mapping[str, str] | None = None):
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmark.contender", work, json.dumps(arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )
        self._answer()

    def seconds(self) -> float:
        """Do the work once; the seconds that an item took."""
        print(file=self._process.stdin, flush=True)
        return self._answer()["seconds"]

    def close(self) -> float:
        """End the process; returns the most memory it held, in bytes."""
        self._process.stdin.close()
        peak = self._answer()["peak"]
        self._process.stdout.close()
        self._process.wait()
        self._log.close()
        return peak

    def _answer(self) -> dict[str, float]:
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._process.wait()
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        raise LeftOutError(lines[-1] if lines else f"status {self._process.returncode}")


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
    work = getattr(importlib.import_module(f"tests.benchmark.{module}"), function)(*json.loads(arguments))
    work()
    print("{}", file=answers)
    for _ in sys.stdin:
        print(json.dumps({"seconds": work()}), file=answers)
    usage = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"peak": max(each.ru_maxrss for each in usage) * 1024}), file=answers)


if __name__ == "__main__":
    main()
