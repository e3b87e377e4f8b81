"""Videos with a plate: a photo, or the median of their first, empty seconds."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import predict
from src.description.model_info import ModelInfo, write_model_info
from src.images.files import write_image
from src.prediction import predict_plates
from src.prediction.plate_video import first_frames
from src.streams.first_frames import median_plate
from tests.videos import read_video, write_timed_video, write_video

RATE, EMPTY, COUNT = 10, 20, 26  # the first two of 2.6 seconds are empty
SIZE = (48, 64)
PERSON = (slice(16, 40), slice(24, 44))


class Difference:
    """A model that sees people where photo and plate differ; how many photos it has seen."""

    def __init__(self):
        self.seen = 0

    def room(self, height, width):
        return height, width

    def run(self, photo, plate):
        self.seen += 1
        alpha = np.abs(photo - plate).max(axis=1, keepdims=True) > 0.2
        return alpha.astype(np.float32), photo


def place() -> np.ndarray:
    coarse = np.random.default_rng(1).integers(60, 200, (3, 4, 3), np.uint8)
    return cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_LINEAR)


def frames() -> list[np.ndarray]:
    """The empty place, then somebody red."""
    made = []
    for number in range(COUNT):
        frame = place()
        if number >= EMPTY:
            frame[PERSON] = (0, 0, 255)
        made.append(frame)
    return made


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """predict.py with plates, and `Difference` for a model: run(arguments) to its status and what it said."""
    model = tmp_path / "model.ckpt"
    model.touch()
    write_model_info(model, ModelInfo(system="background_matting"))
    monkeypatch.setattr(predict_plates, "open_plate_engine", lambda *_, **__: Difference())

    def call(*arguments):
        flags = ["--checkpoint", model, "--output", tmp_path / "out"]
        monkeypatch.setattr(sys, "argv", ["predict.py", *map(str, [*arguments, *flags])])
        status = predict.main()
        said = capsys.readouterr()
        return status, said.out + said.err

    return call


@pytest.mark.parametrize("plate", ["first:2s", "room.png"])
def test_somebody_is_cut_out_of_a_video(run, tmp_path, plate):
    clip = write_video(tmp_path / "clip.mp4", frames(), RATE)
    if plate != "first:2s":
        plate = tmp_path / plate
        write_image(plate, place())
    status, said = run(clip, "--plate", plate, "--background", "blue", "--temporal", "none")
    assert status == 0 and f"{COUNT} frames" in said and "another place" not in said
    alphas, composites = (
        read_video(tmp_path / "out" / f"clip_{kind}.mp4") for kind in ("alpha", "composite")
    )
    assert len(alphas) == len(composites) == COUNT
    assert np.mean(alphas[EMPTY - 1]) < 3
    inner = (slice(PERSON[0].start + 3, PERSON[0].stop - 3), slice(PERSON[1].start + 3, PERSON[1].stop - 3))
    assert alphas[-1][inner].min() > 240 and alphas[-1][:10].max() < 10
    assert composites[-1][inner][..., 2].min() > 200  # red
    assert composites[-1][:10, :, 0].min() > 200  # blue


def test_the_median_forgets_who_passes(tmp_path):
    still = [place() for _ in range(9)]
    for number in range(4):
        still[number][10 * number :] = 0
    np.testing.assert_array_equal(median_plate(still), place())


@pytest.mark.parametrize(("seconds", "numbers"), [(0, [0]), (0.25, [0, 1, 2]), (60, range(0, 40, 1))])
def test_the_first_frames_are_those_of_the_first_seconds(tmp_path, seconds, numbers):
    grey = [np.full((16, 16, 3), 4 * number, np.uint8) for number in range(40)]
    clip = write_timed_video(tmp_path / "clip.mkv", grey, range(0, 4000, 100))
    found = [round(float(frame.mean()) / 4) for frame in first_frames(clip, seconds)]
    if seconds == 60:  # no more than are worth their memory
        assert len(found) <= 16 and found == sorted(found)
    else:
        assert found == list(numbers)


def test_what_has_no_first_seconds_is_left_out(run, tmp_path):
    write_image(tmp_path / "me.png", place())
    status, said = run(tmp_path / "me.png", "--plate", "first:2s")
    assert status == 3 and "me.png: has no first seconds" in said


def test_a_video_and_a_plate_of_another_shape(run, tmp_path):
    clip = write_video(tmp_path / "clip.mp4", frames()[:2], RATE)
    write_image(tmp_path / "room.png", cv2.resize(place(), (48, 64)))
    status, said = run(clip, "--plate", tmp_path / "room.png")
    assert status == 3 and "left out" in said and "room.png" in said
    assert not Path(tmp_path / "out" / "clip_alpha.mp4").exists()
