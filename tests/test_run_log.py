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


@pytest.mark.parametrize("place", [PHASE, "."])
def test_a_log_that_finds_no_room_is_named(folder, place):
    full = folder / place / LATEST_LOG
    full.symlink_to("/dev/full")
    with (
        RunLog(folder, PHASE) as log,
        pytest.raises(UserError, match=f"^{full}: .*No space left.*make room"),
    ):
        log.step("train epoch: 1")


def test_a_log_of_best_epochs_that_finds_no_room_is_named(folder):
    full = folder / BEST_LOG
    full.symlink_to("/dev/full")
    with (
        RunLog(folder, PHASE) as log,
        pytest.raises(UserError, match=f"^{full}: .*No space left.*make room"),
    ):
        log.best("epoch 1")


def test_a_log_that_cannot_be_opened_is_named(folder):
    (folder / LATEST_LOG).mkdir()
    with pytest.raises(UserError, match=f"^{folder / LATEST_LOG}: cannot be written: Is a directory"):
        RunLog(folder, PHASE)
