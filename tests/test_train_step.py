"""One training step of each phase: what it changes, what it leaves alone, and that it can be resumed."""

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest

import src  # noqa: F401  sets the environment that MindSpore reads when it is imported

# isort: split
import mindspore as ms
from mindspore import Tensor, nn

from src.conversion.torch_state_dict import torch_name
from src.description.model_info import ModelInfo
from src.model.initialisation import initialise
from src.model.network import SHMNet
from src.model.weights import load_weights, save_parameters
from src.systems.shm import PHASES
from src.training.checkpoint import PhaseCheckpoints, Progress
from src.training.precision import make_loss_scaler, mixed_precision_parts, resolve_amp_level
from src.training.step import make_optimizer, make_predict_step, make_train_step, resume_state
from tests.golden_weights import load_golden_weights, random_image
from tests.thin_network import make_encoder_short, make_networks_thin

SIZE = 64
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 5e-4
INFO = ModelInfo(size=SIZE, mean=(114, 121, 134))
LARGE_SCALE = 2.0**110
LARGE_IMAGE = 1e8  # its composition loss, times LARGE_SCALE, has infinite gradients in float32
# Batch normalisation takes a shift of its input away again, so a shift right before it has no gradient: a
# bias of its own convolution, or beta of a linear projection that nothing but the next expansion reads.
HAS_NO_GRADIENT = re.compile(r"up_conv\.1\.bias|fusion\.0\.bias|block_[46]\..\.conv\.7\.beta")
SMALLEST_GRADIENT = 1e-6


