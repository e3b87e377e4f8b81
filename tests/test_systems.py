"""Systems by name, and what their parts need not import."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from src.common.errors import UserError
from src.config import Config
from src.description.traits import SystemName
from src.systems.registry import get_system

ROOT = Path(__file__).resolve().parent.parent


def imported_by(code: str) -> set[str]:
    """The modules that a new Python has imported after some code."""
    command = [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules, sep='\\n')"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return set(result.stdout.splitlines())


def test_every_name_has_its_system():
    for name in get_args(SystemName):
        assert get_system(name).name == name
    assert Config().system == "shm"


def test_an_unknown_name_is_told_what_there_is():
    with pytest.raises(UserError, match="system = smh.*shm"):
        get_system("smh")


@pytest.mark.parametrize("name", get_args(SystemName))
def test_what_a_system_says_of_itself_agrees(name):
    system = get_system(name)
    assert [phase.name for phase in system.phases.values()] == list(system.phases)
    names = list(system.phases)
    for phase in system.phases.values():
        assert all(names.index(earlier) < names.index(phase.name) for earlier in phase.starts_from)
        measured = [each for output in phase.outputs for each in output.measured]
        assert len(set(measured)) == len(measured)
        assert phase.trained_part(system.build()).trainable_params()


def test_names_and_configuration_do_without_mindspore():
    modules = imported_by("import src.systems.registry, src.description.model_info, src.config")
    assert "src.config" in modules
    assert "mindspore" not in modules


def test_loading_weights_needs_no_training_no_export_and_no_other_process():
    modules = imported_by("import src.load_model, src.model.weights")
    assert "src.model.network" in modules
    unwanted = ("src.training", "src.deployment", "src.common.world", "src.dataset")
    assert [name for name in modules if name.startswith(unwanted)] == []
