"""New training pictures of a person: other backgrounds, passers-by, places, sizes, light, noise.

What is drawn at random comes from one generator, so a picture can be made again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from src.inference.background import blend
from src.systems.model_info import ModelInfo

_OPAQUE = 128  # a person whose alpha reaches this at an edge of the picture goes on beyond it
_FEWEST_ROWS = 96  # of a person seen from near: fewer would be a blur


@dataclass(frozen=True)
class Person:
    """Someone to be shown.

    Args:
        image: the photo, BGR (H, W, 3) uint8.
        foreground: its foreground colours, alike.
        alpha: (H, W) uint8.
    """

    image: np.ndarray
    foreground: np.ndarray
    alpha: np.ndarray


@dataclass(frozen=True)
class Scene:
    """A photo in which someone else can stand.

    Args:
        emptied: the photo with its person painted over, BGR (H, W, 3) uint8.
        alpha: of that person, (H, W) uint8.
    """

    emptied: np.ndarray
    alpha: np.ndarray


def composite(
    rng: np.random.Generator,
    person: Person,
    background: np.ndarray,
    size: tuple[int, int],
    passers_by: Sequence[Person] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Put a person somewhere before a background, in a light of its own.

    Args:
        rng: its source.
        person: who is shown.
        background: BGR uint8 of any size.
        size: height and width of the picture.
        passers_by: stand behind, smaller, and count as background.

    Returns:
        image (H, W, 3) uint8 BGR and alpha (H, W) uint8.
    """
    behind = _change_light(rng, _random_cover(rng, background, size))
    for passer_by in passers_by:
        behind = _put(rng, passer_by, behind, _draw_place_behind(rng, passer_by.alpha, size))[0]
    if rng.random() < 0.4:
        behind = cv2.GaussianBlur(behind, (0, 0), rng.uniform(0.5, 5))
    image, alpha = _put(rng, person, behind, _draw_place(rng, person.alpha, size))
    return spoil(rng, image), alpha