def random_batch(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image, class map and alpha of two samples."""
    rng = np.random.RandomState(seed)
    class_map = rng.randint(0, 3, (2, SIZE, SIZE)).astype(np.int32)
    alpha = rng.uniform(0, 1, (2, 1, SIZE, SIZE)).astype(np.float32)
    return random_image(2, 3, SIZE, SIZE, seed=seed), class_map, alpha


def batch_of(image: np.ndarray, class_map: np.ndarray, alpha: np.ndarray) -> dict[str, Tensor]:
    return {"image": Tensor(image), "class_map": Tensor(class_map), "alpha": Tensor(alpha)}


class Training:
    """A network with golden weights, and its step.

    Weights and state must be set before the first step: it is compiled then, and MindSpore 2.10's
    compiled code does not see a `set_data` after that.
    """

    def __init__(self, phase: str, has_loss_scaler: bool = False):
        self.phase = PHASES[phase]
        self.network = SHMNet()
        load_golden_weights(self.network)
        self.network.set_train(True)
        self.part = self.phase.trained_part(self.network)
        self.optimizer = make_optimizer(self.part, LEARNING_RATE)
        self.scaler = make_loss_scaler("O2") if has_loss_scaler else None
        self.state = resume_state(self.optimizer, self.scaler)
        self._step = make_train_step(self.phase, self.network, self.optimizer, self.scaler)

    def step(self, seed: int = 0, image: np.ndarray | None = None) -> tuple[bool, dict[str, float]]:
        """Take one step on a random batch; returns whether gradients were finite, and the loss terms."""
        batch_image, class_map, alpha = random_batch(seed)
        image = batch_image if image is None else image
        controls = Tensor(np.float32(0.25)), Tensor(np.float32(LEARNING_RATE))
        is_finite, values = self._step(*controls, **batch_of(image, class_map, alpha))
        *terms, flag = values.asnumpy().tolist()
        assert flag == 0.25
        return bool(is_finite), dict(zip(self.phase.terms, terms, strict=True))

    def weights(self) -> dict[str, np.ndarray]:
        return values_of({parameter.name: parameter for parameter in self.network.get_parameters()})

    def trainable_names(self) -> set[str]:
        return {parameter.name for parameter in self.part.trainable_params()}


def values_of(parameters: dict[str, ms.Parameter]) -> dict[str, np.ndarray]:
    return {name: np.array(parameter.asnumpy()) for name, parameter in parameters.items()}


def changed(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name, value in before.items() if not np.array_equal(value, after[name])}


class FirstStep:
    """A training after one step, and the weights before and after it."""

    def __init__(self, phase: str):
        self.training = Training(phase)
        self.before = self.training.weights()
        self.is_finite, self.terms = self.training.step()
        self.after = self.training.weights()
        self.moments = values_of(self.training.state)

    def gradients(self) -> dict[str, np.ndarray]:
        """Of the loss: the first moment is now a tenth of the gradient with its weight decay."""
        return {
            name: self.moments[f"moment1.{name}"] / 0.1 - WEIGHT_DECAY * self.before[name]
            for name in self.training.trainable_names()
        }


@pytest.fixture(scope="module", params=list(PHASES))
def first(request) -> FirstStep:
    """End to end with blocks of all kinds; of thin networks where phases differ in what they train alone."""
    with pytest.MonkeyPatch.context() as patch:
        make_small = make_encoder_short if request.param == "end_to_end" else make_networks_thin
        make_small(patch)
        return FirstStep(request.param)


# What a step changes


def test_step_changes_the_whole_trained_part_and_nothing_else(first):
    part = {parameter.name for parameter in first.training.part.get_parameters()}
    assert changed(first.before, first.after) == part


def test_each_phase_trains_its_own_part(first):
    networks = {name.partition(".")[0] for name in first.training.trainable_names()}
    expected = {"pre_train_t_net": {"t_net"}, "pre_train_m_net": {"m_net"}, "end_to_end": {"t_net", "m_net"}}
    assert networks == expected[first.training.phase.name]


def test_losses_are_finite_and_named(first):
    assert first.is_finite
    assert tuple(first.terms) == first.training.phase.terms
    assert all(0 < value < 10 for value in first.terms.values())


def test_gradients_reach_every_trainable_parameter(first):
    for name, gradient in first.gradients().items():
        assert np.isfinite(gradient).all(), name
        assert np.abs(gradient).max() > SMALLEST_GRADIENT or HAS_NO_GRADIENT.search(name), name


def test_gradients_equal_those_of_the_torch_twin(first, monkeypatch):
    """In float64 there. In float32 a few ReLUs of a deep network fall on the other side of 0."""
    torch = pytest.importorskip("torch")
    from src.pytorch.losses import phase_loss
    from src.pytorch.network import SHMNet as TorchSHMNet
    from tests import torch_golden
    from tests.thin_torch_network import make_torch_encoder_short, make_torch_networks_thin

    is_whole = first.training.phase.name == "end_to_end"
    (make_torch_encoder_short if is_whole else make_torch_networks_thin)(monkeypatch)
    twin = TorchSHMNet().double().train()
    torch_golden.load_golden_weights(twin)
    image, class_map, alpha = map(torch.from_numpy, random_batch(seed=0))
    loss = phase_loss(twin, first.training.phase.name, image.double(), class_map.long(), alpha.double())
    loss.backward()
    assert first.terms["loss"] == pytest.approx(loss.item(), abs=1e-5)
    expected = {name: parameter.grad for name, parameter in twin.named_parameters()}
    for name, gradient in first.gradients().items():
        reference = expected[torch_name(name)].numpy()
        error = np.linalg.norm(gradient - reference)
        assert error < 0.05 * np.linalg.norm(reference) + SMALLEST_GRADIENT, name


def test_the_rate_of_change_is_the_learning_rate(first):
    """Adam's first step is the learning rate for every value with a gradient."""
    for name in first.training.trainable_names():
        step = np.abs(first.after[name] - first.before[name]).max()
        assert step == pytest.approx(LEARNING_RATE, rel=0.05), name


def test_nan_in_the_image_leaves_the_weights_alone(first):
    training = first.training
    image = random_image(2, 3, SIZE, SIZE)
    image[0, 0, 0, 0] = np.nan
    before, state = training.weights(), values_of(training.state)
    is_finite, _ = training.step(image=image)
    assert not is_finite
    trainable = training.trainable_names()
    assert not changed(before, training.weights()) & trainable
    assert not changed(state, values_of(training.state))


def test_the_loss_falls_on_a_batch_seen_again(first):
    for _ in range(8):
        _, terms = first.training.step()
    assert terms["loss"] < first.terms["loss"]


# What M-Net is given


class RecordingMNet(nn.Cell):
    """Keeps the trimap that it is given and answers with alpha_r = 0.25."""

    def construct(self, image, trimap):
        self.trimap = trimap.asnumpy()
        return trimap[:, :1] * 0 + 0.25


def test_m_net_phase_gives_the_one_hot_trimap_as_it_is():
    class_map = np.random.RandomState(2).randint(0, 3, (2, 8, 8)).astype(np.int32)
    m_net = RecordingMNet()
    image = Tensor(random_image(2, 3, 8, 8))
    parts, batch = SimpleNamespace(m_net=m_net), {"image": image, "class_map": Tensor(class_map)}
    (alpha,) = PHASES["pre_train_m_net"].predict(parts, batch)
    np.testing.assert_array_equal(m_net.trimap, np.moveaxis(np.eye(3, dtype=np.float32)[class_map], 3, 1))
    np.testing.assert_array_equal(alpha.asnumpy()[:, 0], np.array([0, 1, 0.25], np.float32)[class_map])


def test_end_to_end_phase_gives_the_predicted_probabilities():
    logits = np.random.RandomState(2).normal(0, 2, (2, 3, 8, 8)).astype(np.float32)
    m_net = RecordingMNet()
    parts = SimpleNamespace(t_net=lambda image: Tensor(logits), m_net=m_net)
    outputs = PHASES["end_to_end"].predict(parts, {"image": Tensor(logits)})
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(m_net.trimap, probability, atol=1e-6)
    np.testing.assert_array_equal(outputs[0].asnumpy(), logits)


# The optimizer


def test_adam_adds_the_weight_decay_to_every_gradient():
    """Against Adam in NumPy, batch normalisation's gamma and beta included.

    MindSpore adds epsilon to the root of the second moment as it is, not corrected for its start.
    """
    cell = nn.SequentialCell(nn.Conv2d(2, 3, 3, has_bias=True), nn.BatchNorm2d(3))
    rng = np.random.RandomState(3)
    expected, moments = {}, {}
    for parameter in cell.trainable_params():
        value = rng.normal(0, 1, parameter.shape).astype(np.float32)
        value.ravel()[0] = 0  # without decay, and with the small gradient below: epsilon counts
        parameter.set_data(Tensor(value))
        expected[parameter.name] = value.astype(np.float64)
        moments[parameter.name] = (0.0, 0.0)
    assert len(expected) == 4
    optimizer = make_optimizer(cell, LEARNING_RATE)
    for step in range(1, 4):
        gradients = []
        for name, value in expected.items():
            gradient = rng.normal(0, 1e-3, value.shape).astype(np.float32)
            gradient.ravel()[0] = 1e-7
            gradients.append(Tensor(gradient))
            decayed = gradient + WEIGHT_DECAY * value
            first, second = moments[name]
            first, second = 0.9 * first + 0.1 * decayed, 0.999 * second + 0.001 * decayed**2
            rate = LEARNING_RATE * math.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            expected[name] = value - rate * first / (np.sqrt(second) + 1e-8)
            moments[name] = first, second
        optimizer(tuple(gradients))
    for parameter in cell.trainable_params():
        np.testing.assert_allclose(parameter.asnumpy(), expected[parameter.name], rtol=1e-5, atol=2e-7)


# Mixed precision


@pytest.mark.parametrize("amp_level", ["O2", "O3"])
def test_mixed_precision_on_cpu_falls_back_and_says_so(amp_level, capsys):
    assert resolve_amp_level(amp_level, "CPU") == "O0"
    printed = capsys.readouterr().out
    assert amp_level in printed and "O0" in printed


@pytest.mark.parametrize(
    ("amp_level", "target", "expected"),
    [("auto", "CPU", "O0"), ("O0", "CPU", "O0"), ("auto", "GPU", "O2"), ("auto", "Ascend", "O2")]
    + [(level, "GPU", level) for level in ("O0", "O2", "O3")],
)
def test_other_levels_go_without_saying(amp_level, target, expected, capsys):
    assert resolve_amp_level(amp_level, target) == expected
    assert capsys.readouterr().out == ""


def test_float32_needs_no_loss_scaler():
    assert make_loss_scaler("O0") is None


def test_float16_alone_needs_a_loss_scaler():
    assert make_loss_scaler("O2") is not None
    assert make_loss_scaler("O2", "bfloat16") is None


class ScaledSteps:
    """A training with a loss scaler: a step that overflows, another, the state saved, one more."""

    def __init__(self, folder):
        training = Training("pre_train_m_net", has_loss_scaler=True)
        training.scaler.scale_value.set_data(Tensor(LARGE_SCALE, ms.float32))
        before, moments = training.weights(), values_of(resume_state(training.optimizer, None))
        self.overflow_is_finite, _ = training.step(image=LARGE_IMAGE * random_image(2, 3, SIZE, SIZE))
        self.changed_by_overflow = changed(before, training.weights()) & training.trainable_names()
        self.changed_by_overflow |= changed(moments, values_of(resume_state(training.optimizer, None)))
        self.scale_after_overflow = float(training.scaler.scale_value.asnumpy())

        self.is_finite, self.terms = training.step()
        self.after_step = {name: training.weights()[name] for name in training.trainable_names()}
        self.saved_state = values_of(training.state)
        self.folder = folder
        checkpoints = PhaseCheckpoints(folder, None, training.network, training.state, INFO)
        checkpoints.save(Progress(2, best_score=0.625))
        training.step(seed=2)
        self.last_weights = training.weights()
        self.last_state = values_of(training.state)


@pytest.fixture(scope="module")
def scaled(tmp_path_factory) -> ScaledSteps:
    """Of a thin network."""
    with pytest.MonkeyPatch.context() as patch:
        make_networks_thin(patch)
        return ScaledSteps(tmp_path_factory.mktemp("scaled"))


def test_overflow_halves_the_scale_and_skips_the_step(scaled):
    assert not scaled.overflow_is_finite
    assert scaled.scale_after_overflow == LARGE_SCALE / 2
    assert not scaled.changed_by_overflow


def test_a_scaled_step_equals_the_unscaled_one(thin, scaled):
    unscaled = FirstStep("pre_train_m_net")
    assert scaled.is_finite
    assert scaled.terms == pytest.approx(unscaled.terms, rel=1e-6)
    for name, value in scaled.after_step.items():
        np.testing.assert_allclose(value, unscaled.after[name], rtol=0, atol=1e-6, err_msg=name)


# Resuming


def test_resume_state_holds_all_that_a_step_changes_but_the_weights(first):
    names = {f"moment{i}.{name}" for i in (1, 2) for name in first.training.trainable_names()}
    assert set(first.moments) == names | {"beta1_power", "beta2_power", "global_step"}


@pytest.mark.parametrize("restores_state", [True, False])
def test_a_resumed_training_goes_on_bit_by_bit(thin, scaled, restores_state):
    """And without the optimizer's state it does not."""
    training = Training("pre_train_m_net", has_loss_scaler=True)
    initialise(training.network, seed=1)
    checkpoints = PhaseCheckpoints(
        scaled.folder, None, training.network, training.state if restores_state else {}, INFO
    )
    progress, _ = checkpoints.restore()
    assert progress == Progress(2, best_score=0.625)
    if restores_state:
        assert not changed(scaled.saved_state, values_of(training.state))
    training.step(seed=2)
    is_equal = not changed(scaled.last_weights, training.weights())
    assert is_equal == restores_state
    assert (not changed(scaled.last_state, values_of(training.state))) == restores_state


def test_both_nets_together_go_on_bit_by_bit(thin, tmp_path):
    unbroken = Training("end_to_end")
    unbroken.step(seed=1)
    PhaseCheckpoints(tmp_path, None, unbroken.network, unbroken.state, INFO).save_within_epoch(Progress(0, 1))
    unbroken.step(seed=2)
    resumed = Training("end_to_end")
    initialise(resumed.network, seed=1)
    PhaseCheckpoints(tmp_path, None, resumed.network, resumed.state, INFO).restore()
    resumed.step(seed=2)
    assert not changed(unbroken.weights(), resumed.weights())
    assert not changed(values_of(unbroken.state), values_of(resumed.state))


# Prediction


def test_prediction_sees_what_training_changed(thin):
    """Compiled prediction and compiled training share the weights, and each its own mode."""
    training = Training("pre_train_m_net")
    batch = batch_of(*random_batch(seed=0))
    predict = make_predict_step(training.phase, training.network)
    predictions = []
    for seed in range(3):
        training.network.set_train(True)
        training.step(seed=seed)
        training.network.set_train(False)
        statistics = training.weights()
        (alpha,) = predict(**batch)
        (expected,) = training.phase.predict(training.network, batch)
        np.testing.assert_allclose(alpha.asnumpy(), expected.asnumpy(), atol=1e-5)
        assert not changed(statistics, training.weights())
        predictions.append(alpha.asnumpy())
    assert np.abs(predictions[0] - predictions[1]).max() > 1e-3
    assert np.abs(predictions[1] - predictions[2]).max() > 1e-3


@pytest.mark.parametrize(
    ("amp_level", "amp_dtype"), [("O0", "float16"), ("O2", "float16"), ("O3", "bfloat16")]
)
def test_mixed_precision_keeps_names_and_checkpoints(thin, amp_level, amp_dtype, tmp_path):
    network = SHMNet()
    names = [parameter.name for parameter in network.get_parameters()]
    parts = mixed_precision_parts(network, amp_level, amp_dtype)
    assert [parameter.name for parameter in parts.get_parameters()] == names
    assert [parameter.name for parameter in network.get_parameters()] == names
    save_parameters(network, tmp_path / "mixed.ckpt")
    load_weights(SHMNet(), tmp_path / "mixed.ckpt")
