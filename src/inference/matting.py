"""The matte of a photo, from a model that is loaded once:

from src.images.files import read_image
from src.inference.matting import load_matting, matte

alpha = matte(read_image("photo.jpg"))
alpha = load_matting("semantic_hm_best.ckpt", size=320)(read_image("photo.jpg"))
"""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from src.common.errors import UserError
from src.config import DEFAULT_MEAN, load_config
from src.images.letterbox import Place, letterbox
from src.images.preprocessing import normalise, resize, upsample_alpha
from src.inference.contrast_stretch import stretch_contrast
from src.inference.guided_filter import guided_filter
from src.inference.small_components import remove_small_components

Refinement = Literal["none", "guided"]
NetworkRun = Callable[[np.ndarray], list[np.ndarray]]

SHIPPED_MODEL = Path(__file__).resolve().parents[2] / "pretrained" / "shm_portrait.ckpt"
DEFAULT_SIZE = 288


class Matting:
    """Photos to alpha.

    Args:
        run: the network, (1, 3, size, size) float32 to trimap logits and alpha, as `open_model` returns it.
        size: height and width of its input.
        mean: subtracted from the BGR values, as in training.
        squash: fill the square with the photo, whatever its shape (the published protocol); else its aspect
            ratio is kept.
        refinement: how alpha comes back to the photo's size, 'guided' (by the photo's edges) or 'none'
            (bicubic).
        mirrors: show the network also the photo's mirror image, and take the mean: better, in twice the time.
    """

    def __init__(
        self,
        run: NetworkRun,
        *,
        size: int,
        mean: Sequence[float] = DEFAULT_MEAN,
        squash: bool = False,
        refinement: Refinement = "guided",
        mirrors: bool = True,
    ):
        self._run = run
        self._size = size
        self._mean = mean
        self._squash = squash
        self._refinement = refinement
        self._mirrors = mirrors

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Matte a photo.

        Args:
            image: BGR (H, W, 3) uint8 of any size.

        Returns:
            alpha (H, W) float32 in [0, 1].

        Raises:
            ValueError: it is no photo.
        """
        return self.restore(image, self.predict(image))

    def predict(self, image: np.ndarray) -> np.ndarray:
        """The network's alpha of a photo without haze and islands, (h, w) float32 in [0, 1], at its size.

        Raises:
            ValueError: it is no photo.
        """
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.shape[2:] != (3,):
            found = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
            raise ValueError(f"image must be BGR (H, W, 3) uint8, as read_image returns it, not {found}")
        if self._squash:
            square, place = resize(image, self._size, self._size), Place(0, 0, self._size, self._size)
        else:
            square, place = letterbox(image, self._size, self._mean)
        alpha = self._forward(square)
        if self._mirrors:
            alpha = (alpha + self._forward(square[:, ::-1])[:, ::-1]) / 2
        return remove_small_components(stretch_contrast(place.cut(alpha)))

    def _forward(self, square: np.ndarray) -> np.ndarray:
        """The network's alpha (size, size) of an image of its size."""
        _, alpha = self._run(normalise(square, self._mean)[np.newaxis])
        return alpha[0, 0]

    def restore(self, image: np.ndarray, pred_alpha: np.ndarray) -> np.ndarray:
        """Bring what `predict` returned to the photo's size."""
        height, width = image.shape[:2]
        shrinks = height < pred_alpha.shape[0] or width < pred_alpha.shape[1]
        if self._refinement == "none" or shrinks:  # a small photo has no finer edges
            return upsample_alpha(pred_alpha, height, width)
        return guided_filter(image, pred_alpha)


def open_model(path: str | Path = SHIPPED_MODEL, size: int = DEFAULT_SIZE) -> tuple[NetworkRun, int]:
    """Load a checkpoint (.ckpt) or an exported model (.mindir).

    Args:
        path: the file; the model of this repository by default.
        size: height and width of the network's input, a multiple of 16; an exported model has its own.

    Returns:
        The network, and the size of its input.

    Raises:
        UserError: the file is missing, damaged or of another network.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such model")
    if size < 16 or size % 16:
        raise UserError(f"size {size}: must be a multiple of 16")
    # MindSpore takes seconds to import; a mistake on the command line should not wait for it.
    if path.suffix == ".mindir":
        from src.deployment.export import load_mindir
        from src.deployment.lowering import input_size

        return load_mindir(path), input_size(path)
    import mindspore as ms

    from src.load_model import load_for_inference

    compiled = ms.jit(load_for_inference(path).construct)

    def run(inputs: np.ndarray) -> list[np.ndarray]:
        return [output.asnumpy() for output in compiled(ms.Tensor(inputs))]

    return run, size


def training_mean(checkpoint: str | Path, config_file: str | Path) -> tuple[float, float, float]:
    """What was subtracted from a model's photos in training, BGR.

    Of the shipped model its own, whatever the configuration says; of others that of the configuration.
    """
    if Path(checkpoint).resolve() == SHIPPED_MODEL:
        return DEFAULT_MEAN
    return load_config(config_file).mean


def load_matting(
    checkpoint: str | Path = SHIPPED_MODEL,
    *,
    size: int = DEFAULT_SIZE,
    mean: Sequence[float] = DEFAULT_MEAN,
    squash: bool = False,
    refinement: Refinement = "guided",
    mirrors: bool = True,
) -> Matting:
    """Matting by a model; see `open_model` for its file, its size and the errors, `Matting` for the rest."""
    run, size = open_model(checkpoint, size)
    return Matting(run, size=size, mean=mean, squash=squash, refinement=refinement, mirrors=mirrors)


_shipped = functools.cache(load_matting)


def matte(image: np.ndarray) -> np.ndarray:
    """Matte a photo with the model of this repository, which is loaded at the first call.

    Args:
        image: BGR (H, W, 3) uint8 of any size.

    Returns:
        alpha (H, W) float32 in [0, 1].
    """
    return _shipped()(image)
