"""Exported models of Background Matting V2: they and the checkpoint matte alike, whatever runs them."""

import shlex
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import predict
import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.common.errors import UserError
from src.config import load_config
from src.deployment.plate_export import export_for_plates
from src.description.model_info import ModelInfo, read_model_info, write_model_info
from src.engines import plate_checkpoint
from src.engines.embedded_info import find_model_info
from src.engines.plate_engine import ExportedPlates, open_plate_engine
from src.images.files import read_gray, write_image
from src.model.background_matting.refiner import SamplingRefiner
from src.model.weights import save_parameters
from src.systems.background_matting import SYSTEMS
from tests.thin_network import make_background_matting_thin

CONFIG = Path(__file__).resolve().parent.parent / "configs" / "background_matting.yaml"
SYSTEM = "background_matting"
HEIGHT, WIDTH = 52, 72
SAMPLED = 320  # pixels, of 3744
FILES = (
    ("full", "ONNX"),
    ("sampling", "ONNX"),
    ("sampling", "MINDIR"),
    ("thresholding", "ONNX"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A thin checkpoint, model.ckpt, and in a folder for each mode its exports."""
    folder = tmp_path_factory.mktemp("plates")
    with pytest.MonkeyPatch.context() as patch:
        save_thin_model(patch, folder)
        patch.setattr("src.deployment.export.check_export", lambda *_: 0.0)  # the tests do so themselves
        for mode, file_format in FILES:
            export(folder, mode, file_format)
        yield folder


def save_thin_model(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Write model.ckpt; networks made from now on have its few layers."""
    make_background_matting_thin(patch)
    network = SYSTEMS[SYSTEM].build()
    SYSTEMS[SYSTEM].initialise(network, 2)
    # The errors that it expects differ from place to place, and lie on both sides of the threshold.
    conv = network.decoder.conv4
    conv.weight.set_data(conv.weight * 4)
    save_parameters(network, folder / "model.ckpt")
    write_model_info(folder / "model.ckpt", ModelInfo(system=SYSTEM))


def export(folder: Path, mode: str, file_format: str, sizes: str = f"{WIDTH}x{HEIGHT}", **more: object):
    place = folder / mode
    place.mkdir(exist_ok=True)
    if not (place / "model.ckpt").exists():
        for suffix in ("ckpt", "ckpt.yaml"):
            (place / f"model.{suffix}").write_bytes((folder / f"model.{suffix}").read_bytes())
    settings = {
        "ckpt_file": place / "model.ckpt",
        "file_name": place / "model",
        "file_format": file_format,
        "sizes": f"[{sizes}]",
        "refinement": mode,
        "sample_pixels": SAMPLED,
        "device_target": "CPU",
        **more,
    }
    return export_for_plates(
        load_config(CONFIG, [f"export.{key}={value}" for key, value in settings.items()])
    )


def pictures(height: int = HEIGHT, width: int = WIDTH) -> tuple[np.ndarray, np.ndarray]:
    """A photo and its plate."""
    coarse = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    plate = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    photo = plate.copy()
    cv2.circle(photo, (width // 2, height * 2 // 3), height // 4, (9, 99, 200), -1)
    return photo, plate


def in_floats(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1)[np.newaxis]).astype(np.float32) / 255


@pytest.mark.parametrize("mode", ["full", "sampling", "thresholding"])
def test_all_engines_compute_the_same(folder, mode, monkeypatch):
    monkeypatch.setitem(plate_checkpoint.REFINERS, "sampling", lambda: SamplingRefiner(SAMPLED))
    checkpoint, place = folder / mode / "model.ckpt", folder / mode
    stem = f"model_{WIDTH}x{HEIGHT}"
    inputs = tuple(map(in_floats, pictures()))
    wanted = open_plate_engine(checkpoint, SYSTEM, engine="mindspore", refinement=mode, device="CPU")
    opened = {
        "beside it": open_plate_engine(checkpoint, SYSTEM, device="CPU"),
        "onnx": open_plate_engine(place / f"{stem}.onnx", SYSTEM, engine="onnx"),
    }
    if (mode, "MINDIR") in FILES:
        mindir = place / f"{stem}.mindir"
        opened["mindir"] = open_plate_engine(mindir, SYSTEM, engine="mindspore", device="CPU")
    assert isinstance(opened["beside it"], ExportedPlates)
    expected = wanted.run(*inputs)
    assert all(np.ptp(each) > 0.01 for each in expected)
    for name, engine in opened.items():
        for found, wanted in zip(engine.run(*inputs), expected, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("suffix", ["onnx", "mindir"])
def test_the_description_beside_a_file_and_in_it_says_what_it_was_made_for(folder, suffix):
    path = folder / "sampling" / f"model_{WIDTH}x{HEIGHT}.{suffix}"
    info = read_model_info(path)
    assert info == find_model_info(path)
    form = info.plate_form
    assert (form.width, form.height, form.refinement) == (WIDTH, HEIGHT, "sampling")
    assert (form.backbone_scale, form.sample_cells, form.threshold) == (0.5, SAMPLED // 16, None)


class OnPaper:
    """An export whose room is all that choosing among files needs."""

    def __init__(self, width: int, height: int):
        self.path, self.size = Path(f"{width}x{height}"), (height, width)

    def room(self, height: int, width: int) -> tuple[int, int]:
        return self.size


def test_each_photo_takes_the_smallest_file_that_holds_it_or_shrinks_least():
    engine = ExportedPlates(
        [OnPaper(*size) for size in ((640, 640), (1920, 1088), (1088, 1920))], "CPU", "onnx"
    )
    rooms = {
        (480, 640): (640, 640),
        (1200, 480): (1920, 1088),
        (1080, 1920): (1088, 1920),
        (2160, 3840): (1088, 1920),
        (4000, 3000): (1920, 1088),
        (3000, 3000): (1088, 1920),
    }
    assert {size: engine.room(*size) for size in rooms} == rooms


def test_photos_of_many_sizes_are_matted_by_one_file(folder, tmp_path, monkeypatch, capsys):
    """Smaller ones at their own size; larger ones on a copy, whose alpha is enlarged."""
    for name, size in {"small": (41, 50), "large": (2 * HEIGHT, 2 * WIDTH)}.items():
        photo, plate = pictures(*size)
        write_image(tmp_path / "photos" / f"{name}.png", photo)
        write_image(tmp_path / "plates" / f"{name}.png", plate)
    model = folder / "full" / f"model_{WIDTH}x{HEIGHT}.onnx"
    arguments = ["--plate", tmp_path / "plates", "--checkpoint", model, "--output", tmp_path / "out"]
    monkeypatch.setattr(sys, "argv", ["predict.py", *map(str, [tmp_path / "photos", *arguments])])
    assert predict.main() == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "smaller copy" in line]
    assert len(told) == 1 and "large.png" in told[0]
    small, large = (read_gray(tmp_path / "out" / f"{name}_alpha.png") for name in ("small", "large"))
    assert small.shape == (41, 50) and large.shape == (2 * HEIGHT, 2 * WIDTH)
    photo, plate = pictures(41, 50)
    padded = [cv2.copyMakeBorder(each, 0, 11, 0, 22, cv2.BORDER_REPLICATE) for each in (photo, plate)]
    alpha, _ = open_plate_engine(model, SYSTEM).run(*map(in_floats, padded))
    assert np.abs(small - alpha[0, 0, :41, :50] * 255).max() <= 0.501
    halves = [
        cv2.resize(each, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for each in pictures(*large.shape)
    ]
    alpha, _ = open_plate_engine(model, SYSTEM).run(*map(in_floats, halves))
    found = cv2.resize(large, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    assert np.abs(found - alpha[0, 0] * 255).mean() < 6


def test_files_of_another_checkpoint_or_mode_are_not_taken(folder, tmp_path):
    for path in (folder / "full").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    checkpoint = tmp_path / "model.ckpt"
    with pytest.raises(UserError, match=r"model\.ckpt: engine onnx .* mode sampling"):
        open_plate_engine(checkpoint, SYSTEM, engine="onnx", refinement="sampling")
    with pytest.raises(UserError, match=r"\.onnx: was exported in mode full, not sampling"):
        open_plate_engine(tmp_path / f"model_{WIDTH}x{HEIGHT}.onnx", SYSTEM, refinement="sampling")
    with pytest.raises(UserError, match=r"\.mindir: engine onnx"):
        open_plate_engine(folder / "sampling" / f"model_{WIDTH}x{HEIGHT}.mindir", SYSTEM, engine="onnx")
    checkpoint.write_bytes(checkpoint.read_bytes() + b"another")
    with pytest.raises(UserError, match=r"model\.ckpt: engine onnx needs"):
        open_plate_engine(checkpoint, SYSTEM, engine="onnx")


@pytest.mark.parametrize("size", ["640", "640x639", "0x64", "axb", "all"])
def test_sizes_that_no_file_can_have(size):
    with pytest.raises(UserError, match=r"export\.sizes"):
        load_config(CONFIG, [f"export.sizes=[{size}]"])


def test_the_commands_of_the_page_are_understood(monkeypatch):
    """Their flags, configuration and keys; other tests run what they do."""
    import eval as evaluation
    import export as exporting
    from src import generate_datasets
    from src.deployment import plate_export
    from src.prediction import predict_plates

    taken = []

    for module, name in (
        (evaluation, "run_plate_evaluation"),
        (plate_export, "export_for_plates"),
        (generate_datasets, "make_plate_composites"),
        (predict_plates, "predict_with_plates"),
    ):
        answer = ({}, []) if name == "run_plate_evaluation" else 0
        monkeypatch.setattr(
            module, name, lambda *_, name=name, answer=answer, **__: taken.append(name) or answer
        )
    programs = {"eval.py": evaluation, "export.py": exporting, "predict.py": predict}
    programs["src/generate_datasets.py"] = generate_datasets
    monkeypatch.chdir(CONFIG.parent.parent)
    page = Path("docs/background_matting.md").read_text(encoding="utf-8")
    commands = [shlex.split(line)[1:] for line in page.splitlines() if line.startswith("python ")]
    ours = [command for command in commands if command[0] in programs]
    for command in ours:
        monkeypatch.setattr(sys, "argv", command)
        programs[command[0]].main()
    assert len(taken) == len(ours) >= 9 and len(set(taken)) == 4
