"""The phases of src/pytorch/train.py: the network, the part that is trained, and the loss of a batch."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import nn

from src.conversion.torch_state_dict import torch_name
from src.pytorch.background_matting import RefineNetwork
from src.pytorch.background_matting_loss import base_loss, refine_loss
from src.pytorch.batch import Batch, DatasetSamples, PlateBatch, alpha_samples, plate_samples
from src.pytorch.clips import ClipBatch, frame_samples
from src.pytorch.losses import phase_loss, trained_part
from src.pytorch.modnet import MODNet, supervised_loss
from src.pytorch.modnet_samples import light_up, normalise, previous_alpha, soft_trimap
from src.pytorch.network import SHMNet
from src.systems.model_info import ModelInfo


class Phase(NamedTuple):
    """A phase of training."""

    build: Callable[[], nn.Module]
    trained_part: Callable[[nn.Module], nn.Module]
    loss: Callable[..., torch.Tensor]  # of (network, mean network, batch, pyramid_weight)
    torch_names: Callable[[Iterable[str]], dict[str, str]]  # PyTorch's names of our parameters
    open_samples: Callable[..., DatasetSamples] = alpha_samples
    takes_pictures: bool = True  # of photos alone, in place of those of the data set
    weight_decay: float = 5e-4
    rates: Mapping[str, float] = MappingProxyType({})  # of its parts, relative to the learning rate


def _shm_loss(name: str):
    mean = torch.tensor(ModelInfo().mean)[None, :, None, None] / 255

    def loss(network: nn.Module, teacher: nn.Module, batch: Batch, pyramid_weight: float) -> torch.Tensor:
        image = batch.colours - mean.to(batch.colours.device)
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


def shm_names(names: Iterable[str]) -> dict[str, str]:
    """PyTorch's names of SHM's parameters."""
    return {name: torch_name(name) for name in names}


def _modnet_names(names: Iterable[str]) -> dict[str, str]:
    from src.conversion.modnet import original_name  # needs MindSpore

    return {name: original_name(name) for name in names}


def _plate_names(names: Iterable[str]) -> dict[str, str]:
    from src.conversion.background_matting import original_names  # needs MindSpore

    return original_names(names)


def _whole(network: nn.Module) -> nn.Module:
    return network


def _all_but_the_refiner(network: nn.Module) -> nn.Module:
    return nn.ModuleDict({name: part for name, part in network.named_children() if name != "refiner"})


def _of_shm(name: str) -> Phase:
    return Phase(SHMNet, lambda network: trained_part(network, name), _shm_loss(name), shm_names)


def _of_plates(name: str, part: Callable[[nn.Module], nn.Module], rates: Mapping[str, float]) -> Phase:
    loss, samples = _plate_loss(is_base=name == "base"), plate_samples(name)
    return Phase(
        lambda: RefineNetwork(None),
        part,
        loss,
        _plate_names,
        samples,
        takes_pictures=False,
        weight_decay=0,
        rates=rates,
    )


PHASES = {
    **{name: _of_shm(name) for name in ("pre_train_t_net", "pre_train_m_net", "end_to_end")},
    "supervised": Phase(MODNet, _whole, _modnet_loss(sees_previous=False), _modnet_names),
    "video": Phase(lambda: MODNet(4), _whole, _modnet_loss(sees_previous=True), _modnet_names, frame_samples),
    "base": _of_plates("base", _all_but_the_refiner, {"aspp": 5, "decoder": 5}),
    "refine": _of_plates("refine", _whole, {"decoder": 2, "refiner": 6}),
}
