"""The phases of src/pytorch/train.py: the network, the part that is trained, and the loss of a batch."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from src.conversion.torch_state_dict import torch_name
from src.pytorch.batch import Batch
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
    torch_name: Callable[[str], str]  # PyTorch's name of one of our parameters


def _shm_loss(name: str):
    mean = torch.tensor(ModelInfo().mean)[None, :, None, None] / 255

    def loss(network: nn.Module, teacher: nn.Module, batch: Batch, pyramid_weight: float) -> torch.Tensor:
        image = batch.colours - mean.to(batch.colours.device)
        return phase_loss(network, name, image, batch.class_map, batch.alpha, pyramid_weight=pyramid_weight)

    return loss


def _modnet_loss(sees_previous: bool):
    def loss(network: nn.Module, teacher: nn.Module, batch: Batch, pyramid_weight: float) -> torch.Tensor:
        learns = network.training
        image = normalise(light_up(batch) if learns else batch.colours)
        seen = image
        if sees_previous:
            seen = torch.cat((image, previous_alpha(teacher, image, batch.alpha, disturbs=learns)), 1)
        outputs = [each.float() for each in network(seen)]
        return sum(supervised_loss(*outputs, image=image, alpha=batch.alpha, trimap=soft_trimap(batch.alpha)))

    return loss


def _modnet_name(name: str) -> str:
    from src.conversion.modnet import original_name  # needs MindSpore

    return original_name(name)


def _whole(network: nn.Module) -> nn.Module:
    return network


def _of_shm(name: str) -> Phase:
    return Phase(SHMNet, lambda network: trained_part(network, name), _shm_loss(name), torch_name)


PHASES = {
    **{name: _of_shm(name) for name in ("pre_train_t_net", "pre_train_m_net", "end_to_end")},
    "supervised": Phase(MODNet, _whole, _modnet_loss(sees_previous=False), _modnet_name),
    "video": Phase(lambda: MODNet(4), _whole, _modnet_loss(sees_previous=True), _modnet_name),
}
