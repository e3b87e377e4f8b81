"""Background Matting V2: networks against the original's numbers, names and sizes, modes of the refiner."""

from functools import cache

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, nn, ops

from src.model.background_matting.aspp import ASPP
from src.model.background_matting.layers import repeat_pixels, resize
from src.model.background_matting.network import BaseNetwork, RefineNetwork
from src.model.background_matting.refiner import FullRefiner, SamplingRefiner, ThresholdingRefiner
from tests import background_matting_golden as golden
from tests.background_matting_golden import TOLERANCE, needs_golden_files
from tests.golden_weights import load_golden_weights

VALUES = {  # and how many of them are trained
    "mobilenetv2": (5_042_047, 5_006_839),
    "resnet50": (40_304_479, 40_247_703),
    "resnet101": (59_348_831, 59_239_831),
}
MODES = {
    "full": lambda setting: FullRefiner(),
    "sampling": lambda setting: SamplingRefiner(int(setting)),
    "thresholding": lambda setting: ThresholdingRefiner(float(setting)),
}
STEPS = {"pha": 3, "fgr": 5, "fgr_sm": 3}  # between the pixels that the golden files keep
NUMBER_OF_CELLS = 20  # refined by sampling in the tests without golden files


@cache
def parameters_of(backbone: str) -> list[ms.Parameter]:
    """Of a network that no test changes."""
    return list(RefineNetwork(backbone).get_parameters())


# Golden files


def golden_network(backbone: str, mode: str, setting: float, scale: float = 0.25) -> RefineNetwork:
    network = RefineNetwork(backbone, MODES[mode](setting), scale).set_train(False)
    golden.load_golden_weights(network, backbone)
    return network


def assert_golden(outputs: tuple[Tensor, ...], expected: dict[str, np.ndarray], mode: str) -> None:
    """The small outputs stand in the files once for each scale."""
    names = ("pha", "fgr", "pha_sm", "fgr_sm", "err_sm")
    for name, output in zip(names, outputs[:-1], strict=True):
        step = STEPS.get(name, 1)
        found = output.asnumpy()[..., ::step, ::step]
        key = f"{mode}_{name}" if f"{mode}_{name}" in expected else f"full_{name}"
        np.testing.assert_allclose(found, expected[key], atol=TOLERANCE, err_msg=f"{mode} {name}")
    np.testing.assert_array_equal(outputs[-1].asnumpy(), expected[f"{mode}_ref"], err_msg=mode)


def golden_shapes(backbone: str) -> dict[str, str]:
    """Shapes by name; ResNet-101 has 17 more blocks in stage 3 than ResNet-50, all alike."""
    table = "resnet50" if backbone == "resnet101" else backbone
    shapes = {row["name"]: row["shape"] for row in golden.rows_of(f"parameters_{table}.tsv")}
    if backbone == "resnet101":
        last = "backbone.stage3.5."
        block = {name.removeprefix(last): shape for name, shape in shapes.items() if name.startswith(last)}
        for number in range(6, 23):
            shapes |= {f"backbone.stage3.{number}.{name}": shape for name, shape in block.items()}
    return shapes


@needs_golden_files
@pytest.mark.parametrize("backbone", ["mobilenetv2", "resnet50", "resnet101"])
def test_names_and_shapes(backbone):
    expected = golden_shapes(backbone)
    found = {each.name: "x".join(map(str, each.shape)) for each in parameters_of(backbone)}
    assert found == expected


@needs_golden_files
@pytest.mark.parametrize("backbone", ["mobilenetv2", "resnet50"])
def test_the_base_network_equals_the_original(backbone):
    network, scene = BaseNetwork(backbone).set_train(False), golden.scene()
    names = {row["name"] for row in golden.rows_of(f"parameters_{backbone}.tsv")}
    assert {each.name for each in network.get_parameters()} == {
        name for name in names if not name.startswith("refiner.")
    }
    golden.load_golden_weights(network, backbone)
    expected = golden.read(f"base_{backbone}.npz")
    outputs = network(Tensor(scene["small_src"]), Tensor(scene["small_bgr"]))
    for name, output in zip(("pha", "fgr", "err", "hid"), outputs, strict=True):
        step = 3 if name in ("fgr", "hid") else 1
        found = output.asnumpy()[..., ::step, ::step]
        np.testing.assert_allclose(found, expected[name], atol=TOLERANCE, err_msg=name)


