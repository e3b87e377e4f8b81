"""Training in several processes, on CPU: the same as in one, and as hard to lose."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.common.errors import UserError
from src.common.folder_lock import locked
from src.common.world import World
from src.config import save_config
from src.data.split_files import SplitFiles
from src.dataset import MattingDataset, training_batches, validation_batches
from src.training import launcher, worker
from src.training.launcher import require_free
from src.training.rank_table import RankTableError, read_rank_table
from tests.distributed_worker import compute
from tests.python_program import write_python
from tests.small_dataset import write_dataset
from tests.test_readme import DISTRIBUTED
from tests.training_runs import (
    ROOT,
    assert_same_outcome,
    make_config,
    read_epochs,
    read_steps,
)

M_NET = "pre_train_m_net"
WORKERS, STEPS, EPOCHS, BATCH = 2, 4, 3, 2
CONFIG = make_config({M_NET: {"nEpochs": EPOCHS, "train_batch": BATCH, "ema_decay": 0.5}})
WORKER = ROOT / "tests" / "distributed_worker.py"
PATIENCE = 180  # seconds
POPEN = subprocess.Popen


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A data set whose size no number of processes here divides."""
    folder = tmp_path_factory.mktemp("data")
    write_dataset(folder, {"train": 2 * STEPS * BATCH + 1, "eval": 5})
    return folder


# Shares


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("count", [17, 24, 50])
def test_together_the_processes_take_what_one_would(tmp_path, size, count):
    write_dataset(tmp_path, {"train": count}, size=(8, 8))
    dataset = MattingDataset(SplitFiles(tmp_path, "train"), patch_size=16, mean=(0, 0, 0))

    def order(world: World, batch_size: int, epoch: int = 1, first_step: int = 0) -> np.ndarray:
        options = {
            "seed": 3,
            "batch_size": batch_size,
            "workers": 1,
            "world": world,
            "first_step": first_step,
        }
        batches = training_batches(dataset, epoch, **options)
        return np.reshape([batch.index for batch in batches], (-1, batch_size)).astype(int)

    alone = order(World(), 2 * size)
    shares = [order(World(rank, size), 2) for rank in range(size)]
    np.testing.assert_array_equal(np.concatenate(shares, axis=1), alone)
    taken = alone.ravel().tolist()
    assert len(taken) == len(set(taken)) == count // (2 * size) * 2 * size
    assert not np.array_equal(alone, order(World(), 2 * size, epoch=2))
    np.testing.assert_array_equal(order(World(0, size), 2, first_step=1), shares[0][1:])


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_every_image_is_validated_by_one_process(data, size):
    dataset = MattingDataset(SplitFiles(data, "eval"), patch_size=16, mean=(0, 0, 0))
    seen = [
        {
            index
            for batch in validation_batches(dataset, batch_size=2, workers=1, world=World(rank, size))
            for index in batch.index.tolist()
        }
        for rank in range(size)
    ]
    assert sum(map(len, seen)) == len(dataset)
    assert set().union(*seen) == set(range(len(dataset)))


# One job: its numbers, and a run that nothing breaks off

PHASE, KINDS = "end_to_end", ["frozen", "training"]


class Job(NamedTuple):
    """What tests/distributed_worker.py has left."""

    folder: Path

    def numbers(self) -> list[dict]:
        """What each process has found."""
        return [dict(np.load(self.folder / f"{rank}.npz")) for rank in range(WORKERS)]

    @property
    def run(self) -> Path:
        """The folder of the run."""
        return self.folder / "out" / "distribute" / "small"


@pytest.fixture(scope="module")
def job(thin_networks, data, tmp_path_factory) -> Job:
    folder = tmp_path_factory.mktemp("job")
    save_config(CONFIG, folder / "config.yaml")
    arguments = [str(data), str(folder), str(BATCH), PHASE, *KINDS]
    command = (
        "import sys; from pathlib import Path; from src.training.launcher import Job; "
        f"Job({WORKERS}, Path({str(folder)!r}), {arguments!r}, master='127.0.0.1', port={free_port()}, "
        f"nodes=1, node_rank=0, rank_table=None, script=Path({str(WORKER)!r})).run()"
    )
    subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True, timeout=PATIENCE)
    return Job(folder)


