"""Workloads: predict.py on a photo, a folder and a video, and what a plain script needs for the same."""

import subprocess
import sys
import tempfile
from pathlib import Path

from src.benchmark.contender import ROOT, timed


def first_matte(photo: str, *options: str):
    """predict.py on one photo, from the command to its end."""
    return _first([ROOT / "predict.py", *options, "--device", "CPU", "--output"], photo)


def plain_first_matte(photo: str, runtime: str):
    """plain_script.py on one photo, from the command to its end."""
    return _first(["-m", "src.benchmark.plain_script", runtime], photo)


def folder(photos: str, engine: str, mirror: bool):
    """predict.py's function on a folder: alphas and cutouts with estimated foreground colours."""
    from src.prediction.predict import predict

    def work():
        with tempfile.TemporaryDirectory() as output:
            assert not predict([photos], output=output, engine=engine, mirror=mirror, device="CPU")

    return timed(work, len(list(Path(photos).iterdir())))


def plain_folder(photos: str, runtime: str):
    """plain_script.py's loop: alphas and cutouts with the photo's own colours."""
    from src.benchmark.plain_script import matte_folder, open_network

    network = open_network(runtime)

    def work():
        with tempfile.TemporaryDirectory() as output:
            matte_folder(network, photos, output)

    return timed(work, len(list(Path(photos).iterdir())))


def network_alone(count: int, mirror: bool):
    """The passes through the network that predict.py makes for `count` photos, and nothing else."""
    import numpy as np

    from src.engines.engine import INPUT, open_engine
    from src.inference.matting import SHIPPED_MODEL

    engine = open_engine(SHIPPED_MODEL, engine="onnx")
    size = engine.info.size
    image = np.random.default_rng(0).normal(0, 0.3, (1, 3, size, size)).astype(np.float32)

    def work():
        for _ in range(count * (1 + mirror)):
            engine.run({INPUT: image})

    return timed(work, count)


def video(file: str, frames: int, mirror: bool):
    """predict.py's function on a video: alpha and composite, smoothed in time."""
    from src.prediction.predict import predict

    def work():
        with tempfile.TemporaryDirectory() as output:
            assert not predict([file], output=output, background="white", mirror=mirror, device="CPU")

    return timed(work, frames)


def plain_video(file: str, frames: int, runtime: str):
    """plain_script.py's loop: alpha and composite."""
    from src.benchmark.plain_script import matte_video, open_network

    network = open_network(runtime)

    def work():
        with tempfile.TemporaryDirectory() as output:
            matte_video(network, file, output)

    return timed(work, frames)


def _first(command: list, photo: str):
    def work():
        with tempfile.TemporaryDirectory() as output:
            arguments = [sys.executable, *command, output, photo]
            subprocess.run(arguments, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    return timed(work)
