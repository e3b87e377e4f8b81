"""preprocess.py and postprocess.py: photos to the runner's inputs, its outputs to mattes and metrics."""

import csv
import fcntl
import os
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import postprocess
import preprocess
from src.common.atomic_file import TEMPORARY_PREFIX, atomic_folder
from src.common.command_line import run_command
from src.common.errors import UserError
from src.data.split_files import SplitFiles
from src.deployment.prepare import prepare
from src.deployment.runner_files import (
    INPUTS,
    OUTPUTS,
    RESULTS,
    InputFiles,
    OutputError,
    read_outputs,
    sample_name,
)
from src.deployment.score import score
from src.description.model_info import ModelInfo
from src.engines.engine import ALPHA, TRIMAP_LOGITS
from src.images.files import read_gray, read_image, write_image
from src.images.preprocessing import upsample_alpha
from src.inference.outputs import Outputs
from src.inference.protocol import PUBLISHED
from src.inference.steps import MattingSteps
from tests.published_input import published_input
from tests.small_dataset import make_person, write_dataset

SIZE = 32
MEAN = (114, 121, 134)
INFO = ModelInfo(size=SIZE, mean=MEAN)
COUNT = 5


@pytest.fixture(autouse=True, params=[1])
def processes(request, monkeypatch):
    """One, though the tests may have more cores; `in_two_processes` for two, though they may have but one."""
    for module in ("prepare", "score"):
        monkeypatch.setattr(f"src.deployment.{module}.available_cores", lambda: request.param)


in_two_processes = pytest.mark.parametrize("processes", [2], indirect=True)


@pytest.fixture
def data(tmp_path) -> Path:
    """A test split of five photos, 48x64."""
    folder = tmp_path / "data"
    write_dataset(folder, {"test": COUNT})
    return folder


def split(data: Path) -> SplitFiles:
    return SplitFiles.of_list(data / "test" / "test.txt")


def write_outputs(folder: Path, names: list[str], size: int = SIZE) -> dict[str, np.ndarray]:
    """What a runner could have written; returns the alphas."""
    folder.mkdir(exist_ok=True)
    alphas = {}
    for number, name in enumerate(names):
        rng = np.random.default_rng(number)
        rng.normal(0, 1, (3, size, size)).astype(np.float32).tofile(folder / f"{name}_0.bin")
        alphas[name] = rng.uniform(-0.2, 1.2, (size, size)).astype(np.float32)
        alphas[name].tofile(folder / f"{name}_1.bin")
    return alphas


def sample_names(data: Path) -> list[str]:
    files = split(data)
    return [sample_name(index, files.photo(index)) for index in range(len(files))]


def run(module, folder: Path, *arguments: str, monkeypatch, capsys) -> tuple[int, str, str]:
    """Run a command as the shell would; returns its status, its output and its error."""
    monkeypatch.setattr("sys.argv", ["command", f"--folder={folder}", *arguments])
    with pytest.raises(SystemExit) as caught:
        run_command(module.main)
    captured = capsys.readouterr()
    return caught.value.code, captured.out, captured.err


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_the_files_of_a_sample(data, tmp_path):
    assert prepare(split(data), tmp_path / INPUTS, INFO) == []
    names = sample_names(data)
    assert names[3] == "matting_0003_test0-00000003"
    expected = {
        f"{kind}/{name}{suffix}"
        for name in names
        for kind, suffix in (("clip_data", ".jpg"), ("img_data", ".bin"), ("label", ".png"))
    }
    assert files_below(tmp_path / INPUTS).keys() == expected
    for index, name in enumerate(names):
        photo = split(data).photo(index)
        values = np.fromfile(tmp_path / INPUTS / "img_data" / f"{name}.bin", np.float32)
        np.testing.assert_array_equal(values, published_input(read_image(photo), SIZE, MEAN).ravel())
        copy = tmp_path / INPUTS / "clip_data" / f"{name}.jpg"
        assert copy.read_bytes() == photo.read_bytes()
        assert not copy.samefile(photo)
        alpha = read_gray(tmp_path / INPUTS / "label" / f"{name}.png")
        np.testing.assert_array_equal(alpha, read_gray(split(data).alpha(index)))


