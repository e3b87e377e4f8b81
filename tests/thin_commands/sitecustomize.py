"""With this folder on PYTHONPATH, commands and their workers run the networks of tests/thin_network.py,
in PyTorch those of tests/thin_torch_network.py.

Python imports this file when it starts. A step of training takes STEP_SECONDS, where that is set, so that a
signal can reach a chosen one.
"""

import os
import sys
import time
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


def make_thin(network: object) -> None:
    """Changes src.model.network."""
    from pytest import MonkeyPatch

    from tests.thin_network import make_networks_thin

    make_networks_thin(MonkeyPatch())


def make_torch_thin(network: object) -> None:
    """Changes src.pytorch.network."""
    from pytest import MonkeyPatch

    from tests.thin_torch_network import make_torch_networks_thin

    make_torch_networks_thin(MonkeyPatch())


def slow_down(phase: object) -> None:
    """Changes src.training.phase, whose steps would be too short."""
    from pytest import MonkeyPatch

    from tests.thin_network import leave_curves_empty

    leave_curves_empty(MonkeyPatch())
    log_step = phase.RunLog.step
    seconds = float(os.environ.get("STEP_SECONDS", 0))

    def slow_step(log: object, line: str) -> None:
        log_step(log, line)
        time.sleep(seconds)

    phase.RunLog.step = slow_step


class Changed:
    """Changes a module once it has been imported, and not before: train.py has to block signals before it
    imports MindSpore."""

    def __init__(self, name: str, change: Callable[[object], None]):
        self._name, self._change = name, change

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        execute = spec.loader.exec_module

        def execute_and_change(module: object) -> None:
            execute(module)
            self._change(module)

        spec.loader.exec_module = execute_and_change
        return spec


sys.meta_path[:0] = [
    Changed("src.model.network", make_thin),
    Changed("src.pytorch.network", make_torch_thin),
    Changed("src.training.phase", slow_down),
]

# Operators of Ascend's own processors, to describe which takes a sixth of the time of importing MindSpore.
ASCEND_OPERATORS = "mindspore.ops._op_impl.aicpu"
sys.modules[ASCEND_OPERATORS] = ModuleType(ASCEND_OPERATORS)
