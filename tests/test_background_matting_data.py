"""Data of Background Matting V2: finding the files, samples, training from them, and resuming."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms

from src.common.errors import UserError
from src.composites import stored_people
from src.composites.stored_people import read_stored_person
from src.config import BackgroundMattingConfig
from src.data.bad_samples import TooManyBadSamplesError
from src.data.pairs import PhotoWithAlpha
from src.data.plate_files import PlateFiles
from src.description.model_info import read_model_info
from src.images.files import ImageError, write_image
from src.systems.background_matting_data import SamplesWithDropout
from tests.small_dataset import make_person
from tests.thin_network import leave_curves_empty, make_background_matting_thin
from tests.training_runs import assert_same_outcome, latest, read_epochs, run_into_power_cut, run_training

SIZE = 64
PLATES = {"train": 3, "valid": 2}


def write_plates(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for split, count in PLATES.items():
        for number in range(count):
            coarse = rng.integers(0, 160, (4, 6, 3), np.uint8)
            write_image(folder / "backgrounds" / split / f"{number}.jpg", cv2.resize(coarse, (90, 70)))


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """RGBA people for training, and pairs of colours and alpha for validation."""
    folder = tmp_path_factory.mktemp("data")
    write_plates(folder)
    for number in range(4):
        photo, alpha = make_person((number,), 60, 50)
        write_image(folder / "train" / "set" / f"{number}.png", np.dstack([photo, alpha]))
    for number in range(2):
        photo, alpha = make_person((9, number), 60, 50)
        write_image(folder / "valid" / "fgr" / "a" / f"{number}.jpg", photo)
        write_image(folder / "valid" / "pha" / "a" / f"{number}.png", alpha)
    return folder


def open_samples(files: PlateFiles, **changes) -> SamplesWithDropout:
    settings = {"smallest_person": 0.4, "backbone_scale": 0.25, "seed": 1, "max_bad_fraction": 0.5}
    return SamplesWithDropout(files, patch_size=SIZE, **{"augments": True, **settings, **changes})


def test_both_forms_are_found(data):
    train, valid = (PlateFiles(data, split) for split in ("train", "eval"))
    assert train.names == [f"set/{number}" for number in range(4)]
    assert valid.names == ["a/0", "a/1"]
    assert valid.people[1] == PhotoWithAlpha("a/1", data / "valid/fgr/a/1.jpg", data / "valid/pha/a/1.png")
    assert [path.name for path in train.plates] == ["0.jpg", "1.jpg", "2.jpg"]
    assert set(train.listed) == {*train.names, "0.jpg", "1.jpg", "2.jpg"}


def test_unpaired_files_are_named(tmp_path, capsys):
    write_plates(tmp_path)
    photo, alpha = make_person((0,), 20, 20)
    fgr, pha = tmp_path / "train" / "fgr", tmp_path / "train" / "pha"
    for path, picture in {
        fgr / "both.jpg": photo,
        fgr / "lone.jpg": photo,
        fgr / "both.png": photo,
        pha / "both.png": alpha,
        pha / "b" / "both.png": alpha,
    }.items():
        write_image(path, picture)
    assert PlateFiles(tmp_path, "train").names == ["both"]
    said = capsys.readouterr()
    lines = [line for line in (said.out + said.err).splitlines() if line.startswith("left out: ")]
    assert len(lines) == 3
    for name in (fgr / "lone.jpg", fgr / "both.png", pha / "b" / "both.png"):
        assert any(line.startswith(f"left out: {name}:") for line in lines), name


def test_missing_people_and_plates_are_errors(data, tmp_path):
    with pytest.raises(UserError, match=r"train: holds no people.*fgr.*pha"):
        PlateFiles(tmp_path, "train")
    (tmp_path / "train").symlink_to(data / "train")
    with pytest.raises(UserError, match=r"backgrounds/train: holds no plates"):
        PlateFiles(tmp_path, "train")


def test_at_most_fifty_people_are_validated(tmp_path):
    write_plates(tmp_path)
    (tmp_path / "valid").mkdir()
    for number in range(120):
        (tmp_path / "valid" / f"{number:03}.png").touch()
    names = PlateFiles(tmp_path, "eval").names
    assert len(names) == 50
    assert (names[0], names[-1]) == ("000", "119")


def test_samples_repeat_and_meet_other_plates(data):
    samples = open_samples(PlateFiles(data, "train"))
    first, again = samples.sample(0, 1), samples.sample(0, 1)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    shapes = {name: values.shape for name, values in zip(samples.columns, first, strict=True)}
    square = (SIZE, SIZE)
    assert shapes == {
        **dict.fromkeys(("image", "plate", "foreground"), (3, *square)),
        "alpha": (1, *square),
        "kept": (256, 1, 1),
    }
    assert 0.4 < first[-1].mean() < 0.6
    assert set(np.unique(first[-1])) == {0, 1}
    drawn = {samples._draw_plate(np.random.default_rng((1, epoch, 0))).tobytes() for epoch in range(20)}
    assert len(drawn) == PLATES["train"]


def test_validation_composes_colours_in_rgb(data):
    files = PlateFiles(data, "eval")
    samples = open_samples(files, augments=False)
    image, plate, alpha, foreground, _ = samples.sample(1)
    np.testing.assert_allclose(image, foreground * alpha + plate * (1 - alpha), atol=1e-6)
    inside = foreground[:, alpha[0] == 1].mean(1)
    colours, matte = files.people[1].read()
    np.testing.assert_allclose(inside, colours[matte == 255].mean(0)[::-1] / 255, atol=0.03)
    assert np.abs(samples.picture(1)[..., ::-1] / 255 - image.transpose(1, 2, 0)).max() <= 0.502 / 255


def test_a_broken_plate_is_named_and_replaced(data, tmp_path, capsys):
    (tmp_path / "train").symlink_to(data / "train")
    write_plates(tmp_path)
    broken = tmp_path / "backgrounds" / "train" / "1.jpg"
    broken.write_bytes(b"no picture")
    files = PlateFiles(tmp_path, "train")
    samples = open_samples(files)
    for epoch in range(12):
        samples.sample(0, epoch)
    said = capsys.readouterr()
    assert (said.out + said.err).count("1.jpg: cannot be read") == 1
    strict = open_samples(files, max_bad_fraction=0)
    with pytest.raises(TooManyBadSamplesError, match=r"1\.jpg"):
        [strict.sample(0, epoch) for epoch in range(12)]


def test_colours_of_photos_are_estimated_once(tmp_path, monkeypatch):
    photo, alpha = make_person((5,), 60, 50)
    files = PhotoWithAlpha("a/me", tmp_path / "me.png", tmp_path / "me_alpha.png")
    write_image(files.photo, photo)
    write_image(files.alpha, alpha)
    kept = tmp_path / "kept"
    first = read_stored_person(files, kept)
    np.testing.assert_array_equal(first[1], alpha)
    rim = (alpha > 20) & (alpha < 120)
    inside = photo[alpha == 255].mean(0)
    error = [np.abs(colours[rim].astype(float) - inside).mean() for colours in (photo, first[0])]
    assert error[1] < error[0] / 3  # the dark background is gone

    with monkeypatch.context() as patch:
        patch.setattr(stored_people, "read_person", None)
        for one, other in zip(read_stored_person(files, kept), first, strict=True):
            np.testing.assert_array_equal(one, other)
    write_image(files.photo, photo[::-1])  # another photo of this name
    assert (read_stored_person(files, kept)[0] != first[0]).any()
    assert len(list((kept / "a").iterdir())) == 2
    files.photo.unlink()
    with pytest.raises(ImageError, match=r"me\.png"):
        read_stored_person(files, kept)


def make_config(**phases: dict) -> BackgroundMattingConfig:
    small = {"train_batch": 2, "patch_size": SIZE, "nThreads": 2, "save_steps": 1, "use_laplacian": False}
    return BackgroundMattingConfig.model_validate(
        {
            "system": "background_matting",
            "seed": 3,
            "device_target": "CPU",
            "ckpt_version": "small",
            "train_phases": list(phases),
            **{name: {**small, **section} for name, section in phases.items()},
        }
    )


def test_both_phases_are_trained_and_resume_exactly(data, tmp_path, monkeypatch):
    """Uncompiled, since compiling takes most of the time; test_background_matting_training compiles steps."""
    monkeypatch.setattr(ms, "jit", lambda function: function)
    make_background_matting_thin(monkeypatch)
    leave_curves_empty(monkeypatch)
    base = {"nEpochs": 3, "lr": 3e-3}
    expected = run_training(make_config(base=base, refine={"nEpochs": 1}), data, tmp_path / "whole").folder
    losses = [float(row["train_loss"]) for row in read_epochs(expected, "base")]
    assert losses[-1] < 0.9 * losses[0], losses
    (row,) = read_epochs(expected, "refine")
    assert np.isfinite(float(row["train_loss"])) and float(row["eval_sad"]) > 0
    assert read_model_info(latest(expected, "refine", 1)).system == "background_matting"

    config = make_config(base=base)
    run_into_power_cut(
        monkeypatch,
        config,
        data,
        tmp_path / "cut",
        lambda _, line: "epoch: 2 step: 2" in line,
    )
    resumed = run_training(config, data, tmp_path / "cut")
    assert "epoch 2, step 2, from" in resumed.screen
    assert_same_outcome(resumed.folder / "base", expected / "base")
