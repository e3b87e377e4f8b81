"""PSPNet: against the original's numbers, names and sizes, its pyramid, initial weights."""

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, ops

from src.loss import t_net_loss
from src.model.pspnet.cells import pooling_matrix, resizing_matrix
from src.model.pspnet.initialisation import initialise
from src.model.pspnet.network import PSPNet, Up, dropout_shares, predict_trimap
from src.model.pspnet.pyramid import FoldedPyramid, Pyramid, fold_pyramids
from src.training.step import make_optimizer
from tests import pspnet_golden as golden
from tests.golden_weights import load_golden_weights, random_image
from tests.pspnet_golden import TOLERANCE, needs_golden_files
from tests.thin_network import make_pspnet_thin

# Golden files


@needs_golden_files
def test_the_network_equals_the_original_in_evaluation_and_in_training():
    """One test, since its weights take seconds to make."""
    network = PSPNet()
    found = {each.name: "x".join(map(str, each.shape)) for each in network.get_parameters()}
    assert found == {row["mindspore"]: row["shape"] for row in golden.table()}
    assert sum(each.size for each in network.get_parameters()) == 53_370_886
    assert sum(each.size for each in network.trainable_params()) == 53_316_998
    golden.load_golden_weights(network)
    check_evaluation(network.set_train(False))
    check_training_step(network.set_train(True))


def check_evaluation(network: PSPNet) -> None:
    """One picture with the pyramid as it is, the other with the folded one."""
    expected = golden.read("forward.npz")
    image = {size: Tensor(golden.normalised(expected[f"image_{size}"])) for size in ("96x96", "64x104")}
    logits = network(image["64x104"])
    np.testing.assert_allclose(logits.asnumpy(), expected["logits_64x104"], atol=TOLERANCE)
    loss = t_net_loss(logits, Tensor(expected["class_map_64x104"].astype(np.int32)))["loss"]
    assert float(loss.asnumpy()) == pytest.approx(float(expected["loss_64x104"]), abs=1e-5)

    stages = list(network.feats(image["96x96"]))
    for part in (FoldedPyramid(network.psp), network.up_1, network.up_2, network.up_3):
        stages.append(part(stages[-1]))
    found = [[each.mean(), each.std(), each.ravel()[-1]] for each in (y.asnumpy() for y in stages)]
    np.testing.assert_allclose(found, expected["stages_96x96"], atol=TOLERANCE)
    logits = network.final(stages[-1]).asnumpy()
    np.testing.assert_allclose(logits, expected["logits_96x96"], atol=TOLERANCE)


def check_training_step(network: PSPNet) -> None:
    """Its gradients, the statistics and weights that it leaves, and the next loss; without dropout."""
    expected, trained = golden.read("train_step.npz"), network.trainable_params()
    image = Tensor(golden.normalised(expected["image"]))
    truth = Tensor(expected["class_map"].astype(np.int32))

    def objective():
        logits = network(image)
        return t_net_loss(logits, truth)["loss"], logits

    (loss, logits), gradients = ms.value_and_grad(objective, None, trained, has_aux=True)()
    np.testing.assert_allclose(logits.asnumpy(), expected["logits"], atol=1e-3)
    ours = {row["pytorch"]: row["mindspore"] for row in golden.table()}
    watched = [ours[name] for name in expected["watched"]]
    gradient_of = {each.name: found.asnumpy() for each, found in zip(trained, gradients, strict=True)}
    norms, true_norms = (np.linalg.norm(gradient_of[name]) for name in watched), expected["gradient_norms"]
    np.testing.assert_allclose(list(norms), true_norms, rtol=0.01)
    firsts = [gradient_of[name].ravel()[0] for name in watched]
    np.testing.assert_allclose(firsts / true_norms, expected["gradient_first"] / true_norms, atol=0.01)

    make_optimizer(network, 1e-4)(gradients)
    value_of = {each.name: each.asnumpy() for each in network.get_parameters()}
    after = [value_of[name].ravel()[0] for name in watched]
    np.testing.assert_allclose(after, expected["weight_first_after"], atol=2e-5)
    for kind, ours in (("mean", "moving_mean"), ("variance", "moving_variance")):
        for layer in ("feats.bn1", "feats.layer4.2.bn3", "up_3.conv.1"):
            found = value_of[f"{layer}.{ours}"][:8]
            np.testing.assert_allclose(found, expected[f"{kind}_after:{layer}"], atol=1e-5)
    losses = [float(loss.asnumpy()), float(objective()[0].asnumpy())]
    np.testing.assert_allclose(losses, expected["losses"][:2], rtol=0.01)


@needs_golden_files
@pytest.mark.parametrize("size", ["50x50", "12x12", "8x13", "4x5"])
def test_pooling_and_resizing_equal_the_original(size):
    expected = golden.read("pooling.npz")
    maps = expected[f"map_{size}"]
    height, width = maps.shape[-2:]
    for side in (1, 2, 3, 6):
        cells = pooling_matrix(side, height) @ maps @ pooling_matrix(side, width).T
        np.testing.assert_allclose(cells, expected[f"pool_{size}_{side}"], atol=1e-6)
        back = resizing_matrix(height, side) @ cells @ resizing_matrix(width, side).T
        np.testing.assert_allclose(back, expected[f"resized_{size}_{side}"], atol=1e-6)


