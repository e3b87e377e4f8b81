"""eval.py and the published protocol: what is measured and written, and what cannot be read."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor

import eval as eval_command
from src.common.command_line import run_command
from src.common.errors import UserError
from src.config import Config, save_config
from src.data.split_files import SplitFiles
from src.engines.engine import open_engine
from src.evaluation.evaluate import evaluate
from src.images.files import read_gray, read_image, write_image
from src.images.trimap import TrimapClass, class_map_to_trimap
from src.inference.matting import Matting
from src.inference.protocol import PUBLISHED
from src.load_model import load_network
from src.metric import METRICS
from tests.predicting import open_once
from tests.published_input import published_input
from tests.small_dataset import make_person, photo_file, write_dataset

SIZE = 64
MEAN = (114, 121, 134)
PHOTO_SIZES = [(48, 64), (70, 40), (SIZE, SIZE), (131, 90), (20, 33)]


class Evaluation(NamedTuple):
    """One run of eval.py."""

    data: Path
    output: Path
    means: dict[str, float]
    rows: dict[str, dict[str, float]]  # of metrics.csv, by image
    log: list[str]


def write_photos(folder: Path, sizes: list[tuple[int, int]]) -> list[str]:
    """Write a test split with photos of these sizes; returns the lines of its list."""
    write_dataset(folder, {"test": len(sizes)})
    names = SplitFiles(folder, "test").names
    for number, (name, size) in enumerate(zip(names, sizes, strict=True)):
        photo, alpha = make_person((9, number), *size)
        write_image(photo_file(folder, "test", name), photo)
        write_image(alpha_file(folder, name), alpha)
    return names


def alpha_file(folder: Path, name: str) -> Path:
    return folder / "test" / "alpha" / name


def make_config(model: Path, data: Path, output: Path) -> Config:
    test = {"model": model, "test_pic_path": data, "output_path": output}
    texts = {key: str(value) for key, value in test.items()}
    return Config.model_validate({"mean": MEAN, "test": {**texts, "size": SIZE, "device_target": "CPU"}})


def read_rows(output: Path) -> dict[str, dict[str, float]]:
    with (output / "metrics.csv").open(newline="") as file:
        return {
            row.pop("image"): {key: float(value) for key, value in row.items()}
            for row in csv.DictReader(file)
        }


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def network_alpha(network, photo: np.ndarray) -> np.ndarray:
    """The network's alpha at the photo's size, without `Matting`."""
    alpha = network(Tensor(published_input(photo, SIZE, MEAN)))[1].asnumpy()[0, 0]
    return np.clip(cv2.resize(alpha, photo.shape[1::-1], interpolation=cv2.INTER_CUBIC), 0, 1)


@pytest.fixture(scope="module", autouse=True)
def compiled_once(thin_networks):
    """A thin network is compiled once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("src.engines.engine._open_checkpoint", open_once)
        yield


@pytest.fixture(scope="module")
def network(thin_checkpoint):
    return load_network(thin_checkpoint)


@pytest.fixture(scope="module")
def matting(thin_checkpoint) -> Matting:
    return Matting(open_engine(thin_checkpoint, size=SIZE, mean=MEAN), PUBLISHED)


@pytest.fixture(scope="module")
def evaluation(thin_checkpoint, tmp_path_factory) -> Evaluation:
    """An evaluation with all its files, which no test changes."""
    folder = tmp_path_factory.mktemp("evaluation")
    data, output = folder / "data", folder / "result"
    write_photos(data, PHOTO_SIZES)
    means, _ = eval_command.run_evaluation(make_config(thin_checkpoint, data, output))
    return Evaluation(data, output, means, read_rows(output), (output / "eval.log").read_text().splitlines())


def names_of(evaluation: Evaluation) -> list[str]:
    return SplitFiles(evaluation.data, "test").names


def test_files(evaluation):
    expected = {"metrics.csv", "contact_sheet.png", "eval.log"}
    expected |= {f"{kind}/{name}" for kind in ("alpha", "cutout") for name in names_of(evaluation)}
    assert files_below(evaluation.output) == expected


@pytest.mark.parametrize(
    ("save", "kinds"), [("none", ()), ("alpha", ("alpha",)), ("all", ("alpha", "cutout"))]
)
def test_save_chooses_the_images(matting, evaluation, tmp_path, save, kinds):
    evaluate(matting, SplitFiles(evaluation.data, "test").samples(), tmp_path, save)
    images = {f"{kind}/{name}" for kind in kinds for name in names_of(evaluation)}
    assert files_below(tmp_path) == images | {"metrics.csv", "contact_sheet.png"}


