"""Mattes photos: the steps before the network, the network, the steps after it."""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from src.description.model_info import ModelInfo
from src.engines.engine import ALPHA, Arrays, Engine, open_engine
from src.engines.engine_choice import EngineName
from src.engines.shipped import SHIPPED_MODEL, require_output
from src.engines.turn import turn
from src.inference.closer_look import Look
from src.inference.outputs import Outputs
from src.inference.protocol import DEFAULT, Protocol, Upsampling
from src.inference.steps import Matte, MattingSteps


class Matting(MattingSteps):
    """Mattes photos, in any thread.

    Args:
        engine: runs the network.
        protocol: how photos are prepared, and how alpha is brought back to their size.
    """

    def __init__(self, engine: Engine, protocol: Protocol = DEFAULT):
        super().__init__(engine.info, protocol)
        self.engine = engine

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Matte a photo.

        Args:
            image: BGR (H, W, 3) uint8 of any size.

        Returns:
            alpha (H, W) float32 in [0, 1].

        Raises:
            ValueError: `image` is not such an array, or is empty.
            UserError: the network's outputs have NaN or infinite values.
        """
        return self.upsample(image, self.alpha(image, self.run(image)))

    def matte(self, image: np.ndarray) -> Matte:
        """As calling the object, but with the trimap, both at the photo's size."""
        return self._at_size(image, self.predict(image))

    def predict(self, image: np.ndarray) -> Matte:
        """The matte of a photo at the network's size; `upsample` resizes its alpha to the photo's."""
        return self.join(image, self.run(image))

    def run(self, image: np.ndarray) -> Outputs:
        """The network's outputs for a photo, which `join` joins."""
        return self.look_closer(image, self.engine.run_all(self.prepare(image)))

    def look_closer(self, image: np.ndarray, whole: Sequence[Arrays], before: Look | None = None) -> Outputs:
        """Search a photo, and look closer, where needed.

        Args:
            image: the photo.
            whole: the outputs for `prepare(image)`.
            before: the look at a video's frame before.
        """
        outputs = Outputs(whole)
        if not self.protocol.looks_closer:
            return outputs
        tiles = self.find_tiles(image, whole)
        of_tiles = self.engine.run_all(self.prepare_parts(image, tiles))
        outputs = outputs._replace(tiles=tiles, of_tiles=of_tiles)
        look = self.find_look(image, outputs, before)
        of_parts = self.engine.run_all(self.prepare_look(image, look))
        return outputs._replace(look=look, of_parts=of_parts)


def load_matting(
    checkpoint: str | Path = SHIPPED_MODEL,
    *,
    engine: EngineName = "auto",
    device: str = "auto",
    size: int | None = None,
    mean: Sequence[float] | None = None,
    stretch: bool = False,
    upsampling: Upsampling = "guided",
    mirror: bool = True,
    otherwise: ModelInfo = ModelInfo(),  # noqa: B008 - frozen
) -> Matting:
    """Load a model for photos.

    Args:
        checkpoint: a checkpoint (.ckpt), or an exported model (.mindir, .onnx); by default this repository's.
        engine: 'auto' (ONNX Runtime on CPUs if possible, otherwise MindSpore), 'onnx', 'mindspore', or
            'lite' (the C++ runner).
        device: the device for MindSpore and the runner: 'auto', 'Ascend', 'GPU' or 'CPU'.
        size: height and width of the network's input, a multiple of 16; None for the model's own.
        mean: BGR, 0..255, subtracted from photos in training; None for the model's own.
        stretch: stretch photos to the network's square, as published; otherwise keep their aspect ratio.
        upsampling: of alpha to the photo's size: 'guided' (along its edges) or 'none' (bicubic).
        mirror: average the alphas of the photo and its mirror image, search for people who are too small to
            be seen in it, and look closer at small ones: better, but takes two to ten times as long.
        otherwise: the metadata of a model that has none.

    Raises:
        UserError: as `open_engine`, or the model predicts no alpha.
    """
    opened = open_engine(checkpoint, engine=engine, size=size, mean=mean, device=device, otherwise=otherwise)
    require_output(ALPHA, checkpoint, opened.info)
    protocol = Protocol(
        stretch=stretch,
        mirror=mirror,
        looks_closer=mirror and not stretch,
        clean_up=DEFAULT.clean_up,
        upsampling=upsampling,
    )
    return Matting(opened, protocol)


_shipped = functools.cache(load_matting)  # called in one thread at a time, or each would load a model


def matte(image: np.ndarray) -> np.ndarray:
    """Matte a photo with the model of this repository, which is loaded at the first call.

    Any thread may call it; the network itself runs in one or two at a time.

    Args:
        image: BGR (H, W, 3) uint8 of any size.

    Returns:
        alpha (H, W) float32 in [0, 1].

    Raises:
        ValueError: `image` is not such an array, or is empty.
        UserError: the model cannot be loaded.
        ForkedError: this process was forked after the model had been loaded.
    """
    with turn():
        matting = _shipped()
    return matting(image)
