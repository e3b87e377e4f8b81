"""The colors of a face, painted once per person on a frontal map."""

import cv2
import numpy as np

from src.portrait.face_map import FaceMap
from src.portrait.geometry import smooth_curve, smoothstep
from src.portrait.head import SKULL_DEPTH, hairline
from src.portrait.noise import smooth_noise
from src.portrait.person import Person

_EYE_X, _EYE_Y = 0.305, 0.02


def paint_face(rng: np.random.Generator, person: Person) -> tuple[np.ndarray, np.ndarray]:
    """Paint skin, eyes, brows, nose shading and mouth.

    Returns:
        Color (H, W, 3) uint8 BGR under even white light, and gloss (H, W) float32, both of a face map's size.
    """
    face = FaceMap()
    _skin(face, rng, person)
    _nostrils(face.part((-0.35, 0.35), (0.2, 0.55)), person)
    _mouth(face.part((-0.5, 0.5), (0.4, 0.85)), rng, person)
    gaze = rng.normal(0, 0.012, 2)
    for side in (-1, 1):
        middle = side * _EYE_X
        _eye(face.part((middle - 0.27, middle + 0.27), (-0.2, 0.2)), rng, person, side, gaze)
        _brow(face.part((middle - 0.3, middle + 0.3), (-0.4, 0.0)), rng, person, side)
    _scalp(face, rng, person)
    return face.finished()


def _scalp(face: FaceMap, rng: np.random.Generator, person: Person) -> None:
    """Hair roots darken the skin behind the hairline."""
    z = SKULL_DEPTH * np.sqrt(np.clip(1 - np.square(face.x / person.face_width) - np.square(face.y), 0, 1))
    edge = face.y - hairline(z) + 0.04 * smooth_noise(rng, face.gloss.shape, 14, 2)
    weight = 0.9 * smoothstep(0.02, -0.12, edge)
    face.cover(weight, 0.4 * person.hair)
    face.gloss *= 1 - weight