# Without golden files


@pytest.fixture
def thin(monkeypatch) -> PSPNet:
    make_pspnet_thin(monkeypatch)
    network = PSPNet()
    load_golden_weights(network)
    return network


def test_sizes_are_multiples_of_eight(thin):
    with pytest.raises(ValueError, match="multiples of 8, but the image is 64x68"):
        thin(Tensor(np.zeros((1, 3, 64, 68), np.float32)))
    assert thin(Tensor(np.zeros((1, 3, 40, 56), np.float32))).shape == (1, 3, 40, 56)


def test_a_folded_pyramid_computes_the_same():
    """In maps of more, of as many and of fewer rows than the six of the cells."""
    pyramid = Pyramid(5, 7).set_train(False)
    load_golden_weights(pyramid)
    folded = FoldedPyramid(pyramid).set_train(False)
    for height, width in ((11, 13), (6, 6), (4, 5)):
        x = Tensor(random_image(2, 5, height, width))
        expected = pyramid(x).asnumpy()
        assert expected.std() > 0.01
        np.testing.assert_allclose(folded(x).asnumpy(), expected, atol=1e-6)


def test_the_pyramid_sees_the_means_of_regions_that_may_overlap():
    pyramid = Pyramid(2, 3).set_train(False)
    load_golden_weights(pyramid)
    x = Tensor(random_image(1, 2, 8, 13))
    maps = []
    for side, stage in zip((1, 2, 3, 6), pyramid.stages, strict=True):
        cells = stage[1](ops.adaptive_avg_pool2d(x, side))
        maps.append(ops.interpolate(cells, size=(8, 13), mode="bilinear", align_corners=False))
    expected = ops.relu(pyramid.bottleneck(ops.concat((*maps, x), 1)))
    np.testing.assert_allclose(pyramid(x).asnumpy(), expected.asnumpy(), atol=1e-6)


def test_dropout_drops_whole_channels_in_training_alone(thin):
    image = Tensor(random_image(2, 3, 32, 40))
    kept = np.ones((2, sum(channels for channels, _ in dropout_shares())), np.uint8)
    thin.set_train(True)
    for part, x, channels, share in (
        (thin.up_3, Tensor(random_image(2, 4, 6, 8)), 4, 0.15),
        (thin.psp, Tensor(random_image(2, 16, 4, 5)), 8, 0.3),
    ):
        some = np.ones((2, channels), np.uint8)
        some[0, 1] = 0
        expected = part(x).asnumpy() / (1 - share)
        expected[0, 1] = 0
        np.testing.assert_allclose(part(x, Tensor(some)).asnumpy(), expected, rtol=1e-5, atol=1e-6)
        assert expected[1, 1].any()
    thin.final.construct = lambda y: y
    kept[0, -1] = 0  # of up_3
    found = predict_trimap(thin, image, Tensor(kept)).asnumpy()
    assert not found[0, -1].any() and found[1, -1].any() and found[0, -2].any()
    thin.set_train(False)
    dropped = predict_trimap(thin, image, Tensor(0 * kept)).asnumpy()
    np.testing.assert_array_equal(dropped, thin(image).asnumpy())


def test_a_network_is_folded_in_place(thin):
    image = Tensor(random_image(1, 3, 40, 32))
    expected = thin.set_train(False)(image).asnumpy()
    fold_pyramids(thin)
    assert isinstance(thin.psp, FoldedPyramid)
    np.testing.assert_allclose(thin.set_train(False)(image).asnumpy(), expected, atol=1e-6)


def test_gradients_are_the_same_in_every_run():
    """Those of MindSpore's PReLU are not; those of this one are right."""
    up, x = Up(4, 4).set_train(True), Tensor(random_image(4, 4, 24, 24))
    load_golden_weights(up)
    weight = Tensor(random_image(4, 4, 48, 48, seed=1))
    gradients_of = ms.grad(lambda: (up(x) * weight).sum(), None, up.trainable_params())
    first = [each.asnumpy() for each in gradients_of()]
    for _ in range(5):
        again = gradients_of()
        assert all((one == other.asnumpy()).all() for one, other in zip(first, again, strict=True))
    before = up.conv[1](up.conv[0](up.up(x))).asnumpy()
    expected = (weight.asnumpy() * np.minimum(before, 0)).sum()
    assert first[-1] == pytest.approx(expected, rel=1e-3)


def test_initial_weights(thin):
    initialise(thin, 3)
    values = {each.name: each.asnumpy() for each in thin.get_parameters()}
    first = values["feats.conv1.weight"]
    assert first.std() == pytest.approx((2 / (49 * 64)) ** 0.5, rel=0.03)
    assert abs(first).max() > 2.5 * first.std()  # normal, not uniform
    bound = (9 * 8) ** -0.5
    assert 0.9 * bound < np.abs(values["up_1.conv.0.weight"]).max() <= bound
    assert values["up_2.conv.2.w"] == 0.25
    assert (values["feats.layer4.1.bn3.gamma"] == 1).all()
    initialise(thin, 3)
    again = {each.name: each.asnumpy() for each in thin.get_parameters()}
    assert all((again[name] == value).all() for name, value in values.items())
    initialise(thin, 4)
    assert (thin.feats.stem.conv.weight.asnumpy() != first).all()
