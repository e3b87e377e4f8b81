"""The phases of src/pytorch/train.py: the network, the part that is trained, and the loss of a batch."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from src.conversion.torch_state_dict import torch_name
from src.description.model_info import ModelInfo
from src.description.traits import SystemName
from src.pytorch.background_matting import RefineNetwork
from src.pytorch.background_matting_loss import base_loss, refine_loss
from src.pytorch.batch import (
    Batch,
    DatasetSamples,
    PlateBatch,
    alpha_samples,
    letterboxed_samples,
    plate_samples,
)
from src.pytorch.clips import ClipBatch, frame_samples
from src.pytorch.losses import phase_loss, trained_part
from src.pytorch.modnet import MODNet, supervised_loss
from src.pytorch.modnet_samples import light_up, normalise, previous_alpha, soft_trimap
from src.pytorch.network import SHMNet
from src.pytorch.pspnet import TrimapNetwork, published_classes

State = Mapping[str, np.ndarray]  # weights by name


class Phase(NamedTuple):
    """A phase of training."""

    system: SystemName  # that the weights are converted to
    build: Callable[[], nn.Module]
    trained_part: Callable[[nn.Module], nn.Module]
    loss: Callable[..., torch.Tensor]  # of (network, mean network, batch, pyramid_weight)
    torch_state: Callable[[State], State]  # of a checkpoint's weights by our names
    open_samples: Callable[..., DatasetSamples] = alpha_samples
    weight_decay: float = 5e-4
    rates: Mapping[str, float] = MappingProxyType({})  # of its parts, relative to the learning rate
    has_pyramid_loss: bool = False


def _less_mean(batch: Batch, system: SystemName) -> torch.Tensor:
    mean = torch.tensor(ModelInfo(system=system).mean, device=batch.colours.device)
    return batch.colours - mean[:, None, None] / 255


def _shm_loss(name: str):
    def loss(network: nn.Module, teacher: nn.Module, batch: Batch, pyramid_weight: float) -> torch.Tensor:
        image = _less_mean(batch, "shm")
        return phase_loss(network, name, image, batch.class_map, batch.alpha, pyramid_weight=pyramid_weight)

    return loss


def _modnet_loss(sees_previous: bool):
    def loss(
        network: nn.Module, teacher: nn.Module, batch: Batch | ClipBatch, pyramid_weight: float
    ) -> torch.Tensor:
        if isinstance(batch, ClipBatch):
            return _clip_loss(network, batch)
        learns = network.training
        image = normalise(light_up(batch) if learns else batch.colours)
        seen = image
        if sees_previous:
            seen = torch.cat((image, previous_alpha(teacher, image, batch.alpha, disturbs=learns)), 1)
        outputs = [each.float() for each in network(seen)]
        return sum(supervised_loss(*outputs, image=image, alpha=batch.alpha, trimap=soft_trimap(batch.alpha)))

    return loss


def _clip_loss(network: nn.Module, batch: ClipBatch) -> torch.Tensor:
    seen = torch.cat((batch.image, batch.previous), 1)
    semantic, detail, matte = (each.float() for each in network(seen))
    # Where alpha is not known, the matte counts as right.
    matte = batch.known * matte + (1 - batch.known) * batch.alpha
    labels = {"image": batch.image, "alpha": batch.alpha, "trimap": batch.trimap}
    return sum(supervised_loss(semantic, detail, matte, **labels))


def _plate_loss(is_base: bool):
    def loss(
        network: nn.Module, teacher: nn.Module, batch: PlateBatch, pyramid_weight: float
    ) -> torch.Tensor:
        predict, compare = (network.predict_base, base_loss) if is_base else (network, refine_loss)
        outputs = [each.float() for each in predict(batch.image, batch.plate)]
        return sum(compare(*outputs, true_pha=batch.alpha, true_fgr=batch.foreground))

    return loss


def _trimap_loss(network: nn.Module, teacher: nn.Module, batch: Batch, pyramid_weight: float) -> torch.Tensor:
    logits = network(_less_mean(batch, "pspnet"))
    return nn.functional.cross_entropy(logits, published_classes(batch.class_map))


def shm_state(weights: State) -> State:
    """The state dict of SHM, without counters, of weights by our names."""
    return {torch_name(name): value for name, value in weights.items()}


def _modnet_state(weights: State) -> State:
    from src.conversion.modnet import original_name  # needs MindSpore

    return {original_name(name): value for name, value in weights.items()}


def _plate_state(weights: State) -> State:
    from src.conversion.background_matting import original_names  # needs MindSpore

    names = original_names(weights)
    return {names[name]: value for name, value in weights.items()}


def _trimap_state(weights: State) -> State:
    from src.conversion.pspnet import original_state  # needs MindSpore

    return original_state(weights)


def _whole(network: nn.Module) -> nn.Module:
    return network


def _all_but_the_refiner(network: nn.Module) -> nn.Module:
    return nn.ModuleDict({name: part for name, part in network.named_children() if name != "refiner"})


def _of_shm(name: str) -> Phase:
    return Phase(
        "shm",
        SHMNet,
        lambda network: trained_part(network, name),
        _shm_loss(name),
        shm_state,
        has_pyramid_loss=name != "pre_train_t_net",
    )


def _of_plates(name: str, part: Callable[[nn.Module], nn.Module], rates: Mapping[str, float]) -> Phase:
    return Phase(
        "background_matting",
        lambda: RefineNetwork(None),
        part,
        _plate_loss(is_base=name == "base"),
        _plate_state,
        plate_samples(name),
        weight_decay=0,
        rates=rates,
    )


PHASES = {
    **{name: _of_shm(name) for name in ("pre_train_t_net", "pre_train_m_net", "end_to_end")},
    "supervised": Phase("modnet", MODNet, _whole, _modnet_loss(sees_previous=False), _modnet_state),
    "video": Phase(
        "modnet_video",
        lambda: MODNet(4),
        _whole,
        _modnet_loss(sees_previous=True),
        _modnet_state,
        frame_samples,
    ),
    "base": _of_plates("base", _all_but_the_refiner, {"aspp": 5, "decoder": 5}),
    "refine": _of_plates("refine", _whole, {"decoder": 2, "refiner": 6}),
    "t_net": Phase("pspnet", TrimapNetwork, _whole, _trimap_loss, _trimap_state, letterboxed_samples),
}