@needs_golden_files
@pytest.mark.parametrize(("backbone", "modes"), [("mobilenetv2", list(MODES)), ("resnet50", ["sampling"])])
def test_the_modes_equal_the_original(backbone, modes):
    expected, scene = golden.read(f"refine_{backbone}.npz"), golden.scene()
    for mode in modes:
        network = golden_network(backbone, mode, expected.get(f"{mode}_setting"))
        assert_golden(network(Tensor(scene["src"]), Tensor(scene["bgr"])), expected, mode)


@needs_golden_files
def test_half_the_scale_in_graph_mode_equals_the_original():
    expected = golden.read("refine_mobilenetv2.npz")
    network = golden_network("mobilenetv2", "sampling", expected["scale_half_sampling_setting"], scale=0.5)
    images = (Tensor(golden.scene()[name][:1, :, :144, :208].copy()) for name in ("src", "bgr"))
    assert_golden(ms.jit(network.construct)(*images), expected, "scale_half_sampling")


# Without golden files


@pytest.mark.parametrize("backbone", VALUES)
def test_number_of_values(backbone):
    parameters = parameters_of(backbone)
    trained = [each for each in parameters if each.requires_grad]
    assert tuple(sum(each.size for each in kind) for kind in (parameters, trained)) == VALUES[backbone]


def test_sizes_that_cannot_be_refined_and_sizes_that_can():
    network = RefineNetwork(refiner=FullRefiner()).set_train(False)
    with pytest.raises(ValueError, match="multiples of 4, but the image is 66x64"):
        network(*[Tensor(np.zeros((1, 3, 66, 64), np.float32))] * 2)
    pha, *_, ref = network(*[Tensor(np.zeros((1, 3, 68, 92), np.float32))] * 2)
    assert pha.shape == (1, 1, 68, 92)
    assert ref.shape == (1, 1, 17, 23)


def test_one_image_is_no_batch_for_training():
    aspp, x = ASPP(3).set_train(True), np.random.default_rng(0).random((2, 3, 5, 6), np.float32)
    with pytest.raises(ValueError, match="2 images or more"):
        aspp(Tensor(x[:1]))
    assert aspp(Tensor(x)).shape == (2, 256, 5, 6)
    assert aspp.set_train(False)(Tensor(x[:1])).shape == (1, 256, 5, 6)


def test_dropout_keeps_what_the_batch_says():
    rng = np.random.default_rng(0)
    aspp, x = ASPP(3).set_train(True), Tensor(rng.random((2, 3, 5, 6), np.float32))
    kept = rng.integers(0, 2, (2, 256, 5, 6), np.uint8)
    whole = aspp(x).asnumpy()
    np.testing.assert_allclose(aspp(x, Tensor(kept)).asnumpy(), 2 * kept * whole, rtol=1e-5, atol=1e-6)
    aspp.set_train(False)
    np.testing.assert_array_equal(aspp(x, Tensor(kept)).asnumpy(), aspp(x).asnumpy())


def refiner(mode: type[nn.Cell], *settings: float) -> nn.Cell:
    made = mode(*settings).set_train(False)
    load_golden_weights(made)
    return made


