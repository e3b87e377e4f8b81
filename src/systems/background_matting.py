"""Background Matting V2 with each of its backbones: a base phase, then a refine phase.

A batch has the columns of src/composites/plate_samples.py, and `kept` (N, 256, h, w) uint8, the values of
the ASPP that dropout keeps in training.
"""

from dataclasses import replace
from functools import partial
from typing import Any

from mindspore import Tensor, nn

from src.config import BackgroundMattingConfig
from src.data.plate_files import PlateFiles
from src.data.plate_sample import SMALLEST_PERSON
from src.description.plate_form import training_scale
from src.model.background_matting.network import RefineNetwork, predict_base, predict_refined
from src.model.initialisation import initialise
from src.systems.background_matting_data import SamplesWithDropout
from src.systems.background_matting_loss import base_loss, refine_loss
from src.systems.outputs import ALPHA, COARSE_ALPHA, ERROR, FOREGROUND
from src.systems.system import Adam, Batch, Phase, System, Terms, sample_settings

BACKBONES = {
    "background_matting": "mobilenetv2",
    "background_matting_resnet50": "resnet50",
    "background_matting_resnet101": "resnet101",
}
_BASE = ("backbone", "aspp", "decoder")  # parts of the network


def _predict_base(network: nn.Cell, batch: Batch) -> tuple[Tensor, ...]:
    pha, fgr, err, _ = predict_base(network, batch["image"], batch["plate"], batch["kept"])
    return pha, fgr, err


def _predict_refined(network: nn.Cell, batch: Batch) -> tuple[Tensor, ...]:
    image, plate, kept = batch["image"], batch["plate"], batch["kept"]
    *outputs, _ = predict_refined(network, image, plate, training_scale(image.shape[3]), kept)
    return tuple(outputs)


def _base_loss(outputs: tuple[Tensor, ...], batch: Batch, use_laplacian: bool = True) -> Terms:
    truth = {"true_pha": batch["alpha"], "true_fgr": batch["foreground"]}
    return base_loss(*outputs, **truth, use_laplacian=use_laplacian)


def _refine_loss(outputs: tuple[Tensor, ...], batch: Batch, use_laplacian: bool = True) -> Terms:
    truth = {"true_pha": batch["alpha"], "true_fgr": batch["foreground"]}
    return refine_loss(*outputs, **truth, use_laplacian=use_laplacian)


def _base_part(network: nn.Cell) -> nn.Cell:
    """All but the refiner; its parameters keep their names."""
    part = nn.Cell(auto_prefix=False)
    for name in _BASE:
        setattr(part, name, getattr(network, name))
    return part


def _without_laplacian(phase: Phase, settings: Any) -> Phase:
    if settings.use_laplacian:
        return phase
    loss = phase.loss  # graph mode knows no `partial` of it

    def without(outputs: tuple[Tensor, ...], batch: Batch) -> Terms:
        return loss(outputs, batch, False)

    terms = tuple(term for term in phase.terms if not term.endswith("laplacian"))
    return replace(phase, loss=without, terms=terms)


_phase = partial(
    Phase,
    columns=SamplesWithDropout.columns,
    score="sad",
    optimizer=Adam(weight_decay=0.0),
    adapt=_without_laplacian,
)
PHASES = {
    phase.name: phase
    for phase in (
        _phase(
            name="base",
            title="Base",
            outputs=(ALPHA, FOREGROUND, ERROR),
            terms=("loss", "pha_l1", "pha_sobel", "fgr_l1", "err_mse", "pha_laplacian"),
            trained_part=_base_part,
            predict=_predict_base,
            loss=_base_loss,
            rates={"aspp": 5, "decoder": 5},
        ),
        _phase(
            name="refine",
            title="Refine",
            outputs=(
                ALPHA,
                FOREGROUND,
                replace(COARSE_ALPHA, name="coarse_alpha", title="alpha of the small copy"),
                replace(FOREGROUND, name="coarse_foreground", title="foreground of the small copy"),
                ERROR,
            ),
            terms=(
                "loss",
                "pha_l1",
                "pha_sm_l1",
                "pha_sobel",
                "pha_sm_sobel",
                "fgr_l1",
                "fgr_sm_l1",
                "err_mse",
                "pha_laplacian",
                "pha_sm_laplacian",
            ),
            trained_part=lambda network: network,
            predict=_predict_refined,
            loss=_refine_loss,
            starts_from=("base",),
            rates={"decoder": 2, "refiner": 6},
        ),
    )
}


def _open_split(
    files: PlateFiles, phase: Phase, config: BackgroundMattingConfig, augments: bool
) -> SamplesWithDropout:
    return SamplesWithDropout(
        files,
        smallest_person=SMALLEST_PERSON[phase.name],
        backbone_scale=training_scale(config.phase(phase.name).patch_size) if phase.name == "refine" else 1,
        **sample_settings(phase, config, augments),
    )


SYSTEMS = {
    name: System(
        name=name,
        title=f"Background Matting V2 ({backbone})",
        build=partial(RefineNetwork, backbone),
        initialise=initialise,
        open_split=_open_split,
        open_files=PlateFiles,
        build_inference=partial(RefineNetwork, backbone),
        phases=PHASES,
        scores=("sad",),
    )
    for name, backbone in BACKBONES.items()
}
