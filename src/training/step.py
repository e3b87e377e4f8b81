"""One optimisation step, compiled: forward, backward, update."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from src.common.world import World
from src.systems.system import Adam, Backup, Momentum, Phase

NO_RATES: Mapping[str, float] = MappingProxyType({})
TrainStep = Callable[..., tuple[Tensor, Tensor]]


def make_optimizer(
    part: nn.Cell,
    learning_rate: float,
    settings: Adam | Momentum = Adam(),  # noqa: B008 - frozen
    rates: Mapping[str, float] = NO_RATES,
) -> nn.Optimizer:
    """Make the optimizer for all trainable parameters of `part`.

    With Adam, the parameters form explicit groups, since by default MindSpore does not decay batch
    normalisation.

    Args:
        part: the network, or a part of it.
        learning_rate: at the start; each step is given its own.
        settings: of the optimizer.
        rates: factors of the learning rate, as in `Phase`; with Adam only.
    """
    parameters = part.trainable_params()
    if isinstance(settings, Momentum):
        return nn.Momentum(parameters, learning_rate, settings.momentum)
    groups = [{"params": parameters}]
    if rates:
        factors = [_factor(parameter, rates) for parameter in parameters]
        groups = [
            {
                "params": [each for each, own in zip(parameters, factors, strict=True) if own == factor],
                "lr": learning_rate * factor,
            }
            for factor in sorted(set(factors))
        ]
    groups = [{**group, "weight_decay": settings.weight_decay} for group in groups]
    beta1, beta2 = settings.betas
    return nn.Adam(groups, learning_rate=learning_rate, beta1=beta1, beta2=beta2)


def _factor(parameter: ms.Parameter, rates: Mapping[str, float]) -> float:
    """The factor of a parameter's learning rate; its part of the network is the start of its name."""
    return rates.get(parameter.name.partition(".")[0], 1)


def _rate_parameters(
    optimizer: nn.Optimizer, rates: Mapping[str, float]
) -> tuple[tuple[ms.Parameter, ...], tuple[float, ...]]:
    """The optimizer's learning rates, and their factors."""
    if not optimizer.is_group_lr:
        return (optimizer.learning_rate,), (1,)
    found = {
        rate.name: (rate, _factor(parameter, rates))
        for parameter, rate in zip(optimizer.parameters, optimizer.learning_rate, strict=True)
    }
    parameters, factors = zip(*found.values(), strict=True)
    return parameters, factors


def resume_state(
    optimizer: nn.Optimizer, loss_scaler: ms.amp.DynamicLossScaler | None
) -> dict[str, ms.Parameter]:
    """Return the state that a step changes besides the weights, by name: moments, step count, loss scale."""
    weights = {parameter.name for parameter in optimizer.parameters}
    state = {
        parameter.name: parameter
        for parameter in optimizer.get_parameters()
        # The rates are passed to every step.
        if parameter.name not in weights and not parameter.name.startswith("learning_rate")
    }
    if loss_scaler is not None:
        state["loss_scale"] = loss_scaler.scale_value
        state["loss_scale_counter"] = loss_scaler.counter
    return state


def make_train_step(
    phase: Phase,
    parts: nn.Cell,
    optimizer: nn.Optimizer,
    loss_scaler: ms.amp.DynamicLossScaler | None = None,
    world: World = World(),  # noqa: B008 - never changed
) -> TrainStep:
    """Compile the training step of a phase.

    With several processes, gradients are averaged, so that all keep the same weights.

    Args:
        phase: the phase, with its loss and prediction.
        parts: a cell with the parts of the network as attributes; see `mixed_precision_parts`.
        optimizer: from `make_optimizer`.
        loss_scaler: dynamic loss scaling; None for none.
        world: the processes that train together.

    Returns:
        A function of a flag () float32, the learning rate () float32 and, by name, the tensors of a batch. It
        updates the weights and returns whether all gradients were finite, () bool, and the loss terms in the
        order of `phase.terms` followed by the flag, (terms + 1,) float32, averaged over the processes. If a
        gradient is not finite, the weights are left unchanged, and a loss scaler lowers its scale.
    """
    predict, loss = phase.predict, phase.loss
    rate_parameters, factors = _rate_parameters(optimizer, phase.rates)
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

    @ms.jit  # a dict argument would be a constant, recompiled for every batch
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
        for parameter, factor in zip(rate_parameters, factors):  # noqa: B905 - unknown to graph mode
            ops.assign(parameter, rate * factor)
        if is_finite:
            optimizer(gradients)
        # MindSpore 2.10's compiler never finishes if a dict is returned here.
        return is_finite, values

    return step


def make_predict_step(phase: Phase | Backup, parts: nn.Cell) -> Callable[..., tuple[Tensor, ...]]:
    """Compile what a phase or its backup predicts, from the tensors of a batch by name."""
    predict = phase.predict

    @ms.jit
    def step(**batch):
        return predict(parts, batch)

    return step


def in_batches(predict: Callable[..., tuple[Tensor, ...]], size: int) -> Callable[..., tuple[Tensor, ...]]:
    """Let a prediction take any number of images; it computes `size` at a time, so one shape is compiled.

    Args:
        predict: from the tensors of `size` images by name.
        size: images of a batch; the last one is filled up with copies of its last image.
    """

    def predict_all(**tensors: Tensor) -> tuple[Tensor, ...]:
        count = len(next(iter(tensors.values())))
        if count == size:
            return predict(**tensors)
        arrays = {name: tensor.asnumpy() for name, tensor in tensors.items()}
        batches = []
        for start in range(0, count, size):
            chosen = np.minimum(np.arange(start, start + size), count - 1)
            outputs = predict(**{name: Tensor(values[chosen]) for name, values in arrays.items()})
            batches.append([output.asnumpy() for output in outputs])
        return tuple(Tensor(np.concatenate(parts)[:count]) for parts in zip(*batches, strict=True))

    return predict_all
