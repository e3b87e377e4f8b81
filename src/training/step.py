"""One optimisation step, compiled: forward, backward, update."""

from collections.abc import Callable
from typing import NamedTuple

import mindspore as ms
from mindspore import Tensor, nn, ops

from src.common.world import World
from src.model.network import SHMNet
from src.systems.shm import Phase

_ADAM_BETAS = (0.9, 0.999)
_WEIGHT_DECAY = 5e-4  # added to the gradient
_FIRST_LOSS_SCALE = 2.0**16

TrainStep = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def make_optimizer(part: nn.Cell, learning_rate: float) -> nn.Adam:
    """Adam over all trainable parameters of `part`, each with the published weight decay.

    In a group of their own, since MindSpore's default spares batch normalisation from decay.
    """
    group = {"params": part.trainable_params(), "weight_decay": _WEIGHT_DECAY}
    beta1, beta2 = _ADAM_BETAS
    return nn.Adam([group], learning_rate=learning_rate, beta1=beta1, beta2=beta2)


def resolve_amp_level(amp_level: str, device_target: str) -> str:
    """The level in use: 'auto' is O2, but O0 (float32) on CPU, which has no fast float16."""
    if device_target == "CPU":
        if amp_level not in ("auto", "O0"):
            print(f"amp_level {amp_level}: the CPU computes in float32; going on with O0")
        return "O0"
    return "O2" if amp_level == "auto" else amp_level


def make_loss_scaler(amp_level: str) -> ms.amp.DynamicLossScaler | None:
    """Dynamic loss scaling for mixed precision; None for float32."""
    if amp_level == "O0":
        return None
    return ms.amp.DynamicLossScaler(scale_value=_FIRST_LOSS_SCALE, scale_factor=2, scale_window=1000)


def resume_state(optimizer: nn.Adam, loss_scaler: ms.amp.DynamicLossScaler | None) -> dict[str, ms.Parameter]:
    """What, besides the weights, a step changes: moments, step count, loss scale, by name."""
    weights = {parameter.name for parameter in optimizer.parameters}
    given = weights | {"learning_rate"}  # the rate comes from the configuration
    state = {
        parameter.name: parameter for parameter in optimizer.get_parameters() if parameter.name not in given
    }
    if loss_scaler is not None:
        state["loss_scale"] = loss_scaler.scale_value
        state["loss_scale_counter"] = loss_scaler.counter
    return state


def make_train_step(
    phase: Phase,
    parts: "SHMNet | MixedPrecisionParts",
    optimizer: nn.Adam,
    loss_scaler: ms.amp.DynamicLossScaler | None = None,
    world: World = World(),  # noqa: B008 - never changed
) -> TrainStep:
    """Compile the step of a phase, with T-Net and M-Net from `parts`.

    With several processes gradients are averaged, so that weights stay the same in all of them.

    Returns:
        A function of image, class map and alpha (as in `Batch`) and of a flag () float32. It updates the
        weights and returns whether all gradients were finite, then the loss terms in the order of
        `phase.terms` and the flag, all means over the processes. Where gradients were not finite, the
        weights stay as they are; a loss scaler then lowers its scale.
    """
    t_net, m_net = parts.t_net, parts.m_net
    predict, loss = phase.predict, phase.loss
    several = world.size > 1
    averaged = (
        nn.DistributedGradReducer(optimizer.parameters, mean=True, degree=world.size) if several else None
    )
    total = ops.AllReduce() if several else None

    def objective(image, class_map, alpha):
        terms = loss(predict(t_net, m_net, image, class_map), image, class_map, alpha)
        scaled = terms["loss"] if loss_scaler is None else loss_scaler.scale(terms["loss"])
        return scaled, terms

    gradients_of = ms.value_and_grad(objective, None, optimizer.parameters, has_aux=True)

    @ms.jit
    def step(image, class_map, alpha, flag):
        (_, terms), gradients = gradients_of(image, class_map, alpha)
        if loss_scaler is not None:
            gradients = loss_scaler.unscale(gradients)
        values = ops.stack((*terms.values(), flag))
        if several:
            gradients = averaged(gradients)
            values = total(values) / world.size
        is_finite = ms.amp.all_finite(gradients)
        if loss_scaler is not None:
            loss_scaler.adjust(is_finite)
        if is_finite:
            optimizer(gradients)
        # A dict returned from here keeps MindSpore 2.10's compiler busy for ever.
        return is_finite, values

    return step


def make_predict_step(phase: Phase, parts: "SHMNet | MixedPrecisionParts"):
    """Compile the prediction of a phase, for validation: (image, class_map) to `phase.outputs`."""
    t_net, m_net = parts.t_net, parts.m_net
    predict = phase.predict

    @ms.jit
    def step(image, class_map):
        return predict(t_net, m_net, image, class_map)

    return step


class MixedPrecisionParts(NamedTuple):
    """T-Net and M-Net as they compute in training; weights, inputs and outputs are float32."""

    t_net: nn.Cell
    m_net: nn.Cell


def mixed_precision_parts(network: SHMNet, amp_level: str) -> MixedPrecisionParts:
    """The parts of a network at an `amp_level`; call it once, since it changes their cells."""
    if amp_level == "O0":
        return MixedPrecisionParts(network.t_net, network.m_net)
    return MixedPrecisionParts(
        ms.amp.auto_mixed_precision(network.t_net, amp_level),
        ms.amp.auto_mixed_precision(network.m_net, amp_level),
    )
