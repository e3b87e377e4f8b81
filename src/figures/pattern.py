"""Colours of stuffs: plain, striped, checked or printed, as functions of the place on the body at rest."""

import colorsys
from typing import NamedTuple

import numpy as np

_KINDS = {"plain": 0.5, "stripes": 0.15, "checks": 0.12, "print": 0.13, "blocks": 0.1}


class Pattern(NamedTuple):
    """A pattern of two colours.

    Args:
        kind: "plain", "stripes", "checks", "print" or "blocks".
        colours: BGR, (2, 3), 0 to 255; plain stuffs show the first.
        waves: wave vectors of the pattern in radians per metre, (W, 3).
        phases: of the waves, (W,).
        mottled: strength of irregular shades.
    """

    kind: str
    colours: np.ndarray
    waves: np.ndarray
    phases: np.ndarray
    mottled: float

    def colour(self, places: np.ndarray) -> np.ndarray:
        """Colours at places (N, 3), metres at rest: BGR (N, 3), from 0, in places above 255."""
        waves = np.sin(places @ self.waves.T + self.phases)
        match self.kind:
            case "stripes":
                second = waves[:, 0] > 0.3
            case "checks":
                second = (waves[:, 0] > 0) ^ (waves[:, 1] > 0)
            case "print":
                second = waves[:, :5].sum(axis=1) > 1.3
            case "blocks":
                second = waves[:, 2:4].sum(axis=1) * 0.2 + places[:, 2] * 4 + self.phases[0] - np.pi > 0
            case _:
                second = np.zeros(len(places), bool)
        shade = 1 + self.mottled * waves[:, 5:].mean(axis=1, keepdims=True)
        return self.colours[second.astype(int)] * shade


def draw_pattern(rng: np.random.Generator) -> Pattern:
    """A random pattern."""
    kind = str(rng.choice(list(_KINDS), p=list(_KINDS.values())))
    return _pattern(rng, kind, draw_colour(rng), draw_colour(rng))


def draw_plain(rng: np.random.Generator, colour: np.ndarray | None = None) -> Pattern:
    """A stuff of one colour, BGR (3,); a random one if it is None."""
    colour = draw_colour(rng) if colour is None else colour
    return _pattern(rng, "plain", colour, colour)


def draw_colour(rng: np.random.Generator) -> np.ndarray:
    """A colour that clothes have: often grey or faint; BGR (3,), 0 to 255."""
    strength = rng.choice((rng.uniform(0, 0.15), rng.uniform(0.1, 0.9)))
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), strength, rng.beta(1, 1) * 0.9 + 0.06)
    return np.array((blue, green, red)) * 255


def _pattern(rng: np.random.Generator, kind: str, first: np.ndarray, second: np.ndarray) -> Pattern:
    waves = rng.normal(0, 1, (11, 3)) * rng.uniform(40, 200)
    if kind in ("stripes", "checks"):
        along = np.eye(3)[[2, 0]] if rng.random() < 0.6 else np.eye(3)[[0, 2]]
        waves[:2] = along * 2 * np.pi / rng.uniform(0.015, 0.12)
    waves[5:] *= 0.3
    return Pattern(
        kind, np.stack((first, second)), waves, rng.uniform(0, 2 * np.pi, len(waves)), rng.uniform(0.02, 0.12)
    )
