"""Running statistics of batch normalisation, which each process collects from its own samples."""

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from src.common.world import World


class RunningStatistics:
    """The running means and variances of a network in one of several processes.

    Args:
        network: the network with the statistics.
        world: the processes.
    """

    def __init__(self, network: nn.Cell, world: World):
        self._world = world
        self._parameters = [each for each in network.get_parameters() if ".moving_" in each.name]
        self._average = self._make_average()

    def average(self) -> None:
        """Replace the statistics by their mean over all processes, before validating and saving."""
        if self._world.size > 1:
            self._average()

    def of_all(self) -> np.ndarray:
        """Return the statistics of all processes, (processes, values) float32."""
        values = [each.asnumpy().ravel() for each in self._parameters]
        own = np.concatenate(values) if values else np.zeros(0, np.float32)
        table = np.zeros((self._world.size, own.size), np.float32)
        table[self._world.rank] = own
        return self._world.sum(table)

    def restore(self, of_all: np.ndarray) -> None:
        """Set this process's statistics, before the first step.

        Args:
            of_all: from `of_all`, (processes, values) float32; if the number of processes has changed, their
                mean is used.
        """
        own = of_all[self._world.rank] if len(of_all) == self._world.size else of_all.mean(axis=0)
        for parameter in self._parameters:
            values, own = np.split(own, [parameter.size])
            parameter.set_data(Tensor(values.reshape(parameter.shape)))

    def _make_average(self):
        # Local names, since a compiled function treats attributes as constants.
        parameters, size, total = self._parameters, self._world.size, ops.AllReduce()

        @ms.jit  # after a compiled step has run, MindSpore ignores set_data from outside
        def average():
            for parameter in parameters:
                ops.assign(parameter, total(parameter) / size)
            return Tensor(0)

        return average
