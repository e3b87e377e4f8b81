"""Work spread over processes, a few tasks ahead at a time."""

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import cv2

from src.common.errors import UserError

# Enough that no process waits for the next task, and little to finish when the run is stopped.
_TASKS_AHEAD = 4

Task = TypeVar("Task")
Result = TypeVar("Result")


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_unordered(
    function: Callable[[Task], Result], tasks: Iterable[Task], workers: int
) -> Iterator[tuple[Task, Result]]:
    """Yield (task, function(task)) as they finish; with one worker in this process, in order.

    `tasks` is drawn on only as they are started. `function` must be importable by name.

    Raises:
        UserError: a process was killed from outside. Errors of `function` pass through.
    """
    if workers == 1:
        yield from ((task, function(task)) for task in tasks)
        return
    # spawn: a fork would copy the locks of running threads (progress bar, OpenCV) in any state.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_start_worker)
    running: dict[Future, Task] = {}
    try:
        for task in tasks:
            with _interrupts_held():
                running[pool.submit(function, task)] = task
            if len(running) >= workers * _TASKS_AHEAD:
                yield from _finished(running)
        while running:
            yield from _finished(running)
    except BrokenProcessPool:
        raise UserError(
            "a worker process was killed, perhaps for want of memory; run again with fewer workers: what is "
            "done stays done"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _finished(running: dict[Future, Task]) -> Iterator[tuple[Task, Result]]:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        yield running.pop(future), future.result()


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back: processes started meanwhile inherit that and leave it to this one for good."""
    earlier = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier)


def _start_worker() -> None:
    cv2.setNumThreads(1)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """End this worker when the parent is gone: it would wait for tasks for ever."""
    multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)
