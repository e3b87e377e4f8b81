"""Glasses, painted on the traced head."""

import cv2
import numpy as np

from src.images.subpixels import SUBPIXEL_BITS, to_subpixels
from src.portrait.head import TracedHead
from src.portrait.pose import Pose

_EYE = np.array([0.315, 0.03, 0.94])  # center of the right lens in the head's coordinates, half heads
_LENSES = {"round": (0.20, 0.20, 2.0), "square": (0.225, 0.165, 4.0), "sun": (0.24, 0.2, 2.8)}
_HINGE, _EAR = np.array([0.55, -0.03, 0.82]), np.array([0.78, 0.0, 0.0])


def wear_glasses(kind: str, color: np.ndarray, gloss: np.ndarray, head: TracedHead, pose: Pose) -> None:
    """Paint glasses of a `kind` on `color` (h, w, 3) uint8 and `gloss` (h, w) float32, in place."""
    wide, tall, square = _LENSES[kind]
    angles = np.linspace(0, 2 * np.pi, 48)
    rim = np.stack([_power(np.cos(angles), square) * wide, _power(np.sin(angles), square) * tall], 1)
    width = max(2, round(0.028 * pose.unit))
    dark = (24, 22, 22)
    for side in (-1, 1):
        points = _EYE * (side, 1, 1) + np.concatenate([rim, -0.12 * np.abs(rim[:, :1])], 1)
        outline = _pixels(points, head, pose)
        if kind == "sun":
            lens = np.zeros(color.shape[:2], np.uint8)
            cv2.fillPoly(lens, [outline], 255, cv2.LINE_AA, SUBPIXEL_BITS)
            weight = lens.astype(np.float32) / 255
            color[:] = cv2.blendLinear(np.full_like(color, 22), color, 0.93 * weight, 1 - 0.93 * weight)
            gloss += 0.5 * weight
        cv2.polylines(color, [outline], True, dark, width, cv2.LINE_AA, SUBPIXEL_BITS)
        turned = (pose.turn @ (_EAR * (side, 1, 1)))[2]
        if turned > -0.15:
            temple = _pixels(np.stack([_HINGE, _EAR]) * (side, 1, 1), head, pose)
            cv2.polylines(color, [temple], False, dark, width, cv2.LINE_AA, SUBPIXEL_BITS)
    inner = _EYE[0] - wide
    bridge = np.array([(-inner, 0.0, 0.94), (-0.05, -0.03, 1.05), (0.05, -0.03, 1.05), (inner, 0.0, 0.94)])
    cv2.polylines(color, [_pixels(bridge, head, pose)], False, dark, width, cv2.LINE_AA, SUBPIXEL_BITS)


def _power(values: np.ndarray, square: float) -> np.ndarray:
    """Make a circle's coordinates squarer."""
    return np.sign(values) * np.abs(values) ** (2 / square)


def _pixels(points: np.ndarray, head: TracedHead, pose: Pose) -> np.ndarray:
    seen = points @ pose.turn.T * pose.unit + pose.head
    return to_subpixels(seen[:, :2] - np.array(head.corner[::-1]))
