"""Single hairs that stick out of hair."""

import cv2
import numpy as np

from src.images.subpixels import SUBPIXEL_BITS, to_subpixels

_STEPS = 6
_EDGE = 2  # pixels


def draw_strands(rng: np.random.Generator, image: np.ndarray, alpha: np.ndarray, hair: np.ndarray) -> None:
    """Draw hairs into a picture, outwards from the rim of hair.

    Args:
        rng: source of randomness.
        image: BGR (H, W, 3) float32, 0 to 255, not multiplied by alpha; changed in place.
        alpha: (H, W) float32, 0 to 255; changed in place.
        hair: where hair is seen, (H, W) bool.
    """
    rim = hair & (cv2.erode(alpha, np.ones((5, 5))) == 0)
    rows, columns = np.nonzero(rim)
    if not len(rows):
        return
    rows_of_hair, columns_of_hair = np.nonzero(hair)
    middle = np.array((columns_of_hair.mean(), rows_of_hair.mean()))
    size = np.sqrt(len(rows_of_hair))
    count = int(len(rows) * rng.uniform(0.05, 0.4))
    length = size * rng.uniform(0.02, 0.15)
    opacity = rng.uniform(0.3, 1)
    layer = np.zeros(alpha.shape, np.float32)
    colours = np.zeros_like(image)
    for k in rng.integers(len(rows), size=count):
        start = np.array((columns[k], rows[k]), float)
        way = (start - middle) / (np.linalg.norm(start - middle) + 1e-6) + rng.normal(0, 0.5, 2)
        bend = rng.normal(0, 0.6, 2) + (0, rng.uniform(0, 0.8))
        steps = np.linspace(0, length * rng.uniform(0.2, 1), _STEPS)[:, None]
        line = start + steps * way + steps**2 / (length + 1e-6) * bend
        fixed = to_subpixels(line)
        cv2.polylines(layer, [fixed], False, opacity * 255, 1, cv2.LINE_8, SUBPIXEL_BITS)
        colour = (image[rows[k], columns[k]] * rng.uniform(0.8, 1.3)).clip(0, 255).tolist()
        cv2.polylines(colours, [fixed], False, colour, 3, cv2.LINE_8, SUBPIXEL_BITS)
    for edge in (slice(None, _EDGE), slice(-_EDGE, None)):
        layer[edge] = layer[:, edge] = 0  # a person that reaches the edge would count as cut off there
    added = layer > alpha
    image[added] = colours[added]
    np.maximum(alpha, layer, out=alpha)
