"""predict.py with --plate: finding plates, making them fit, what is written, and what is said."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image

import predict
import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from mindspore import Tensor

from src.common.errors import UserError
from src.description.model_info import ModelInfo, write_model_info
from src.description.plate_form import copy_scale
from src.engines.plate_checkpoint import CheckpointEngine
from src.images.files import ImageError, read_alpha_channel, read_gray, read_image, write_image
from src.model.background_matting.network import RefineNetwork
from src.model.background_matting.refiner import REFINERS
from src.model.weights import load_weights, save_parameters
from src.plates.files import Plates
from src.plates.likeness import fit_plate, is_unlike
from src.plates.matting import PlateMatte, PlateMatting
from src.prediction import predict_plates
from src.systems.background_matting import SYSTEMS
from tests.test_jobs import paths_alive
from tests.thin_network import make_background_matting_thin

SIZE = (50, 61)  # no multiples of 4


@pytest.fixture
def model(tmp_path, monkeypatch) -> Path:
    make_background_matting_thin(monkeypatch)
    system = SYSTEMS["background_matting"]
    network = system.build()
    system.initialise(network, 2)
    path = tmp_path / "model.ckpt"
    save_parameters({each.name: each for each in network.get_parameters()}, path)
    write_model_info(path, ModelInfo(system="background_matting"))
    return path


def smooth(seed: int, height: int = SIZE[0], width: int = SIZE[1]) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)


def with_person(plate: np.ndarray) -> np.ndarray:
    photo = plate.copy()
    cv2.circle(photo, (photo.shape[1] // 2, photo.shape[0] * 2 // 3), photo.shape[0] // 4, (9, 99, 200), -1)
    return photo


def run(monkeypatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["predict.py", *map(str, arguments)])
    return predict.main()


@pytest.mark.parametrize("refinement", ["sampling", "full"])
def test_odd_sizes_are_padded_by_their_borders_and_cut_again(model, refinement):
    matting = PlateMatting(CheckpointEngine(model, "background_matting", refinement))
    plate = smooth(0)
    photo = with_person(plate)
    matte = matting.matte(photo, plate)
    assert matte.alpha.shape == SIZE and matte.alpha.dtype == np.uint8
    padded = [cv2.copyMakeBorder(each, 0, 2, 0, 3, cv2.BORDER_REPLICATE) for each in (photo, plate)]
    inputs = [Tensor(each[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255) for each in padded]
    network = RefineNetwork("mobilenetv2", REFINERS[refinement](), 0.5).set_train(False)
    load_weights(network, model)
    pha, fgr, *_ = (each.asnumpy()[:, :, : SIZE[0], : SIZE[1]] * 255 for each in network(*inputs))
    assert np.abs(matte.alpha - pha[0, 0]).max() <= 0.501
    assert np.abs(matte.foreground - fgr[0, ::-1].transpose(1, 2, 0)).max() <= 0.501
    assert np.ptp(matte.alpha) > 0


def test_the_copy_is_near_480_pixels():
    scales = [copy_scale(*size) for size in ((1080, 1920), (2160, 3840), (480, 640))]
    assert scales == [0.25, 0.125, 0.5]


def test_a_plate_of_another_size_is_resized_and_one_of_another_shape_is_not(tmp_path):
    plate, file = smooth(0, 100, 200), tmp_path / "room.jpg"
    assert fit_plate(smooth(1, 100, 200), plate, file) is plate
    assert np.abs(fit_plate(smooth(1, 50, 100), plate, file) - smooth(0, 50, 100).astype(int)).max() <= 12
    assert fit_plate(smooth(1, 200, 402), plate, file).shape == (200, 402, 3)
    with pytest.raises(
        ImageError, match=r"room\.jpg: the plate is 200x100, but the photo is 100x200.*turned"
    ):
        fit_plate(smooth(1, 200, 100), plate, file)
    with pytest.raises(ImageError, match="the photo is 104x50: a plate has the shape of its photo"):
        fit_plate(smooth(1, 50, 104), plate, file)


def test_a_plate_is_turned_as_its_exif_data_say(tmp_path):
    upright, file = smooth(0, 60, 40), tmp_path / "room.png"
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned clockwise
    lying = np.ascontiguousarray(np.rot90(upright)[..., ::-1])
    Image.fromarray(lying).save(file, exif=exif)
    np.testing.assert_array_equal(fit_plate(smooth(1, 60, 40), read_image(file), file), upright)


def test_plates_of_another_place_are_recognised():
    plate = smooth(0, 120, 160)
    darker = (plate * 0.9).astype(np.uint8)
    assert not is_unlike(with_person(plate), darker)
    assert is_unlike(with_person(plate), smooth(1, 120, 160))


def test_plates_are_found_by_the_names_of_their_photos(tmp_path):
    folder = tmp_path / "plates"
    for name in ("a/x.jpg", "y.png"):
        write_image(folder / name, smooth(0))
    photos = tmp_path / "photos"
    photos.mkdir()
    plates = Plates(folder, [photos, tmp_path / "y.webp"])
    assert plates.of(photos / "a" / "x.png") == folder / "a" / "x.jpg"
    assert plates.of(tmp_path / "y.webp") == folder / "y.png"
    with pytest.raises(ImageError, match=r"photos/y2\.jpg: .*plates holds no plate"):
        plates.of(photos / "y2.jpg")
    with pytest.raises(UserError, match=r"room\.jpg: no such plate"):
        Plates(tmp_path / "room.jpg", [photos])


def test_no_list_of_photos_or_plates_is_held(tmp_path, monkeypatch):
    count = 400
    for folder in ("photos", "plates"):
        (tmp_path / folder).mkdir()
        for number in range(count):
            (tmp_path / folder / f"{number}.jpg").touch()
    (tmp_path / "plates" / "7.png").touch()  # of two of a name, the last
    (tmp_path / "plates" / "link.jpg").symlink_to(tmp_path / "photos" / "8.jpg")
    taken, alive = {}, []

    def write(_cutter, job, plate):
        taken[job.source.name] = plate.name
        if len(taken) in (1, count // 2):
            alive.append(paths_alive())

    (tmp_path / "model.ckpt").touch()
    monkeypatch.setattr(predict_plates, "open_plate_engine", lambda *_, **__: None)
    monkeypatch.setattr(predict_plates._Cutter, "write", write)
    before = paths_alive()
    left_out = predict_plates.predict_with_plates(
        [tmp_path / "photos"],
        tmp_path / "plates",
        checkpoint=tmp_path / "model.ckpt",
        system="background_matting",
    )
    assert left_out == 0
    expected = {f"{number}.jpg": f"{number}.jpg" for number in range(count)}
    del expected["8.jpg"]  # which is a plate itself
    assert {**taken, "7.jpg": "7.jpg"} == expected and taken["7.jpg"] == "7.png"
    assert len(alive) == 2 and max(alive) - before < 100


def test_a_folder_of_photos_with_one_plate(model, tmp_path, monkeypatch, capsys):
    photos, output = tmp_path / "photos", tmp_path / "mattes"
    room, other = smooth(0), smooth(1)
    for name, picture in {
        "room.png": room,
        "me.png": with_person(room),
        "elsewhere.png": with_person(other),
        "turned.png": smooth(3, *SIZE[::-1]),
    }.items():
        write_image(photos / name, picture)
    (photos / "film.mp4").write_bytes(b"")
    status = run(
        monkeypatch, photos, "--plate", photos / "room.png", "--checkpoint", model, "--output", output
    )
    said = capsys.readouterr()
    lines = (said.out + said.err).splitlines()
    assert status == 3
    for name, word in {"turned": "is turned", "film": "as a video", "elsewhere": "another place"}.items():
        assert [line for line in lines if word in line and (name in line or "room.png" in line)], name
    assert not [line for line in lines if "me.png" in line and "another place" in line]
    assert sorted(path.name for path in output.iterdir()) == sorted(
        f"{name}_{kind}.png" for name in ("me", "elsewhere") for kind in ("alpha", "cutout")
    )
    alpha, matte = (
        read_gray(output / "me_alpha.png"),
        PlateMatting(CheckpointEngine(model, "background_matting")),
    )
    expected = matte.matte(read_image(photos / "me.png"), room)
    np.testing.assert_array_equal(alpha, expected.alpha)
    np.testing.assert_array_equal(read_alpha_channel(output / "me_cutout.png"), alpha)


@pytest.mark.parametrize("foreground", ["network", "none"])
def test_what_a_photo_hides_stays_hidden(model, tmp_path, monkeypatch, foreground):
    """Where its own alpha is 0, the cutout is black, and has no alpha."""
    room = smooth(0)
    hides = np.zeros(SIZE, bool)
    hides[:, :20] = True
    write_image(tmp_path / "room.png", room)
    write_image(tmp_path / "me.png", np.dstack([with_person(room), np.where(hides, 0, 255)]).astype(np.uint8))
    flags = [] if foreground == "network" else ["--foreground", foreground]
    inputs = tmp_path / "me.png", "--plate", tmp_path / "room.png", "--checkpoint", model
    assert run(monkeypatch, *inputs, "--output", tmp_path / "out", *flags) == 0
    cutout = cv2.imread(str(tmp_path / "out" / "me_cutout.png"), cv2.IMREAD_UNCHANGED)
    assert not cutout[hides].any() and cutout[~hides, :3].any()


def test_a_moved_and_darker_plate_is_told_of_and_brought_into_line(model, tmp_path, monkeypatch, capsys):
    """A plain wall cannot be aligned; its light is matched outside the person that the first matte shows."""
    given = []

    def matte(_matting, photo, plate):
        given.append(plate)
        return PlateMatte(cv2.inRange(photo, (0, 90, 190), (20, 110, 210)), photo)

    monkeypatch.setattr(PlateMatting, "matte", matte)
    wall = np.full((*SIZE, 3), 120, np.uint8)
    write_image(tmp_path / "wall.png", wall - 20)
    write_image(tmp_path / "me.png", with_person(wall))
    run(
        monkeypatch,
        tmp_path / "me.png",
        *("--plate", tmp_path / "wall.png", "--checkpoint", model),
        *("--align", "--match-exposure"),
    )
    said = capsys.readouterr()
    assert "wall.png is not aligned" in said.out + said.err
    first, second = given
    np.testing.assert_array_equal(first, wall - 20)
    np.testing.assert_array_equal(second, wall)


def test_plates_among_the_photos_are_counted_and_are_no_photos(model, tmp_path, monkeypatch, capsys):
    room = smooth(0)
    for name, image in (("room", room), ("me", with_person(room))):
        write_image(tmp_path / "in" / f"{name}.png", image)
    flags = "--plate", tmp_path / "in" / "room.png", "--checkpoint", model
    assert run(monkeypatch, tmp_path / "in", *flags) == 0
    assert "1 are plates" in capsys.readouterr().out
    with pytest.raises(UserError, match="names the photos themselves"):
        run(monkeypatch, tmp_path / "in" / "room.png", *flags)


@pytest.mark.parametrize(
    ("info", "extra", "error", "part"),
    [
        (ModelInfo(), (), UserError, "model of shm"),
        (ModelInfo(system="background_matting"), ("--fast",), SystemExit, "--fast"),
        (ModelInfo(system="background_matting"), ("--trimap", "auto"), SystemExit, "--trimap"),
        (ModelInfo(system="background_matting"), ("--system", "modnet"), UserError, "not modnet"),
    ],
)
def test_what_does_not_go_with_a_plate(tmp_path, monkeypatch, capsys, info, extra, error, part):
    model = tmp_path / "model.ckpt"
    model.touch()
    write_model_info(model, info)
    write_image(tmp_path / "me.png", smooth(0))
    with pytest.raises(error) as raised:
        run(
            monkeypatch,
            tmp_path / "me.png",
            *("--plate", tmp_path / "me.png"),
            *("--checkpoint", model),
            *extra,
        )
    assert part in f"{raised.value} {capsys.readouterr().err}"
