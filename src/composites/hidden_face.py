"""Faces made unrecognisable, as in photos published with people's privacy in mind."""

import cv2
import numpy as np

from src.composites.outline import OPAQUE, find_box

_FACE = (0.12, 0.35)  # height relative to what is seen of the person
_WAYS = ("blurred", "coarse", "painted")


def hide_face(rng: np.random.Generator, image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Blur, coarsen or paint over an oval about where the face of a person is.

    Args:
        rng: source of randomness.
        image: BGR (H, W, 3) uint8.
        alpha: of the person in it, (H, W) uint8.

    Returns:
        As `image`.
    """
    opaque = alpha >= OPAQUE
    if not opaque.any():
        return image
    box = find_box(opaque)
    tall = rng.uniform(*_FACE) * box.person_size
    head = np.flatnonzero(opaque[box.top : box.top + max(1, round(tall))].any(axis=0))
    middle = float(np.median(head)), box.top + rng.uniform(0.55, 0.75) * tall
    oval = np.zeros(alpha.shape, np.uint8)
    axes = rng.uniform(0.3, 0.45) * tall, rng.uniform(0.4, 0.55) * tall
    cv2.ellipse(oval, (middle, (2 * axes[0], 2 * axes[1]), rng.uniform(-15, 15)), 255, -1)
    oval = cv2.GaussianBlur(oval, (0, 0), max(0.5, rng.uniform(0.01, 0.06) * tall))[..., np.newaxis] / 255
    way = _WAYS[rng.integers(len(_WAYS))]
    if way == "painted":
        colour = np.float32(cv2.mean(image, (oval[..., 0] > 0.5).astype(np.uint8))[:3])
        hidden = np.broadcast_to(colour + rng.normal(0, 15, 3), image.shape)
    else:
        spread = max(2.0, rng.uniform(0.08, 0.25) * tall)
        if way == "blurred":
            hidden = cv2.GaussianBlur(image, (0, 0), spread)
        else:
            cells = [max(1, round(side / spread)) for side in alpha.shape[::-1]]
            hidden = cv2.resize(image, cells, interpolation=cv2.INTER_AREA)
            hidden = cv2.resize(hidden, alpha.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.clip(np.round(image * (1 - oval) + hidden * oval), 0, 255).astype(np.uint8)
