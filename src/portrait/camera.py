"""Camera effects: exposure, contrast, vignette and sensor grain."""

from dataclasses import dataclass

import cv2
import numpy as np

_STEPS = 1024  # entries of the tone curve, up to twice the brightest displayed value


@dataclass(frozen=True)
class Camera:
    """Camera settings of a session.

    Attributes:
        curve: (_STEPS,) float32, displayed value 0..255 for brightness 0 to 2.
        balance: (3,) float32, BGR factors.
        vignette: share of light lost in the corners.
        noise: sensor noise, in 8-bit steps.
    """

    curve: np.ndarray
    balance: np.ndarray
    vignette: float
    noise: float


def random_camera(rng: np.random.Generator) -> Camera:
    """Draw random camera settings."""
    warmth = rng.normal(0, 0.03)
    return Camera(
        curve=_tone_curve(float(np.exp(rng.normal(0.04, 0.1))), rng.uniform(0.0, 0.5)),
        balance=np.array([1 - warmth, 1, 1 + warmth], np.float32),
        vignette=rng.uniform(0, 0.4) * (rng.random() < 0.6),
        noise=rng.uniform(0.3, 2.4),
    )


def _tone_curve(exposure: float, contrast: float) -> np.ndarray:
    value = np.linspace(0, 2, _STEPS) * exposure
    # Highlights roll off softly above 0.8 instead of clipping.
    over = np.maximum(value - 0.8, 0)
    value = np.minimum(value, 0.8) + 0.2 * over / (0.2 + over)
    value += contrast * value * (1 - value) * (2 * value - 1)
    return (255 * value).astype(np.float32)


def develop(image: np.ndarray, camera: Camera) -> np.ndarray:
    """Apply balance and tone curve; call it on both foreground and background before compositing them.

    Args:
        image: (H, W, 3) float32 BGR; 255 is displayed white, larger values are allowed.
        camera: the settings.

    Returns:
        (H, W, 3) float32, 0..255.
    """
    factor = camera.balance * ((_STEPS - 1) / 2 / 255)
    index = cv2.multiply(image, (*map(float, factor), 0.0), dtype=cv2.CV_16U)
    return np.take(camera.curve, index, mode="clip")


def darken_corners(image: np.ndarray, camera: Camera) -> None:
    """Apply the vignette in place to (H, W, 3) float32."""
    height, width = image.shape[:2]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    image *= (1 - camera.vignette * 0.5 * (x * x + y * y))[..., None]


def make_grain(camera: Camera, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Sensor noise, (H, W, 3) float32: fine in brightness, coarser in color."""
    fine = rng.standard_normal(shape, np.float32) * np.float32(camera.noise)
    coarse = rng.standard_normal((shape[0] // 2, shape[1] // 2, 3), np.float32) * np.float32(
        0.5 * camera.noise
    )
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_LINEAR) + fine[..., None]
