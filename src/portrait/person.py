"""The person photographed: traits that stay the same throughout a session."""

from dataclasses import dataclass

import numpy as np

_SKIN_TONES = np.array(  # sRGB, light to dark
    [(240, 206, 186), (230, 186, 158), (222, 168, 136), (196, 138, 102), (146, 96, 68), (98, 64, 46)]
)
_HAIR_COLORS = np.array(
    [
        (16, 14, 15),
        (30, 22, 19),
        (48, 33, 25),
        (82, 54, 36),
        (112, 58, 34),
        (160, 82, 40),
        (146, 110, 70),
        (196, 158, 104),
        (226, 208, 170),
        (136, 134, 134),
        (196, 194, 192),
    ]
)
_HAIR_CHANCES = np.array([4, 4, 4, 4, 2, 1.5, 2.5, 3, 1.5, 1, 1])
_DYED_COLORS = np.array([(190, 70, 120), (60, 90, 170), (70, 130, 110), (130, 70, 150)])
_EYE_COLORS = np.array([(60, 38, 24), (84, 56, 34), (110, 92, 56), (92, 116, 88), (96, 126, 150)])


@dataclass(frozen=True)
class Person:
    """Colors are linear BGR (3,) float32; lengths are in half heads (half the height of the head).

    `glasses` is empty, round, square or sun; the other values are amounts from 0 or factors around 1."""

    masculine: bool
    skin: np.ndarray
    hair: np.ndarray
    eyes: np.ndarray
    lips: np.ndarray
    shoulder: float
    waist: float
    face_width: float
    jaw: float
    nose: float
    mouth: float
    eye_size: float
    brow: float
    smile: float
    age: float
    makeup: float
    freckles: bool
    stubble: float
    beard: float
    glasses: str


def linear(srgb: np.ndarray) -> np.ndarray:
    """Convert sRGB bytes (..., 3) to linear BGR float32 with gamma 2 (the camera reverses this)."""
    return np.square(np.asarray(srgb, np.float32)[..., ::-1] / 255)


def random_person(rng: np.random.Generator) -> Person:
    """Draw the traits of one person."""
    masculine = bool(rng.random() < 0.42)
    skin = _random_skin(rng)
    pink = np.array([0.55, 0.42, 0.82], np.float32)
    makeup = 0.0 if masculine else rng.uniform(0, 1) ** 1.5
    lips = skin * pink * rng.uniform(0.85, 1.1) * (1 - makeup * np.array([0.45, 0.55, 0.05], np.float32))
    bearded = masculine and rng.random() < 0.3
    return Person(
        masculine=masculine,
        skin=skin,
        hair=_random_hair_color(rng),
        eyes=linear(_EYE_COLORS[rng.integers(len(_EYE_COLORS))]) * rng.uniform(0.8, 1.3),
        lips=lips.astype(np.float32),
        shoulder=rng.uniform(1.5, 1.72) if masculine else rng.uniform(1.24, 1.45),
        waist=rng.uniform(1.15, 1.5) if masculine else rng.uniform(0.9, 1.25),
        face_width=rng.uniform(0.7, 0.77) if masculine else rng.uniform(0.68, 0.74),
        jaw=rng.uniform(0.16, 0.26) if masculine else rng.uniform(0.26, 0.36),
        nose=rng.uniform(0.9, 1.2) if masculine else rng.uniform(0.75, 1.0),
        mouth=rng.uniform(0.9, 1.15),
        eye_size=rng.uniform(0.85, 1.0) if masculine else rng.uniform(0.98, 1.15),
        brow=rng.uniform(1.0, 1.5) if masculine else rng.uniform(0.6, 1.0),
        smile=rng.uniform(-0.15, 1.0),
        age=rng.uniform(0, 1),
        makeup=makeup,
        freckles=bool(rng.random() < 0.2),
        stubble=rng.uniform(0.2, 0.8) if masculine and rng.random() < 0.6 else 0.0,
        beard=rng.uniform(0.1, 0.42) if bearded else 0.0,
        glasses=str(rng.choice(["", "round", "square", "sun"], p=[0.78, 0.08, 0.09, 0.05])),
    )


def _random_skin(rng: np.random.Generator) -> np.ndarray:
    place = rng.uniform(0, len(_SKIN_TONES) - 1.001)
    first = int(place)
    tone = _SKIN_TONES[first] + (place - first) * (_SKIN_TONES[first + 1] - _SKIN_TONES[first])
    return linear(tone * rng.uniform(0.95, 1.03, 3)).clip(0, 0.97)


def _random_hair_color(rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.04:
        tone = _DYED_COLORS[rng.integers(len(_DYED_COLORS))]
    else:
        tone = _HAIR_COLORS[rng.choice(len(_HAIR_COLORS), p=_HAIR_CHANCES / _HAIR_CHANCES.sum())]
    return linear(tone * rng.uniform(0.85, 1.15) + rng.uniform(0, 6, 3))