def test_images_have_the_size_of_the_photo_and_cutouts_its_pixels(evaluation):
    for name, size in zip(names_of(evaluation), PHOTO_SIZES, strict=True):
        alpha = cv2.imread(str(evaluation.output / "alpha" / name), cv2.IMREAD_UNCHANGED)
        cutout = cv2.imread(str(evaluation.output / "cutout" / name), cv2.IMREAD_UNCHANGED)
        assert (alpha.shape, cutout.shape) == (size, (*size, 4))
        np.testing.assert_array_equal(cutout[..., :3], read_image(photo_file(evaluation.data, "test", name)))
        np.testing.assert_array_equal(cutout[..., 3], alpha)


def test_sad_is_that_of_the_networks_alpha(evaluation, network):
    assert list(evaluation.rows) == names_of(evaluation)
    for name, row in evaluation.rows.items():
        true = read_gray(alpha_file(evaluation.data, name)) / 255
        pred = network_alpha(network, read_image(photo_file(evaluation.data, "test", name)))
        assert 0.1 < pred.mean() < 0.9  # weights that answer nothing would prove nothing
        assert row["sad"] == pytest.approx(np.abs(pred - true).sum() / 1000, abs=2e-6)
        rounded = read_gray(evaluation.output / "alpha" / name) / 255
        rounding = 0.5 / 255 * true.size / 1000
        assert row["sad"] == pytest.approx(np.abs(rounded - true).sum() / 1000, abs=rounding + 1e-6)


def test_means_are_those_of_the_rows(evaluation):
    assert evaluation.means.keys() == METRICS.keys()
    for name, mean in evaluation.means.items():
        assert mean == pytest.approx(np.mean([row[name] for row in evaluation.rows.values()]), abs=1e-6)


def test_the_log_ends_with_the_mean_sad(evaluation):
    last = re.fullmatch(r"ave_sad: (\d+\.\d{4})", evaluation.log[-1])
    assert float(last[1]) == pytest.approx(evaluation.means["sad"], abs=5e-5)
    for name, row in evaluation.rows.items():
        assert f"{name} sad: {row['sad']:.4f}" in evaluation.log


def test_the_contact_sheet_shows_best_and_worst_side_by_side(evaluation):
    sheet = read_image(evaluation.output / "contact_sheet.png")
    rows = -(-len(PHOTO_SIZES) // 2)
    assert sheet.shape[0] > rows * 200
    left, right = np.array_split(sheet, 2, axis=1)
    assert left.std() > 10
    assert right.std() > 10


def test_one_photo(matting, tmp_path):
    (name,) = write_photos(tmp_path / "data", [(37, 50)])
    measurements, skipped, _ = evaluate(
        matting, SplitFiles(tmp_path / "data", "test").samples(), tmp_path / "out", "all"
    )
    assert (len(measurements), skipped) == (1, [])
    assert read_rows(tmp_path / "out")[name]["sad"] == pytest.approx(measurements[0].values["sad"], abs=1e-6)
    assert read_image(tmp_path / "out" / "contact_sheet.png").std() > 10


def test_an_unreadable_photo_is_left_out_and_told_of(thin_checkpoint, tmp_path, monkeypatch, capsys):
    names = write_photos(tmp_path / "data", PHOTO_SIZES[:3])
    photo = photo_file(tmp_path / "data", "test", names[1])
    photo.write_bytes(photo.read_bytes()[:300])
    config = make_config(thin_checkpoint, tmp_path / "data", tmp_path / "out")
    save_config(config, tmp_path / "config.yaml")
    monkeypatch.setattr("sys.argv", ["eval.py", f"--yaml_path={tmp_path / 'config.yaml'}", "--save=alpha"])
    with pytest.raises(SystemExit) as caught:
        run_command(eval_command.main)
    assert caught.value.code == 3

    rows = read_rows(tmp_path / "out")
    assert list(rows) == [names[0], names[2]]
    assert {path.name for path in (tmp_path / "out" / "alpha").rglob("*.png")} == {
        Path(names[0]).name,
        Path(names[2]).name,
    }
    log = (tmp_path / "out" / "eval.log").read_text().splitlines()
    assert len([line for line in log if line.startswith(f"skipped: {photo}: ")]) == 1
    assert float(log[-1].removeprefix("ave_sad: ")) == pytest.approx(
        np.mean([row["sad"] for row in rows.values()]), abs=6e-5
    )
    captured = capsys.readouterr()
    assert captured.out.splitlines() == log
    assert "1 photos could not be read" in captured.err


@pytest.mark.parametrize("damage", ["missing alpha", "alpha of another size"])
def test_a_photo_without_its_alpha_is_left_out(matting, tmp_path, damage):
    names = write_photos(tmp_path / "data", PHOTO_SIZES[:2])
    alpha = alpha_file(tmp_path / "data", names[0])
    alpha.unlink()
    if damage == "alpha of another size":
        write_image(alpha, np.zeros((5, 5), np.uint8))
    measurements, skipped, _ = evaluate(
        matting, SplitFiles(tmp_path / "data", "test").samples(), tmp_path / "out", "none"
    )
    assert [each.sample.name for each in measurements] == [names[1]]
    assert len(skipped) == 1
    assert str(alpha) in skipped[0]


def test_no_readable_photo_at_all(matting, tmp_path):
    names = write_photos(tmp_path / "data", PHOTO_SIZES[:2])
    for name in names:
        photo_file(tmp_path / "data", "test", name).write_bytes(b"")
    first = re.escape(str(photo_file(tmp_path / "data", "test", names[0])))
    with pytest.raises(UserError, match=f"^no photo could be read, the first: {first}"):
        evaluate(matting, SplitFiles(tmp_path / "data", "test").samples(), tmp_path / "out", "all")


def test_missing_model(evaluation, tmp_path):
    config = make_config(tmp_path / "absent.ckpt", evaluation.data, tmp_path / "out")
    with pytest.raises(UserError, match="absent.ckpt: no such model"):
        eval_command.run_evaluation(config)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"no checkpoint\n" * 50, None], ids=["empty", "text", "truncated"])
