"""Workloads: eval.py from file to file, and a plain loop; time to start a command."""

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from src.benchmark.contender import ROOT, timed
from src.common.device import use_device
from src.inference.matting import SHIPPED_MODEL


def evaluation(folder: str, size: int):
    """src/evaluation/evaluate.py: all metrics, writing alpha and cutouts but no contact sheet."""
    from src.data.split_files import SplitFiles
    from src.evaluation.evaluate import evaluate

    matting, files = _published(size), SplitFiles(folder, "test")

    def work() -> float:
        with tempfile.TemporaryDirectory() as output:
            return evaluate(matting, files.samples(), Path(output), "all").seconds / len(files)

    return work


def plain_evaluation(folder: str, size: int):
    """Read, predict, compute all metrics, write alpha and cutout, one photo after another."""
    from src.data.split_files import SplitFiles
    from src.metric import METRICS

    matting, files = _published(size), SplitFiles(folder, "test")

    def work():
        with tempfile.TemporaryDirectory() as output:
            for index in range(len(files)):
                image, true_alpha = _pair(files, index)
                alpha = matting(image)
                for metric in METRICS.values():
                    metric(alpha, true_alpha)
                gray = np.round(alpha * 255).astype(np.uint8)
                cv2.imwrite(f"{output}/{index}_alpha.png", gray)
                cv2.imwrite(f"{output}/{index}_cutout.png", np.dstack((image, gray)))

    return timed(work, len(files))


def network_of_evaluation(folder: str, size: int):
    """Only the network: photos in memory to alpha."""
    from src.data.split_files import SplitFiles

    matting, files = _published(size), SplitFiles(folder, "test")
    images = [_pair(files, index)[0] for index in range(len(files))]

    def work():
        for image in images:
            matting(image)

    return timed(work, len(images))


def command(*arguments: str):
    """A Python command from start to exit."""

    def work():
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    return timed(work)


def _published(size: int):
    from src.engines.engine import open_engine
    from src.inference.matting import Matting
    from src.inference.protocol import PUBLISHED

    use_device("CPU")
    return Matting(open_engine(SHIPPED_MODEL, engine="mindspore", size=size), PUBLISHED)


def _pair(files, index: int) -> tuple[np.ndarray, np.ndarray]:
    return cv2.imread(str(files.photo(index))), cv2.imread(str(files.alpha(index)), 0).astype(
        np.float32
    ) / 255
