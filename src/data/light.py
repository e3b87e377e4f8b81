"""Light that falls into a picture from a point or a line, such as a lamp or a window; also from behind."""

from typing import NamedTuple

import numpy as np

LIT = 0.3  # share of the samples that get a light

GAIN = (0.2, 0.8)
COLOUR = (0.8, 1.0)
AROUND = 0.2  # relative to the sides: how far outside the picture a point may lie
POINT_REACH, LINE_REACH = (0.2, 0.8), (0.05, 0.3)  # relative to the diagonal
LINES = 0.5  # share of the lights
BEHIND = 0.3  # share of the lights that fall on the background alone


class Light(NamedTuple):
    """A light: adds gain * colour * (1 - r / reach)^2 to values in [0, 1]; r: distance to a point or line."""

    gain: float
    colour: tuple[float, float, float]  # BGR
    place: tuple[float, float]  # (x, y) of the point, or of a point of the line, relative to width and height
    angle: float | None  # of the line, in radians; None: a point
    reach: float  # relative to the diagonal
    is_behind: bool  # falls on the background alone

    def shine(self, image: np.ndarray) -> np.ndarray:
        """Add the light to a picture, BGR (H, W, 3) uint8."""
        return self._added(image, self._strength(*image.shape[:2]))

    def shine_behind(self, image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        """Add the light to the background of a composed picture.

        As if `shine` had changed the background before, but for soft pixels where that became white.

        Args:
            image: BGR (H, W, 3) uint8.
            alpha: (H, W) uint8.

        Returns:
            (H, W, 3) uint8.
        """
        return self._added(image, self._strength(*alpha.shape) * (1 - alpha / np.float32(255)))

    def _added(self, image: np.ndarray, strength: np.ndarray) -> np.ndarray:
        added = strength[..., np.newaxis] * (255 * self.gain * np.float32(self.colour))
        return np.clip(np.round(image + added), 0, 255).astype(np.uint8)

    def _strength(self, height: int, width: int) -> np.ndarray:
        """(H, W) float32 in [0, 1]: 1 at the point or line, 0 from the reach on."""
        across = np.arange(width, dtype=np.float32) - self.place[0] * (width - 1)
        down = np.arange(height, dtype=np.float32)[:, np.newaxis] - self.place[1] * (height - 1)
        if self.angle is None:
            distance = np.hypot(across, down)
        else:
            distance = np.abs(across * np.sin(self.angle) - down * np.cos(self.angle))
        reach = np.float32(self.reach * np.hypot(height, width))
        return np.square(np.maximum(0, 1 - distance / reach)).astype(np.float32)


def draw_light(rng: np.random.Generator, share: float = LIT) -> Light | None:
    """Draw a light: a point in the picture or 20 % around it, or a line of any direction through it.

    Args:
        rng: source of randomness.
        share: of the pictures that get one, 0 to 1; the others get None.
    """
    if rng.random() >= share:
        return None
    gain = rng.uniform(*GAIN)
    colour = tuple(rng.uniform(*COLOUR, 3))
    is_line, is_behind = rng.random() < LINES, rng.random() < BEHIND
    margin = 0 if is_line else AROUND
    place = tuple(rng.uniform(-margin, 1 + margin, 2))
    angle = rng.uniform(0, np.pi) if is_line else None
    return Light(
        gain, colour, place, angle, rng.uniform(*(LINE_REACH if is_line else POINT_REACH)), is_behind
    )