def refiner_inputs(height: int, width: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Of two pictures; in the first, the base network expects errors in the last five cells alone."""
    rng = np.random.default_rng(seed)
    images = {name: rng.random((2, 3, height, width), np.float32) for name in ("src", "bgr")}
    small = 2, height // 4, width // 4
    channels = {"pha": 1, "residual": 3, "err": 1, "hid": 32}
    coarse = {name: rng.random((2, c, *small[1:]), np.float32) for name, c in channels.items()}
    coarse["err"].reshape(2, -1)[0, :-5] = 0
    return images | coarse


def expected_by_where(given: dict[str, np.ndarray], ref: np.ndarray) -> np.ndarray:
    """The whole picture refined, where ref says so, else as it was."""
    refined, _ = refiner(FullRefiner)(*map(Tensor, given.values()))
    matte = np.concatenate([given["pha"], given["residual"]], 1)
    coarse = resize(Tensor(matte), given["src"].shape[2:])
    return np.where(repeat_pixels(Tensor(ref), 4).asnumpy() > 0, refined.asnumpy(), coarse.asnumpy())


def largest_cells(err: np.ndarray, count: int) -> np.ndarray:
    flat = err.reshape(len(err), -1)
    chosen = np.argsort(-flat, 1)[:, :count]
    ref = np.zeros_like(flat)
    np.put_along_axis(ref, chosen, 1, 1)
    return (ref * (flat > 0)).reshape(err.shape)


def test_sampling_refines_the_cells_of_largest_error_as_the_whole_picture_is_refined():
    given = refiner_inputs(32, 48)
    refine = refiner(SamplingRefiner, 16 * NUMBER_OF_CELLS + 15)
    matte, ref = (each.asnumpy() for each in refine(*map(Tensor, given.values())))
    np.testing.assert_array_equal(ref, largest_cells(given["err"], NUMBER_OF_CELLS))
    assert ref.sum((1, 2, 3)).tolist() == [5, NUMBER_OF_CELLS]
    np.testing.assert_allclose(matte, expected_by_where(given, ref), atol=2e-6)

    given["err"][:] = 0  # the base network is sure everywhere
    matte, ref = (each.asnumpy() for each in refine(*map(Tensor, given.values())))
    assert not ref.any()
    np.testing.assert_array_equal(matte, expected_by_where(given, ref))


def test_more_cells_than_there_are_means_all_of_them():
    given = refiner_inputs(16, 20)
    matte, ref = refiner(SamplingRefiner)(*map(Tensor, given.values()))
    np.testing.assert_array_equal(ref.asnumpy(), given["err"] > 0)
    np.testing.assert_allclose(matte.asnumpy(), expected_by_where(given, ref.asnumpy()), atol=2e-6)


def test_thresholding_refines_the_cells_above_the_threshold():
    given = refiner_inputs(32, 48)
    matte, ref = refiner(ThresholdingRefiner, 0.6)(*map(Tensor, given.values()))
    np.testing.assert_array_equal(ref.asnumpy(), given["err"] > 0.6)
    np.testing.assert_array_equal(matte.asnumpy(), expected_by_where(given, ref.asnumpy()))


def test_gradients_of_sampling_are_those_of_the_whole_picture():
    given = {name: Tensor(value) for name, value in refiner_inputs(32, 48).items()}
    weight = Tensor(np.random.default_rng(1).normal(size=(2, 4, 32, 48)).astype(np.float32))
    ref = Tensor(largest_cells(given["err"].asnumpy(), NUMBER_OF_CELLS))
    sampling, full = refiner(SamplingRefiner, 16 * NUMBER_OF_CELLS), refiner(FullRefiner)

    def sampled(pha, residual, hid):
        matte, _ = sampling(given["src"], given["bgr"], pha, residual, given["err"], hid)
        return (weight * matte).sum()

    def everywhere(pha, residual, hid):
        refined, _ = full(given["src"], given["bgr"], pha, residual, given["err"], hid)
        coarse = resize(ops.concat((pha, residual), 1), (32, 48))
        return (weight * ops.where(repeat_pixels(ref, 4) > 0, refined, coarse)).sum()

    found, expected = (
        ms.grad(each, (0, 1, 2), by.trainable_params())(given["pha"], given["residual"], given["hid"])
        for each, by in ((sampled, sampling), (everywhere, full))
    )
    names = ("pha", "residual", "hid", *(each.name for each in full.trainable_params()))
    for name, ours, theirs in zip(names, (*found[0], *found[1]), (*expected[0], *expected[1]), strict=True):
        scale = np.abs(theirs.asnumpy()).max()
        assert scale > 1e-3, name
        np.testing.assert_allclose(ours.asnumpy(), theirs.asnumpy(), atol=1e-5 * scale, err_msg=name)