def test_odd_photos_become_inputs_as_everywhere_else(data, tmp_path):
    """Grey, 16-bit, CMYK and EXIF-turned files go through the one image module."""
    files = split(data)
    person, _ = make_person((1, 2), 48, 64)
    rgb = Image.fromarray(person[..., ::-1])
    turned = Image.Exif()
    turned[0x0112] = 3  # upside down
    rgb.convert("L").save(files.photo(0))
    rgb.convert("CMYK").save(files.photo(1))
    rgb.save(files.photo(2), exif=turned)
    files.photo(3).unlink()
    Image.fromarray(person[..., 0].astype(np.uint16) * 257).save(files.photo(3).with_suffix(".png"))
    assert prepare(split(data), tmp_path / INPUTS, INFO) == []
    for index, name in enumerate(sample_names(data)):
        values = np.fromfile(tmp_path / INPUTS / "img_data" / f"{name}.bin", np.float32)
        expected = published_input(read_image(split(data).photo(index)), SIZE, MEAN)
        np.testing.assert_array_equal(values, expected.ravel())
    upright = np.fromfile(tmp_path / INPUTS / "img_data" / f"{sample_names(data)[2]}.bin", np.float32)
    np.testing.assert_allclose(upright, published_input(person[::-1, ::-1], SIZE, MEAN).ravel(), atol=0.1)
    assert (tmp_path / INPUTS / "clip_data" / f"{sample_names(data)[3]}.png").is_file()


@in_two_processes
def test_an_unreadable_photo_is_left_out_and_numbers_stay(data, tmp_path, monkeypatch, capsys):
    photo = split(data).photo(1)
    photo.write_bytes(photo.read_bytes()[:300])
    split(data).alpha(3).unlink()
    settings = ("--set", f"infer.file_test_list={data}/test/test.txt", "--set", f"infer.size={SIZE}")
    status, output, _ = run(preprocess, tmp_path, *settings, monkeypatch=monkeypatch, capsys=capsys)
    assert status == 3
    lines = output.splitlines()
    assert lines[0].startswith(f"skipped: {photo}: cannot be read as an image")
    assert lines[1].startswith(f"skipped: {split(data).alpha(3)}: no such file")
    assert lines[2:] == ["prepared 3 of 5 photos"]
    names = sample_names(data)
    for folder in (tmp_path / INPUTS).iterdir():
        assert sorted(path.stem for path in folder.iterdir()) == [names[0], names[2], names[4]]


def test_no_readable_photo_leaves_an_earlier_folder_as_it_was(data, tmp_path):
    prepare(split(data), tmp_path / INPUTS, INFO)
    earlier = files_below(tmp_path / INPUTS)
    damaged = tmp_path / "damaged"
    write_dataset(damaged, {"test": 2})
    for index in range(2):
        split(damaged).photo(index).write_bytes(b"")
    with pytest.raises(UserError, match="no photo could be read, the first: .*test0-00000000.jpg"):
        prepare(split(damaged), tmp_path / INPUTS, INFO)
    assert files_below(tmp_path / INPUTS) == earlier
    assert {path.name for path in tmp_path.iterdir()} == {"data", "damaged", INPUTS}


def test_a_folder_is_replaced_whole(data, tmp_path):
    prepare(split(data), tmp_path / INPUTS, INFO)
    write_dataset(tmp_path / "other", {"test": 1})
    prepare(split(tmp_path / "other"), tmp_path / INPUTS, INFO)
    assert len(files_below(tmp_path / INPUTS)) == 3
    assert {path.name for path in tmp_path.iterdir()} == {"data", "other", INPUTS}


@pytest.mark.parametrize("name", ["photos.txt", "test/other.txt", "data/test.txt"])
def test_a_list_that_is_not_of_a_split(tmp_path, name):
    with pytest.raises(UserError, match=f"{name}: .*<split>/<split>.txt"):
        SplitFiles.of_list(tmp_path / name)


def test_a_missing_list(tmp_path):
    with pytest.raises(UserError, match="test/test.txt: no such file; make the data set"):
        SplitFiles.of_list(tmp_path / "test" / "test.txt")


