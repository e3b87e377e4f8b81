"""One shot: a person composited over a background, with the exact alpha."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from src.portrait.backdrop import random_backdrop
from src.portrait.camera import Camera, darken_corners, develop, make_grain, random_camera
from src.portrait.face import paint_face
from src.portrait.figure import Figure, draw_figure
from src.portrait.hair_style import random_hair_style
from src.portrait.hat import random_hat
from src.portrait.head import face_relief
from src.portrait.light import random_light
from src.portrait.outfit import random_outfit
from src.portrait.person import random_person
from src.portrait.pose import random_framing, random_pose

WIDTH, HEIGHT = 600, 800
SHOTS_PER_SESSION = 4

_HAT_CHANCE = 0.14
_SMALLEST_PART = 200  # pixels; a larger part may be a hand that re-enters the frame
_PLAY = 24  # largest camera shift between shots of a session, in pixels to each side


@dataclass(frozen=True)
class _Session:
    """What the shots of a session share; backdrop and grain are (H, W, 3) float32, larger than a shot."""

    figure: Figure
    camera: Camera
    backdrop: np.ndarray
    grain: np.ndarray


def render_portrait(seed: int, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Render portrait number `index` of the data set `seed`; the same arguments give the same bytes.

    With the returned alpha, photo = alpha * foreground + (1 - alpha) * background holds in displayed values,
    up to rounding and the sensor noise, which is added to the whole photo afterwards.

    Returns:
        The photo, (800, 600, 3) uint8 BGR, and its alpha, (800, 600) uint8, 0 background to 255 foreground.
    """
    number, shot_number = divmod(index, SHOTS_PER_SESSION)
    session = _make_session(seed, number)
    shot = np.random.default_rng([seed, number, shot_number])
    pose = random_pose(shot, session.figure.framing, session.figure.person, (WIDTH, HEIGHT))
    layers = draw_figure(session.figure, pose, shot, (HEIGHT, WIDTH))
    photo, alpha = _composite(layers, session, _crop(session.backdrop, shot))
    cv2.add(photo, _crop(session.grain, shot), photo)
    return cv2.convertScaleAbs(np.maximum(photo, 0, out=photo)), alpha


def _composite(layers, session: _Session, background: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Composite the figure's layers, and the result over the background."""
    foreground = np.zeros((HEIGHT, WIDTH, 3), np.float32)  # premultiplied by alpha
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    for layer in layers:
        window = layer.window
        weight = cv2.merge([layer.alpha] * 3)
        part = foreground[window]
        part += weight * (develop(layer.image, session.camera) - part)
        alpha[window] += layer.alpha * (1 - alpha[window])
    stored = _without_islands(np.round(alpha * 255).astype(np.uint8))
    share = stored.astype(np.float32)
    foreground *= cv2.merge([share / np.maximum(alpha * 255, 1e-3)] * 3)
    return foreground + background * cv2.merge([1 - share * np.float32(1 / 255)] * 3), stored


def _without_islands(alpha: np.ndarray) -> np.ndarray:
    """Remove bits of strands whose link to the person is too thin to be stored or out of frame."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(alpha, connectivity=8)
    small = stats[:, cv2.CC_STAT_AREA] < _SMALLEST_PART
    return np.where(small[labels], 0, alpha) if small.any() else alpha


def _crop(image: np.ndarray, shot: np.random.Generator) -> np.ndarray:
    top, left = shot.integers(0, 2 * _PLAY, 2)
    return image[top : top + HEIGHT, left : left + WIDTH]


@lru_cache(maxsize=1)
def _make_session(seed: int, number: int) -> _Session:
    rng = np.random.default_rng([seed, number])
    person = random_person(rng)
    framing = random_framing(rng)
    size = (HEIGHT + 2 * _PLAY, WIDTH + 2 * _PLAY)
    hint = 255 * np.sqrt(person.hair if rng.random() < 0.6 else person.skin)
    backdrop = random_backdrop(rng, size, hint, framing.unit)
    outfit = random_outfit(rng, person, backdrop.mean((0, 1)))
    face_color, face_gloss = paint_face(rng, person)
    style = random_hair_style(rng, person)
    figure = Figure(
        person=person,
        framing=framing,
        style=style,
        outfit=outfit,
        hat=random_hat(rng) if style.fits_hat and rng.random() < _HAT_CHANCE else None,
        light=random_light(rng),
        relief=face_relief(person),
        face_color=face_color,
        face_gloss=face_gloss,
        wind=(rng.normal(0, 0.5, 3) * (rng.random() < 0.25)).astype(np.float32),
        hair_seed=int(rng.integers(1 << 32)),
    )
    camera = random_camera(rng)
    backdrop = develop(backdrop, camera)
    darken_corners(backdrop, camera)
    return _Session(figure, camera, backdrop, make_grain(camera, size, rng))