def test_several_processes_compute_what_one_does(job, data):
    """Where statistics of the batch do not count: each process's are its own."""
    parameters = 13
    first, *others = job.numbers()
    alone = compute(World(), data, BATCH * WORKERS, PHASE, ["frozen"])
    weights = [name for name in first if re.match(r"\w+/\d/", name)]
    assert len(weights) == len(KINDS) * 2 * parameters  # after each of two epochs
    for other in others:
        for name in weights:
            np.testing.assert_array_equal(other[name], first[name], err_msg=name)
    for kind in KINDS:
        taken = np.concatenate([each[f"{kind}/order"] for each in (first, *others)], axis=1)
        np.testing.assert_array_equal(taken, alone["frozen/order"])
    np.testing.assert_allclose(first["frozen/losses"], alone["frozen/losses"], atol=1e-5)
    for name in weights:
        if name in alone and ".moving_" not in name:
            # The same numbers but for rounding, which Adam's first steps enlarge.
            np.testing.assert_allclose(first[name], alone[name], atol=2e-4, err_msg=name)
    for name in (name for name in alone if name.startswith("scores/")):
        for each in (first, *others):
            assert each[name] == pytest.approx(alone[name], rel=1e-6), name


def test_what_a_distributed_run_leaves(job):
    rows = read_epochs(job.run, M_NET)
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    steps = [(e, s) for e, s, _ in read_steps(job.run / M_NET / "log_latest.txt")]
    assert steps == [(e, s) for e in range(1, EPOCHS + 1) for s in range(1, STEPS + 1)]
    for device in ("device0", "device1"):
        log = (job.folder / device / "train.log").read_text()
        assert f"process {int(device[-1]) + 1} of 2" in log
        assert len(re.findall("^train epoch: ", log, re.MULTILINE)) == EPOCHS * STEPS
    assert len(list((job.run / "events" / M_NET).iterdir())) == 1  # the first process alone writes


# Whole runs


def environment(programs: Path) -> dict[str, str]:
    """With a python3 that has the packages, as the tests' own: a checkout may have no .venv."""
    write_python(programs / "python3")
    return {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}