@in_two_processes
def test_pictures_metrics_and_the_last_line(data, tmp_path, monkeypatch, capsys):
    prepare(split(data), tmp_path / INPUTS, INFO)
    names = sample_names(data)
    alphas = write_outputs(tmp_path / OUTPUTS, names)
    status, output, _ = run(
        postprocess, tmp_path, "--set", f"infer.size={SIZE}", monkeypatch=monkeypatch, capsys=capsys
    )
    assert status == 0
    expected = {"metrics.csv", "contact_sheet.png", *(f"{name}.jpg" for name in names)}
    expected |= {f"{kind}/{name}.png" for name in names for kind in ("alpha", "cutout")}
    assert files_below(tmp_path / RESULTS).keys() == expected

    sads = []
    for index, name in enumerate(names):
        true = read_gray(split(data).alpha(index)) / 255
        pred = upsample_alpha(alphas[name], *true.shape)
        sads.append(np.abs(pred - true).sum() / 1000)
        written = read_gray(tmp_path / RESULTS / "alpha" / f"{name}.png") / 255
        np.testing.assert_allclose(written, pred, atol=0.51 / 255)
    with (tmp_path / RESULTS / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == [f"{name}.png" for name in names]
    np.testing.assert_allclose([float(row["sad"]) for row in rows], sads, atol=2e-6)
    total, mean = re.fullmatch(
        rf"Total images: {COUNT}, total sad: ([\d.]+), ave sad: ([\d.]+)", output.splitlines()[-1]
    ).groups()
    assert float(total) == pytest.approx(sum(sads), abs=1e-5)
    assert float(mean) == pytest.approx(np.mean(sads), abs=1e-5)


@in_two_processes
def test_a_result_that_is_missing_or_of_another_size_is_left_out(data, tmp_path, monkeypatch, capsys):
    prepare(split(data), tmp_path / INPUTS, INFO)
    names = sample_names(data)
    write_outputs(tmp_path / OUTPUTS, names)
    (tmp_path / OUTPUTS / f"{names[0]}_1.bin").unlink()
    (tmp_path / OUTPUTS / f"{names[2]}_0.bin").write_bytes(b"12345")
    status, output, _ = run(
        postprocess, tmp_path, "--set", f"infer.size={SIZE}", monkeypatch=monkeypatch, capsys=capsys
    )
    assert status == 3
    lines = output.splitlines()
    assert lines[3].startswith(f"skipped: {tmp_path}/{OUTPUTS}/{names[0]}_1.bin: no such file")
    size = 4 * 3 * SIZE * SIZE
    assert lines[4].startswith(
        f"skipped: {tmp_path}/{OUTPUTS}/{names[2]}_0.bin: has 5 bytes instead of {size}"
    )
    assert lines[5].startswith("Total images: 3, ")


def test_a_photo_too_long_for_its_picture_is_skipped_and_the_others_are_measured(data, tmp_path):
    long = np.full((1, 65501, 3), 90, np.uint8)
    for path, values in ((split(data).photo(1), long), (split(data).alpha(1), long[..., 0])):
        path.write_bytes(cv2.imencode(".png", values)[1].tobytes())
    prepare(split(data), tmp_path / INPUTS, INFO)
    names = sample_names(data)
    write_outputs(tmp_path / OUTPUTS, names)
    measurements, skipped = score(tmp_path / INPUTS, tmp_path / OUTPUTS, tmp_path / RESULTS, INFO)
    assert len(measurements) == COUNT - 1
    photo = tmp_path / INPUTS / "clip_data" / f"{names[1]}.jpg"
    assert skipped == [
        f"{photo}: 65501x1 pixels are too large for its picture, a JPEG; make the photo smaller"
    ]
    assert not any(names[1] in name for name in files_below(tmp_path / RESULTS))


def test_results_of_another_network_size(data, tmp_path):
    prepare(split(data), tmp_path / INPUTS, INFO)
    write_outputs(tmp_path / OUTPUTS, sample_names(data), size=16)
    with pytest.raises(
        UserError, match="no result could be used, .* infer.size and export.size must be equal"
    ):
        score(tmp_path / INPUTS, tmp_path / OUTPUTS, tmp_path / RESULTS, INFO)
    assert not (tmp_path / RESULTS).exists()


@pytest.mark.parametrize(
    ("yaml", "said"),
    [("modnet.yaml", "the configuration: is a model of modnet"), ("id_photo.yaml", "predicts trimaps")],
)
def test_lists_of_photos_need_a_model_of_photos(data, tmp_path, monkeypatch, capsys, yaml, said):
    flags = f"--yaml_path=configs/{yaml}", "--set", f"infer.file_test_list={data}/test/test.txt"
    status, _, error = run(preprocess, tmp_path, *flags, monkeypatch=monkeypatch, capsys=capsys)
    assert status == 1 and said in error


def test_without_inputs(tmp_path, monkeypatch, capsys):
    status, _, error = run(postprocess, tmp_path, monkeypatch=monkeypatch, capsys=capsys)
    assert (status, error) == (1, f"error: {tmp_path}/{INPUTS}: holds no photo; run preprocess.py first\n")


def test_photos_stay_in_the_order_of_the_list_beyond_9999(tmp_path):
    inputs = InputFiles(tmp_path)
    numbers = [10000, 2, 9999, 100]
    for number in numbers:
        write_image(inputs.photo(sample_name(number, Path("a b.jpg")), ".jpg"), np.zeros((4, 4), np.uint8))
    assert [int(path.name.split("_")[1]) for path in inputs.photos()] == sorted(numbers)


def test_outputs_are_read_as_they_were_written(tmp_path):
    rng = np.random.default_rng(1)
    logits, alpha = (rng.normal(size=shape).astype(np.float32) for shape in ((3, SIZE, SIZE), (SIZE, SIZE)))
    logits.tofile(tmp_path / "x_0.bin")
    alpha.tofile(tmp_path / "x_1.bin")
    for found, wanted in zip(
        read_outputs(tmp_path, "x", SIZE).values(), (logits, alpha[np.newaxis]), strict=True
    ):
        np.testing.assert_array_equal(found, wanted[np.newaxis])
    with pytest.raises(OutputError, match="y_0.bin: no such file"):
        read_outputs(tmp_path, "y", SIZE)


def test_the_matte_of_a_certain_trimap():
    logits = np.zeros((3, SIZE, SIZE), np.float32)
    logits[0, :16] = logits[1, 16:24] = logits[2, 24:] = 5
    outputs = {TRIMAP_LOGITS: logits[None], ALPHA: np.full((1, 1, SIZE, SIZE), 1.5, np.float32)}
    photo = np.zeros((2 * SIZE, SIZE, 3), np.uint8)
    trimap, alpha = MattingSteps(INFO, PUBLISHED).finish(photo, Outputs([outputs]))
    np.testing.assert_array_equal(trimap[:, 0], [0] * 32 + [255] * 16 + [128] * 16)
    np.testing.assert_array_equal(alpha, np.ones((2 * SIZE, SIZE)))


def test_a_folder_that_fails_leaves_the_earlier_one(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_text("earlier")
    with pytest.raises(RuntimeError), atomic_folder(tmp_path / "out") as temporary:
        (temporary / "a").write_text("new")
        raise RuntimeError
    assert files_below(tmp_path) == {"out/a": b"earlier"}
    with atomic_folder(tmp_path / "out") as temporary:
        (temporary / "b").write_text("new")
    assert files_below(tmp_path) == {"out/b": b"new"}
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o777 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_folder_that_a_killed_process_left_is_removed_and_no_other(tmp_path):
    lost = tmp_path / f"{TEMPORARY_PREFIX}a1b2c3d4"
    earlier = tmp_path / f"{lost.name}-earlier"
    for folder in (lost, earlier):
        folder.mkdir()
        (folder / "a").write_text("half, or all there is")
    with atomic_folder(tmp_path / "other") as others, atomic_folder(tmp_path / "out"):
        assert others.is_dir() and not lost.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"other", "out", earlier.name}


@pytest.mark.parametrize("name", ["out", "out.[v1]"])
def test_what_a_killed_replacement_left_is_removed_or_put_back(tmp_path, monkeypatch, name):
    """Killed while it removed the earlier folder, or between the two renames."""
    out = tmp_path / name

    def write(text: str) -> None:
        with atomic_folder(out) as temporary:
            (temporary / "a").write_text(text)

    def killed(path: Path, target: Path) -> Path:
        if target == out:
            raise KeyboardInterrupt
        return rename(path, target)

    write("first")
    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", lambda *_, **__: None)
        write("second")
    assert sorted(files_below(tmp_path).values()) == [b"first", b"second"]
    write("third")
    assert files_below(tmp_path) == {f"{name}/a": b"third"}
    rename = Path.rename
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "rename", killed)
        write("fourth")
    assert not out.exists()
    with pytest.raises(RuntimeError), atomic_folder(out):
        raise RuntimeError
    assert files_below(tmp_path) == {f"{name}/a": b"third"}


