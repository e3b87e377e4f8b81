"""Contact shadows of feet on the ground."""

import cv2
import numpy as np

from src.composites.outline import OPAQUE, find_box

_FEET = 0.12  # relative to the person's height: the lowest part, which touches the ground


def add_contact_shadow(rng: np.random.Generator, behind: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Softly darken a background where a person stands on it.

    A person cut off by the lower edge of the picture has no visible feet and casts no shadow.

    Args:
        rng: source of randomness.
        behind: the background, BGR (H, W, 3) uint8.
        alpha: of the person in front of it, (H, W) uint8.

    Returns:
        The darkened background, BGR (H, W, 3) uint8.
    """
    opaque = alpha >= OPAQUE
    if not opaque.any() or opaque[-1].any():
        return behind
    height, box = len(alpha), find_box(opaque)
    lowest = height - 1 - np.argmax(opaque[::-1], axis=0)
    stands = opaque.any(axis=0) & (lowest >= box.bottom - _FEET * box.height)
    rows = np.arange(height)[:, np.newaxis]
    sole = ((abs(rows - lowest) <= max(1, 0.008 * box.height)) & stands).astype(np.float32)
    shift = np.float32([[1, 0, rng.uniform(-0.03, 0.03) * box.height], [0, 1, 0.004 * box.height]])
    sole = cv2.warpAffine(sole, shift, sole.shape[::-1])
    narrow, wide = (
        cv2.GaussianBlur(sole, (0, 0), 2 * spread, sigmaY=spread)
        for spread in (rng.uniform(0.004, 0.012) * box.height, rng.uniform(0.02, 0.05) * box.height)
    )
    shadow = sum(part / max(part.max(), 1e-6) * weight for part, weight in ((narrow, 0.6), (wide, 0.4)))
    left = 1 - rng.uniform(0.3, 0.8) * shadow
    return np.floor(behind * left[..., np.newaxis]).astype(np.uint8)
