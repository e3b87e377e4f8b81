"""T-Net's encoder from a MobileNetV2 that was trained elsewhere: numbers, files, command line."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, ops

from src.common.errors import UserError
from src.conversion.encoder import encoder_layers
from src.conversion.folded_encoder import load_folded_encoder
from src.conversion.photos import read_photos
from src.conversion.pretrained_encoder import start_from_encoder
from src.conversion.tflite import FoldedConv, read_tflite_convolutions
from src.conversion.torchvision_encoder import load_torchvision_encoder, rectified_normal_moments
from src.description.model_info import ModelInfo, read_model_info
from src.get_init_weight import main
from src.images.files import write_image
from src.images.preprocessing import normalise
from src.load_model import load_network
from src.model.backbones.mobilenet_v2 import MobileNetV2
from src.model.initialisation import initialise
from src.model.network import SHMNet
from tests.golden_weights import GOLDEN_FOLDER

MEAN = ModelInfo().mean

DEEPLAB = GOLDEN_FOLDER.parent / "data" / "pretrained" / "deeplabv3_mnv2_pascal_quant.tflite"
GOLDEN_MAPS = GOLDEN_FOLDER / "encoder" / "deeplabv3_mnv2.npz"
GOLDEN_STEPS = {"s1": (4, 16), "s2": (4, 8), "s3": (4, 4), "s4": (8, 2), "s5": (16, 1)}  # channel, pixel
TENSORFLOW = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)  # mean and std of RGB / 255
OTHER_MEAN = (90.5, 140, 20)
SIZE = 32


def photo(seed: int, size: int = SIZE) -> np.ndarray:
    """Smooth colours with some noise, BGR uint8; another colour for each seed."""
    rng = np.random.default_rng(seed)
    smooth = cv2.resize(rng.uniform(0, 255, (4, 4, 3)).astype(np.float32), (size, size))
    return np.clip(smooth + rng.normal(0, 10, smooth.shape), 0, 255).astype(np.uint8)


def inputs(mean=MEAN, count: int = 4) -> np.ndarray:
    return np.stack([normalise(photo(seed), mean) for seed in range(count)])


def maps_of(encoder: MobileNetV2, images: np.ndarray) -> list[np.ndarray]:
    return [each.asnumpy() for each in encoder(Tensor(images))]


def values_of(cell) -> dict[str, np.ndarray]:
    return {parameter.name: parameter.asnumpy() for parameter in cell.get_parameters()}


def assert_maps_close(actual, expected, tolerance):
    assert len(actual) == len(expected) == 5
    for found, wanted in zip(actual, expected, strict=True):
        assert np.abs(wanted).max() > 0.5
        np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance)


def assert_learns(encoder: MobileNetV2) -> None:
    """In training mode every convolution has a gradient."""
    encoder.set_train(True)
    rng = np.random.default_rng(3)
    wanted = [Tensor(rng.normal(size=each.shape).astype(np.float32)) for each in encoder(Tensor(inputs()))]

    def loss(x: Tensor) -> Tensor:
        return sum(ops.square(each - goal).mean() for each, goal in zip(encoder(x), wanted, strict=True))

    weights = [conv.weight for conv, _ in encoder_layers(encoder)]
    gradients = ms.value_and_grad(loss, None, weights)(Tensor(inputs()))[1]
    assert len(gradients) == 52
    for weight, gradient in zip(weights, gradients, strict=True):
        values = gradient.asnumpy()
        assert np.isfinite(values).all() and np.abs(values).max() > 1e-5, weight.name


@pytest.fixture(scope="module")
def twin():
    pytest.importorskip("torch", reason="PyTorch is not installed")
    from tests.torchvision_network import TorchvisionEncoder

    return TorchvisionEncoder()


@pytest.fixture(scope="module")
def folded(twin) -> list[FoldedConv]:
    """The twin's convolutions, and one that follows the encoder's."""
    head = FoldedConv(np.ones((21, 320, 1, 1), np.float32), np.ones(21, np.float32))
    return [*(FoldedConv(*each) for each in twin.folded()), head]


@pytest.fixture(scope="module")
def state(twin) -> dict[str, np.ndarray]:
    """As a file gives it: with counters and a classifier."""
    entries = {name: value.float().numpy() for name, value in twin.state_dict().items()}
    return {**entries, "classifier.1.bias": np.zeros(1000, np.float32)}


# The maps


@pytest.mark.parametrize("mean", [MEAN, OTHER_MEAN], ids=str)
def test_torchvision_encoder_computes_what_torch_does(twin, state, mean):
    from tests.torchvision_network import IMAGENET, torchvision_maps

    encoder = MobileNetV2()
    load_torchvision_encoder(encoder, state, mean=mean)
    actual = maps_of(encoder.set_train(False), normalise(photo(9), mean)[np.newaxis])
    assert_maps_close(actual, torchvision_maps(twin, photo(9), mean, IMAGENET), 1e-4)


@pytest.mark.parametrize("mean", [MEAN, OTHER_MEAN], ids=str)
def test_folded_encoder_computes_what_torch_does(twin, folded, mean):
    """Of a photo that it was not calibrated on."""
    from tests.torchvision_network import torchvision_maps

    encoder = MobileNetV2()
    load_folded_encoder(encoder, folded, images=inputs(mean), mean=mean)
    actual = maps_of(encoder.set_train(False), normalise(photo(9), mean)[np.newaxis])
    assert_maps_close(actual, torchvision_maps(twin, photo(9), mean, TENSORFLOW), 1e-4)


def test_folded_encoder_starts_training_where_evaluation_is(folded):
    """On the photos it was calibrated on, training's batch statistics are the running ones."""
    encoder = MobileNetV2()
    load_folded_encoder(encoder, folded, images=inputs(), mean=MEAN)
    evaluated = maps_of(encoder.set_train(False), inputs())
    assert_maps_close(maps_of(encoder.set_train(True), inputs()), evaluated, 2e-3)


