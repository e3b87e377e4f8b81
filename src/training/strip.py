"""A fixed strip of validation photos with their predictions, one picture an epoch."""

import contextlib
from collections.abc import Callable

import numpy as np
from mindspore import Tensor

from src.dataset import MattingDataset
from src.images.contact_sheet import contact_sheet
from src.images.files import ImageError, read_image
from src.images.preprocessing import alpha_to_bytes, resize
from src.images.trimap import class_map_to_trimap
from src.systems.shm import Phase

_PHOTOS = 4


class ValidationStrip:
    """Photos spread evenly over the split, always the same.

    Args:
        phase: tells what is predicted.
        eval_set: the split.
    """

    def __init__(self, phase: Phase, eval_set: MattingDataset):
        self._phase = phase
        indices = np.unique(np.linspace(0, len(eval_set) - 1, _PHOTOS).astype(int))
        self._samples, self._photos = [], []
        for index in indices:
            with contextlib.suppress(ImageError):  # validation reports it
                self._samples.append(eval_set.sample(index))
                self._photos.append(read_image(eval_set.files.photo(index)))

    def draw(self, predict: Callable) -> np.ndarray | None:
        """Predict and lay out photo, true alpha and predictions; (H, W, 3) uint8 BGR, None without photos."""
        if not self._photos:
            return None
        titles = ["photo", "true alpha"]
        titles += [_PICTURES[name][0] for name in self._phase.outputs]
        rows = []
        for photo, (image, class_map, alpha) in zip(self._photos, self._samples, strict=True):
            outputs = predict(Tensor(image[np.newaxis]), Tensor(class_map[np.newaxis]))
            predictions = [
                _PICTURES[name][1](output.asnumpy()[0])
                for name, output in zip(self._phase.outputs, outputs, strict=True)
            ]
            rows.append([resize(photo, *alpha.shape[1:]), alpha_to_bytes(alpha[0]), *predictions])
        return contact_sheet(rows, titles)


def _trimap_picture(trimap_logits: np.ndarray) -> np.ndarray:
    return class_map_to_trimap(trimap_logits.argmax(axis=0))


def _alpha_picture(pred_alpha: np.ndarray) -> np.ndarray:
    return alpha_to_bytes(np.clip(pred_alpha[0], 0, 1))


_PICTURES = {
    "trimap_logits": ("predicted trimap", _trimap_picture),
    "alpha": ("predicted alpha", _alpha_picture),
}
