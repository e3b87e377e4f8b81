"""Validation after an epoch: every image of the split counts once."""

from collections.abc import Callable, Iterable

import numpy as np
from mindspore import Tensor

from src.common.errors import UserError
from src.common.world import World
from src.dataset import Batch
from src.images.trimap import TrimapClass
from src.metric import intersection_and_union, sad
from src.systems.shm import Phase


def validate(
    phase: Phase,
    predict: Callable,
    batches: Iterable[Batch],
    count: int,
    world: World,
    stop: Callable[[], object] = lambda: False,
) -> dict[str, float] | None:
    """Measure a phase's predictions at patch_size.

    Args:
        phase: tells the loss and what is predicted.
        predict: the compiled prediction, (image, class_map) to `phase.outputs`; the network must be in
            evaluation mode.
        batches: this process's share of the split.
        count: samples of the split.
        world: the processes that share it.
        stop: asked before every batch whether to leave off.

    Returns:
        None where any process was asked to leave off; else
        The loss terms (means over images); where there is a trimap, the intersection over union of each
        class that occurs (`iou_background`, ...) and their mean `mean_iou`; where there is alpha, `sad`,
        the mean over images.

    Raises:
        UserError: no image of the split can be used.
    """
    # A row an image: an image that comes again changes nothing, and processes can add their tables up.
    names = ["seen", *phase.terms]
    if "trimap_logits" in phase.outputs:
        names += [f"{part}_{each.name.lower()}" for part in ("intersection", "union") for each in TrimapClass]
    if "alpha" in phase.outputs:
        names += ["sad"]
    table = np.zeros((count, len(names)), np.float32)
    stopped = False
    for batch in batches:
        stopped = bool(stop())
        if stopped:
            break
        outputs = [output.asnumpy() for output in predict(batch.image, batch.class_map)]
        image, class_map, alpha = (each.asnumpy() for each in batch[:3])
        for row, index in enumerate(batch.index):
            one = [each[row : row + 1] for each in (*outputs, image, class_map, alpha)]
            table[index] = _measure(phase, one[: len(outputs)], *one[len(outputs) :])
    if world.any(stopped):
        return None
    table = world.sum(table)
    table = table[table[:, 0] > 0].astype(np.float64)
    if not len(table):
        raise UserError("validation: no image of the eval split can be used")
    return _scores(dict(zip(names, table.T, strict=True)), phase)


def _measure(phase: Phase, outputs: list[np.ndarray], image, class_map, alpha) -> list[float]:
    """The row of one image (N = 1): a mean over a batch would weigh images of a smaller one too much."""
    tensors = [Tensor(each) for each in (*outputs, image, class_map, alpha)]
    terms = phase.loss(tensors[: len(outputs)], *tensors[len(outputs) :])
    row = [1.0, *(float(value.asnumpy()) for value in terms.values())]
    for name, output in zip(phase.outputs, outputs, strict=True):
        if name == "trimap_logits":
            row += intersection_and_union(output.argmax(axis=1), class_map, len(TrimapClass)).ravel().tolist()
        else:
            row.append(sad(np.clip(output, 0, 1), alpha))
    return row


def _scores(columns: dict[str, np.ndarray], phase: Phase) -> dict[str, float]:
    scores = {name: float(columns[name].mean()) for name in phase.terms}
    if "trimap_logits" in phase.outputs:
        ious = {}
        for name in (each.name.lower() for each in TrimapClass):
            union = columns[f"union_{name}"].sum()
            if union:
                ious[f"iou_{name}"] = float(columns[f"intersection_{name}"].sum() / union)
        scores |= {**ious, "mean_iou": float(np.mean(list(ious.values())))}
    if "sad" in columns:
        scores["sad"] = float(columns["sad"].mean())
    return scores
