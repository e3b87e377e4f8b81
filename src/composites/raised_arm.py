"""A drawn arm that reaches out from a person and often holds something: few photos of people show one."""

from typing import NamedTuple

import cv2
import numpy as np

from src.composites.clutter import draw_outline, fill_outline
from src.composites.outline import OPAQUE, Box, find_box
from src.images.blending import blend_layers
from src.images.subpixels import SUBPIXEL_BITS, to_subpixels

# Relative to a person's size.
_HEAD = 0.35
_SHOULDERS = (0.35, 0.8)  # below the top, where the person is wide
_THICKNESS = (0.09, 0.17)
_WIDE = 0.75  # relative to where the person is widest
_LENGTH = (0.25, 0.5)  # of the upper arm; the forearm has about the same
_THING = (0.1, 0.6)
_HOLDS = 0.5  # share of hands that hold something
_SKIN = (0, 135, 80), (255, 175, 125)  # YCrCb
_LEAST_SKIN = 30  # pixels whose median is a skin colour
_FINGERS = 5


class _Limb(NamedTuple):
    """A part of an arm, from a to b, with the thickness there; points are x, y in pixels."""

    a: np.ndarray
    b: np.ndarray
    thickness: tuple[float, float]


def raise_arm(
    rng: np.random.Generator, image: np.ndarray, alpha: np.ndarray, photo: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw an arm in the colours of a person's clothes and skin; it and what it holds belong to the person.

    Args:
        rng: source of randomness.
        image: BGR (H, W, 3) uint8.
        alpha: of the person in it, (H, W) uint8.
        photo: a photo without people, BGR (h, w, 3) uint8: what is held is cut out of it.

    Returns:
        As `image` and `alpha`.
    """
    opaque = alpha >= OPAQUE
    if not opaque.any():
        return image, alpha
    box = find_box(opaque)
    size = box.person_size
    limbs, hand, thick = _pose(rng, opaque, box, size)
    layers = []
    if rng.random() < _HOLDS:
        outline, short = draw_outline(rng, rng.uniform(*_THING) * size)
        shape = fill_outline(rng, outline + hand[0], short, alpha.shape)
        layers.append((cv2.resize(photo, alpha.shape[::-1], interpolation=cv2.INTER_AREA), shape))
    skin = _skin(rng, image, opaque, box, size)
    cloth = _cloth(image, opaque, box, limbs[0].a, size)
    bare_from = rng.choice((0, 1, 2), p=(0.3, 0.2, 0.5))  # sleeves end at the shoulder, elbow or wrist
    parts = [_draw(limb, alpha.shape) for limb in limbs]
    layers += [(skin, _hand(rng, *hand, thick, alpha.shape))]
    layers += [(skin if k >= bare_from else cloth, part) for k, part in reversed(list(enumerate(parts)))]
    blur, least = rng.uniform(0.4, 1), rng.uniform(0.4, 0.9)
    blurred = [(colours, cv2.GaussianBlur(shape, (0, 0), blur)) for colours, shape in layers]
    rounded = [(_round(colours, shape, thick, least), shape) for colours, shape in blurred]
    return blend_layers(rounded, image, alpha)


def _pose(
    rng: np.random.Generator, opaque: np.ndarray, box: Box, size: float
) -> tuple[list[_Limb], tuple[np.ndarray, float], float]:
    """Upper arm and forearm, where the hand is and its direction in radians, and the arm's thickness."""
    first, last = (min(box.bottom - 1, round(box.top + share * size)) for share in _SHOULDERS)
    widths = opaque[first : last + 1].sum(axis=1)
    top = first + int(rng.choice(np.flatnonzero(widths >= _WIDE * widths.max())))
    columns = np.flatnonzero(opaque[top])
    if not len(columns):  # nothing below a head
        columns = np.array([box.left, box.right - 1])
    side = int(rng.choice((-1, 1)))
    thick = rng.uniform(*_THICKNESS) * size
    shoulder = np.array([columns[0 if side < 0 else -1] - side * thick / 2, float(top)])
    upwards = rng.uniform(-0.6, 1.4)
    bend = rng.normal(0.4, 0.7)
    points, angles = [shoulder], (upwards, upwards + bend)
    for angle in angles:
        length = rng.uniform(*_LENGTH) * size
        points.append(points[-1] + length * np.array([side * np.cos(angle), -np.sin(angle)]))
    elbow, wrist = thick * rng.uniform(0.7, 0.95), thick * rng.uniform(0.45, 0.65)
    limbs = [_Limb(points[0], points[1], (thick, elbow)), _Limb(points[1], points[2], (elbow, wrist))]
    reach = points[2] - points[1]
    return limbs, (points[2], float(np.arctan2(reach[1], reach[0]))), thick


def _draw(limb: _Limb, shape: tuple[int, int]) -> np.ndarray:
    """The alpha of a limb with round ends, (H, W) uint8."""
    canvas = np.zeros(shape, np.uint8)
    along = (limb.b - limb.a) / max(1e-6, float(np.hypot(*(limb.b - limb.a))))
    across = np.array([-along[1], along[0]])
    first, last = (each / 2 for each in limb.thickness)
    corners = [
        limb.a + first * across,
        limb.b + last * across,
        limb.b - last * across,
        limb.a - first * across,
    ]
    cv2.fillConvexPoly(canvas, to_subpixels(corners), 255, cv2.LINE_AA, SUBPIXEL_BITS)
    for end, radius in ((limb.a, first), (limb.b, last)):
        size = int(to_subpixels(radius))
        cv2.circle(canvas, to_subpixels(end), size, 255, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    return canvas


def _hand(
    rng: np.random.Generator, wrist: np.ndarray, angle: float, thick: float, shape: tuple[int, int]
) -> np.ndarray:
    """The alpha of a hand, (H, W) uint8: a palm, and those fingers that are stretched."""
    palm = wrist + 0.35 * thick * np.array([np.cos(angle), np.sin(angle)])
    canvas = _draw(_Limb(wrist, palm, (0.6 * thick, rng.uniform(0.65, 0.85) * thick)), shape)
    for finger in np.flatnonzero(rng.random(_FINGERS) < rng.random()):
        spread = angle + (finger - _FINGERS // 2) * rng.uniform(0.2, 0.45)
        reach = rng.uniform(0.5, 0.8) * thick * np.array([np.cos(spread), np.sin(spread)])
        canvas = np.maximum(canvas, _draw(_Limb(palm, palm + reach, (0.25 * thick, 0.15 * thick)), shape))
    return canvas


def _skin(
    rng: np.random.Generator, image: np.ndarray, opaque: np.ndarray, box: Box, size: float
) -> np.ndarray:
    """An image of the colour of the person's face, or of a drawn one where none looks like skin."""
    head = slice(box.top, box.top + max(1, round(_HEAD * size)))
    seen = image[head][opaque[head]]  # some: the box begins where the person does
    is_skin = cv2.inRange(cv2.cvtColor(seen[np.newaxis], cv2.COLOR_BGR2YCrCb), *_SKIN)[0] > 0
    if np.count_nonzero(is_skin) >= _LEAST_SKIN:
        colour = np.median(seen[is_skin], axis=0)
    else:
        colour = rng.uniform(0.25, 1) * np.array([170, 195, 235]) + rng.normal(0, 8, 3)
    grain = rng.normal(0, 4, (*opaque.shape, 1))
    return np.clip(colour + cv2.GaussianBlur(grain, (0, 0), 1.5)[..., np.newaxis], 0, 255).astype(np.uint8)


def _cloth(image: np.ndarray, opaque: np.ndarray, box: Box, shoulder: np.ndarray, size: float) -> np.ndarray:
    """An image filled with what the person wears beside a shoulder, mirrored again and again."""
    side = max(4, round(0.15 * size))
    middle = (box.left + box.right) / 2
    inward = shoulder[0] + np.sign(middle - shoulder[0]) * side / 2
    top = int(np.clip(shoulder[1] - side / 4, 0, max(0, image.shape[0] - side)))
    left = int(np.clip(inward - side / 2, 0, max(0, image.shape[1] - side)))
    part = slice(top, top + side), slice(left, left + side)
    patch, is_person = image[part].copy(), opaque[part]
    if is_person.any():
        patch[~is_person] = np.median(patch[is_person], axis=0)
    rows, columns = (
        (first, max(0, whole - first - shown))
        for first, whole, shown in zip((top, left), image.shape[:2], patch.shape[:2], strict=True)
    )
    return np.pad(patch, (rows, columns, (0, 0)), "symmetric")


def _round(colours: np.ndarray, shape: np.ndarray, thick: float, least: float) -> np.ndarray:
    """Colours (H, W, 3) of something round: darker towards its edges, down to `least`."""
    depth = cv2.distanceTransform((shape >= OPAQUE).astype(np.uint8), cv2.DIST_L2, 3) / (thick / 2)
    light = least + (1 - least) * np.sqrt(1 - (1 - np.clip(depth, 0, 1)) ** 2)
    return np.round(colours * light[..., np.newaxis]).astype(np.uint8)
