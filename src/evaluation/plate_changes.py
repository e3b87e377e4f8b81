"""What may be wrong with a plate: it is moved, in another light, or noisy."""

from typing import Literal, NamedTuple

import cv2
import numpy as np

Kind = Literal["shift", "light", "noise"]
UNITS: dict[Kind, str] = {"shift": "pixels", "light": "% brighter", "noise": "levels of noise"}


class Change(NamedTuple):
    """A change of a plate."""

    kind: Kind
    amount: int  # pixels, per cent, or the standard deviation of 255 levels

    @property
    def title(self) -> str:
        """Such as '10 % brighter'."""
        return f"{self.amount} {UNITS[self.kind]}" if self.amount else "unchanged"

    def apply(self, plate: np.ndarray, seed: int) -> np.ndarray:
        """Change a plate, BGR (H, W, 3) uint8; the seed draws direction or noise."""
        rng = np.random.default_rng(seed)
        if self.kind == "light":
            return _in_bytes(plate * (1 + self.amount / 100))
        if self.kind == "noise":
            return _in_bytes(plate + rng.normal(0, self.amount, plate.shape))
        angle = rng.uniform(0, 2 * np.pi)
        movement = np.float32([[1, 0, np.cos(angle) * self.amount], [0, 1, np.sin(angle) * self.amount]])
        return cv2.warpAffine(plate, movement, plate.shape[1::-1], borderMode=cv2.BORDER_REFLECT_101)


CHANGES = tuple(
    Change(kind, amount)
    for kind, amounts in {"shift": (0, 1, 3, 10, 30), "light": (10, 20, 40), "noise": (5, 15)}.items()
    for amount in amounts
)


def _in_bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)
