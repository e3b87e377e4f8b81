"""A running mean of the weights over the steps, which scores better than the weights of any single step."""

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from src.training.schedule import memory_at

PREFIX = "running_mean."


class RunningMean:
    """The mean of a network's weights and of its batch normalisation's statistics.

    Args:
        trained: the network being trained.
        network: another network of the same kind, to hold the mean; its parameters get the prefix
            'running_mean.', since a compiled function cannot have two parameters of the same name.
        decay: fraction of the mean that is kept at each step, in [0, 1).
    """

    def __init__(self, trained: nn.Cell, network: nn.Cell, decay: float):
        self.network = network
        self._decay = decay
        network.update_parameters_name(PREFIX)
        self._pairs = list(zip(network.get_parameters(), trained.get_parameters(), strict=True))
        self._update = self._make_update()

    def begin(self) -> None:
        """Set the mean to the current weights, before the first step."""
        for mean, value in self._pairs:
            mean.set_data(Tensor(value.asnumpy().copy()))

    def update(self, step: int) -> None:
        """Update the mean with the weights after a step, counted from 1."""
        self._update(Tensor(np.float32(1 - memory_at(step, self._decay))))

    def state(self) -> dict[str, Parameter]:
        """The mean's parameters by name, as saved in a resume file."""
        return {mean.name: mean for mean, _ in self._pairs}

    def weights(self) -> list[dict]:
        """The mean under the trained network's parameter names, as entries of a checkpoint."""
        return [{"name": value.name, "data": mean} for mean, value in self._pairs]

    def _make_update(self):
        pairs = self._pairs

        @ms.jit  # after a compiled step has run, MindSpore ignores set_data from outside
        def update(share):
            for mean, value in pairs:
                ops.assign(mean, mean + share * (value - mean))
            return share

        return update
