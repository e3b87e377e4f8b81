"""Lighting: one main lamp with soft shadows, ambient light from above and below, and a rim light.

Colors are multiplied and added as displayed (the square root of the amount of light), which avoids
converting whole images; amounts of light are summed linearly.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from src.portrait.geometry import normalize

# How far each color (BGR) of light spreads past the edge of a shadow on skin; red spreads the furthest.
_SKIN_WRAP = (0.12, 0.22, 0.38)
_CLOTH_WRAP = 0.12
_SHADOW_STEPS = 10


@dataclass(frozen=True)
class Light:
    """Amounts of light, BGR (3,) float32; `direction` (3,) points from the person to the lamp."""

    direction: np.ndarray
    color: np.ndarray
    sky: np.ndarray
    ground: np.ndarray
    rim: float


def random_light(rng: np.random.Generator) -> Light:
    """Draw a random lamp or window above eye level, on the left or right, warm to cool."""
    side = rng.choice([-1, 1]) * rng.uniform(0.15, 1.0)
    direction = normalize(np.array([side, -rng.uniform(0.25, 0.8), rng.uniform(0.6, 1.1)]))
    color = tint(rng.uniform(-0.15, 0.2)) * rng.uniform(0.7, 0.95)
    ambient = rng.uniform(0.2, 0.38)
    sky = tint(rng.uniform(-0.2, 0.1)) * ambient
    ground = tint(rng.uniform(0, 0.25)) * ambient * rng.uniform(0.5, 0.85)
    return Light(direction.astype(np.float32), color, sky, ground, rng.uniform(0, 0.35))


def tint(warmth: float) -> np.ndarray:
    """Return white made warmer (above 0) or cooler (below 0), (3,) float32 BGR."""
    return np.array([1 - warmth, 1, 1 + warmth], np.float32)


def find_shade(height: np.ndarray, unit: float, light: Light) -> np.ndarray:
    """Find how much lamp light reaches each pixel past obstacles.

    Args:
        height: (H, W) float32, pixels towards the viewer, far below 0 where empty.
        unit: half the height of the head, in pixels of `height`.
        light: the lamp.

    Returns:
        (H, W) float32, from 0 full shadow to 1 full light; crevices are partly shadowed.
    """
    size = height.shape[::-1]
    solid = (height > -2.5 * unit).astype(np.float32)
    low = np.maximum(height, -3 * unit)
    sideways = float(np.hypot(*light.direction[:2]))
    step_x, step_y = light.direction[:2] / sideways
    blocked = np.zeros_like(low)
    for reach in np.geomspace(0.08, 1.6, _SHADOW_STEPS) * unit:
        move = np.float32([[1, 0, -step_x * reach], [0, 1, -step_y * reach]])
        other = cv2.warpAffine(low, move, size, borderMode=cv2.BORDER_CONSTANT, borderValue=-1e3)
        above = other - low - reach * light.direction[2] / sideways
        blocked = np.maximum(blocked, above / (0.5 * reach + 0.02 * unit))
    around = cv2.GaussianBlur(low * solid, (0, 0), 0.22 * unit)
    around /= np.maximum(cv2.GaussianBlur(solid, (0, 0), 0.22 * unit), 1e-3)
    crevice = np.clip((around - low) / unit, 0, 0.4)
    lit = (1 - 0.8 * np.minimum(blocked, 1)) * (1 - 1.5 * crevice)
    return cv2.GaussianBlur(lit.astype(np.float32), (0, 0), 1.2)


def light_up(
    height: np.ndarray, gloss: np.ndarray, skin: np.ndarray | float, lit: np.ndarray, light: Light
) -> tuple[np.ndarray, np.ndarray]:
    """Compute a surface's lighting: displayed = color * gain + glare.

    Args:
        height: (H, W) float32, pixels towards the viewer; its slope gives the normals.
        gloss: (H, W) float32, strength of highlights.
        skin: (H, W) float32 or a number, 1 where light scatters as in skin.
        lit: (H, W) float32, from `find_shade`.
        light: the light.

    Returns:
        gain and glare, (H, W, 3) float32, BGR.
    """
    x = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=-0.125)
    y = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=-0.125)
    z = 1 / np.sqrt(1 + x * x + y * y)
    x *= z
    y *= z
    toward = light.direction[0] * x + light.direction[1] * y + light.direction[2] * z
    half = normalize(light.direction + np.array([0, 0, 1], np.float32))
    mirror = np.maximum(half[0] * x + half[1] * y + half[2] * z, 0)
    mirror = np.square(np.square(np.square(mirror)))
    highlight = gloss * lit * (0.35 * mirror + 0.65 * np.square(np.square(mirror)))
    up = 0.5 - 0.5 * y
    edge = (0.6 * light.rim) * np.square(1 - z) * up
    corner = 0.55 + 0.45 * lit
    gain = np.empty((*height.shape, 3), np.float32)
    for channel in range(3):
        wrap = _CLOTH_WRAP + (_SKIN_WRAP[channel] - _CLOTH_WRAP) * skin
        direct = np.maximum((toward + wrap) / (1 + wrap), 0) * lit
        ambient = (light.ground[channel] + (light.sky[channel] - light.ground[channel]) * up) * corner
        gain[..., channel] = light.color[channel] * (direct + edge) + ambient
    glare = cv2.merge([highlight * float(light.color[channel]) for channel in range(3)])
    return np.sqrt(gain), glare