def test_folded_encoder_learns(folded):
    encoder = MobileNetV2()
    load_folded_encoder(encoder, folded, images=inputs(), mean=MEAN)
    assert_learns(encoder)


def test_torchvision_encoder_learns(state):
    encoder = MobileNetV2()
    load_torchvision_encoder(encoder, state, mean=MEAN)
    assert_learns(encoder)


def test_moments_of_a_rectified_normal_variable():
    means = np.array([0.0, 1.5, -2.0, 0.7, 3.0, -1.0], np.float32)
    deviations = np.array([1.0, 0.5, 1.0, -2.0, 0.0, 0.0], np.float32)
    drawn = np.maximum(np.random.default_rng(1).normal(means, np.abs(deviations), (1_000_000, 6)), 0)
    mean, variance = rectified_normal_moments(means, deviations)
    np.testing.assert_allclose(mean, drawn.mean(0), rtol=0, atol=5e-3)
    np.testing.assert_allclose(variance, drawn.var(0), rtol=0, atol=1e-2)


@pytest.mark.skipif(not (GOLDEN_MAPS.is_file() and DEEPLAB.is_file()), reason="../shared is not here")
def test_deeplab_gives_the_golden_maps():
    pytest.importorskip("tflite")
    with np.load(GOLDEN_MAPS) as golden:
        x = normalise(golden["image"], MEAN)[np.newaxis]
        encoder = MobileNetV2()
        images = x[:, :, ::2, ::2]
        load_folded_encoder(encoder, read_tflite_convolutions(DEEPLAB), images=images, mean=MEAN)
        for found, (name, (channels, pixels)) in zip(maps_of(encoder, x), GOLDEN_STEPS.items(), strict=True):
            sampled = found[0, ::channels, ::pixels, ::pixels]
            np.testing.assert_allclose(sampled, golden[name], rtol=0, atol=1e-3, err_msg=name)


# Other networks


def test_other_convolutions_are_named(folded):
    encoder = MobileNetV2()
    before = values_of(encoder)
    wider = folded[6]._replace(weight=np.zeros((48, 1, 3, 3), np.float32))
    for convolutions, parts in (
        ([], ["convolution 1 is missing", "(32, 3, 3, 3)"]),
        (folded[:20], ["convolution 21 is missing"]),
        ([*folded[:6], wider, *folded[7:]], ["convolution 7 is (48, 1, 3, 3), not (144, 24, 1, 1)"]),
        ([folded[0]._replace(weight=np.zeros((32, 4, 3, 3), np.float32)), *folded[1:]], ["convolution 1"]),
    ):
        with pytest.raises(UserError) as error:
            load_folded_encoder(encoder, convolutions, images=inputs(), mean=MEAN)
        assert all(part in str(error.value) for part in parts), str(error.value)
    for name, value in values_of(encoder).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)


def test_other_state_dicts_are_named(state):
    lacking = {name: value for name, value in state.items() if name != "features.4.conv.1.1.running_var"}
    narrow = {**state, "features.2.conv.0.0.weight": np.zeros((48, 8, 1, 1), np.float32)}
    for entries, part in (
        (lacking, "missing 1 of 255: features.4.conv.1.1.running_var"),
        (narrow, "features.2.conv.0.0.weight is (48, 8, 1, 1), not (96, 16, 1, 1)"),
        ({"fc.weight": np.zeros(3, np.float32)}, "missing 255 of 255"),
    ):
        with pytest.raises(UserError) as error:
            load_torchvision_encoder(MobileNetV2(), entries, mean=MEAN)
        assert part in str(error.value)


