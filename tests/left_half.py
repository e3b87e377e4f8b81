"""A stand-in for a model: all that is in the left half of a photo is the person."""

import contextlib
import dataclasses
import io
from collections.abc import Callable

import numpy as np
import pytest

import predict
from src.inference.engine import ALPHA, INPUT, TRIMAP_LOGITS, Engine
from src.inference.matting import Matting
from src.inference.protocol import DEFAULT
from src.systems.model_info import ModelInfo

SIZE = 32  # of its input


def _run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    alpha = np.zeros((1, 1, SIZE, SIZE), np.float32)
    alpha[..., : SIZE // 2] = 1
    assert inputs[INPUT].shape == (1, 3, SIZE, SIZE)
    return {TRIMAP_LOGITS: np.zeros((1, 3, SIZE, SIZE), np.float32), ALPHA: alpha}


def model() -> Matting:
    """The stand-in."""
    protocol = dataclasses.replace(DEFAULT, upsampling="none", mirror=False)
    return Matting(Engine(_run, ModelInfo(size=SIZE)), protocol)


@pytest.fixture
def predict_left(monkeypatch) -> Callable[..., tuple[int, str]]:
    """predict.py in this process, with that model: arguments to its status and what it printed."""
    matting = model()
    monkeypatch.setattr("src.inference.predict.load_matting", lambda *_, **__: matting)

    def run(*arguments: object) -> tuple[int, str]:
        flags = ["--foreground", "none", "--background", "blue", *map(str, arguments)]
        monkeypatch.setattr("sys.argv", ["predict.py", *flags])
        screen = io.StringIO()
        with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(io.StringIO()):
            status = predict.main()
        return status, screen.getvalue()

    return run
