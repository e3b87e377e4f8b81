"""Quality of a video's mattes, with and without temporal smoothing."""

from collections.abc import Iterable

import numpy as np

from src.common.errors import UserError
from src.images.preprocessing import alpha_to_float
from src.inference.matting import Matting
from src.inference.temporal_smoothing import TemporalSmoothing
from src.metric import dtssd, sad


def measure_video(
    frames: Iterable[tuple[np.ndarray, np.ndarray]], matting: Matting
) -> dict[str, dict[str, float]]:
    """Measure a video's mean dtSSD and SAD, with the temporal smoothing of `matte_video` and without.

    Args:
        frames: at least two, BGR (H, W, 3) uint8, each with its true alpha (H, W) uint8.
        matting: the matting to measure.

    Returns:
        'dtssd' and 'sad' for each of 'smoothed in time' and 'frame by frame'.

    Raises:
        UserError: a frame and its alpha differ in size.
    """
    smoothing, true_before = TemporalSmoothing(), None
    before, found = {}, {way: {"dtssd": [], "sad": []} for way in ("smoothed in time", "frame by frame")}
    for number, (image, true_alpha) in enumerate(frames):
        if true_alpha.shape != image.shape[:2]:
            raise UserError(f"frame {number}: its alpha has a different size")
        true_alpha = alpha_to_float(true_alpha)
        small = matting.predict(image).alpha
        for way, each in zip(found, (smoothing(image, small), small), strict=True):
            pred_alpha = matting.upsample(image, each)
            found[way]["sad"].append(sad(pred_alpha, true_alpha))
            if true_before is not None:
                found[way]["dtssd"].append(dtssd((before[way], pred_alpha), (true_before, true_alpha)))
            before[way] = pred_alpha
        true_before = true_alpha
    means = {}
    for way, values in found.items():
        means[way] = {name: float(np.mean(each)) for name, each in values.items()}
    return means
