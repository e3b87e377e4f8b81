"""Runs tasks in several processes, queueing only a few of them ahead."""

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

from src.common import signals
from src.common.errors import UserError
from src.common.unfinished import remove_unfinished

# For each worker: enough to keep it busy, few enough to finish quickly when the run is stopped.
_TASKS_AHEAD = 4

Task = TypeVar("Task")
Result = TypeVar("Result")


def available_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_unordered(
    function: Callable[[Task], Result], tasks: Iterable[Task], workers: int
) -> Iterator[tuple[Task, Result]]:
    """Yield (task, function(task)) as tasks finish; a single worker runs in this process, in order.

    Tasks are taken from `tasks` only when they are started. `function` must be importable by name.

    Raises:
        UserError: a worker was killed from outside. Errors raised by `function` pass through.
    """
    if workers == 1:
        yield from ((task, function(task)) for task in tasks)
        return
    # spawn: a fork could copy locks that running threads (progress bar, OpenCV) hold at that moment.
    with _interrupts_held():  # this starts multiprocessing's resource tracker, which unblocks signals
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
            "a worker process was killed, possibly for lack of memory; run again with fewer workers "
            "(finished work is kept)"
        ) from None
    except (KeyboardInterrupt, GeneratorExit):  # the results of running tasks are not needed
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _finished(running: dict[Future, Task]) -> Iterator[tuple[Task, Result]]:
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for future in done:
        yield running.pop(future), future.result()


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Block Ctrl-C: workers started meanwhile inherit the block, so that only this process handles it."""
    earlier = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier)


def _start_worker() -> None:
    signals.receive(_leave_on)
    cv2.setNumThreads(1)
    leave_with_parent()


def leave_with_parent() -> None:
    """End this process when its parent is gone, also killed; otherwise it would wait for tasks forever."""
    threading.Thread(target=_leave_after_parent, daemon=True).start()


def _leave_on(number: int) -> None:
    """End this worker on SIGTERM; Ctrl-C is handled by its parent, which lets it finish."""
    if number == signal.SIGTERM:
        remove_unfinished()
        os._exit(128 + number)


def _leave_after_parent() -> None:
    multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
    remove_unfinished()
    os._exit(1)
