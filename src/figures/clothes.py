"""What a figure wears: which parts of its mesh are cloth, skin, hair or shoes, how thick, of what colours."""

from typing import NamedTuple

import numpy as np

from src.figures.body import BODY, EYES, HAIR, SKIRT, Body, Figure
from src.figures.pattern import Pattern, draw_pattern, draw_plain

# Bones from the trunk to the end of a limb: clothes cover the first few.
_SLEEVE = ("upperarm01", "upperarm02", "lowerarm01", "lowerarm02")
_TROUSERS = ("upperleg01", "upperleg02", "lowerleg01", "lowerleg02")
_TRUNK = ("spine", "clavicle", "shoulder", "breast", "root", "pelvis")
_HANDS = ("wrist", "finger", "metacarpal")
_FEET = ("foot", "toe")
# BGR
_SKINS = ((55, 75, 110), (75, 105, 150), (110, 145, 195), (140, 175, 220), (165, 195, 235), (40, 55, 80))
_HAIRS = ((20, 22, 28), (30, 45, 70), (50, 85, 130), (90, 150, 190), (140, 140, 145), (40, 55, 120))
_NO_TRIANGLES = np.empty((0, 3), int)  # of a piece whose place is not known yet
_WHITE_OF_EYES = (215, 220, 225)


class Surface(NamedTuple):
    """Triangles of one stuff.

    Args:
        triangles: three vertices each, (T, 3).
        pattern: its colours.
        folds: how strongly folds bend its normals, 0: smooth.
        both_sides: whether it is seen from behind, too.
        strands: whether single hairs stick out.
    """

    triangles: np.ndarray
    pattern: Pattern
    folds: float = 0.0
    both_sides: bool = False
    strands: bool = False


class Dressed(NamedTuple):
    """Surfaces, and how far their vertices lie outside the body, (V,) in metres."""

    surfaces: list[Surface]
    thickness: np.ndarray


class _Layer(NamedTuple):
    """A piece of clothing, and the part of the body that it covers.

    Args:
        vertices: the part, (V,) bool.
        surface: the piece, still without triangles.
        thickness: in metres.
    """

    vertices: np.ndarray
    surface: Surface
    thickness: float = 0.0


def dress(rng: np.random.Generator, body: Body, figure: Figure, *, skirt: bool) -> Dressed:
    """Random clothes, hair and shoes for a figure.

    Args:
        rng: source of randomness.
        body: the mesh.
        figure: at rest, it says where hair and hems end.
        skirt: whether the figure may wear one.
    """
    head = np.char.startswith(body.bones, "head")
    hair = _of_tone(rng, _HAIRS)
    top = _cloth(rng)
    bottom = top if rng.random() < 0.15 else _cloth(rng)
    layers = [
        _Layer(np.ones(len(figure.rest), bool), Surface(body.triangles[BODY], _of_tone(rng, _SKINS))),
        *_draw_clothes(rng, body, figure, top, bottom),
        *_draw_head(rng, figure, head, hair),
    ]
    surfaces, thickness = _cover(body.triangles[BODY], layers)
    surfaces += [Surface(body.triangles[eye], draw_plain(rng, _WHITE_OF_EYES)) for eye in EYES]
    if rng.random() < 0.45:
        surfaces.append(_long_hair(rng, body.triangles[HAIR], figure, head, hair))
    if skirt and rng.random() < 0.3:
        hem = figure.joints["lowerleg01.L"][2] + rng.uniform(-0.35, 0.25)
        surfaces.append(_hanging(figure, body.triangles[SKIRT], hem, bottom))
    return Dressed(surfaces, thickness)


