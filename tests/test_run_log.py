"""The logs of a training run, on a disk without room."""

from pathlib import Path

import pytest

from src.callback import BEST_LOG, LATEST_LOG, RunLog
from src.common.errors import UserError

PHASE = "pre_train_t_net"


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / PHASE).mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("file", "write"),
    [(f"{PHASE}/{LATEST_LOG}", RunLog.step), (LATEST_LOG, RunLog.step), (BEST_LOG, RunLog.best)],
)
def test_a_log_that_finds_no_room_is_named(folder, file, write):
    full = folder / file
    full.symlink_to("/dev/full")
    with (
        RunLog(folder, PHASE) as log,
        pytest.raises(UserError, match=f"^{full}: .*No space left.*make room"),
    ):
        write(log, "train epoch: 1")


def test_a_log_that_cannot_be_opened_is_named(folder):
    (folder / LATEST_LOG).mkdir()
    with pytest.raises(UserError, match=f"^{folder / LATEST_LOG}: cannot be written: Is a directory"):
        RunLog(folder, PHASE)
