"""One optimisation step, compiled: forward, backward, update."""

from collections.abc import Callable

import mindspore as ms
from mindspore import Tensor, nn, ops

from src.common.world import World
from src.systems.system import Phase

_ADAM_BETAS = (0.9, 0.999)
_WEIGHT_DECAY = 5e-4  # added to the gradient

TrainStep = Callable[..., tuple[Tensor, Tensor]]


def make_optimizer(part: nn.Cell, learning_rate: float) -> nn.Adam:
    """Adam over all trainable parameters of `part`, each with the published weight decay.

    In a group of their own, since MindSpore's default spares batch normalisation from decay.
    """
    group = {"params": part.trainable_params(), "weight_decay": _WEIGHT_DECAY}
    beta1, beta2 = _ADAM_BETAS
    return nn.Adam([group], learning_rate=learning_rate, beta1=beta1, beta2=beta2)


def resume_state(optimizer: nn.Adam, loss_scaler: ms.amp.DynamicLossScaler | None) -> dict[str, ms.Parameter]:
    """What, besides the weights, a step changes: moments, step count, loss scale, by name."""
    weights = {parameter.name for parameter in optimizer.parameters}
    given = weights | {"learning_rate"}  # every step is told its own
    state = {
        parameter.name: parameter for parameter in optimizer.get_parameters() if parameter.name not in given
    }
    if loss_scaler is not None:
        state["loss_scale"] = loss_scaler.scale_value
        state["loss_scale_counter"] = loss_scaler.counter
    return state


def make_train_step(
    phase: Phase,
    parts: nn.Cell,
    optimizer: nn.Adam,
    loss_scaler: ms.amp.DynamicLossScaler | None = None,
    world: World = World(),  # noqa: B008 - never changed
) -> TrainStep:
    """Compile the step of a phase, with the parts of its network from `parts`.

    With several processes gradients are averaged, so that weights stay the same in all of them.

    Returns:
        A function of a flag () float32, the learning rate () float32 and, by name, the tensors of a batch. It
        updates the weights and returns whether all gradients were finite, then the loss terms in the order of
        `phase.terms` and the flag, all means over the processes. Where gradients were not finite, the
        weights stay as they are; a loss scaler then lowers its scale.
    """
    predict, loss = phase.predict, phase.loss
    several = world.size > 1
    averaged = (
        nn.DistributedGradReducer(optimizer.parameters, mean=True, degree=world.size) if several else None
    )
    total = ops.AllReduce() if several else None

    def objective(batch):
        terms = loss(predict(parts, batch), batch)
        scaled = terms["loss"] if loss_scaler is None else loss_scaler.scale(terms["loss"])
        return scaled, terms

    gradients_of = ms.value_and_grad(objective, None, optimizer.parameters, has_aux=True)

    @ms.jit  # a dict as one argument would be a constant, and every batch compiled anew
    def step(flag, rate, **batch):
        (_, terms), gradients = gradients_of(batch)
        if loss_scaler is not None:
            gradients = loss_scaler.unscale(gradients)
        values = ops.stack((*terms.values(), flag))
        if several:
            gradients = averaged(gradients)
            values = total(values) / world.size
        is_finite = ms.amp.all_finite(gradients)
        if loss_scaler is not None:
            loss_scaler.adjust(is_finite)
        ops.assign(optimizer.learning_rate, rate)
        if is_finite:
            optimizer(gradients)
        # A dict returned from here keeps MindSpore 2.10's compiler busy for ever.
        return is_finite, values

    return step


def make_predict_step(phase: Phase, parts: nn.Cell) -> Callable[..., tuple[Tensor, ...]]:
    """Compile the prediction of a phase: the tensors of a batch, by name, to `phase.outputs`."""
    predict = phase.predict

    @ms.jit
    def step(**batch):
        return predict(parts, batch)

    return step
