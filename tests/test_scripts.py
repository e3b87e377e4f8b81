"""The shell scripts, in a copy of the project that has no environment of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.python_program import write_python
from tests.small_dataset import write_dataset

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted((ROOT / "scripts").glob("*.sh"))
BASIC_TOOLS = ("bash", "sh", "dirname", "basename", "cat", "cmp", "cksum", "cut", "mkdir", "tee", "env")
NEEDS_PYTHON = "error: needs Python 3.10, 3.11 or 3.12 with its venv module"

# Stands for the interpreter of .venv: notes what it is asked, installs nothing.
RECORDING_PYTHON = """#!/bin/sh
echo "$*" >>"$(dirname "$0")/calls.txt"
[ "$2" != pip ] || exit {pip_status}
"""


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of what the scripts use, without .venv."""
    project = tmp_path / "project"
    shutil.copytree(ROOT / "scripts", project / "scripts")
    shutil.copytree(ROOT / "src", project / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("eval.py", "config.yaml", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, project / name)
    return project


@pytest.fixture
def tools(tmp_path) -> Path:
    """A folder for the PATH with the basic tools and no Python."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in BASIC_TOOLS:
        (folder / name).symlink_to(shutil.which(name))
    return folder


def run_bash(
    *arguments: str | Path, cwd: Path, path: Path | None = None, timeout: float = 60
) -> subprocess.CompletedProcess:
    """Run bash in a folder, with this PATH alone where one is given."""
    environment = {name: value for name, value in os.environ.items() if name != "DEVICE_ID"}
    if path:
        environment["PATH"] = str(path)
    return subprocess.run(
        [shutil.which("bash"), *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def write_executable(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)


def add_python(project: Path, content: str) -> None:
    """Put an interpreter into the project's .venv."""
    write_executable(project / ".venv" / "bin" / "python", content)


def set_up(project: Path, path: Path | None = None) -> subprocess.CompletedProcess:
    command = f"source '{project}/scripts/set_up.sh' && set_up requirements.txt"
    return run_bash("-c", command, cwd=project, path=path)


def pip_calls(project: Path) -> list[str]:
    log = project / ".venv" / "bin" / "calls.txt"
    return [line for line in log.read_text().splitlines() if line.startswith("-m pip")]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_syntax(script, tmp_path):
    run = run_bash("-n", script, cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [["x"], ["-1"], ["1.5"], ["0", "1"]])
def test_evaluation_with_a_wrong_device_number(project, tmp_path, arguments):
    add_python(project, "#!/bin/sh\necho started\n")
    run = run_bash(project / "scripts" / "run_eval.sh", *arguments, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "usage: bash run_eval.sh [DEVICE_ID]\n"


@pytest.mark.parametrize(("arguments", "device"), [([], "0"), (["3"], "3")])
def test_evaluation_gets_the_device_number_and_the_configuration(project, tmp_path, arguments, device):
    add_python(project, '#!/bin/sh\n[ "$1" = -c ] || echo "$DEVICE_ID $*"\n')
    run = run_bash(project / "scripts" / "run_eval.sh", *arguments, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"{device} {project}/eval.py --yaml_path={project}/config.yaml\n"


def test_evaluation_where_mindspore_is_missing_sets_up_an_environment(project, tools, tmp_path):
    """As after run_predict.sh."""
    add_python(project, '#!/bin/sh\ncase "$2" in *mindspore*) exit 1 ;; esac\n')
    run = run_bash(project / "scripts" / "run_eval.sh", cwd=tmp_path, path=tools)
    assert run.returncode == 1
    assert run.stderr.startswith(NEEDS_PYTHON)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sitecustomize.py", "from PIL.Image import Image\ndel Image.has_transparency_data\n"),
        ("pydantic.py", ""),
    ],
)
def test_an_interpreter_with_an_old_package_is_not_taken(project, tools, tmp_path, name, content):
    write_python(project / ".venv" / "bin" / "python")
    find = f"source '{project}/scripts/set_up.sh' && find_interpreter requirements.txt && echo taken"
    assert run_bash("-c", find, cwd=tmp_path, path=tools).stdout == "taken\n"
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / name).write_text(content)
    add_python(project, f'#!/bin/sh\nPYTHONPATH={tmp_path}/old exec "{sys.executable}" "$@"\n')
    run = run_bash("-c", find, cwd=tmp_path, path=tools)
    assert "taken" not in run.stdout


