"""How the learning rate changes over the steps of a phase."""

import math


def learning_rate(step: int, steps: int, *, lr: float, schedule: str, warmup_steps: int) -> float:
    """The learning rate of one step.

    Args:
        step: steps done before it.
        steps: of the whole phase.
        lr: the highest rate.
        schedule: 'constant', or 'cosine' for a fall to 0 along half a cosine.
        warmup_steps: over which the rate rises to its schedule; 0 for none.
    """
    rate = lr * min(1, (step + 1) / warmup_steps) if warmup_steps else lr
    return rate * (1 + math.cos(math.pi * step / steps)) / 2 if schedule == "cosine" else rate