def _draw_clothes(
    rng: np.random.Generator, body: Body, figure: Figure, top: Surface, bottom: Surface
) -> list[_Layer]:
    parts = np.array([bone.split(".")[0] for bone in body.bones])
    sleeves = _SLEEVE[: rng.choice((0, 1, 2, 4), p=(0.15, 0.25, 0.1, 0.5))]
    legs = _TROUSERS[: rng.choice((1, 2, 3, 4), p=(0.15, 0.1, 0.1, 0.65))]
    waist = figure.joints["root"][2] + rng.uniform(-0.08, 0.12)
    trunk = _starts_with(parts, _TRUNK)
    above = figure.rest[:, 2] > waist
    layers = [
        _Layer((trunk & ~above) | np.isin(parts, legs), bottom, rng.uniform(0.003, 0.035)),
        _Layer((trunk & above) | np.isin(parts, sleeves), top, rng.uniform(0.003, 0.035)),
    ]
    if rng.random() < 0.85:
        shoes = _starts_with(parts, _FEET)
        layers.append(_Layer(shoes, _plain(rng), rng.uniform(0.008, 0.018)))
    if rng.random() < 0.1:
        layers.append(_Layer(_starts_with(parts, _HANDS), _plain(rng), 0.004))
    return layers


def _draw_head(rng: np.random.Generator, figure: Figure, head: np.ndarray, hair: Pattern) -> list[_Layer]:
    """Hair or a hat, above a plane from the hairline, high at the forehead, to the nape."""
    where = figure.rest[head]
    height = where[:, 2].max() - rng.uniform(0.07, 0.1)
    steepness = rng.uniform(0.8, 1.3)
    above = head & (figure.rest[:, 2] > height - steepness * (figure.rest[:, 1] - np.median(where[:, 1])))
    kind = rng.choice(("hat", "hair", "bald"), p=(0.14, 0.8, 0.06))
    if kind == "hat":
        return [_Layer(above, _plain(rng), rng.uniform(0.015, 0.04))]
    if kind == "hair":
        surface = Surface(_NO_TRIANGLES, hair, strands=True)
        return [_Layer(above, surface, rng.uniform(0.004, 0.035))]
    return []


def _cover(triangles: np.ndarray, layers: list[_Layer]) -> tuple[list[Surface], np.ndarray]:
    """The visible part of each layer, of which later ones cover earlier ones, and the vertices' thickness."""
    of_vertices = np.zeros(len(layers[0].vertices), int)
    for number, layer in enumerate(layers):
        of_vertices[layer.vertices] = number
    of_triangles = np.median(of_vertices[triangles], axis=1)  # of two layers, that of two corners
    surfaces = [
        layer.surface._replace(triangles=triangles[of_triangles == number])
        for number, layer in enumerate(layers)
    ]
    return surfaces, np.array([layer.thickness for layer in layers])[of_vertices]


def _long_hair(
    rng: np.random.Generator, triangles: np.ndarray, figure: Figure, head: np.ndarray, hair: Pattern
) -> Surface:
    """Hair behind the face, down to a random height."""
    hem = figure.joints["head"][2] - rng.uniform(0.0, 0.45)
    hanging = _hanging(figure, triangles, hem, Surface(_NO_TRIANGLES, hair))
    middle = np.median(figure.rest[head, 1])
    behind = figure.rest[hanging.triangles][:, :, 1].min(axis=1) > middle - rng.uniform(0.02, 0.05)
    return hanging._replace(triangles=hanging.triangles[behind], strands=True)


def _hanging(figure: Figure, triangles: np.ndarray, hem: float, surface: Surface) -> Surface:
    """The triangles of a loose part down to a height at rest."""
    kept = figure.rest[triangles][:, :, 2].max(axis=1) > hem
    return surface._replace(triangles=triangles[kept], both_sides=True)


def _starts_with(names: np.ndarray, beginnings: tuple[str, ...]) -> np.ndarray:
    return np.logical_or.reduce([np.char.startswith(names, beginning) for beginning in beginnings])


def _cloth(rng: np.random.Generator) -> Surface:
    return Surface(_NO_TRIANGLES, draw_pattern(rng), folds=rng.uniform(0.05, 0.35))


def _plain(rng: np.random.Generator) -> Surface:
    return Surface(_NO_TRIANGLES, draw_plain(rng))


def _of_tone(rng: np.random.Generator, tones: tuple[tuple[int, int, int], ...]) -> Pattern:
    return draw_plain(rng, np.array(tones[rng.integers(len(tones))]) * rng.uniform(0.8, 1.2))
