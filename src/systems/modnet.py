"""MODNet: for photos (three channels), and for videos (also the alpha of the frame before)."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from mindspore import Tensor, ops

from src.clips.layouts import holds_clips
from src.clips.split_frames import SplitFrames
from src.config import CommonConfig
from src.data.split_files import SplitFiles
from src.model.modnet.frame import FrameMatte, FrameMatteWithPrevious
from src.model.modnet.initialisation import initialise
from src.model.modnet.network import MODNet, predict
from src.systems.modnet_data import ClipSamples, ModnetSamples, StillSamples
from src.systems.modnet_loss import find_boundaries, soc_loss, supervised_loss
from src.systems.outputs import ALPHA, COARSE_ALPHA, DETAIL_ALPHA
from src.systems.system import Adam, Backup, Batch, Momentum, Phase, System, Terms, sample_settings

_OUTPUTS = (COARSE_ALPHA, DETAIL_ALPHA, ALPHA)
_BACKUP = ("backup_detail", "backup_matte")


def _predict(network, batch: Batch) -> tuple[Tensor, ...]:
    return predict(network, batch["image"])


def _predict_with_previous(network, batch: Batch) -> tuple[Tensor, ...]:
    return predict(network, ops.concat((batch["image"], batch["previous"]), 1))


def _back_up(network, batch: Batch) -> tuple[Tensor, ...]:
    _, detail, matte = _predict(network, batch)
    return detail, matte


def _back_up_with_previous(network, batch: Batch) -> tuple[Tensor, ...]:
    """Its own alpha of the frame before is the previous alpha, of the trained network too."""
    before = batch["image_before"]
    nothing = ops.zeros_like(before[:, :1])
    _, _, previous = predict(network, ops.concat((before, nothing), 1))
    _, detail, matte = predict(network, ops.concat((batch["image"], previous), 1))
    return detail, matte, previous


def _supervised_loss(outputs: tuple[Tensor, ...], batch: Batch) -> Terms:
    return supervised_loss(*outputs, image=batch["image"], alpha=batch["alpha"], trimap=batch["trimap"])


def _video_loss(outputs: tuple[Tensor, ...], batch: Batch) -> Terms:
    """The same; where alpha is not known, the matte counts as right."""
    semantic, detail, matte = outputs
    known = batch["known"]
    return _supervised_loss((semantic, detail, known * matte + (1 - known) * batch["alpha"]), batch)


def _soc_loss(outputs: tuple[Tensor, ...], batch: Batch) -> Terms:
    semantic, detail, matte = outputs
    return soc_loss(
        semantic,
        detail,
        matte,
        backup_detail=batch["backup_detail"],
        backup_matte=batch["backup_matte"],
        boundaries=find_boundaries(semantic, matte),
    )


def _whole(network):
    return network


_with_labels = partial(
    Phase,
    outputs=_OUTPUTS,
    terms=("loss", "semantic", "detail", "matte"),
    score="sad",
    trained_part=_whole,
    loss=_supervised_loss,
    optimizer=Momentum(0.9),
)
# The alphas of its columns are those of validation.
_adapt = partial(
    Phase,
    name="adapt",
    title="Adaptation",
    outputs=_OUTPUTS,
    terms=("loss", "semantic", "detail"),
    score="sad",
    trained_part=_whole,
    loss=_soc_loss,
    optimizer=Adam(betas=(0.9, 0.99), weight_decay=0.0),
    freezes_statistics=True,
)
_SUPERVISED = _with_labels(
    name="supervised", title="Supervised", columns=("image", "alpha", "trimap"), predict=_predict
)
_VIDEO = _with_labels(
    name="video",
    title="Video",
    columns=("image", "alpha", "trimap", "previous", "known"),
    predict=_predict_with_previous,
    loss=_video_loss,
)
_ADAPT = _adapt(
    columns=("image", "alpha"),
    predict=_predict,
    starts_from=("supervised",),
    backup=Backup(_BACKUP, _back_up),
)
_ADAPT_VIDEO = _adapt(
    columns=("image", "alpha", "image_before"),
    predict=_predict_with_previous,
    starts_from=("video",),
    backup=Backup((*_BACKUP, "previous"), _back_up_with_previous),
)


def _open_split(
    files: SplitFiles | SplitFrames, phase: Phase, config: CommonConfig, augments: bool
) -> ModnetSamples:
    kind = ClipSamples if isinstance(files, SplitFrames) else StillSamples
    return kind(files, phase.columns, **sample_settings(phase, config, augments))


def _open_stills_or_clips(folder: str, split: str) -> SplitFiles | SplitFrames:
    """Both splits are what the training split is."""
    return (SplitFrames if holds_clips(Path(folder), "train") else SplitFiles)(folder, split)


_system: Callable[..., System] = partial(
    System, initialise=initialise, open_split=_open_split, scores=("sad",)
)
MODNET = _system(
    name="modnet",
    title="MODNet",
    build=partial(MODNet, 3),
    phases={phase.name: phase for phase in (_SUPERVISED, _ADAPT)},
    build_inference=FrameMatte,
)
MODNET_VIDEO = _system(
    name="modnet_video",
    title="MODNet for videos",
    build=partial(MODNet, 4),
    phases={phase.name: phase for phase in (_VIDEO, _ADAPT_VIDEO)},
    build_inference=FrameMatteWithPrevious,
    open_files=_open_stills_or_clips,
)
