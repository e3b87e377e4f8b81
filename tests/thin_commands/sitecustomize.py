"""With this folder on PYTHONPATH, commands and their workers take the networks of tests/thin_network.py.

Python imports this file when it starts. A step of training takes so long that a signal can reach a chosen
one.
"""

import sys
import time
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

STEP_SECONDS = 0.1


def change_loading(load_model: object) -> None:
    """Thin networks."""
    from pytest import MonkeyPatch

    from tests.thin_network import make_networks_thin

    make_networks_thin(MonkeyPatch())


def change_training(phase: object) -> None:
    """Thin networks, no curves, slow steps."""
    from pytest import MonkeyPatch

    from tests.thin_network import leave_curves_empty, make_networks_thin

    make_networks_thin(MonkeyPatch())
    leave_curves_empty(MonkeyPatch())
    log_step = phase.RunLog.step

    def slow_step(log: object, line: str) -> None:
        log_step(log, line)
        time.sleep(STEP_SECONDS)

    phase.RunLog.step = slow_step


class ThinNetworks:
    """Changes modules once a command has imported them, not before: it has to block signals before it imports
    MindSpore."""

    changes = {"src.load_model": change_loading, "src.training.phase": change_training}

    @classmethod
    def find_spec(cls, name: str, path: object, target: object = None) -> ModuleSpec | None:
        change = cls.changes.pop(name, None)
        if change is None:
            return None
        spec = find_spec(name)
        execute = spec.loader.exec_module

        def execute_and_change(module: object) -> None:
            execute(module)
            change(module)

        spec.loader.exec_module = execute_and_change
        return spec


sys.meta_path.insert(0, ThinNetworks)