def _put(
    rng: np.random.Generator, person: Person, behind: np.ndarray, place: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A person, moved by a matrix and in a light of its own, before a picture; and alpha."""
    alpha = _warp(person.alpha, place, behind.shape[:2])
    foreground = _change_light(rng, _warp(person.foreground, place, behind.shape[:2]))
    return blend(foreground, behind, alpha), alpha


def reframe(
    rng: np.random.Generator, image: np.ndarray, alpha: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Show a part of a photo and its alpha as they are, in another light; returns as `composite`."""
    cut = _random_cover(rng, np.dstack([image, alpha]), size)
    image = _change_light(rng, np.ascontiguousarray(cut[..., :3]))
    return spoil(rng, image), np.ascontiguousarray(cut[..., 3])


def come_near(rng: np.random.Generator, person: Person) -> Person:
    """The upper part of a person, as a photo taken from nearer shows it.

    Of half bodies, that is about head and shoulders. People of few pixels stay as they are.
    """
    opaque = person.alpha >= _OPAQUE
    rows = np.flatnonzero(opaque.any(axis=1))
    if len(rows) < _FEWEST_ROWS:
        return person
    shown = max(_FEWEST_ROWS, round(rng.uniform(0.35, 0.7) * (rows[-1] + 1 - rows[0])))
    top, bottom = max(0, rows[0] - round(rng.uniform(0.02, 0.3) * shown)), rows[0] + shown
    head = np.flatnonzero(opaque[rows[0] : rows[0] + shown // 3].any(axis=0))
    middle, reach = (head[0] + head[-1] + 1) // 2, round(rng.uniform(0.4, 0.8) * shown)
    part = slice(top, bottom), slice(max(0, middle - reach), middle + reach)
    return Person(
        *(np.ascontiguousarray(each[part]) for each in (person.image, person.foreground, person.alpha))
    )


def stand_in(rng: np.random.Generator, person: Person, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Show a person where another one stood, about as large, in a light of its own.

    Edges of the person's photo that cut it come to lie at or beyond those of the scene.

    Returns:
        The scene with the person, and the person's alpha, at the scene's size.
    """
    height, width = scene.alpha.shape
    top, bottom, left, right = _bounds(person.alpha)
    scene_top, scene_bottom, scene_left, scene_right = _bounds(scene.alpha)
    cut_below, cut_left, cut_right = _cut_edges(person.alpha)
    scale = rng.uniform(0.95, 1.25) * (scene_bottom - scene_top) / (bottom - top)
    if cut_below:
        scale = max(scale, (height - scene_top) / (bottom - top))
    if cut_left and cut_right:
        scale = max(scale, width / (right - left))
    person_width = scale * (right - left)
    x = (scene_left + scene_right - person_width) / 2
    if cut_left:
        x = min(x, 0)
    if cut_right:
        x = max(x, width - person_width)
    place = np.array([[scale, 0, x - scale * left], [0, scale, scene_top - scale * top]])
    return _put(rng, person, scene.emptied, place)


def draw_part(rng: np.random.Generator, size: tuple[int, int]) -> tuple[int, int]:
    """Draw the height and width of a picture that leaves bars at two sides of the size."""
    shrunk = int(rng.integers(2))
    share = rng.uniform(0.5, 0.95)
    return tuple(max(1, round(side * share)) if axis == shrunk else side for axis, side in enumerate(size))


def add_bars(image: np.ndarray, alpha: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Put a picture into the middle of a larger one, where bars count as background."""
    missing = [whole - part for whole, part in zip(size, alpha.shape, strict=True)]
    sides = [(gap // 2, gap - gap // 2) for gap in missing]
    bars = [
        np.pad(image[..., channel], sides, constant_values=mean)
        for channel, mean in enumerate(ModelInfo().mean)
    ]
    return np.dstack(bars), np.pad(alpha, sides)


def spoil(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """What cameras do to a picture: light, blur, noise, sometimes no colour."""
    image = _change_light(rng, image)
    if rng.random() < 0.2:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.2))
    if rng.random() < 0.05:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if rng.random() < 0.4:
        noise = rng.normal(0, rng.uniform(1, 10), image.shape)
        image = np.clip(np.round(image + noise), 0, 255).astype(np.uint8)
    return image


def _change_light(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Change gain, gamma, tint and saturation, each a little."""
    values = np.arange(256) / 255
    gain = rng.uniform(0.8, 1.2) * rng.uniform(0.94, 1.06, 3)
    curve = np.clip(gain * values[:, np.newaxis] ** np.exp(rng.normal(0, 0.2)), 0, 1)
    image = cv2.LUT(image, np.round(curve * 255).astype(np.uint8)[np.newaxis])
    gray = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    saturation = rng.uniform(0.6, 1.2)
    return cv2.addWeighted(image, saturation, gray, 1 - saturation, 0)


def _random_cover(rng: np.random.Generator, image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut a part of the size's aspect ratio, at least 0.6 of what fits, and resize it; flip half of them."""
    height, width = size
    fits = min(image.shape[0] / height, image.shape[1] / width) * rng.uniform(0.6, 1)
    cut_height, cut_width = max(1, int(height * fits)), max(1, int(width * fits))
    top = rng.integers(image.shape[0] - cut_height + 1)
    left = rng.integers(image.shape[1] - cut_width + 1)
    cut = image[top : top + cut_height, left : left + cut_width]
    if rng.random() < 0.5:
        cut = cut[:, ::-1]
    return cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA if fits > 1 else cv2.INTER_LINEAR)


def _draw_place(rng: np.random.Generator, alpha: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draw where a person comes to stand: the (2, 3) matrix from the photo's pixels to the picture's.

    Edges of the photo that cut the person come to lie at or beyond those of the picture.
    """
    height, width = size
    top, bottom, left, right = _bounds(alpha)
    cut_below, cut_left, cut_right = _cut_edges(alpha)
    scale = rng.uniform(0.6, 1.15) * min(height / (bottom - top), 1.4 * width / (right - left))
    if cut_left and cut_right:
        scale = max(scale, width / (right - left))
    person_height, person_width = scale * (bottom - top), scale * (right - left)
    hidden = rng.uniform(0, 0.25) if cut_below or rng.random() < 0.3 else 0
    if cut_below or hidden:
        y = height - person_height * (1 - hidden)
    else:
        y = rng.uniform(min(0, height - person_height), max(0, height - person_height))
    if cut_left and cut_right:
        x = rng.uniform(min(0, width - person_width), 0)
    elif cut_left:
        x = -rng.uniform(0, 0.1) * person_width
    elif cut_right:
        x = width - person_width * rng.uniform(0.9, 1)
    else:
        x = rng.uniform(-0.2, 0.2) * person_width + rng.uniform(0, 1) * (width - person_width)
    matrix = np.array([[scale, 0, x - scale * left], [0, scale, y - scale * top]])
    if rng.random() < 0.5:  # mirror the picture
        matrix[0] = -matrix[0] + (0, 0, width)
    return matrix


def _draw_place_behind(rng: np.random.Generator, alpha: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draw where someone stands in the background, alike; who is cut at the waist stays cut."""
    height, width = size
    top, bottom, left, right = _bounds(alpha)
    scale = rng.uniform(0.2, 0.55) * height / (bottom - top)
    cut_below, _, _ = _cut_edges(alpha)
    feet = height * (rng.uniform(1, 1.3) if cut_below else rng.uniform(0.6, 1.1))
    middle = rng.uniform(0, width)
    return np.array([[scale, 0, middle - scale * (left + right) / 2], [0, scale, feet - scale * bottom]])


def _cut_edges(alpha: np.ndarray) -> tuple[bool, bool, bool]:
    """Whether someone goes on below, left and right of the picture."""
    return tuple(bool(edge.max() >= _OPAQUE) for edge in (alpha[-1], alpha[:, 0], alpha[:, -1]))


def _bounds(alpha: np.ndarray) -> tuple[int, int, int, int]:
    """The first and, plus 1, the last row and column where someone is: top, bottom, left, right."""
    rows, columns = np.flatnonzero(alpha.max(axis=1)), np.flatnonzero(alpha.max(axis=0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def _warp(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Move pixels by a matrix, averaging first where it shrinks much: warping alone would alias."""
    matrix, scale = matrix.copy(), matrix[1, 1]
    if scale < 1:
        smaller = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
        small = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
        matrix = matrix @ np.diag([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0], 1])
        image = small
    # The matrix counts from a pixel's corner, OpenCV from its centre.
    matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    return cv2.warpAffine(image, matrix, size[::-1], flags=cv2.INTER_LINEAR)
