"""The three training phases: what each trains, what it predicts, and its loss.

Every `predict` takes (t_net, m_net, image, class_map) and returns the tensors that `outputs` names; every
`loss` takes these and the batch and returns the terms that `terms` names, the first to be minimised.
"""

from collections.abc import Callable
from dataclasses import dataclass

import mindspore as ms
from mindspore import Tensor, nn, ops

from src import loss
from src.config import PhaseName
from src.images.trimap import TrimapClass
from src.model.network import SHMNet, fuse, predict


@dataclass(frozen=True)
class Phase:
    """One training phase."""

    name: PhaseName
    title: str
    outputs: tuple[str, ...]
    terms: tuple[str, ...]
    score: str  # the validation metric, lower is better, that the best checkpoint has lowest
    trained_part: Callable[[SHMNet], nn.Cell]
    predict: Callable[..., tuple[Tensor, ...]]
    loss: Callable[..., dict[str, Tensor]]


def one_hot_trimap(class_map: Tensor) -> Tensor:
    """Classes (N, H, W) int32 to certain probabilities (N, 3, H, W) float32."""
    one_hot = ops.one_hot(class_map, len(TrimapClass), Tensor(1, ms.float32), Tensor(0, ms.float32))
    return one_hot.transpose(0, 3, 1, 2)


def _predict_trimap(t_net, m_net, image, class_map):
    return (t_net(image),)


def _predict_alpha_from_true_trimap(t_net, m_net, image, class_map):
    trimap = one_hot_trimap(class_map)
    return (fuse(trimap, m_net(image, trimap)),)


def _predict_trimap_and_alpha(t_net, m_net, image, class_map):
    return predict(t_net, m_net, image)


def _t_net_loss(outputs, image, class_map, alpha):
    return loss.t_net_loss(outputs[0], class_map)


def _m_net_loss(outputs, image, class_map, alpha):
    return loss.m_net_loss(image, outputs[0], alpha)


def _end_to_end_loss(outputs, image, class_map, alpha):
    return loss.end_to_end_loss(image, outputs[0], outputs[1], class_map, alpha)


PHASES = {
    phase.name: phase
    for phase in (
        Phase(
            name="pre_train_t_net",
            title="T-Net",
            outputs=("trimap_logits",),
            terms=("loss",),
            score="loss",
            trained_part=lambda network: network.t_net,
            predict=_predict_trimap,
            loss=_t_net_loss,
        ),
        Phase(
            name="pre_train_m_net",
            title="M-Net",
            outputs=("alpha",),
            terms=("loss", "alpha", "composition"),
            score="sad",
            trained_part=lambda network: network.m_net,
            predict=_predict_alpha_from_true_trimap,
            loss=_m_net_loss,
        ),
        Phase(
            name="end_to_end",
            title="End to end",
            outputs=("trimap_logits", "alpha"),
            terms=("loss", "alpha", "composition", "trimap"),
            score="sad",
            trained_part=lambda network: network,
            predict=_predict_trimap_and_alpha,
            loss=_end_to_end_loss,
        ),
    )
}
