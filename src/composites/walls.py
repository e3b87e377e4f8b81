"""Drawn walls as backgrounds: plain, graded or textured; bright, dark or coloured."""

import cv2
import numpy as np


def draw_wall(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Draw a wall of `size` (height H and width W in pixels), BGR (H, W, 3) uint8."""
    wall = np.broadcast_to(_draw_colour(rng), (*size, 3)).astype(np.float32)
    if rng.random() < 0.6:
        wall = wall + rng.uniform(10, 90) * _draw_gradient(rng, size)[..., np.newaxis]
    if rng.random() < 0.6:
        wall = wall + rng.uniform(3, 25) * _draw_grain(rng, size)[..., np.newaxis]
    if rng.random() < 0.25:
        wall = wall - rng.uniform(5, 50) * _draw_joints(rng, size)[..., np.newaxis]
    return np.clip(np.round(wall), 0, 255).astype(np.uint8)


def _draw_colour(rng: np.random.Generator) -> np.ndarray:
    """Draw a colour, BGR 0..255: near white, near black, grey, or any colour."""
    kind = rng.integers(4)
    if kind == 3:
        return rng.uniform(0, 255, 3)
    low, high = ((180, 255), (0, 60), (60, 180))[kind]
    return rng.uniform(low, high) + rng.normal(0, 6, 3)


def _draw_gradient(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Draw light from one side, or a spot of light: (H, W) from -0.5 to 0.5."""
    rows, columns = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in size)
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * np.pi)
        return (np.sin(angle) * rows[:, np.newaxis] + np.cos(angle) * columns) / np.sqrt(2)
    middle = rng.uniform(-0.4, 0.4, 2)
    distance = np.hypot(rows[:, np.newaxis] - middle[0], columns - middle[1])
    return (0.5 - np.minimum(distance / rng.uniform(0.6, 1.2), 1)).astype(np.float32)


def _draw_grain(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Draw noise at several scales, like plaster, cloth or stone: (H, W), standard deviation 1."""
    grain = np.zeros(size, np.float32)
    for coarseness in 2 ** np.arange(6):
        cells = [max(2, side // int(coarseness)) for side in size]
        noise = rng.standard_normal(cells, np.float32) * rng.uniform(0, 1)
        grain += cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)
    return grain / max(grain.std(), 1e-6)


def _draw_joints(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Draw the joints between boards or tiles: (H, W), 1 on a joint, 0 elsewhere."""
    joints = np.zeros(size, np.float32)
    thick = int(rng.integers(1, 4))
    across, upright = (int(rng.uniform(0.06, 0.4) * min(size)) + thick for _ in range(2))
    kind = rng.integers(3)
    if kind != 0:
        for start in range(int(rng.integers(across)), size[0], across):
            joints[start : start + thick] = 1
    if kind != 1:
        for start in range(int(rng.integers(upright)), size[1], upright):
            joints[:, start : start + thick] = 1
    return joints
