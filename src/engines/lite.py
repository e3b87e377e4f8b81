"""Runs exported models in the C++ runner, which is a process of its own: arrays in, arrays out."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.cache_folders import cache_folder
from src.common.errors import UserError
from src.common.unfinished import temporary_folder
from src.description.traits import SystemName, needed_shapes, size_of_inputs
from src.engines.embedded_info import digest_of
from src.engines.exported import Run

_ROOT = Path(__file__).resolve().parents[2]
RUNNER = _ROOT / "ascend_infer" / "build" / "shm_infer"
# To be raised with each change of what export.py and lowering.py write: files in caches are older.
_LOWERING = 1


class LiteError(UserError):
    """The C++ runner is missing, or cannot run a model; the message says what to do."""


def load_lite(path: Path, device: str = "auto", system: SystemName = "shm") -> tuple[Run, int]:
    """Load a MINDIR file into the C++ runner.

    Args:
        path: the file, in a version that the runner's MindSpore Lite reads.
        device: 'Ascend', 'GPU' or 'CPU'; 'auto' means CPU.
        system: of the model.

    Returns:
        A function from the system's inputs to its outputs, and their size S, as `load_exported`. It raises
        LiteError if the runner ends.

    Raises:
        LiteError: the runner is not built, or cannot load the file, or the file has another input.
    """
    network = start_runner(path, device)
    shapes = [each.shape for each in network.inputs]
    size = size_of_inputs(shapes, system)
    if size is None:
        found = ", ".join(map(str, shapes))
        raise LiteError(f"{path}: takes inputs of shape {found}; {needed_shapes(system)} is needed")
    return network, size


def start_runner(path: Path, device: str = "auto") -> "LiteNetwork":
    """The same, whatever its inputs are.

    Raises:
        LiteError: the runner is not built, or cannot load the file.
    """
    return LiteNetwork(path, "CPU" if device == "auto" else device)


class TensorKind(NamedTuple):
    """Of an input or output."""

    shape: tuple[int, ...]
    dtype: str

    @classmethod
    def of(cls, text: str) -> "TensorKind":
        """What the runner calls it: 'uint8:1,384,384,3', or '1,1,384,384', which is float32."""
        dtype, _, shape = text.rpartition(":")
        return cls(tuple(map(int, shape.split(","))), dtype or "float32")


class LiteNetwork:
    """A model in a process of the runner, which ends with this object or this process.

    It is a function from the inputs in order to the outputs.
    """

    def __init__(self, path: Path, device: str):
        if not RUNNER.is_file():
            build = _ROOT / "ascend_infer" / "build.sh"
            raise LiteError(f"{RUNNER}: engine lite needs the C++ runner; build it: bash {build} CPU")
        self._path = path
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            [RUNNER, "--model", path, "--pipe", "--device", device, "--warmup", "0"]
            + ["--device_id", os.environ.get("DEVICE_ID", "0")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        name, *kinds = self._process.stdout.readline().decode().split() or [""]
        if name != "shm_infer":
            raise self._failure()
        inputs, *outputs = kinds
        self.inputs = [TensorKind.of(each) for each in inputs.split(";")]
        self._outputs = [TensorKind.of(each) for each in outputs]

    def __call__(self, *inputs: np.ndarray) -> list[np.ndarray]:
        try:
            for kind, values in zip(self.inputs, inputs, strict=True):
                self._process.stdin.write(np.ascontiguousarray(values, kind.dtype).data)
            self._process.stdin.flush()
            return [self._read(kind.shape) for kind in self._outputs]
        except BrokenPipeError:
            raise self._failure() from None

    def __del__(self):
        process = getattr(self, "_process", None)
        if process is not None:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()
            self._log.close()

    def _read(self, shape: tuple[int, ...]) -> np.ndarray:
        values = np.empty(shape, np.float32)
        if self._process.stdout.readinto(memoryview(values).cast("B")) != values.nbytes:
            raise self._failure()
        return values

    def _failure(self) -> LiteError:
        self._process.wait()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").splitlines()
        reasons = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
        reason = reasons[-1] if reasons else f"the runner ended with status {self._process.returncode}"
        advice = "; export.py with export.mindir_version=1 writes MINDIR for older MindSpore Lite"
        return LiteError(f"{self._path}: engine lite: {reason.removeprefix(f'{self._path}: ')}{advice}")


def export_for_lite(checkpoint: Path, size: int, device: str = "auto") -> Path:
    """The export of a checkpoint for the runner, from the cache folder; it is made there if it is missing.

    Args:
        checkpoint: the checkpoint.
        size: height and width of the network's input.
        device: of the runner, as in `load_lite`; what is fastest on CPUs is not for others.

    Raises:
        LiteError: it cannot be exported.
    """
    form = ["--for_cpu"] if device in ("auto", "CPU") else []
    name = f"{digest_of(checkpoint)}-{size}-{'cpu' if form else 'any'}-{_LOWERING}.mindir"
    path = cache_folder() / name
    if path.is_file():
        return path
    print(f"{checkpoint}: is exported for the C++ runner, which is needed once", flush=True)
    with temporary_folder() as folder:
        exported = Path(folder, "network.mindir")
        settings = {
            "ckpt_file": checkpoint.absolute(),
            "file_name": exported.with_suffix(""),
            "file_format": "MINDIR",
            "size": size,
            "device_target": "CPU",
        }
        _run(checkpoint, "export.py", *(f"--set=export.{key}={value}" for key, value in settings.items()))
        _run(checkpoint, "src/deployment/lowering.py", exported, path, *form)
    return path


def _run(checkpoint: Path, script: str, *arguments: str | Path) -> None:
    """Run a script in a process of its own, since MindSpore's threads would compete with the runner's."""
    result = subprocess.run([sys.executable, _ROOT / script, *arguments], capture_output=True, text=True)
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or [f"status {result.returncode}"])[-1]
        raise LiteError(f"{checkpoint}: engine lite: the export failed: {reason.removeprefix('error: ')}")
