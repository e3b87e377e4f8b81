"""Starts and monitors several training processes, using MindSpore's msrun.

    python src/training/launcher.py --workers 2 --log_folder logs -- --data_url=DIR --train_url=DIR

Arguments after -- are passed to train.py. See "msrun Launching" in MindSpore's documentation:
https://www.mindspore.cn/tutorials/en/master/parallel/msrun_launcher.html
"""

import argparse
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

import psutil

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from src.common.command_line import run_command  # noqa: E402
from src.common.counts import port, positive  # noqa: E402
from src.common.errors import UserError  # noqa: E402
from src.common.folder_lock import locked  # noqa: E402
from src.common.stopping import StoppedError  # noqa: E402
from src.common.streams import repair_streams  # noqa: E402
from src.training.rank_table import read_rank_table  # noqa: E402

TRAIN = Path(__file__).resolve().parents[2] / "train.py"
_WORKER = Path(__file__).resolve().with_name("worker.py")
_MSRUN_LOG = "msrun.log"
_POLL_SECONDS = 0.5
_LINES_SHOWN = 15
_STOPPED_CODES = (128 + signal.SIGTERM, 128 + signal.SIGINT, -signal.SIGTERM, -signal.SIGINT)
_FIRST_DEATH = re.compile(r"Worker process (\d+) exit with exception\. Error code: (-?\d+)")


class WorkerFailedError(UserError):
    """A worker failed; the message names it and shows the end of its log."""

    def __init__(self, message: str, exit_status: int):
        super().__init__(message)
        self.exit_status = exit_status


class Job:
    """The workers of one machine.

    Args:
        workers: number of workers on this machine.
        log_folder: for deviceN/train.log of every worker, and the folder msrun_log.
        arguments: arguments of the script.
        master: address of the first machine.
        port: port of the first machine on which the workers connect.
        nodes: number of machines.
        node_rank: number of this machine, from 0.
        rank_table: file with the rank table of the Ascend cards; None for none.
        script: the script that every worker runs.
    """

    def __init__(
        self,
        workers: int,
        log_folder: Path,
        arguments: list[str],
        *,
        master: str,
        port: int,
        nodes: int,
        node_rank: int,
        rank_table: str | None,
        script: Path = TRAIN,
    ):
        self._log_folder = log_folder
        self._msrun_folder = log_folder / "msrun_log"
        self._first_rank = node_rank * workers
        self._workers = workers
        self._ranks: dict[int, int] = {}  # of the workers, by process ID
        self._signal_number: int | None = None  # the signal that stops the workers
        self._ends_now = False  # on a second signal, or one before the workers have started
        self._have_left = False  # whether all workers have ended, well or not
        self._command = [
            *(sys.executable, "-c", "from mindspore.parallel.cluster.run import main; main()"),
            *(f"--worker_num={workers * nodes}", f"--local_worker_num={workers}"),
            *(f"--master_addr={master}", f"--master_port={port}", f"--node_rank={node_rank}"),
            *(f"--log_dir={self._msrun_folder}", "--join=True", "--cluster_time_out=600"),
            *([f"--rank_table_file={rank_table}"] if rank_table else []),
            *(str(_WORKER), str(script), *arguments),
        ]

    def run(self) -> None:
        """Start the workers and wait for them.

        SIGTERM and Ctrl-C are passed on to the workers, which save and exit; a second signal kills them.

        Raises:
            StoppedError: the workers were stopped by a signal.
            WorkerFailedError: a worker failed; the others have been killed.
            UserError: another job writes its logs to the same folder.
        """
        with locked(self._msrun_folder):
            self._run()

    def _run(self) -> None:
        self._make_logs()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # as nohup and & leave some
                signal.signal(number, self._pass_on)
        with (self._msrun_folder / _MSRUN_LOG).open("w") as log:
            # In a new session, so that Ctrl-C does not reach the workers directly, only through _pass_on.
            # msrun starts them with the first `python` on the PATH.
            path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
            process = subprocess.Popen(
                self._command,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PATH": path},
            )
            try:
                print(f"{self._workers} workers started; the first log is {self._first_log()}", flush=True)
                self._watch(process)
            finally:
                if process.poll() is None:
                    self._end(process)
                process.wait()
        if self._have_left and not _FIRST_DEATH.search(self._msrun_text()):
            return  # msrun complains of its scheduler only
        if process.returncode and self._was_asked():
            raise StoppedError(
                f"the workers were stopped; see the end of {self._first_log()}", self._signal_number
            )
        if process.returncode:
            raise self._failure()

    def _make_logs(self) -> None:
        """Make deviceN/train.log a link to msrun's worker_N.log."""
        self._msrun_folder.mkdir(parents=True, exist_ok=True)
        for old in self._log_folder.glob("device*/train.log"):
            old.unlink()
        for rank in self._local_ranks():
            device = self._log_folder / f"device{rank - self._first_rank}"
            device.mkdir(exist_ok=True)
            worker_log = self._msrun_folder / f"worker_{rank}.log"
            worker_log.write_text("")
            (device / "train.log").symlink_to(Path("..", worker_log.relative_to(self._log_folder)))

    def _pass_on(self, number: int, frame: object) -> None:
        if self._signal_number or not self._ranks:
            self._ends_now = True
        self._signal_number = number
        print("\nstopping after the workers have saved; repeat to stop at once", file=sys.stderr)
        for worker in self._ranks:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGTERM if number == signal.SIGHUP else number)

    def _was_asked(self) -> bool:
        """Whether the workers ended because of a signal, not because of a failure in the meantime."""
        death = _FIRST_DEATH.search(self._msrun_text())
        code = int(death[2]) if death else 0
        return self._ends_now or (bool(self._signal_number) and code in (0, *_STOPPED_CODES))

    def _watch(self, process: subprocess.Popen) -> None:
        while process.poll() is None and not self._ends_now:
            self._note_workers(process)
            has_all = len(self._ranks) == self._workers
            self._have_left = has_all and not any(map(psutil.pid_exists, self._ranks))
            if self._have_left or _FIRST_DEATH.search(self._msrun_text()):
                self._end(process, spare_msrun=True)  # its scheduler would wait 30 s for those who left
            time.sleep(_POLL_SECONDS)

    def _note_workers(self, process: subprocess.Popen) -> None:
        for child in psutil.Process(process.pid).children():
            try:
                environment = child.environ()
                is_worker = environment.get("MS_ROLE") == "MS_WORKER" and str(_WORKER) in child.cmdline()
                if is_worker:  # not the `tail` of its log, which inherits its environment
                    self._ranks[child.pid] = int(environment["RANK_ID"])
            except (psutil.Error, KeyError):
                continue

    def _end(self, process: subprocess.Popen, spare_msrun: bool = False) -> None:
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        if not spare_msrun:
            process.kill()

    def _msrun_text(self) -> str:
        return (self._msrun_folder / _MSRUN_LOG).read_text(errors="replace")

    def _failure(self) -> WorkerFailedError:
        text = self._msrun_text()
        death = _FIRST_DEATH.search(text)
        if not death:
            return WorkerFailedError(
                f"the workers could not be run; the end of {_MSRUN_LOG}:\n{_end_of(text)}", 1
            )
        # A worker that ended before it was noticed failed for the same reason as the others.
        rank, code = self._ranks.get(int(death[1]), self._first_rank), int(death[2])
        log = self._log_folder / f"device{rank - self._first_rank}" / "train.log"
        how = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
        end = _end_of(log.read_text(errors="replace"))
        message = f"worker {rank} {how}, the others were ended; the end of {log}:\n{end}"
        return WorkerFailedError(message, 128 - code if code < 0 else code)

    def _first_log(self) -> Path:
        return self._log_folder / "device0" / "train.log"

    def _local_ranks(self) -> range:
        return range(self._first_rank, self._first_rank + self._workers)


