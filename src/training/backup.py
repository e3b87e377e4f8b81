"""The copy of a network that a phase without labels compares itself with; made at the start of each epoch."""

from collections.abc import Callable

import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops

from src.systems.system import Backup
from src.training.step import make_predict_step

PREFIX = "backup."


class BackupNetwork:
    """A copy of the trained network, and its outputs.

    Args:
        backup: what the phase wants of it.
        trained: the network being trained.
        network: another network of the same kind, to hold the copy; its parameters get the prefix 'backup.',
            since a compiled function cannot have two parameters of the same name.
        parts: a cell with the parts of `network` as attributes; see `mixed_precision_parts`.
    """

    def __init__(self, backup: Backup, trained: nn.Cell, network: nn.Cell, parts: nn.Cell):
        network.update_parameters_name(PREFIX)
        network.set_train(False)
        self._names = backup.outputs
        self._pairs = list(zip(network.get_parameters(), trained.get_parameters(), strict=True))
        self._copy = self._make_copy()
        self._predict = make_predict_step(backup, parts)

    def begin(self) -> None:
        """Copy the current weights, before the first step of a run."""
        for copy, value in self._pairs:
            copy.set_data(Tensor(value.asnumpy().copy()))

    def renew(self) -> None:
        """Copy the current weights, at the start of an epoch."""
        self._copy()

    def state(self) -> dict[str, Parameter]:
        """The copy's parameters by name, as saved in a resume file."""
        return {copy.name: copy for copy, _ in self._pairs}

    def complete(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """The tensors of a batch by name, with the copy's outputs."""
        return {**tensors, **dict(zip(self._names, self._predict(**tensors), strict=True))}

    def _make_copy(self) -> Callable[[], Tensor]:
        pairs = self._pairs

        @ms.jit  # after a compiled step has run, MindSpore ignores set_data from outside
        def copy():
            for copied, value in pairs:
                ops.assign(copied, value)
            return Tensor(0)

        return copy
