"""Runs exported models in the C++ runner, which is a process of its own: arrays in, arrays out."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from src.common.cache_folders import cache_folder
from src.common.errors import UserError
from src.inference.embedded_info import digest_of
from src.systems.registry import needed_shapes, size_of_inputs

Run = Callable[[np.ndarray], list[np.ndarray]]

_ROOT = Path(__file__).resolve().parents[2]
RUNNER = _ROOT / "ascend_infer" / "build" / "shm_infer"


class LiteError(UserError):
    """The C++ runner is missing, or cannot run a model; the message says what to do."""


def load_lite(path: Path, device: str = "auto") -> tuple[Run, int]:
    """Load a MINDIR file into the C++ runner.

    Args:
        path: the file, in a version that the runner's MindSpore Lite reads.
        device: 'Ascend', 'GPU' or 'CPU'; 'auto' means CPU.

    Returns:
        A function that maps an image (1, 3, S, S) to trimap logits (1, 3, S, S) and alpha (1, 1, S, S), all
        float32; and S. It raises LiteError if the runner ends.

    Raises:
        LiteError: the runner is not built, or cannot load the file, or the file has another input.
    """
    network = _LiteNetwork(path, "CPU" if device == "auto" else device)
    shape = network.input_shape
    size = size_of_inputs([shape], "shm")
    if size is None:
        raise LiteError(f"{path}: takes inputs of shape {shape}; {needed_shapes('shm')} is needed")
    return network, size


class _LiteNetwork:
    """A model in a process of the runner, which ends with this object or this process."""

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
        name, *shapes = self._process.stdout.readline().decode().split() or [""]
        if name != "shm_infer":
            raise self._failure()
        self.input_shape, *self._output_shapes = (tuple(map(int, shape.split(","))) for shape in shapes)

    def __call__(self, image: np.ndarray) -> list[np.ndarray]:
        try:
            self._process.stdin.write(np.ascontiguousarray(image, np.float32).data)
            self._process.stdin.flush()
            return [self._read(shape) for shape in self._output_shapes]
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


def export_for_lite(checkpoint: Path, size: int) -> Path:
    """The export of a checkpoint for the runner, from the cache folder; it is made there if it is missing.

    Args:
        checkpoint: the checkpoint.
        size: height and width of the network's input.

    Raises:
        LiteError: it cannot be exported.
    """
    path = cache_folder() / f"{digest_of(checkpoint)}-{size}.mindir"
    if path.is_file():
        return path
    settings = {
        "ckpt_file": checkpoint.absolute(),
        "file_name": path.with_suffix(""),
        "file_format": "MINDIR",
        "mindir_version": 1,
        "size": size,
        "device_target": "CPU",
    }
    sets = [f"--set=export.{key}={value}" for key, value in settings.items()]
    print(f"{checkpoint}: is exported for the C++ runner, which is needed once", flush=True)
    # A process of its own, since MindSpore's threads would compete with the runner's.
    result = subprocess.run([sys.executable, _ROOT / "export.py", *sets], capture_output=True, text=True)
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or [f"status {result.returncode}"])[-1]
        raise LiteError(f"{checkpoint}: engine lite: the export failed: {reason.removeprefix('error: ')}")
    return path
