"""Files that are being written when a signal comes."""

import signal
import threading
from pathlib import Path

import pytest

from src.common import unfinished
from src.common.command_line import run_command


@pytest.fixture
def interrupted_by_ctrl_c():
    earlier = signal.signal(signal.SIGINT, unfinished.interrupt)
    yield
    signal.signal(signal.SIGINT, earlier)


def made_during_a_signal(path: Path) -> Path:
    """As mkstemp, which has made a file when the signal comes, but not yet returned its name."""
    path.touch()
    signal.raise_signal(signal.SIGINT)
    return path


def test_a_file_is_never_made_without_being_recorded(interrupted_by_ctrl_c, tmp_path):
    def main() -> None:
        unfinished.create(lambda: made_during_a_signal(tmp_path / "file"))
        pytest.fail("was not interrupted")

    with pytest.raises(SystemExit) as ended:
        run_command(main)
    assert ended.value.code == 130 and not (tmp_path / "file").exists()


def test_an_interrupted_thread_keeps_its_hands_off_those_of_others(interrupted_by_ctrl_c, tmp_path):
    others = tmp_path / "others"
    thread = threading.Thread(target=lambda: unfinished.create(lambda: others.touch() or others))
    thread.start()
    thread.join()
    with pytest.raises(SystemExit):
        run_command(lambda: unfinished.create(lambda: made_during_a_signal(tmp_path / "own")))
    assert others.exists() and not (tmp_path / "own").exists()
    unfinished.finished(others)


@pytest.mark.parametrize("error", [None, OSError])
def test_steps_that_belong_together_are_done_before_an_interrupt(interrupted_by_ctrl_c, error):
    done = []
    with pytest.raises(KeyboardInterrupt), unfinished.as_one_step():
        with unfinished.as_one_step():
            signal.raise_signal(signal.SIGINT)
        done.append("the last step")
        if error:
            raise error
    assert done
    with unfinished.as_one_step():  # the interrupt is over
        pass