def test_what_a_living_process_is_replacing_is_left_alone(tmp_path):
    earlier = tmp_path / f"{TEMPORARY_PREFIX}a1b2c3d4-earlier-out"
    earlier.mkdir()
    handle = os.open(earlier, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with atomic_folder(tmp_path / "out"):
            pass
        assert earlier.is_dir()
    finally:
        os.close(handle)
    with atomic_folder(tmp_path / "out"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_is_not_replaced_by_a_folder(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UserError, match="out: cannot be written: is a file"), atomic_folder(tmp_path / "out"):
        pass
    assert files_below(tmp_path) == {"out": b"mine"}


def test_a_folder_may_have_any_name(tmp_path):
    for name in ("out.**", "out.[v1]"):
        with atomic_folder(tmp_path / name) as temporary:
            (temporary / "a").write_text("new")
        assert files_below(tmp_path / name) == {"a": b"new"}


def test_a_folder_that_cannot_be_replaced_stays(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_text("earlier")
    rename = Path.rename

    def fail_for_the_new_one(path: Path, target: Path) -> Path:
        if "-earlier-" not in path.name and path.name != "out":
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new_one)
    with (
        pytest.raises(UserError, match="out: cannot be replaced: Input/output error"),
        atomic_folder(tmp_path / "out") as temporary,
    ):
        (temporary / "a").write_text("new")
    assert files_below(tmp_path) == {"out/a": b"earlier"}
