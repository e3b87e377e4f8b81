"""The processes of a training run: one, or several that average their gradients."""

import os

import mindspore as ms
import numpy as np
from mindspore import Tensor, ops
from mindspore.communication import GlobalComm, get_group_size, get_rank, init


class World:
    """This process's place in the run, and its exchange with the other processes.

    Args:
        rank: number of this process, from 0.
        size: number of processes.
    """

    def __init__(self, rank: int = 0, size: int = 1):
        self.rank = rank
        self.size = size

    @property
    def is_first(self) -> bool:
        """Whether this process writes the run's files."""
        return self.rank == 0

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Sum float32 arrays of the same shape over all processes."""
        if self.size == 1:
            return values
        return ops.AllReduce()(Tensor(values)).asnumpy()

    def any(self, flag: object) -> bool:
        """Whether the flag is true in any process."""
        return bool(self.sum(np.array([bool(flag)], np.float32))[0])

    def agrees(self, values: np.ndarray) -> bool:
        """Whether all processes pass the same values; if they differ, at least one process gets False."""
        return np.array_equal(self.sum(values.astype(np.float32)) / self.size, values)

    def wait(self) -> None:
        """Wait until all processes have reached this point."""
        self.sum(np.zeros(1, np.float32))


def join_world() -> World:
    """Join the processes that msrun started; without msrun, this process is alone.

    The rank is the communicator's: DEVICE_ID counts the cards of one machine only.
    """
    if os.environ.get("MS_ROLE") not in ("MS_WORKER", "MS_SCHED"):
        return World()
    init()
    # As in the documentation of nn.DistributedGradReducer.
    ms.set_auto_parallel_context(parallel_mode=ms.ParallelMode.DATA_PARALLEL, gradients_mean=True)
    return World(get_rank(), get_group_size())


def wait_for_others() -> None:
    """Wait until all processes have reached this point; without joined processes, go on at once."""
    if GlobalComm.INITED:
        World(get_rank(), get_group_size()).wait()
