"""Progress where there is no terminal: few lines, with the time left."""

import pytest

from src.common import progress
from src.common.progress import Progress, track


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets: clock[0]."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_line_every_tenth_with_the_time_left(clock, capsys):
    with Progress("matting", "photo", 200) as bar:
        for _ in range(200):
            clock[0] += 1
            bar.update()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0] == "matting: 20 of 200 photos, 10%, 03:00 left"
    assert lines[-1] == "matting: 200 of 200 photos, 100%, 03:20 passed"


def test_slow_work_has_a_line_every_30_seconds(clock, capsys):
    with Progress("clip.mp4", "frame", 10_000) as bar:
        for _ in range(10):
            clock[0] += 10
            bar.update()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" of ")[0] for line in lines] == ["clip.mp4: 3", "clip.mp4: 6", "clip.mp4: 9"]
    assert lines[0].endswith(", 0%, 27:46:10 left")


def test_what_was_done_before_does_not_count_for_the_time_left(clock, capsys):
    with Progress("portraits", "image", 100, initial=80) as bar:
        clock[0] += 10
        bar.update(10)
    assert capsys.readouterr().err == "portraits: 90 of 100 images, 90%, 00:10 left\n"


def test_of_an_unknown_number_the_time_that_passed_is_told(clock, capsys):
    with Progress("looking through a.mp4", "frame", stays=False) as bar:
        for _ in range(65):
            clock[0] += 1
            bar.update()
    assert capsys.readouterr().err.splitlines() == [
        "looking through a.mp4: 30 frames, 00:30 passed",
        "looking through a.mp4: 60 frames, 01:00 passed",
    ]


def test_tracked_items_pass_through(capsys):
    assert list(track(iter("abc"), "measuring", "image", 3)) == list("abc")
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_nothing_to_do_says_nothing(capsys):
    assert list(track([], "measuring", "image", 0)) == []
    assert capsys.readouterr().err == ""
