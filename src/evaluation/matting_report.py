"""How good the mattes of `Matting` are, in numbers and in a picture."""

from collections.abc import Iterable

import numpy as np

from src.common.errors import UserError
from src.evaluation.report import Measurement, Sample, measure
from src.images.contact_sheet import contact_sheet, on_checkerboard, side_by_side
from src.images.preprocessing import alpha_to_bytes
from src.inference.matting import Matting
from src.inference.temporal_smoothing import TemporalSmoothing
from src.metric import dtssd, sad

_SHOWN = 4  # photos of each kind in the picture


def person_iou(alpha: np.ndarray, true_alpha: np.ndarray) -> float:
    """Intersection over union of the pixels that are more person than background.

    Args:
        alpha: (H, W) in [0, 1].
        true_alpha: (H, W) uint8.
    """
    pred_person, true_person = alpha > 0.5, true_alpha > 127
    return float((pred_person & true_person).sum() / max(1, (pred_person | true_person).sum()))


def measure_matting(samples: Iterable[Sample], matting: Matting) -> list[Measurement]:
    """The metrics of every photo at its own size, and `iou` of the person."""
    measurements = []
    for sample in samples:
        image, true_alpha = sample.read()
        alpha = matting(image)
        values = {**measure(true_alpha, alpha), "iou": person_iou(alpha, true_alpha)}
        measurements.append(Measurement(sample, values))
    return measurements


def measure_video(
    frames: Iterable[tuple[np.ndarray, np.ndarray]], matting: Matting
) -> dict[str, dict[str, float]]:
    """dtSSD and mean SAD of a video, smoothed in time as `matte_video` does it, and frame by frame.

    Args:
        frames: at least two, BGR (H, W, 3) uint8, each with its true alpha (H, W) uint8.
        matting: what is measured.

    Raises:
        UserError: a frame and its alpha differ in size.
    """
    steady, true_before = TemporalSmoothing(), None
    before, found = {}, {way: {"dtssd": [], "sad": []} for way in ("smoothed in time", "frame by frame")}
    for number, (image, true_alpha) in enumerate(frames):
        if true_alpha.shape != image.shape[:2]:
            raise UserError(f"frame {number}: its alpha has another size")
        true_alpha = true_alpha.astype(np.float32) / 255
        small = matting.predict(image)
        for way, each in zip(found, (steady(image, small), small), strict=True):
            pred_alpha = matting.restore(image, each)
            found[way]["sad"].append(sad(pred_alpha, true_alpha))
            if true_before is not None:
                found[way]["dtssd"].append(dtssd((before[way], pred_alpha), (true_before, true_alpha)))
            before[way] = pred_alpha
        true_before = true_alpha
    means = {}
    for way, values in found.items():
        means[way] = {name: float(np.mean(each)) for name, each in values.items()}
    return means


def draw_sheet(measurements: list[Measurement], matting: Matting) -> np.ndarray:
    """The best photos, those around the median and the worst, by SAD."""
    by_sad = sorted(measurements, key=lambda each: each.values["sad"])
    shown = min(_SHOWN, -(-len(by_sad) // 3))
    middle = max(0, (len(by_sad) - shown) // 2)
    sheets = []
    chosen = {"best": by_sad[:shown], "median": by_sad[middle : middle + shown], "worst": by_sad[-shown:]}
    for title, part in chosen.items():
        rows = []
        for each in part:
            image, true_alpha = each.sample.read()
            alpha = alpha_to_bytes(matting(image))
            rows.append((image, true_alpha, alpha, on_checkerboard(image, alpha)))
        captions = [f"SAD {each.values['sad']:.2f}" for each in part]
        sheets.append(contact_sheet(rows, (title, "true alpha", "alpha", "cutout"), captions))
    return side_by_side(sheets)