class TrainScript:
    """The documentation's command for several processes, on the M-Net phase."""

    def __init__(self, data: Path, room: Path, *options: str):
        self.room = room
        self.folder = room / "out" / "distribute" / "small"
        room.mkdir(exist_ok=True)
        save_config(CONFIG, room / "config.yaml")
        _, command = DISTRIBUTED.split(" && ")
        own = {
            "run_train.sh": ROOT / "scripts" / "run_train.sh",
            "../config.yaml": "config.yaml",
            "/cache/datasets": data,
            "/cache/output": "out",
        }
        words = [own.get(word, word) for word in command.split()]
        self.process = subprocess.Popen(
            [*words, "--port", str(free_port()), *options],
            cwd=room,
            env=environment(room.parent / "bin"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def finish(self) -> tuple[int, str]:
        output, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, output

    def wait_for(self, line: str) -> None:
        log = self.folder / M_NET / "log_latest.txt"
        deadline = time.monotonic() + PATIENCE
        while not (log.exists() and line in log.read_text()):
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def worker(self, rank: int) -> psutil.Process:
        for each in psutil.Process(self.process.pid).children(recursive=True):
            environment = each.environ()
            if environment.get("MS_ROLE") == "MS_WORKER" and environment.get("RANK_ID") == str(rank):
                return each
        raise AssertionError(f"no worker {rank}")


def test_a_stopped_job_and_a_killed_worker_lose_nothing(job, data, tmp_path):
    """Ctrl-C in the second epoch, SIGKILL to one worker in the third, then to the end."""
    room = tmp_path / "with space"
    stopped = TrainScript(data, room)
    stopped.wait_for("train epoch: 2 step: 2,")
    stopped.process.send_signal(signal.SIGINT)
    status, output = stopped.finish()
    assert status == 130, output
    log = (room / "device0" / "train.log").read_text()
    assert re.search(r"^stopped in epoch \d after step \d of 4, saved in", log, re.MULTILINE)

    killed = TrainScript(data, room)
    killed.wait_for("train epoch: 3 step: 1,")
    worker = killed.worker(1)
    killed.wait_for("train epoch: 3 step: 2,")
    worker.kill()
    status, output = killed.finish()
    assert status == 137
    log = room / "device1" / "train.log"
    assert f"error: worker 1 was killed by signal 9, the others were ended; the end of {log}:" in output
    assert "  train epoch: 3 step: " in output

    finished = TrainScript(data, room)
    status, output = finished.finish()
    assert status == 0, output
    assert "starting with epoch 3 from" in log.read_text()
    assert_same_outcome(finished.folder, job.run)


def test_a_failing_worker_shows_its_error(tmp_path):
    script = TrainScript(tmp_path / "data", tmp_path / "run", "--set", "colour=red")
    status, output = script.finish()
    assert status == 1
    assert "ended with status 1, the others were ended; the end of" in output
    assert "colour: unknown key" in output


@pytest.mark.parametrize(
    ("end", "status", "errors"),
    [
        ("", 0, ""),
        ("sys.exit(130)", 130, ""),
        ("sys.exit('a reason')", 1, "a reason\n"),
        ("raise ValueError('a reason')", 1, "ValueError: a reason\n"),
    ],
)
def test_what_crashes_after_the_end_of_a_worker_changes_nothing(tmp_path, end, status, errors):
    """As MindSpore's cluster may, while Python exits."""
    script = tmp_path / "script.py"
    script.write_text(
        "import atexit, os, signal, sys\n"
        "atexit.register(os.kill, os.getpid(), signal.SIGSEGV)\n"
        f"print(sys.argv)\n{end}\n"
    )
    result = subprocess.run(
        [sys.executable, worker.__file__, script, "--flag"], capture_output=True, text=True, timeout=PATIENCE
    )
    assert result.returncode == status
    assert result.stdout == f"{[str(script), '--flag']}\n"
    assert result.stderr.endswith(errors) and bool(result.stderr) == bool(errors)


# The command


def run_script(*arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["bash", ROOT / "scripts" / "run_train.sh", *arguments],
        cwd=cwd,
        env=environment(cwd.parent / "bin"),
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "RANK_TABLE_FILE or --workers is needed"),
        (("--workers", "2", "config.yaml", "data"), "YAML_PATH, DATASETS and OUTPUT are needed"),
        (("table.json", "config.yaml", "data"), "YAML_PATH, DATASETS and OUTPUT are needed"),
        (("--workers", "2", "a", "b", "c", "d", "e"), "YAML_PATH, DATASETS and OUTPUT are needed"),
        (("--colour", "red"), "--colour: unknown option"),
        (("--workers",), "--workers: unknown option, or its value is missing"),
    ],
)
def test_a_wrong_command_line(tmp_path, arguments, reason):
    result = run_script(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == f"error: {reason}"
    assert list(tmp_path.iterdir()) == []


def write_table(path: Path, devices: list[dict], servers: int = 1) -> Path:
    server = {"server_id": "10.0.0.1", "device": devices}
    path.write_text(json.dumps({"version": "1.0", "server_list": [server] * servers, "status": "completed"}))
    return path


def devices(*ranks: object, ids: tuple[object, ...] | None = None) -> list[dict]:
    return [
        {"device_id": str(device), "device_ip": f"192.1.1.{position}", "rank_id": str(rank)}
        for position, (rank, device) in enumerate(zip(ranks, ids or ranks, strict=True))
    ]


def test_a_rank_table_of_eight_cards(tmp_path):
    assert read_rank_table(write_table(tmp_path / "hccl_8p.json", devices(*range(8)))) == 8


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        (devices(0, 1, 1), "rank_id 1 occurs 2 times"),
        (devices(0, 1, ids=(3, 3)), "device_id 3 occurs 2 times"),
        (devices(0, 1, ids=(4, 5)), "device_id must equal rank_id: the launcher gives process N the card N"),
        (devices(0, 2), r"rank_id must count from 0 to 1, but the values are \[0, 2\]"),
        (devices(0, "one"), "device 1 of the list has rank_id = one; must be a number"),
        ([{"rank_id": "0"}], "device 0 of the list has device_id = None; must be a number"),
        (["0"], "device 0 of the list has rank_id = None; must be a number"),
        ([], r"server_list\[0\] has no device"),
    ],
)
def test_a_wrong_rank_table(tmp_path, listed, reason):
    table = write_table(tmp_path / "table.json", listed)
    with pytest.raises(RankTableError, match=f"table.json: {reason}"):
        read_rank_table(table)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such rank table"),
        ("{not json", "is not valid JSON"),
        ("[]", "has no server_list"),
        ('{"server_list": []}', "has no server_list"),
    ],
)
def test_a_file_that_is_no_rank_table(tmp_path, content, reason):
    path = tmp_path / "table.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RankTableError, match=f"table.json: {reason}"):
        read_rank_table(path)


