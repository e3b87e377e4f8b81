"""Validation after an epoch: every image of the split counts once."""

from collections.abc import Callable, Iterable

import numpy as np
from mindspore import Tensor

from src.dataset import Batch
from src.metric import intersection_over_union, sad
from src.phases import Phase
from src.trimap import TrimapClass


def validate(phase: Phase, predict: Callable, batches: Iterable[Batch]) -> dict[str, float]:
    """Measure a phase's predictions at patch_size.

    Args:
        phase: tells the loss and what is predicted.
        predict: the compiled prediction, (image, class_map) to `phase.outputs`; the network must be in
            evaluation mode.
        batches: of the split; an index that comes again is left out.

    Returns:
        The loss terms (means over images); where there is a trimap, the intersection over union of each
        class that occurs (`iou_background`, ...) and their mean `mean_iou`; where there is alpha, `sad`,
        the mean over images.
    """
    seen: set[int] = set()
    terms: list[np.ndarray] = []
    overlap = np.zeros((2, len(TrimapClass)), np.int64)
    sads: list[float] = []
    for batch in batches:
        indices, positions = np.unique(batch.index, return_index=True)
        new = positions[[int(index) not in seen for index in indices]]
        seen.update(map(int, indices))
        outputs = [output.asnumpy()[new] for output in predict(batch.image, batch.class_map)]
        image, class_map, alpha = (each.asnumpy()[new] for each in batch[:3])
        terms += _terms_of_each(phase, outputs, image, class_map, alpha)
        for name, output in zip(phase.outputs, outputs, strict=True):
            if name == "trimap_logits":
                overlap += intersection_over_union(output.argmax(axis=1), class_map, len(TrimapClass))
            else:
                sads += [sad(np.clip(pred, 0, 1), true) for pred, true in zip(output, alpha, strict=True)]
    scores = dict(zip(phase.terms, np.mean(terms, axis=0).tolist(), strict=True))
    if overlap.any():
        iou = {each: overlap[0, each] / overlap[1, each] for each in TrimapClass if overlap[1, each]}
        scores |= {f"iou_{each.name.lower()}": float(value) for each, value in iou.items()}
        scores["mean_iou"] = float(np.mean(list(iou.values())))
    if sads:
        scores["sad"] = float(np.mean(sads))
    return scores


def _terms_of_each(phase: Phase, outputs, image, class_map, alpha) -> list[np.ndarray]:
    """The loss terms of every image by itself: a mean over a batch would weigh a smaller one too much."""
    rows = []
    for i in range(len(image)):
        single = [Tensor(each[i : i + 1]) for each in (*outputs, image, class_map, alpha)]
        values = phase.loss(single[: len(outputs)], *single[len(outputs) :])
        rows.append(np.array([float(value.asnumpy()) for value in values.values()]))
    return rows