def test_damaged_model(evaluation, thin_checkpoint, tmp_path, content):
    model = tmp_path / "damaged.ckpt"
    whole = thin_checkpoint.read_bytes()
    model.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(UserError, match="damaged.ckpt: ") as caught:
        eval_command.run_evaluation(make_config(model, evaluation.data, tmp_path / "out"))
    assert "\n" not in str(caught.value)


def test_missing_data(thin_checkpoint, tmp_path):
    config = make_config(thin_checkpoint, tmp_path / "absent", tmp_path / "out")
    with pytest.raises(UserError, match="test.txt: no such file; make the data set"):
        eval_command.run_evaluation(config)


def test_the_matte_of_a_photo_of_the_networks_size_is_the_network(matting, network):
    photo, _ = make_person((3, 3), SIZE, SIZE)
    logits, alpha = (output.asnumpy()[0] for output in network(Tensor(published_input(photo, SIZE, MEAN))))
    matte = matting.matte(photo)
    np.testing.assert_allclose(matte.alpha, np.clip(alpha[0], 0, 1), atol=1e-5)
    two_best = np.sort(logits, axis=0)[-2:]
    is_clear = two_best[1] - two_best[0] > 1e-4
    expected = class_map_to_trimap(logits.argmax(axis=0))
    assert is_clear.mean() > 0.9
    np.testing.assert_array_equal(matte.trimap[is_clear], expected[is_clear])


@pytest.mark.parametrize("size", [(30, 90), (200, 50), (1, 1), (1, 40)])
def test_photos_of_any_size(matting, network, size):
    photo = np.random.default_rng(5).integers(0, 256, (*size, 3), np.uint8)
    matte = matting.matte(photo)
    assert matte.alpha.shape == matte.trimap.shape == size
    assert (matte.alpha.dtype, matte.trimap.dtype) == (np.float32, np.uint8)
    assert set(np.unique(matte.trimap)) <= set(class_map_to_trimap(np.array(list(TrimapClass))))
    np.testing.assert_allclose(matte.alpha, network_alpha(network, photo), atol=1e-5)


def test_a_grey_photo(matting, network, tmp_path):
    photo, _ = make_person((4, 4), 50, 60)
    write_image(tmp_path / "grey.png", photo[..., 1])
    matte = matting.matte(read_image(tmp_path / "grey.png"))
    expected = network_alpha(network, np.repeat(photo[..., 1:2], 3, axis=2))
    np.testing.assert_allclose(matte.alpha, expected, atol=1e-5)


def test_device_that_is_absent(thin_checkpoint, evaluation, tmp_path, monkeypatch):
    monkeypatch.setattr(ms.device_context.ascend, "is_available", lambda: False)
    config = make_config(thin_checkpoint, evaluation.data, tmp_path)
    config = config.model_copy(update={"test": config.test.model_copy(update={"device_target": "Ascend"})})
    with pytest.raises(UserError, match="device_target = Ascend: "):
        eval_command.run_evaluation(config)