def test_a_rank_table_of_several_machines(tmp_path):
    table = write_table(tmp_path / "table.json", devices(0), servers=2)
    with pytest.raises(RankTableError, match="names 2 machines; start run_train.sh on each of them"):
        read_rank_table(table)


def test_a_wrong_rank_table_starts_nothing(tmp_path):
    table = write_table(tmp_path / "table.json", devices(0, 0))
    result = run_script(str(table), "config.yaml", "data", "out", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr == f"error: {table}: rank_id 0 occurs 2 times\n"
    assert [path.name for path in tmp_path.iterdir()] == ["table.json"]


def small_job(folder: Path) -> launcher.Job:
    """A job that ends at once."""
    places = {"master": "127.0.0.1", "port": 1, "nodes": 1, "node_rank": 0, "rank_table": None}
    job = launcher.Job(1, folder, [], **places)
    job._command = [sys.executable, "-c", "pass"]
    return job


def test_two_jobs_do_not_share_their_logs(tmp_path, monkeypatch):
    monkeypatch.setattr(launcher.signal, "signal", lambda *_: None)
    small_job(tmp_path).run()
    log = tmp_path / "msrun_log" / "worker_0.log"
    log.write_text("of the first job")
    with locked(tmp_path / "msrun_log"), pytest.raises(UserError, match="msrun_log: another process"):
        small_job(tmp_path).run()
    assert log.read_text() == "of the first job"


def test_signals_that_a_job_was_started_to_ignore_do_not_stop_it(tmp_path, monkeypatch):
    """As by nohup."""
    handled = []
    monkeypatch.setattr(launcher.signal, "signal", lambda number, _: handled.append(number))
    ignored = signal.SIGHUP
    monkeypatch.setattr(
        launcher.signal, "getsignal", lambda number: signal.SIG_IGN if number == ignored else signal.SIG_DFL
    )
    small_job(tmp_path).run()
    assert handled == [signal.SIGTERM, signal.SIGINT]


def test_workers_end_with_a_job_that_cannot_tell_of_them(tmp_path, monkeypatch):
    """As on a full disk."""

    def print_nothing(*_: object, **__: object) -> None:
        raise OSError("no space left")

    job = small_job(tmp_path)
    started = []
    job._command = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(launcher.signal, "signal", lambda *_: None)
    monkeypatch.setattr(
        launcher.subprocess, "Popen", lambda *a, **k: started.append(POPEN(*a, **k)) or started[0]
    )
    monkeypatch.setattr("builtins.print", print_nothing)
    try:
        with pytest.raises(OSError, match="no space"):
            job.run()
        assert started[0].poll() is not None
    finally:
        started[0].kill()
        started[0].wait()


def test_a_job_goes_on_when_nobody_reads_it(tmp_path):
    """As with `run_train.sh ... | true`."""
    code = (
        "import runpy, subprocess, sys\n"
        "start = subprocess.Popen\n"
        f"command = [{sys.executable!r}, '-c', 'import time; time.sleep(1); print(123)']\n"
        "subprocess.Popen = lambda _, **options: start(command, **options)\n"
        "runpy.run_path('src/training/launcher.py', run_name='__main__')\n"
    )
    arguments = ["--workers", "1", "--port", str(free_port()), "--log_folder", str(tmp_path)]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=writer, stderr=writer, timeout=PATIENCE
        )
    finally:
        os.close(writer)
    assert result.returncode == 0
    assert (tmp_path / "msrun_log" / "msrun.log").read_text() == "123\n"


def test_the_port_of_a_job_just_ended_is_free():
    """Though its last connection is still being forgotten."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            server, _ = listener.accept()
            server.close()  # first, which leaves this side waiting
            client.recv(1)
    require_free(port)


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.socket() as listener:
        listener.bind(("", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        result = run_script("--workers", "2", "--port", port, "config.yaml", "data", "out", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: port {port} cannot be used: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("port", ["70000", "65536", "0"])
def test_a_port_that_cannot_be_is_named(tmp_path, port):
    result = run_script("--workers", "2", "--port", port, "config.yaml", "data", "out", cwd=tmp_path)
    assert result.returncode == 2 and "Traceback" not in result.stderr
    assert f"argument --port: {port}: must be a number " in result.stderr