def _skin(face: FaceMap, rng: np.random.Generator, person: Person) -> None:
    size = face.gloss.shape
    half = (size[0] // 2, size[1] // 2)
    mottled = 1 + 0.05 * smooth_noise(rng, half, 30, 4)
    red = 0.06 * smooth_noise(rng, half, 45, 3)
    tones = cv2.merge([mottled * (1 - red), mottled * (1 - red), mottled * (1 + red)])
    face.color[:] = cv2.resize(tones, size[::-1]) * person.skin
    face.gloss[:] = 0.09
    face.gloss += 0.08 * face.spot(0, -0.5, 0.3, 0.2) + 0.10 * face.spot(0, 0.3, 0.07, 0.1)
    for side in (-1, 1):
        cheek = face.part((-1, 0) if side < 0 else (0, 1), (-0.1, 0.8))
        blush = cheek.spot(side * 0.42, 0.3, 0.2, 0.16) * (0.35 + 0.65 * person.makeup)
        cheek.tone(blush, (0.82, 0.8, 1.0))
        cheek.tone(cheek.spot(side * 0.3, 0.13, 0.16, 0.05) * (0.3 + 0.7 * person.age), (0.86, 0.82, 0.86))
    if person.freckles:
        part = face.part((-0.8, 0.8), (-0.1, 0.55))
        dots = smoothstep(0.45, 0.75, smooth_noise(rng, part.gloss.shape, 6, 1))
        part.tone(dots * part.spot(0, 0.2, 0.5, 0.16), (0.6, 0.68, 0.8))
    if person.stubble:
        part = face.part((-1, 1), (0.2, 1.15))
        beard = smoothstep(0.36, 0.55, part.y + 0.35 * np.abs(part.x)) * (1 - part.spot(0, 0.62, 0.2, 0.05))
        grain = 0.75 + 0.5 * smooth_noise(rng, part.gloss.shape, 3, 1)
        part.tone(beard * grain * person.stubble * 0.55, (0.62, 0.6, 0.58))


def _nostrils(part: FaceMap, person: Person) -> None:
    part.tone(part.spot(0, 0.36, 0.14, 0.1), (0.86, 0.84, 1.0))
    for side in (-1, 1):
        part.tone(part.spot(side * 0.065 * person.nose, 0.418, 0.034, 0.018), (0.12, 0.14, 0.2))
        part.tone(part.spot(side * 0.15 * person.nose, 0.385, 0.018, 0.05) * 0.5, (0.5, 0.5, 0.6))
    part.tone(part.spot(0, 0.45, 0.13, 0.02) * 0.4, (0.5, 0.5, 0.6))


def _mouth(part: FaceMap, rng: np.random.Generator, person: Person) -> None:
    half = 0.205 * person.mouth * (1 + 0.18 * max(person.smile, 0))
    corner_y = 0.612 - 0.035 * person.smile
    line = smooth_curve([(half, corner_y), (0.1, 0.612), (0, 0.606), (-0.1, 0.612), (-half, corner_y)])
    upper = [(-half, corner_y), (-0.12, 0.572), (-0.04, 0.548), (0, 0.558), (0.04, 0.548), (0.12, 0.572)]
    drop = 0.046 if person.masculine else 0.066
    lower = [(-half, corner_y), (-0.11, 0.63 + drop), (0, 0.64 + drop), (0.11, 0.63 + drop)]
    open_ = max(person.smile - 0.4, 0) * 0.1
    masks = []
    for edge, shift in ((upper, 0), (lower, open_)):
        outline = np.concatenate([smooth_curve([*edge, (half, corner_y)]), line])
        bend = shift * np.clip(1 - np.square(outline[:, 0] / half), 0, 1)
        masks.append(part.polygon(outline + np.stack([0 * bend, bend], 1), 0.007))
    grooves = 1 + 0.1 * smooth_noise(rng, part.gloss.shape, (24, 4), 2)
    part.cover(0.85 * masks[1], person.lips * 1.05 * grooves[..., None])
    part.cover(0.85 * masks[0], person.lips * 0.8 * grooves[..., None])
    part.gloss += 0.2 * (0.4 + person.makeup) * masks[1]
    if open_:
        _teeth(part, line, open_, half)
    else:
        part.tone(part.line(line, 0.014, 0.004), (0.22, 0.2, 0.32))
    for side in (-1, 1):
        part.tone(part.spot(side * (half + 0.015), corner_y, 0.03, 0.025) * 0.5, (0.5, 0.5, 0.6))


def _teeth(part: FaceMap, line: np.ndarray, open_: float, half: float) -> None:
    depth = open_ * np.clip(1 - np.square(line[:, 0] / half), 0, 1)
    gap = np.concatenate([line, (line + np.stack([0 * depth, depth], 1))[::-1]])
    inside = part.polygon(gap, 0.003)
    edges = 1 - 0.12 * np.exp(-np.square((np.abs(part.x) % 0.05 - 0.025) / 0.006))
    shade = (
        edges * np.clip(1 - np.square(part.x / (1.05 * half)), 0, 1) * smoothstep(0.64 + open_, 0.61, part.y)
    )
    part.cover(inside, np.array([0.50, 0.55, 0.58]) * (0.06 + 0.94 * shade[..., None]))
    part.tone(part.line(line, 0.01, 0.005) * 0.6, (0.3, 0.3, 0.4))


def _eye(part: FaceMap, rng: np.random.Generator, person: Person, side: int, gaze: np.ndarray) -> None:
    half = 0.146 * person.eye_size
    opening = 0.064 * person.eye_size * (1 - 0.2 * max(person.smile, 0))
    # From the inner corner over the upper lid to the outer corner, then back along the lower lid.
    upper = smooth_curve([(-1, 0.35), (-0.6, -0.65), (0.0, -1.0), (0.55, -0.75), (1, 0.0)])
    lower = smooth_curve([(1, 0.0), (0.55, 0.58), (0, 0.75), (-0.6, 0.62), (-1, 0.35)])
    middle = np.array([side * _EYE_X, _EYE_Y])
    upper, lower = (middle + lid * (side * half, opening) for lid in (upper, lower))
    shape = part.polygon(np.concatenate([upper, lower]), 0.003)
    shadow = np.array([0.62, 0.6, 0.68]) - person.makeup * np.array([0.1, 0.25, 0.2])
    part.tone(part.spot(*(middle - (0, 0.06)), 0.16, 0.05) * 0.6, shadow)
    part.tone(part.line(upper - (0, 0.042), 0.010, 0.006) * 0.55, (0.36, 0.36, 0.44))
    away = np.abs(part.x - middle[0]) / half
    white = np.array([0.38, 0.41, 0.46]) * (1 - 0.5 * smoothstep(0.5, 1.05, away))[..., None]
    part.cover(shape, white)
    _iris(part, rng, person, middle + gaze, shape)
    lid_shade = smoothstep(_EYE_Y + 0.1 * opening, _EYE_Y - 1.0 * opening, part.y)
    part.tone(shape * lid_shade, (0.3, 0.3, 0.33))
    lash = 0.013 + 0.012 * person.makeup - 0.004 * person.masculine
    part.tone(part.line(upper, lash, 0.003) * 0.94, (0.05, 0.05, 0.06))
    part.tone(part.line(lower, 0.008, 0.004) * 0.45, (0.4, 0.4, 0.5))
    _lashes(part, rng, person, upper, middle[0])


def _iris(
    part: FaceMap, rng: np.random.Generator, person: Person, middle: np.ndarray, shape: np.ndarray
) -> None:
    radius = 0.066 * person.eye_size
    right, down = part.x - middle[0], part.y - middle[1]
    distance = np.sqrt(right * right + down * down) / radius
    rays = 0.9 + 0.2 * np.sin(np.arctan2(down, right) * 23 + rng.uniform(0, 6))
    bright = (
        (0.5 + 0.7 * smoothstep(1.0, 0.4, distance)) * rays * (1 + 0.7 * smoothstep(-0.2, 1.0, down / radius))
    )
    ring = shape * smoothstep(1.08, 0.94, distance)
    part.cover(ring, 0.8 * person.eyes * (bright * smoothstep(1.2, 0.75, distance))[..., None])
    part.cover(ring * smoothstep(0.50, 0.38, distance), np.full(3, 0.004))
    glint = part.spot(middle[0] + 0.02, middle[1] - 0.024, 0.012, 0.012)
    part.cover(shape * np.clip(glint * 1.6, 0, 1), np.full(3, 1.0))


def _lashes(
    part: FaceMap, rng: np.random.Generator, person: Person, upper: np.ndarray, middle_x: float
) -> None:
    roots = upper[rng.integers(4, len(upper), 28)]
    rise = rng.uniform(-0.036, -0.018, 28) * (0.5 + 0.8 * person.makeup)
    tips = roots + np.stack([(roots[:, 0] - middle_x) * 0.35, rise], 1)
    part.tone(part.hairs(roots, tips, 1) * 0.7, (0.08, 0.08, 0.09))


def _brow(part: FaceMap, rng: np.random.Generator, person: Person, side: int) -> None:
    """Many short hairs along an arc."""
    count = 260
    along = rng.uniform(0, 1, count)
    arc = np.stack([0.11 + 0.40 * along, -0.165 - 0.085 * np.sin(np.pi * 0.72 * along) + 0.03 * along**3], 1)
    thick = 0.028 * person.brow * np.clip(1.15 - along, 0.12, 1) * np.clip(along * 6 + 0.5, 0, 1)
    roots = arc + np.stack([np.zeros(count), rng.uniform(-1, 1, count) * thick], 1)
    angle = -1.0 + 1.15 * along + rng.normal(0, 0.15, count)
    length = rng.uniform(0.03, 0.055, count) * (1 - 0.4 * along)
    tips = roots + np.stack([np.cos(angle), np.sin(angle)], 1) * length[:, None]
    weight = cv2.GaussianBlur(part.hairs(roots * (side, 1), tips * (side, 1), 2), (0, 0), 0.8) * 0.6
    dark = np.minimum(person.hair * 0.6, person.skin * 0.35)
    part.cover(np.clip(weight * 1.25, 0, 0.9), dark)