# The whole network


def write_photos(folder: Path, count: int) -> Path:
    for seed in range(count):
        write_image(folder / "more" / f"{seed}.png", photo(seed))
    return folder


@pytest.fixture
def writer():
    pytest.importorskip("tflite")
    from tests import tflite_writer

    return tflite_writer


@pytest.fixture
def tflite_file(writer, folded, tmp_path) -> Path:
    path = tmp_path / "mobilenet.tflite"
    writer.write_tflite(path, [writer.convolution(*each) for each in folded])
    return path


@pytest.fixture
def state_file(twin, tmp_path) -> Path:
    import torch

    entries = {**twin.state_dict(), "classifier.1.bias": torch.zeros(1000)}
    torch.save(entries, tmp_path / "mobilenet.pth")
    return tmp_path / "mobilenet.pth"


def assert_fresh_but_for_the_encoder(network: SHMNet, encoder: MobileNetV2, seed: int) -> None:
    fresh = SHMNet()
    initialise(fresh, seed)
    expected = values_of(fresh)
    converted = values_of(encoder)
    actual = values_of(network)
    assert list(actual) == list(expected) and len(actual) == 355
    for name, value in actual.items():
        wanted = converted.get(name.removeprefix("t_net.feature."), expected[name])
        np.testing.assert_array_equal(value, wanted, err_msg=name)


def test_command_line_with_a_tflite_file(tflite_file, folded, tmp_path, monkeypatch, capsys):
    photos = write_photos(tmp_path / "photos", 3)
    (photos / "broken.jpg").write_text("no photo")
    flags = ["--photos", photos, "--size", SIZE, "--mean", *OTHER_MEAN, "--seed", 7]
    command = ["get_init_weight.py", "--encoder", tflite_file, *flags, "--output", tmp_path / "init.ckpt"]
    monkeypatch.setattr("sys.argv", list(map(str, command)))
    assert main() == 3  # but for a photo
    printed, errors = capsys.readouterr()
    assert str(photos / "broken.jpg") in errors and len(errors.splitlines()) == 1
    assert "355 parameters" in printed and "3 photos" in printed
    assert read_model_info(tmp_path / "init.ckpt") == ModelInfo(size=SIZE, mean=OTHER_MEAN)

    images, _ = read_photos(photos, size=SIZE, mean=OTHER_MEAN)
    encoder = MobileNetV2()
    load_folded_encoder(encoder, folded, images=images, mean=OTHER_MEAN)
    assert_fresh_but_for_the_encoder(load_network(tmp_path / "init.ckpt"), encoder, seed=7)


def test_command_line_with_a_state_dict(state_file, state, tmp_path, monkeypatch):
    command = ["get_init_weight.py", "--encoder", str(state_file), "--output", str(tmp_path / "init.ckpt")]
    monkeypatch.setattr("sys.argv", command)
    assert main() == 0
    assert read_model_info(tmp_path / "init.ckpt") == ModelInfo(size=320, mean=MEAN)
    encoder = MobileNetV2()
    load_torchvision_encoder(encoder, state, mean=MEAN)
    assert_fresh_but_for_the_encoder(load_network(tmp_path / "init.ckpt"), encoder, seed=9527)
    monkeypatch.setattr("sys.argv", [*command, "--photos", str(tmp_path / "absent")])
    with pytest.raises(UserError, match=r"absent: is only needed for \.tflite files"):
        main()


def test_errors_name_the_file(writer, state_file, folded, tmp_path):
    import torch

    photos = write_photos(tmp_path / "photos", 1)
    writer.write_tflite(tmp_path / "short.tflite", [writer.convolution(*each) for each in folded[:9]])
    torch.save({"fc.weight": torch.zeros(3)}, tmp_path / "other.pth")
    for name, parts in (
        ("short.tflite", ["short.tflite: ", "convolution 10 is missing"]),
        ("other.pth", ["other.pth: ", "features.0.0.weight"]),
        ("absent.pth", ["absent.pth: no such file"]),
        ("absent.tflite", ["absent.tflite: no such file"]),
    ):
        with pytest.raises(UserError) as error:
            start_from_encoder(tmp_path / name, photos=photos, size=32, mean=ModelInfo().mean, seed=1)
        assert all(part in str(error.value) for part in parts), str(error.value)
    with pytest.raises(UserError, match=r"short\.tflite: .*--photos"):
        start_from_encoder(tmp_path / "short.tflite", size=32, mean=ModelInfo().mean, seed=1)
