"""Two processes never write to one folder."""

import subprocess
import sys

import pytest

from src.common.atomic_file import TEMPORARY_PREFIX
from src.common.errors import UserError
from src.common.folder_lock import locked
from src.config import Config
from src.generation.generator import generate_datasets
from src.sample_data import make_sample_data
from tests.training_runs import make_config, run_training

HOLD = """
import sys
from src.common.folder_lock import locked
with locked(sys.argv[1]):
    print(flush=True)
    input()
"""


def test_a_killed_process_holds_nothing(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    holder.stdout.readline()
    with pytest.raises(UserError, match=f"{tmp_path}: another process"), locked(tmp_path):
        pass
    holder.kill()
    holder.communicate()
    with locked(tmp_path):
        pass


def test_a_folder_that_stays_empty_is_removed(tmp_path):
    for name in ("empty", "filled"):
        with locked(tmp_path / name):
            if name == "filled":
                (tmp_path / name / "file").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["filled"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(UserError, match="file: cannot be written: .*; choose another folder"),
        locked(tmp_path / "file"),
    ):
        pass


def test_portraits_and_data_sets_are_made_by_one_process(tmp_path):
    source, data = tmp_path / "portraits", tmp_path / "data"
    make_sample_data(source, 3, workers=1)
    config = Config.model_validate(
        {
            "generate_data": {
                "path_mt_human": str(source),
                "path_save": str(data),
                "path_debug": str(tmp_path / "x"),
            }
        }
    )
    for folder in (source, data):
        with locked(folder):
            partial = folder / f"{TEMPORARY_PREFIX}of-the-other"
            partial.touch()
            with pytest.raises(UserError, match=f"{folder}: another process"):
                if folder == source:
                    make_sample_data(source, 4, workers=1)
                else:
                    generate_datasets(config.generate_data, 0)
            assert partial.exists()


def test_a_run_is_trained_by_one_process(tmp_path):
    config = make_config({"pre_train_m_net": {"nEpochs": 1}})
    folder = tmp_path / "out" / "single" / config.ckpt_version
    with locked(folder), pytest.raises(UserError, match=f"{folder}: another process"):
        run_training(config, tmp_path, tmp_path / "out")