def test_evaluation_without_a_model(project, tmp_path):
    write_python(project / ".venv" / "bin" / "python")
    write_dataset(tmp_path / "data", {"test": 1})
    config = f"test: {{model: {tmp_path}/absent.ckpt, test_pic_path: {tmp_path}/data, device_target: CPU}}\n"
    (project / "config.yaml").write_text(config)
    run = run_bash(project / "scripts" / "run_eval.sh", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stderr == f"error: {tmp_path}/absent.ckpt: no such model\n"


def test_quickstart_with_a_missing_folder(project, tmp_path):
    run = run_bash(project / "scripts" / "run_quickstart.sh", "absent", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("error: absent: no such folder; ")
    assert not (project / ".venv").exists()
    assert not (project / "quickstart").exists()


@pytest.mark.parametrize("arguments", [["--help"], ["--set", "seed=1"]])
def test_quickstart_with_wrong_arguments(project, tmp_path, arguments):
    run = run_bash(project / "scripts" / "run_quickstart.sh", *arguments, cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "usage: bash run_quickstart.sh [--from_scratch] [PATH [--set KEY=VALUE ...]]\n"
    assert not (project / ".venv").exists()


@pytest.mark.parametrize("script", ["run_quickstart.sh", "run_tests.sh"])
@pytest.mark.parametrize("old_python", [True, False])
def test_set_up_names_the_versions_it_needs(project, tools, tmp_path, script, old_python):
    if old_python:  # fails the check of its version
        write_executable(tools / "python3", "#!/bin/sh\nexit 1\n")
    run = run_bash(project / "scripts" / script, cwd=tmp_path, path=tools)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith(NEEDS_PYTHON)
    assert len(run.stderr.splitlines()) == 1
    assert not (project / ".venv").exists()


@pytest.fixture
def tools_with_python(tools) -> Path:
    """The basic tools and an interpreter that passes every check."""
    write_executable(tools / "python3", '#!/bin/sh\n[ "$1" != --version ] || echo Python 3.11.0\n')
    return tools


def test_set_up_installs_once(project, tools_with_python):
    add_python(project, RECORDING_PYTHON.format(pip_status=0))
    first = set_up(project, tools_with_python)
    assert first.returncode == 0, first.stderr
    assert "setting up .venv with Python 3.11.0 and the packages of requirements.txt" in first.stdout
    second = set_up(project, tools_with_python)
    assert (second.returncode, second.stdout) == (0, "")
    (call,) = pip_calls(project)
    assert call.endswith(f"-r {project}/requirements.txt")


def test_set_up_installs_again_when_the_requirements_have_changed(project, tools_with_python):
    add_python(project, RECORDING_PYTHON.format(pip_status=0))
    set_up(project, tools_with_python)
    with (project / "requirements.txt").open("a") as file:
        file.write("# newer\n")
    set_up(project, tools_with_python)
    assert len(pip_calls(project)) == 2


def test_set_up_leaves_the_environment_of_another_python_alone(project, tools_with_python):
    other = '#!/bin/sh\ncase "$*" in *version_info*) exit 1;; esac\n'
    add_python(project, other)
    run = set_up(project, tools_with_python)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith(f"error: {project}/.venv") and "3.10, 3.11 or 3.12" in run.stderr
    assert (project / ".venv" / "bin" / "python").read_text() == other


def test_set_up_keeps_an_environment_without_pip(project, tools_with_python):
    """As uv makes them."""
    lacks_pip = 'cd "$(dirname "$0")"\ncase "$*" in *"sys, pip;"*) [ -e pip ] || exit 1;; '
    lacks_pip += '"-m ensurepip") : >pip;; esac\n'
    add_python(project, RECORDING_PYTHON.format(pip_status=0) + lacks_pip)
    (project / ".venv" / "mine.txt").touch()
    run = set_up(project, tools_with_python)
    assert run.returncode == 0, run.stderr
    assert (project / ".venv" / "bin" / "pip").exists() and (project / ".venv" / "mine.txt").exists()
    assert len(pip_calls(project)) == 1


def test_set_up_that_failed_says_so_and_is_done_again(project, tools_with_python):
    add_python(project, RECORDING_PYTHON.format(pip_status=1))
    for attempt in (1, 2):
        run = set_up(project, tools_with_python)
        assert run.returncode != 0
        assert "error: the packages of requirements.txt could not be installed" in run.stderr
        assert len(pip_calls(project)) == attempt
