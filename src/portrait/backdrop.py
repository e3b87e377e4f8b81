"""Backgrounds without people: studios, rooms, walls, plants, streets, out-of-focus lights."""

import cv2
import numpy as np

from src.images.subpixels import SUBPIXEL_BITS, to_subpixels
from src.portrait.geometry import smoothstep
from src.portrait.noise import smooth_noise
from src.portrait.room import draw_room
from src.portrait.scenery import fill_rectangle, near_color, random_color, uneven_light, unit_grid
from src.portrait.street import draw_street

_DARKEST, _BRIGHTEST = 8, 245


def random_backdrop(
    rng: np.random.Generator, shape: tuple[int, int], hint: np.ndarray, unit: float
) -> np.ndarray:
    """Draw a background.

    Args:
        rng: random source.
        shape: height and width in pixels.
        hint: BGR 0..255 (3,), a color of the person; some backgrounds resemble it on purpose.
        unit: half the height of the person's head in pixels, which sets the scale of objects.

    Returns:
        (H, W, 3) float32, BGR 0..255 as displayed.
    """
    base = random_color(rng) if rng.random() < 0.7 else np.clip(hint + rng.normal(0, 14, 3), 10, 240)
    kinds = (_studio, _wall, draw_room, _bokeh, _foliage, _bricks, draw_street, _curtain, _landscape)
    kind = kinds[rng.choice(len(kinds), p=(0.16, 0.09, 0.2, 0.1, 0.12, 0.09, 0.1, 0.07, 0.07))]
    image = kind(rng, shape, base.astype(np.float32), unit)
    blur = rng.choice([0.0, rng.uniform(0.6, 3), rng.uniform(3, 12)], p=[0.2, 0.35, 0.45])
    if blur:
        image = _blurred(image, float(blur))
    return np.clip(image, _DARKEST, _BRIGHTEST).astype(np.float32)


