"""A stand-in for a model: all that is in the left half of a photo is the person."""

import dataclasses

import numpy as np

from src.description.model_info import ModelInfo
from src.engines.engine import ALPHA, INPUT, TRIMAP_LOGITS, Engine
from src.inference.matting import Matting
from src.inference.protocol import DEFAULT

SIZE = 32  # of its input


def _run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    alpha = np.zeros((1, 1, SIZE, SIZE), np.float32)
    alpha[..., : SIZE // 2] = 1
    assert inputs[INPUT].shape == (1, 3, SIZE, SIZE)
    return {TRIMAP_LOGITS: np.zeros((1, 3, SIZE, SIZE), np.float32), ALPHA: alpha}


def model() -> Matting:
    """The stand-in."""
    protocol = dataclasses.replace(DEFAULT, upsampling="none", mirror=False, looks_closer=False)
    return Matting(Engine(_run, ModelInfo(size=SIZE)), protocol)
