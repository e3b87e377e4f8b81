"""Validation after an epoch: every image of the split counts once."""

from collections.abc import Callable, Iterable

import numpy as np
from mindspore import Tensor

from src.common.errors import UserError
from src.common.world import World
from src.dataset import Batch
from src.systems.system import Phase


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
        phase: the phase, with its loss and outputs.
        predict: the compiled prediction, from the tensors of a batch by name to those of `phase.outputs`; the
            network must be in evaluation mode.
        batches: this process's share of the split.
        count: number of samples in the whole split.
        world: the processes that share the split.
        stop: called before every batch; a true result ends the validation.

    Returns:
        The loss terms (means over images) and the scores of each output, by name; None if any process was
        stopped.

    Raises:
        UserError: no image of the split can be used.
    """
    # One row per image: repeated images do not count twice, and processes can add their tables.
    measured = [name for output in phase.outputs for name in output.measured]
    names = ["seen", *phase.terms, *measured]
    table = np.zeros((count, len(names)), np.float32)
    stopped = False
    for batch in batches:
        stopped = bool(stop())
        if stopped:
            break
        outputs = [output.asnumpy() for output in predict(**batch.tensors)]
        truth = {name: tensor.asnumpy() for name, tensor in batch.tensors.items()}
        for row, index in enumerate(batch.index):
            one = slice(row, row + 1)
            table[index] = _measure(
                phase, [each[one] for each in outputs], {name: each[one] for name, each in truth.items()}
            )
    if world.any(stopped):
        return None
    table = world.sum(table)
    table = table[table[:, 0] > 0].astype(np.float64)
    if not len(table):
        raise UserError("validation: no image of the eval split can be used")
    return _scores(dict(zip(names, table.T, strict=True)), phase)


def _measure(phase: Phase, outputs: list[np.ndarray], truth: dict[str, np.ndarray]) -> list[float]:
    """Return the row of one image (N = 1); batch means would give images of smaller batches more weight."""
    tensors = {name: Tensor(each) for name, each in truth.items()}
    terms = phase.loss(tuple(map(Tensor, outputs)), tensors)
    row = [1.0, *(float(value.asnumpy()) for value in terms.values())]
    for output, values in zip(phase.outputs, outputs, strict=True):
        row += output.measure(values, truth)
    return row


def _scores(columns: dict[str, np.ndarray], phase: Phase) -> dict[str, float]:
    scores = {name: float(columns[name].mean()) for name in phase.terms}
    for output in phase.outputs:
        scores |= output.scores(columns)
    return scores