def _blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur a reduced copy: it looks the same and is much faster."""
    shrink = max(1, int(sigma / 2))
    size = image.shape[1::-1]
    small = cv2.resize(image, (size[0] // shrink, size[1] // shrink), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
    return cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)


def _studio(rng, shape, base, unit):
    x, y = unit_grid(shape)
    other = near_color(rng, base, 30)
    slope = smoothstep(-1.2, 1.2, np.cos(a := rng.uniform(0, 6.28)) * x + np.sin(a) * y)[..., None]
    image = (base + slope * (other - base)) * uneven_light(rng, shape, rng.uniform(0.1, 0.9))
    if rng.random() < 0.5:
        image += smooth_noise(rng, shape, 160, 4)[..., None] * rng.uniform(4, 26)
    return image


def _wall(rng, shape, base, unit):
    rough = smooth_noise(rng, shape, rng.uniform(30, 150), 6)[..., None]
    stains = smoothstep(0.1, 0.5, smooth_noise(rng, shape, 220, 4))[..., None]
    image = base * (1 + rng.uniform(0.1, 0.4) * rough) + stains * rng.normal(0, 20, 3)
    return image * uneven_light(rng, shape, 0.5)


def _bokeh(rng, shape, base, unit):
    """Out-of-focus lights on a dark background."""
    height, width = shape
    dark = base * rng.uniform(0.15, 0.5)
    image = dark * (1 + 0.5 * smooth_noise(rng, shape, 200, 3)[..., None])
    warm = np.array([90, 170, 250], np.float32)
    for _ in range(4):
        lights = np.zeros((*shape, 3), np.float32)
        for _ in range(rng.integers(8, 30)):
            middle = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
            color = (warm + rng.normal(0, 50, 3)) * rng.uniform(0.1, 0.6)
            cv2.circle(lights, middle, int(rng.uniform(0.06, 0.5) * unit), color.tolist(), -1, cv2.LINE_AA)
        image = image + cv2.GaussianBlur(lights, (0, 0), 1.5)
    return image


def _foliage(rng, shape, base, unit):
    """Layers of leaves, darker further back, with light shining through."""
    height, width = shape
    green = np.array([48, 98, 78]) * rng.uniform(0.5, 1.25) + rng.normal(0, 14, 3)
    if rng.random() < 0.2:
        green = np.array([40, 100, 170]) * rng.uniform(0.6, 1.2)
    image = green * 0.35 * (1 + 0.7 * smooth_noise(rng, shape, 120, 5)[..., None])
    light = smoothstep(0.15, 0.6, smooth_noise(rng, shape, 140, 3))[..., None]
    image = np.ascontiguousarray(
        (image + light * np.array([150, 200, 190]) * rng.uniform(0, 1)).astype(np.float32)
    )
    size = rng.uniform(0.12, 0.45) * unit
    count = int(np.clip(0.8 * height * width / size**2, 150, 1500))
    places = rng.uniform(0, 1, (count, 2)) * (width, height)
    angles = rng.uniform(0, 2 * np.pi, count)
    shades = np.clip(np.linspace(0.4, 1.3, count) + rng.normal(0, 0.25, count), 0.2, 1.6)
    for place, angle, shade in zip(places, angles, shades, strict=True):
        forward = np.array([np.cos(angle), np.sin(angle)]) * size * rng.uniform(0.7, 1.6)
        side = np.array([-forward[1], forward[0]]) * 0.3
        leaf = np.stack([place - forward, place + side, place + forward, place - side])
        cv2.fillPoly(image, [to_subpixels(leaf)], (green * shade).tolist(), cv2.LINE_AA, SUBPIXEL_BITS)
    return image


def _bricks(rng, shape, base, unit):
    """Bricks or tiles."""
    height, width = shape
    tiles = rng.random() < 0.4
    color = base if tiles else np.array([72, 88, 138]) * rng.uniform(0.5, 1.15) + rng.normal(0, 14, 3)
    image = np.empty((*shape, 3), np.float32)
    image[:] = np.full(3, rng.uniform(90, 210))
    tall = rng.uniform(0.3, 0.6) * unit * (1.5 if tiles else 1)
    wide = tall * (1 if tiles else rng.uniform(2, 3))
    joint = rng.uniform(0.06, 0.14) * tall
    vary = 0.05 if tiles else 0.16
    for row, top in enumerate(np.arange(-tall * rng.random(), height, tall)):
        shift = 0 if tiles else wide / 2 * (row % 2)
        for left in np.arange(-shift - wide * 0.3, width, wide):
            fill_rectangle(
                image, left, top, left + wide - joint, top + tall - joint, color * rng.normal(1, vary)
            )
    rough = smooth_noise(rng, shape, 24, 5)[..., None] * (0.05 if tiles else 0.3)
    image = image * (1 + rough) * uneven_light(rng, shape, 0.5)
    yaw = rng.uniform(-0.25, 0.25)
    source = np.float32([(0, 0), (width, 0), (width, height), (0, height)])
    target = source * 1.0
    target[[0, 3] if yaw > 0 else [1, 2], 1] += np.float32([-1, 1]) * abs(yaw) * height
    return cv2.warpPerspective(
        image, cv2.getPerspectiveTransform(source, target), (width, height), borderMode=cv2.BORDER_REFLECT
    )


def _curtain(rng, shape, base, unit):
    x = np.linspace(0, 1, shape[1], dtype=np.float32)
    bend = 0.04 * smooth_noise(rng, shape, (shape[0], 200), 2)
    phase = 2 * np.pi * rng.uniform(4, 14) * (x[None] + bend)
    fold = np.sin(phase + 0.7 * np.sin(phase)) + 0.5 * smooth_noise(rng, shape, (shape[0], 60), 2)
    return base * (0.8 + rng.uniform(0.1, 0.3) * fold)[..., None] * uneven_light(rng, shape, 0.5)


def _landscape(rng, shape, base, unit):
    """Sky, clouds and rows of hills."""
    height, width = shape
    _, y = unit_grid(shape)
    high, low = np.array([215, 160, 110]) * rng.uniform(0.7, 1.1), np.array([235, 225, 215])
    image = np.broadcast_to((high + smoothstep(-1, 0.4, y)[..., None] * (low - high)), (*shape, 3))
    clouds = smoothstep(0.05, 0.5, smooth_noise(rng, shape, (110, 260), 5))[..., None]
    image = np.ascontiguousarray((image + clouds * (245 - image) * rng.uniform(0.2, 0.9)).astype(np.float32))
    horizon = rng.uniform(0.35, 0.7) * height
    for layer in range(rng.integers(2, 5)):
        line = horizon + layer * 0.09 * height + 0.07 * height * smooth_noise(rng, (1, width), 220, 4)[0]
        hill = np.concatenate([np.stack([np.arange(width), line], 1), [(width, height), (0, height)]])
        color = np.array([70, 115, 90]) * (1.25 - 0.2 * layer) + 18 * (3 - layer)
        cv2.fillPoly(
            image, [to_subpixels(hill)], near_color(rng, color, 10).tolist(), cv2.LINE_AA, SUBPIXEL_BITS
        )
    return image * (1 + 0.06 * smooth_noise(rng, shape, 16, 3)[..., None])
