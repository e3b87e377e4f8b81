"""The learning rate schedule of a phase."""

import math


def learning_rate(
    step: int, steps: int, *, lr: float, schedule: str, warmup_steps: int, decay_steps: int = 0
) -> float:
    """The learning rate of one step.

    Args:
        step: the step, counted from 0.
        steps: number of steps of the whole phase.
        lr: the maximum learning rate.
        schedule: 'constant'; 'cosine' to fall to 0 along half a cosine; 'steps' to become a tenth after every
            `decay_steps`.
        warmup_steps: number of steps over which the rate rises linearly; 0 for none.
        decay_steps: for 'steps'.
    """
    rate = lr * min(1, (step + 1) / warmup_steps) if warmup_steps else lr
    if schedule == "steps":
        return rate * 0.1 ** (step // decay_steps)
    return rate * (1 + math.cos(math.pi * step / steps)) / 2 if schedule == "cosine" else rate


def memory_at(step: int, decay: float) -> float:
    """The fraction of the mean that is kept at a step, counted from 1.

    It is below `decay` at first, so that the initial weights are soon forgotten.
    """
    return min(decay, step / (step + 10))
