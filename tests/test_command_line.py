"""The flags, messages and exit statuses that all commands share."""

import errno
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from src.common.command_line import run_command
from src.common.errors import UserError
from src.common.stopping import StoppedError
from src.config import ConfigError, load_config
from src.config_flags import config_of, make_parser

ROOT = Path(__file__).resolve().parent.parent
CONFIGURED = ["train.py", "eval.py", "export.py", "preprocess.py", "postprocess.py"]
CONFIGURED += ["src/generate_datasets.py"]
COMMANDS = [*CONFIGURED, "predict.py", "src/sample_data.py", "src/composite_data.py", "src/clip_data.py"]
COMMANDS += ["id_photo.py", "src/figure_data.py", "src/get_init_weight.py", "src/deployment/lowering.py"]
COMMANDS += ["scripts/measure_matting.py", "scripts/measure_recovery.py", "scripts/measure_plates.py"]
COMMANDS += ["scripts/benchmark.py", "scripts/compare_runner.py", "scripts/predict_with_ray.py"]
NEEDED_ARGUMENTS = {"train.py": ["--data_url=data", "--train_url=out"]}


def parse(*arguments: str):
    return make_parser("Does something.", "python something.py").parse_args(arguments)


def start(command: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, str(ROOT / command), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
    )


def status_of(error: BaseException | None) -> int | str | None:
    """What a command that ends with `error` exits with; None: it simply returns."""

    def main() -> None:
        if error is not None:
            raise error

    try:
        run_command(main)
    except SystemExit as caught:
        return caught.code
    return None


WITHOUT_MINDSPORE = """
import contextlib, runpy, sys
sys.modules["mindspore"] = None
commands, options = sys.argv[1].split(), sys.argv[2:]
for command in commands:
    sys.argv = [command, *options]
    with contextlib.suppress(SystemExit) if len(commands) > 1 else contextlib.nullcontext():
        runpy.run_path(command, run_name="__main__")
"""


def start_without_mindspore(commands: list[str], *options: str, cwd: Path) -> subprocess.CompletedProcess:
    """As where run_predict.sh has made the environment; several commands in one process."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_MINDSPORE, " ".join(str(ROOT / each) for each in commands), *options],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("command", ["train.py", "eval.py", "export.py"])
def test_without_mindspore_a_command_says_what_to_do(command, tmp_path):
    result = start_without_mindspore([command], *NEEDED_ARGUMENTS.get(command, ()), cwd=tmp_path)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert "pip install -r requirements.txt" in result.stderr


def test_without_mindspore_every_command_shows_its_help(tmp_path):
    result = start_without_mindspore(COMMANDS, "--help", cwd=tmp_path)
    assert result.returncode == 0 and result.stderr == ""
    for command in COMMANDS:
        assert f"usage: {Path(command).name}" in result.stdout


@pytest.mark.parametrize("flag", ["--yaml_path", "--config_path"])
def test_both_names_of_the_configuration_mean_the_same(flag, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("seed: 4")
    assert config_of(parse(flag, str(path))).seed == 4
    assert config_of(parse(f"{flag}={path}")).seed == 4


def test_the_configuration_is_that_of_the_project_unless_told_otherwise(tmp_path, monkeypatch):
    """Whatever folder the command is started in, and whatever lies there."""
    (tmp_path / "config.yaml").write_text("seed: 6")
    monkeypatch.chdir(tmp_path)
    assert Path(parse().yaml_path) == ROOT / "config.yaml"
    assert config_of(parse()) == load_config(ROOT / "config.yaml")


def test_set_is_repeatable(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("seed: 4\nrank: 1")
    config = config_of(parse("--yaml_path", str(path), "--set", "seed=5", "--set", "end_to_end.lr=1e-2"))
    assert (config.seed, config.rank, config.end_to_end.lr) == (5, 1, 0.01)


def test_overrides_of_one_command_line_do_not_reach_the_next():
    assert parse("--set", "seed=5").overrides == ["seed=5"]
    assert parse().overrides == []


@pytest.mark.parametrize("arguments", [["--yaml", "a.yaml"], ["--unknown"], ["--set"], ["stray"]])
def test_wrong_arguments_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(*arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_command_that_succeeds_returns():
    assert status_of(None) is None


@pytest.mark.parametrize("kind", [UserError, ConfigError])
def test_a_mistake_becomes_one_message(kind, capsys):
    assert status_of(kind("config.yaml: seed is wrong")) == 1
    assert capsys.readouterr().err == "error: config.yaml: seed is wrong\n"


def test_a_run_that_was_asked_to_stop(capsys):
    assert status_of(StoppedError("stopped in epoch 3", signal.SIGTERM)) == 143
    assert capsys.readouterr().err == "stopped in epoch 3\n"


def test_interruption(capsys):
    assert status_of(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err.strip() == "interrupted"


def test_a_fault_of_the_program_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_command(lambda: 1 // 0)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_from_another_folder(command, tmp_path):
    run = start(command, "--help", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"usage: {Path(command).name}")
    assert run.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", CONFIGURED)
def test_a_missing_configuration_is_one_message(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = [str(ROOT / command), "--yaml_path=absent.yaml", *NEEDED_ARGUMENTS.get(command, [])]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(arguments[0], run_name="__main__")
    assert stop.value.code == 1
    message = "error: absent.yaml: no such file; give the configuration with --yaml_path\n"
    assert capsys.readouterr() == ("", message)
    assert list(tmp_path.iterdir()) == []


def test_what_the_system_refuses_is_one_message():
    def fill_the_disk():
        raise OSError(errno.ENOSPC, "No space left on device", "out/log_latest.txt")

    with pytest.raises(SystemExit) as stop:
        run_command(fill_the_disk)
    assert stop.value.code == "error: out/log_latest.txt: No space left on device"
