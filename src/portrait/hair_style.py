"""Kinds of hair and how each one grows; lengths are in half heads."""

from dataclasses import dataclass, replace

import numpy as np

from src.portrait.person import Person


@dataclass(frozen=True)
class HairStyle:
    """How hair grows.

    Attributes:
        length: length of the longest strands.
        short_share: length of the shortest strands, as a fraction of `length`.
        lift: how steeply strands leave the scalp, from 0 flat to 1 upright.
        body: how far the hair stands off the head.
        comb: "parted", "back", "forward", "out" (away from the scalp) or "gathered".
        parting: x of the parting.
        gravity: how soon strands hang down; 0 for never.
        wave, wave_length: sideways swing of whole locks.
        curl, curl_length: radius and rise of each strand's corkscrew.
        clump: how closely the strands of a lock converge towards their tips, 0 to 1.
        frizz: how far single strands leave their lock.
        fringe: length of the hair over the forehead; 0 for none.
        knot: where gathered hair is tied, from the center of the head, and what follows: "bun" or "tail".
        strands: number of strands.
        points: points per strand; curls need many.
        flyaways: number of single strands that stand off.
    """

    length: float
    short_share: float = 0.7
    lift: float = 0.35
    body: float = 0.06
    comb: str = "parted"
    parting: float = 0.0
    gravity: float = 1.0
    wave: float = 0.0
    wave_length: float = 0.8
    curl: float = 0.0
    curl_length: float = 0.3
    clump: float = 0.5
    frizz: float = 0.03
    fringe: float = 0.0
    knot: tuple[str, tuple[float, float, float]] | None = None
    strands: int = 3200
    points: int = 25
    flyaways: int = 260

    @property
    def fits_hat(self) -> bool:
        """Whether the hair lies close enough to the head to wear a hat."""
        return self.comb in ("parted", "forward") and self.lift < 0.5 and self.body < 0.25


_LONG = HairStyle(length=3.6, short_share=0.75, clump=0.45, frizz=0.02)
_SHORT = HairStyle(
    length=0.5,
    short_share=0.5,
    gravity=0.25,
    comb="forward",
    clump=0.35,
    strands=4200,
    points=13,
    flyaways=160,
    frizz=0.05,
)
_STYLES = {
    "long straight": _LONG,
    "long wavy": replace(
        _LONG, length=3.6, points=33, wave=0.09, wave_length=0.95, body=0.12, clump=0.7, frizz=0.05
    ),
    "long curly": replace(
        _LONG,
        length=3.3,
        strands=2600,
        points=81,
        wave=0.05,
        curl=0.075,
        curl_length=0.34,
        body=0.22,
        clump=0.55,
        frizz=0.06,
        flyaways=320,
    ),
    "bob": replace(_LONG, length=2.0, short_share=0.8, body=0.12),
    "wavy bob": replace(_LONG, length=2.2, wave=0.08, wave_length=0.7, body=0.18, clump=0.7, frizz=0.06),
    "crop": replace(_SHORT, length=0.3),
    "quiff": replace(_SHORT, length=0.72, comb="back", lift=0.75, body=0.1, gravity=0.15, short_share=0.35),
    "side": replace(_SHORT, length=0.85, comb="parted", lift=0.5, body=0.1, gravity=0.3),
    "messy": replace(
        _SHORT, length=0.6, lift=0.8, clump=0.75, frizz=0.1, wave=0.03, wave_length=0.3, flyaways=240
    ),
    "short curly": replace(
        _SHORT,
        length=0.75,
        points=33,
        strands=3400,
        comb="out",
        lift=0.85,
        curl=0.06,
        curl_length=0.2,
        gravity=0.15,
        body=0.1,
        flyaways=260,
    ),
    "afro": HairStyle(
        length=0.95,
        points=57,
        comb="out",
        lift=1.0,
        gravity=0.0,
        curl=0.05,
        curl_length=0.17,
        clump=0.1,
        frizz=0.06,
        body=0.0,
        short_share=0.8,
        strands=3200,
        flyaways=300,
    ),
    "bun": HairStyle(length=1.6, comb="gathered", lift=0.0, clump=0.2, knot=("bun", (0, -0.95, -0.65))),
    "ponytail": HairStyle(length=1.6, comb="gathered", lift=0.0, clump=0.2, knot=("tail", (0, -0.7, -0.95))),
}
_MEN = {
    "crop": 3,
    "quiff": 3,
    "side": 3,
    "messy": 3,
    "short curly": 2,
    "afro": 1,
    "long wavy": 0.7,
    "bun": 0.4,
}
_WOMEN = {
    "long straight": 4,
    "long wavy": 4,
    "long curly": 3,
    "bob": 2,
    "wavy bob": 2.5,
    "afro": 1.5,
    "bun": 1.5,
    "ponytail": 2,
    "messy": 0.7,
    "short curly": 0.7,
}


def random_hair_style(rng: np.random.Generator, person: Person) -> HairStyle:
    """Draw a random style and vary it."""
    chances = _MEN if person.masculine else _WOMEN
    weights = np.array(list(chances.values()), float)
    name = list(chances)[rng.choice(len(chances), p=weights / weights.sum())]
    style = _STYLES[name]
    fringe = 0.0
    if style.comb in ("parted", "gathered") and style.length > 1 and rng.random() < 0.35:
        fringe = rng.uniform(0.5, 0.75)
    knot = style.knot
    if knot is not None:
        side = rng.choice([0.0, rng.uniform(-0.5, 0.5)])
        knot = (knot[0], (side, knot[1][1] * rng.uniform(0.4, 1.2), knot[1][2]))
    return replace(
        style,
        length=style.length * rng.uniform(0.8, 1.25),
        body=style.body * rng.uniform(0.6, 1.6),
        wave=style.wave * rng.uniform(0.6, 1.4),
        curl=style.curl * rng.uniform(0.7, 1.3),
        frizz=style.frizz * rng.uniform(0.6, 1.8),
        clump=float(np.clip(style.clump * rng.uniform(0.7, 1.3), 0, 0.9)),
        parting=float(rng.choice([0.0, rng.uniform(-0.4, 0.4)])),
        flyaways=int(style.flyaways * rng.uniform(0.5, 2.0)),
        fringe=fringe,
        knot=knot,
    )
