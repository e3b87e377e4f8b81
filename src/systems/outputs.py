"""Outputs shared by systems: how trimaps and alpha mattes are shown and measured."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from src.images.preprocessing import alpha_to_bytes
from src.images.trimap import TrimapClass, class_map_to_trimap
from src.metric import intersection_and_union, sad
from src.systems.system import Output

_CLASSES = tuple(each.name.lower() for each in TrimapClass)


def _trimap_picture(trimap_logits: np.ndarray) -> np.ndarray:
    return class_map_to_trimap(trimap_logits.argmax(axis=0))


def _measure_trimap(trimap_logits: np.ndarray, truth: Mapping[str, np.ndarray]) -> list[float]:
    classes = trimap_logits.argmax(axis=1)
    return intersection_and_union(classes, truth["class_map"], len(TrimapClass)).ravel().tolist()


def _trimap_scores(columns: Mapping[str, np.ndarray]) -> dict[str, float]:
    ious = {}
    for name in _CLASSES:
        union = columns[f"union_{name}"].sum()
        if union:
            ious[f"iou_{name}"] = float(columns[f"intersection_{name}"].sum() / union)
    return {**ious, "mean_iou": float(np.mean(list(ious.values())))}


def _alpha_picture(pred_alpha: np.ndarray) -> np.ndarray:
    return alpha_to_bytes(np.clip(pred_alpha[0], 0, 1))


def _colour_picture(colours: np.ndarray) -> np.ndarray:
    """RGB (3, H, W) in [0, 1] as BGR (H, W, 3)."""
    return alpha_to_bytes(np.clip(colours[::-1].transpose(1, 2, 0), 0, 1))


def _measure_alpha(pred_alpha: np.ndarray, truth: Mapping[str, np.ndarray]) -> list[float]:
    return [sad(np.clip(pred_alpha, 0, 1), truth["alpha"])]


def _alpha_scores(columns: Mapping[str, np.ndarray]) -> dict[str, float]:
    return {"sad": float(columns["sad"].mean())}


TRIMAP_LOGITS = Output(
    name="trimap_logits",
    title="predicted trimap",
    picture=_trimap_picture,
    measured=tuple(f"{part}_{name}" for part in ("intersection", "union") for name in _CLASSES),
    measure=_measure_trimap,
    scores=_trimap_scores,  # IoU of each class that occurs, and their mean
)
# Only shown: those of MODNet belong to parts of the picture, or to a smaller one.
COARSE_ALPHA = Output(
    name="semantic",
    title="predicted semantics",
    picture=_alpha_picture,
    measured=(),
    measure=lambda *_: [],
    scores=lambda _: {},
)
DETAIL_ALPHA = replace(COARSE_ALPHA, name="detail", title="predicted detail")
ERROR = replace(COARSE_ALPHA, name="error", title="expected error")
FOREGROUND = replace(COARSE_ALPHA, name="foreground", title="foreground", picture=_colour_picture)
ALPHA = Output(
    name="alpha",
    title="predicted alpha",
    picture=_alpha_picture,
    measured=("sad",),
    measure=_measure_alpha,
    scores=_alpha_scores,  # mean over images
)
