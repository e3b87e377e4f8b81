"""With this folder on PYTHONPATH, train.py and its workers train the networks of tests/thin_network.py.

Python imports this file when it starts. A step takes so long that a signal can reach a chosen one.
"""

import sys
import time
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

MODULE = "src.training.phase"  # not before: train.py has to block signals before it imports MindSpore
STEP_SECONDS = 0.1


class ThinNetworks:
    """Changes a command once it has imported what trains."""

    @classmethod
    def find_spec(cls, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name != MODULE:
            return None
        sys.meta_path.remove(cls)
        spec = find_spec(name)
        execute = spec.loader.exec_module

        def execute_and_change(module: object) -> None:
            execute(module)
            change_training(module)

        spec.loader.exec_module = execute_and_change
        return spec


def change_training(phase: object) -> None:
    """Thin networks, slow steps."""
    from pytest import MonkeyPatch

    from tests.thin_network import leave_curves_empty, make_networks_thin

    make_networks_thin(MonkeyPatch())
    leave_curves_empty(MonkeyPatch())
    log_step = phase.RunLog.step

    def slow_step(log: object, line: str) -> None:
        log_step(log, line)
        time.sleep(STEP_SECONDS)

    phase.RunLog.step = slow_step


sys.meta_path.insert(0, ThinNetworks)
