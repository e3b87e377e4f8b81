"""From portraits to an exported matting network: it learns, and beats the answers that need no network."""

import csv
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, nn

from eval import run_evaluation
from export import export
from src.config import Config
from src.data.split_files import SplitFiles
from src.generate_datasets import generate_datasets
from src.images.files import read_alpha_channel, read_gray, read_image, write_image
from src.load_model import load_network
from src.model.layers import conv_bn_relu
from src.model.network import SHMNet
from src.sample_data import make_sample_data
from tests.published_input import published_input
from tests.thin_network import leave_curves_empty, make_networks_thin
from tests.training_runs import make_config, read_parameters, read_steps, run_training

SEED = 1
PORTRAITS = 20
SIZE = 32
EPOCHS = 4
RATE = 1e-2

REAL_PHOTOS = Path(__file__).resolve().parents[2] / "shared" / "data" / "pairs" / "ccp_halfbody"
REAL_COUNT = 40
REAL_GROUP = 4
REAL_BATCH = 4
REAL_EPOCHS = 8
REAL_RATE = 1e-2


class Result(NamedTuple):
    """Everything once: data set, training, evaluation."""

    data: Path
    run_folder: Path
    output: Path
    mean_sad: float


class SmallTNet(nn.Cell):
    """Image (N, 3, H, W) to trimap logits (N, 3, H, W); it sees far enough to learn where people stand."""

    def __init__(self):
        super().__init__()
        self.down = nn.SequentialCell(
            conv_bn_relu(3, 8),
            nn.MaxPool2d(4, 4),
            conv_bn_relu(8, 16),
            nn.MaxPool2d(2, 2),
            conv_bn_relu(16, 16),
        )
        self.up = nn.Conv2dTranspose(16, 16, 8, 8)
        self.last_conv = nn.Conv2d(16, 3, 3)

    def construct(self, image: Tensor) -> Tensor:
        return self.last_conv(self.up(self.down(image)))


def make_data(source: Path, folder: Path, proportion: str) -> dict:
    """Make the data set; returns its section of the configuration."""
    section = {
        "path_mt_human": str(source),
        "path_save": str(folder / "datasets"),
        "path_debug": str(folder / "debug"),
        "proportion": proportion,
        "generate_debug": False,
        "num_workers": 2,
    }
    config = Config.model_validate({"seed": SEED, "generate_data": section})
    generate_datasets(config.generate_data, config.seed)
    return section


def make_phase(batch: int, epochs: int, learning_rate: float) -> dict:
    return {
        "train_batch": batch,
        "patch_size": SIZE,
        "nEpochs": epochs,
        "nThreads": 2,
        "lr": learning_rate,
        "keep_checkpoint_max": "1",
    }


def losses_of(run_folder: Path, phase: str) -> np.ndarray:
    return np.array([loss for _, _, loss in read_steps(run_folder / phase / "log_latest.txt")])


def true_alphas(data: Path, split: str) -> list[np.ndarray]:
    files = SplitFiles(data, split)
    return [read_gray(files.alpha(index)) / 255 for index in range(len(files))]


def mean_sad_of(answers: list[np.ndarray], truths: list[np.ndarray]) -> float:
    return float(np.mean([np.abs(a - t).sum() / 1000 for a, t in zip(answers, truths, strict=True)]))


@pytest.fixture(scope="module")
def small_network():
    """Compiled in a tenth of the time; the quickstart, which .ci/run runs, trains the whole one."""
    with pytest.MonkeyPatch.context() as patch:
        make_networks_thin(patch)
        patch.setattr("src.model.network.TNet", SmallTNet)
        yield


@pytest.fixture(scope="module")
def result(small_network, tmp_path_factory) -> Result:
    """A small network trained on sample portraits, and evaluated."""
    folder = tmp_path_factory.mktemp("end_to_end")
    make_sample_data(folder / "portraits", PORTRAITS, SEED)
    section = make_data(folder / "portraits", folder, "3:1:1")
    data, output = folder / "datasets", folder / "result"
    model = folder / "training" / "single" / "small" / "end_to_end" / "semantic_hm_best.ckpt"
    test = {"model": str(model), "test_pic_path": str(data), "output_path": str(output)}
    config = make_config(
        {"end_to_end": make_phase(1, EPOCHS, RATE)},
        seed=SEED,
        generate_data=section,
        test={**test, "size": SIZE, "device_target": "CPU"},
    )
    run = run_training(config, data, folder / "training")
    means, _ = run_evaluation(config)
    return Result(data, run.folder, output, means["sad"])


