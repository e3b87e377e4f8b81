"""A picture of the predictions for a few fixed validation photos, drawn once per epoch."""

import contextlib
from collections.abc import Callable

import numpy as np
from mindspore import Tensor

from src.data.samples import Samples
from src.images.contact_sheet import contact_sheet
from src.images.files import ImageError
from src.images.preprocessing import resize
from src.systems.system import Phase

_PHOTOS = 4


class ValidationStrip:
    """A few photos, evenly spread over the split and always the same.

    Args:
        phase: the phase that predicts.
        eval_set: the validation split.
    """

    def __init__(self, phase: Phase, eval_set: Samples):
        self._phase = phase
        indices = np.unique(np.linspace(0, len(eval_set) - 1, _PHOTOS).astype(int))
        self._samples, self._photos = [], []
        for index in indices:
            with contextlib.suppress(ImageError):  # validation reports it
                sample = dict(zip(eval_set.columns, eval_set.sample(index), strict=True))
                self._samples.append(sample)
                self._photos.append(eval_set.picture(index))

    def draw(self, predict: Callable) -> np.ndarray | None:
        """Draw photos, the truth and predictions, BGR (H, W, 3) uint8; None if no photo can be read."""
        if not self._photos:
            return None
        columns = {
            name: Tensor(np.stack([sample[name] for sample in self._samples])) for name in self._samples[0]
        }
        outputs = [values.asnumpy() for values in predict(**columns)]
        rows = []
        for number, (photo, sample) in enumerate(zip(self._photos, self._samples, strict=True)):
            predictions = [
                output.picture(values[number])
                for output, values in zip(self._phase.outputs, outputs, strict=True)
            ]
            truth = self._phase.truth.picture(sample)
            rows.append([resize(photo, *truth.shape), truth, *predictions])
        titles = ["photo", self._phase.truth.title, *(each.title for each in self._phase.outputs)]
        return contact_sheet(rows, titles)
