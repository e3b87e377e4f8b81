"""Workloads: photos from file to file, with eval.py, predict.py and plain loops; time to start a command."""

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


def prediction(folder: str, size: int):
    """src/inference/photos.py: alpha and cutout with estimated foreground colours."""
    from src.inference.jobs import Job
    from src.inference.photos import matte_photos

    cutouts, photos = _cutouts(size), _photos(folder)

    def work():
        with tempfile.TemporaryDirectory() as output:
            jobs = [Job(photo, Path(output, str(number))) for number, photo in enumerate(photos)]
            for outcome in matte_photos(jobs, cutouts):
                assert not outcome.problem

    return timed(work, len(photos))


def plain_prediction(folder: str, size: int):
    """The same steps, one photo after another."""
    cutouts, photos = _cutouts(size), _photos(folder)

    def work():
        with tempfile.TemporaryDirectory() as output:
            for number, photo in enumerate(photos):
                image = cv2.imread(str(photo))
                alpha = cutouts.alpha(image, cutouts.matting.predict(image).alpha)
                cv2.imwrite(f"{output}/{number}_alpha.png", alpha)
                cv2.imwrite(f"{output}/{number}_cutout.png", cutouts.picture(image, alpha))

    return timed(work, len(photos))


def network_of_prediction(folder: str, size: int):
    """Only the network: photos in memory to the network's alpha."""
    cutouts, photos = _cutouts(size), _photos(folder)
    images = [cv2.imread(str(photo)) for photo in photos]

    def work():
        for image in images:
            cutouts.matting.predict(image)

    return timed(work, len(images))


def command(*arguments: str):
    """A Python command from start to exit."""

    def work():
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    return timed(work)


def first_matte(photo: str, *options: str):
    """predict.py on one photo, from start to exit."""

    def work():
        with tempfile.TemporaryDirectory() as output:
            predict = [ROOT / "predict.py", photo, "--output", output, "--device", "CPU"]
            subprocess.run([sys.executable, *predict, *options], check=True, stdout=subprocess.DEVNULL)

    return timed(work)


def _published(size: int):
    from src.inference.engine import open_engine
    from src.inference.matting import Matting
    from src.inference.protocol import PUBLISHED

    use_device("CPU")
    return Matting(open_engine(SHIPPED_MODEL, engine="mindspore", size=size), PUBLISHED)


def _cutouts(size: int):
    from src.inference.background import Background
    from src.inference.cutout import CutoutMaker
    from src.inference.matting import load_matting

    use_device("CPU")
    return CutoutMaker(load_matting(size=size, mirror=False), Background("transparent"))


def _pair(files, index: int) -> tuple[np.ndarray, np.ndarray]:
    return cv2.imread(str(files.photo(index))), cv2.imread(str(files.alpha(index)), 0).astype(
        np.float32
    ) / 255


def _photos(folder: str) -> list[Path]:
    return sorted(Path(folder, "test", "clip_img").rglob("*.jpg"))