def _end_of(text: str) -> str:
    return "\n".join(f"  {line}" for line in deque(text.splitlines(), _LINES_SHOWN))


def main() -> None:
    """Read the command line and run the job."""
    parser = argparse.ArgumentParser(
        description="Start train.py in several processes and wait for them; what follows -- goes to train.py."
    )
    number = parser.add_mutually_exclusive_group(required=True)
    number.add_argument("--workers", type=positive, help="number of processes on this machine")
    number.add_argument("--rank_table", help="rank table of this machine's Ascend cards: one process each")
    parser.add_argument("--log_folder", default=".", help="for deviceN/train.log (default: current folder)")
    parser.add_argument(
        "--master", default="127.0.0.1", help="address of the first machine (default: this one)"
    )
    parser.add_argument("--port", type=port, default=8118, help="port on that machine (default: 8118)")
    parser.add_argument("--nodes", type=positive, default=1, help="number of machines (default: 1)")
    parser.add_argument(
        "--node_rank", type=int, default=0, help="number of this machine, from 0 (default: 0)"
    )
    parser.add_argument("arguments", nargs="*", metavar="-- ARGUMENT", help="arguments of train.py")
    arguments = parser.parse_args()
    if not 0 <= arguments.node_rank < arguments.nodes:
        parser.error(f"--node_rank {arguments.node_rank}: must be from 0 to {arguments.nodes - 1}")
    workers = arguments.workers or read_rank_table(arguments.rank_table)
    if arguments.node_rank == 0:
        require_free(arguments.port)
    Job(
        workers,
        Path(arguments.log_folder).absolute(),
        arguments.arguments,
        master=arguments.master,
        port=arguments.port,
        nodes=arguments.nodes,
        node_rank=arguments.node_rank,
        rank_table=arguments.rank_table,
    ).run()


def require_free(port: int) -> None:
    """Check that a job can listen on a port.

    Raises:
        UserError: the port is in use or not allowed.
    """
    with socket.socket() as listener:
        # Like msrun: otherwise connections of a finished job would block the port for a minute.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("", port))
        except OSError as error:
            raise UserError(
                f"port {port} cannot be used: {error.strerror}; choose another with --port"
            ) from None


if __name__ == "__main__":
    repair_streams()  # a reader that leaves, such as `head`, ends no training; signals are `Job`'s own affair
    run_command(main)
