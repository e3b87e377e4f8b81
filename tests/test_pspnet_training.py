"""Training of PSPNet: its phase, resuming with dropout, pictures, samples, configuration."""

from pathlib import Path

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
from src.common.errors import UserError
from src.config import ConfigError, PspnetConfig, load_config
from src.data.split_files import SplitFiles
from src.description.model_info import ModelInfo, read_model_info
from src.model.pspnet import backbone
from src.systems import pspnet
from src.systems.pspnet_data import TrimapSamples
from src.training.strip import ValidationStrip
from tests.small_dataset import write_dataset
from tests.thin_network import ThinFeatures, leave_curves_empty, make_pspnet_thin
from tests.training_runs import latest, read_epochs, read_events, run_training

ROOT = Path(__file__).resolve().parent.parent
SIZE = 48
MEAN = (114, 121, 134)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_dataset(folder, {"train": 8, "eval": 2}, (SIZE, SIZE + 24))
    return folder


@pytest.fixture
def thin(monkeypatch) -> None:
    make_pspnet_thin(monkeypatch)
    monkeypatch.setattr(backbone, "Features", ThinFeatures)
    leave_curves_empty(monkeypatch)


def test_a_run_trains_and_leaves_scores_and_a_model(thin, data, tmp_path):
    phase = {"train_batch": 4, "patch_size": SIZE, "nEpochs": 2, "lr": 0.01, "nThreads": 1}
    values = {"system": "pspnet", "seed": 3, "device_target": "CPU", "ckpt_version": "small", "t_net": phase}
    folder = run_training(PspnetConfig.model_validate(values), data, tmp_path).folder
    rows = read_epochs(folder, "t_net")
    assert float(rows[1]["train_loss"]) < float(rows[0]["train_loss"])
    assert all(0 <= float(rows[1][f"eval_{score}"]) <= 1 for score in ("iou_foreground", "mean_iou"))
    assert read_model_info(latest(folder, "t_net", 2)) == ModelInfo(system="pspnet", size=SIZE)
    events = read_events(folder / "events" / "t_net")
    values["t_net"] = {**phase, "nEpochs": 3}
    with pytest.raises(UserError, match="letterbox: True then, False now"):
        run_training(PspnetConfig.model_validate({**values, "letterbox": False}), data, tmp_path)
    assert "eval/predictions" in {value.tag for event in events for value in event.summary.value}


def samples(data: Path, letterbox: bool = True, augments: bool = False) -> TrimapSamples:
    settings = {"patch_size": SIZE, "mean": MEAN, "seed": 1, "augments": augments, "letterbox": letterbox}
    return TrimapSamples(SplitFiles(data, "train"), **settings)


def test_the_strip_shows_photo_true_and_predicted_trimap(data, monkeypatch):
    sheets = []
    monkeypatch.setattr(
        "src.training.strip.contact_sheet", lambda rows, titles: sheets.append((rows, titles))
    )
    split = samples(data)
    strip = ValidationStrip(pspnet.T_NET, split)
    classes = np.zeros((len(split), 3, SIZE, SIZE), np.float32)
    classes[:, 2] = 1
    strip.draw(lambda **batch: (pspnet.Tensor(classes),))
    ((rows, titles),) = sheets
    assert titles == ["photo", "true trimap", "predicted trimap"]
    photo, truth, predicted = rows[0]
    assert photo.shape == (SIZE, SIZE, 3) and truth.shape == (SIZE, SIZE)
    image, class_map, _ = split.sample(0)
    np.testing.assert_allclose(photo, image.transpose(1, 2, 0) * 255 + MEAN, atol=0.51)
    np.testing.assert_array_equal(truth, np.uint8([0, 255, 128])[class_map])
    assert (predicted == 128).all()


def test_whole_photos_keep_their_shape_or_are_stretched(data):
    """They are half as wide again as they are high."""
    boxed, stretched = samples(data), samples(data, letterbox=False)
    image, class_map, kept = boxed.sample(2)
    bars = np.r_[0:8, 40:48]
    assert np.abs(image[:, bars]).max() < 0.01  # of the mean's colour
    assert not class_map[bars].any() and image[:, 8:40].std() > 0.1
    assert kept.dtype == np.uint8
    assert np.abs(stretched.sample(2)[0][:, bars]).max() > 0.1

    def shape(of: np.ndarray) -> float:
        rows, columns = np.nonzero(of)
        return np.ptp(rows) / np.ptp(columns)

    assert shape(class_map) == pytest.approx(1, abs=0.15)  # a disc
    assert shape(stretched.sample(2)[1]) == pytest.approx(1.5, abs=0.2)


def test_dropout_is_drawn_for_each_sample_and_epoch(data):
    split = samples(data, augments=True)
    (_, _, one), (_, _, again), (_, _, later), (_, _, other) = (
        split.sample(*of) for of in ((1, 4), (1, 4), (1, 5), (2, 4))
    )
    np.testing.assert_array_equal(one, again)
    assert (one != later).any() and (one != other).any()
    kept = np.mean([split.sample(0, epoch)[2] for epoch in range(20)], axis=0)
    assert len(kept) == 1024 + 256 + 64 + 64
    assert kept[:1024].mean() == pytest.approx(0.7, abs=0.02)
    assert kept[1024:].mean() == pytest.approx(0.85, abs=0.02)


def test_the_file_holds_the_defaults():
    config = load_config(ROOT / "configs" / "id_photo.yaml")
    assert isinstance(config, PspnetConfig)
    named = {"ckpt_version": config.ckpt_version, "export": config.export}
    assert config == PspnetConfig(system="pspnet", **named)
    assert config.t_net.patch_size == config.model_info().size == 400


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("t_net.patch_size=100", ("t_net.patch_size = 100", "multiple of 8")),
        ("letterboxed=True", ("letterboxed: unknown key", "letterbox")),
        ("train_phases=[pre_train_t_net]", ("train_phases.0 = pre_train_t_net", "t_net")),
    ],
)
def test_wrong_keys_are_named(override, parts):
    with pytest.raises(ConfigError) as error:
        load_config(ROOT / "configs" / "id_photo.yaml", [override])
    assert all(part in str(error.value) for part in parts), error.value
