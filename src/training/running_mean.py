"""A running mean of the weights over the steps: it scores better than the weights of any one step."""

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

PREFIX = "running_mean."


def memory_at(step: int, decay: float) -> float:
    """How much of itself the mean keeps at a step, counted from 1.

    Less than `decay` at first, so that it soon forgets where it began.
    """
    return min(decay, step / (step + 10))


class RunningMean:
    """The mean of a network's weights and of its batch normalisation's statistics.

    Args:
        trained: the network.
        network: another one of the kind, which becomes the mean; its parameters get the prefix
            'running_mean.', since one compiled function cannot have two of the same name.
        decay: share of itself that the mean keeps at a step, in [0, 1).
    """

    def __init__(self, trained: nn.Cell, network: nn.Cell, decay: float):
        self.network = network
        self._decay = decay
        network.update_parameters_name(PREFIX)
        self._pairs = list(zip(network.get_parameters(), trained.get_parameters(), strict=True))
        self._update = self._make_update()

    def begin(self) -> None:
        """Take the weights as they are for the mean; before the first step."""
        for mean, value in self._pairs:
            mean.set_data(Tensor(value.asnumpy().copy()))

    def update(self, step: int) -> None:
        """Take in the weights after a step, counted from 1."""
        self._update(Tensor(np.float32(1 - memory_at(step, self._decay))))

    def state(self) -> dict[str, Parameter]:
        """The mean, by the names that it has in a resume file."""
        return {mean.name: mean for mean, _ in self._pairs}

    def weights(self) -> list[dict]:
        """The mean under the names of the network, as entries of a checkpoint."""
        return [{"name": value.name, "data": mean} for mean, value in self._pairs]

    def _make_update(self):
        pairs = self._pairs

        @ms.jit  # once a compiled step has run, MindSpore ignores what is set from outside
        def update(share):
            for mean, value in pairs:
                ops.assign(mean, mean + share * (value - mean))
            return share

        return update
