"""Semantic Human Matting: its three training phases, each with trained part, prediction and loss."""

from dataclasses import replace
from functools import partial

import mindspore as ms
from mindspore import Tensor, ops

from src import loss
from src.config import Config
from src.config_sections import EndToEndConfig, PhaseConfig
from src.data.split_files import SplitFiles
from src.dataset import MattingDataset
from src.images.trimap import TrimapClass
from src.model.initialisation import initialise
from src.model.network import SHMNet, fuse, predict
from src.systems.outputs import ALPHA, TRIMAP_LOGITS
from src.systems.system import Batch, Phase, System, Terms, sample_settings


def one_hot_trimap(class_map: Tensor) -> Tensor:
    """Convert classes (N, H, W) int32 to probabilities of 0 or 1, (N, 3, H, W) float32."""
    one_hot = ops.one_hot(class_map, len(TrimapClass), Tensor(1, ms.float32), Tensor(0, ms.float32))
    return one_hot.transpose(0, 3, 1, 2)


def _predict_trimap(network, batch: Batch) -> tuple[Tensor, ...]:
    return (network.t_net(batch["image"]),)


def _predict_alpha_from_true_trimap(network, batch: Batch) -> tuple[Tensor, ...]:
    trimap = one_hot_trimap(batch["class_map"])
    return (fuse(trimap, network.m_net(batch["image"], trimap)),)


def _predict_trimap_and_alpha(network, batch: Batch) -> tuple[Tensor, ...]:
    return predict(network.t_net, network.m_net, batch["image"])


def _t_net_loss(outputs: tuple[Tensor, ...], batch: Batch) -> Terms:
    return loss.t_net_loss(outputs[0], batch["class_map"])


def _m_net_loss(outputs: tuple[Tensor, ...], batch: Batch) -> Terms:
    return loss.m_net_loss(batch["image"], outputs[0], batch["alpha"])


def _end_to_end_loss(outputs: tuple[Tensor, ...], batch: Batch, pyramid_weight: float = 0) -> Terms:
    logits, alpha = outputs
    class_map, true_alpha = batch["class_map"], batch["alpha"]
    return loss.end_to_end_loss(batch["image"], logits, alpha, class_map, true_alpha, pyramid_weight)


def _adapted(phase: Phase, settings: PhaseConfig) -> Phase:
    return replace(phase, freezes_statistics=settings.freeze_statistics)


def _end_to_end_adapted(phase: Phase, settings: EndToEndConfig) -> Phase:
    phase = _adapted(phase, settings)
    if not settings.pyramid_weight:
        return phase
    weight = settings.pyramid_weight

    def weighted(outputs: tuple[Tensor, ...], batch: Batch) -> Terms:
        return _end_to_end_loss(outputs, batch, weight)

    return replace(phase, loss=weighted, terms=(*phase.terms, "pyramid"))


def _open_split(files: SplitFiles, phase: Phase, config: Config, augments: bool) -> MattingDataset:
    return MattingDataset(
        files,
        mean=config.mean,
        vertical_flip=config.vertical_flip,
        **sample_settings(phase, config, augments),
    )


_Phase = partial(Phase, columns=MattingDataset.columns, adapt=_adapted)
PHASES = {
    phase.name: phase
    for phase in (
        _Phase(
            name="pre_train_t_net",
            title="T-Net",
            outputs=(TRIMAP_LOGITS,),
            terms=("loss",),
            score="loss",
            trained_part=lambda network: network.t_net,
            predict=_predict_trimap,
            loss=_t_net_loss,
        ),
        _Phase(
            name="pre_train_m_net",
            title="M-Net",
            outputs=(ALPHA,),
            terms=("loss", "alpha", "composition"),
            score="sad",
            trained_part=lambda network: network.m_net,
            predict=_predict_alpha_from_true_trimap,
            loss=_m_net_loss,
        ),
        _Phase(
            name="end_to_end",
            title="End to end",
            outputs=(TRIMAP_LOGITS, ALPHA),
            terms=("loss", "alpha", "composition", "trimap"),
            score="sad",
            trained_part=lambda network: network,
            predict=_predict_trimap_and_alpha,
            loss=_end_to_end_loss,
            starts_from=("pre_train_t_net", "pre_train_m_net"),
            adapt=_end_to_end_adapted,
        ),
    )
}

SHM = System(
    name="shm",
    title="Semantic Human Matting",
    build=SHMNet,
    initialise=initialise,
    open_split=_open_split,
    build_inference=SHMNet,
    phases=PHASES,
    scores=("sad", "mean_iou"),
)