def test_the_loss_falls(result):
    losses = losses_of(result.run_folder, "end_to_end")
    assert losses[-len(losses) // 3 :].mean() < 0.9 * losses[:5].mean()


def test_checkpoints_hold_all_parameters(result):
    names = {each.name for each in SHMNet().get_parameters()}
    paths = list(result.run_folder.rglob("semantic_hm_*.ckpt"))
    assert len(paths) == 2  # best and latest
    for path in paths:
        values = read_parameters(path)
        assert values.keys() == names, path
        assert all(np.isfinite(value).all() for value in values.values()), path


def test_curves_are_a_picture(result):
    assert read_image(result.run_folder / "curves.png").std() > 1


@pytest.mark.parametrize("alpha", [0, 1, 0.5], ids=["all background", "all foreground", "one half"])
def test_the_network_beats_a_constant(result, alpha):
    truths = true_alphas(result.data, "test")
    assert result.mean_sad < 0.8 * mean_sad_of([np.full_like(truth, alpha) for truth in truths], truths)


def test_written_mattes_have_the_reported_sad(result):
    names = SplitFiles(result.data, "test").names
    answers = [read_gray(result.output / "alpha" / name) / 255 for name in names]
    truths = true_alphas(result.data, "test")
    rounding = 0.5 / 255 * max(truth.size for truth in truths) / 1000
    assert result.mean_sad == pytest.approx(mean_sad_of(answers, truths), abs=rounding)
    with (result.output / "metrics.csv").open(newline="") as file:
        assert [row["image"] for row in csv.DictReader(file)] == names


def copy_real_photos(source: Path) -> None:
    """Copy pairs into the layout of Matting Human Datasets, a few to a group."""
    photos = sorted((REAL_PHOTOS / "image").glob("*.jpg"))[:REAL_COUNT]
    for number, photo in enumerate(photos):
        group = f"1803{number // REAL_GROUP + 1:02d}1200"
        name = f"{group}-{number:08d}"
        target = source / "clip_img" / group / "clip_00000000" / f"{name}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, target)
        alpha = read_gray(REAL_PHOTOS / "alpha" / f"{photo.stem}.png")
        matting = np.dstack([read_image(photo), alpha])
        write_image(source / "matting" / group / "matting_00000000" / f"{name}.png", matting)


@pytest.mark.skipif(not REAL_PHOTOS.is_dir(), reason=f"needs photos with alpha in {REAL_PHOTOS}")
def test_t_net_learns_from_real_photos_and_is_exported(tmp_path, monkeypatch):
    """A thin one, which is enough to see photos and their class maps go together."""
    make_networks_thin(monkeypatch)
    leave_curves_empty(monkeypatch)
    copy_real_photos(tmp_path / "photos")
    section = make_data(tmp_path / "photos", tmp_path, "8:1:1")
    files = SplitFiles(tmp_path / "datasets", "train")
    matting = tmp_path / "datasets" / "train" / "matting" / files.names[0]
    np.testing.assert_array_equal(read_gray(files.alpha(0)), read_alpha_channel(matting))

    config = make_config(
        {"pre_train_t_net": make_phase(REAL_BATCH, REAL_EPOCHS, REAL_RATE)}, seed=SEED, generate_data=section
    )
    run = run_training(config, tmp_path / "datasets", tmp_path / "training")
    losses = losses_of(run.folder, "pre_train_t_net")
    steps = len(files) // REAL_BATCH
    assert len(losses) == REAL_EPOCHS * steps
    assert losses[-steps:].mean() < 0.9 * losses[:steps].mean()
    assert_exported_like(run.folder / "pre_train_t_net" / "semantic_hm_best.ckpt", files.photo(0), tmp_path)


def assert_exported_like(model: Path, photo: Path, folder: Path) -> None:
    """The exported file mattes a photo as the trained network does."""
    settings = {"ckpt_file": str(model), "file_name": str(folder / "shm"), "size": SIZE}
    path = export(Config.model_validate({"export": {**settings, "device_target": "CPU"}}))
    image = Tensor(published_input(read_image(photo), SIZE, Config().mean))
    exported = [output.asnumpy() for output in nn.GraphCell(ms.load(str(path)))(image)]
    expected = [output.asnumpy() for output in load_network(model)(image)]
    for found, wanted in zip(exported, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-4)
