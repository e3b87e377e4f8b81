"""PSPNet, a network that predicts trimaps alone: its training phase.

Columns of a batch of N, of size S:

image      (N, 3, S, S) float32, normalised BGR
class_map  (N, S, S) int32, TrimapClass
kept       (N, 1408) uint8, the channels that dropout keeps in training
"""

from mindspore import Tensor, nn

from src.config import PspnetConfig
from src.data.split_files import SplitFiles
from src.images.trimap import class_map_to_trimap
from src.loss import t_net_loss
from src.model.pspnet import network
from src.model.pspnet.initialisation import initialise
from src.systems.outputs import TRIMAP_LOGITS
from src.systems.pspnet_data import TrimapSamples
from src.systems.system import Batch, Phase, System, Terms, Truth, sample_settings


def _predict(parts: nn.Cell, batch: Batch) -> tuple[Tensor, ...]:
    return (network.predict_trimap(parts, batch["image"], batch["kept"]),)


def _loss(outputs: tuple[Tensor, ...], batch: Batch) -> Terms:
    return t_net_loss(outputs[0], batch["class_map"])


def _open_split(files: SplitFiles, phase: Phase, config: PspnetConfig, augments: bool) -> TrimapSamples:
    return TrimapSamples(
        files,
        mean=config.mean,
        vertical_flip=config.vertical_flip,
        letterbox=config.letterbox,
        **sample_settings(phase, config, augments),
    )


T_NET = Phase(
    name="t_net",
    title="T-Net",
    columns=TrimapSamples.columns,
    outputs=(TRIMAP_LOGITS,),
    terms=("loss",),
    score="loss",
    trained_part=lambda whole: whole,
    predict=_predict,
    loss=_loss,
    truth=Truth("true trimap", lambda sample: class_map_to_trimap(sample["class_map"])),
)

PSPNET = System(
    name="pspnet",
    title="PSPNet",
    build=network.PSPNet,
    initialise=initialise,
    open_split=_open_split,
    build_inference=network.PSPNet,
    phases={T_NET.name: T_NET},
    scores=("iou_foreground", "mean_iou"),
)
