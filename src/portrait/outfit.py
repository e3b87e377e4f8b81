"""The person's clothes, and painting them on the body."""

from dataclasses import dataclass

import cv2
import numpy as np

from src.images.subpixels import SUBPIXEL_BITS, to_subpixels
from src.portrait.body import SCALE, Body, BodyFrame
from src.portrait.cloth import TILE, make_folds, make_tile, random_cloth_color
from src.portrait.geometry import fill_polygon, smooth_curve, stroke
from src.portrait.noise import smooth_noise
from src.portrait.person import Person
from src.portrait.pose import Pose

# kind: neckline, possible sleeve lengths, probability for men and for women
_KINDS = {
    "tee": ("crew", (0.5, 0.6), 4, 3),
    "sweater": ("crew", (1.92,), 3, 3),
    "v-neck": ("v", (0.5, 1.9), 2, 3),
    "scoop": ("scoop", (0.35, 1.3), 0, 3),
    "tank": ("tank", (0.0,), 1, 3),
    "shirt": ("open", (0.6, 1.9), 4, 3),
    "turtleneck": ("roll", (1.92,), 1.5, 2),
    "blazer": ("deep", (1.92,), 3, 3),
    "hoodie": ("hood", (1.92,), 2.5, 1.5),
}
# The edge of the opening, from the left of the neck to the right, in half heads from the neck base.
_NECKLINES = {
    "crew": [(-0.56, -0.12), (-0.42, 0.28), (0, 0.48), (0.42, 0.28), (0.56, -0.12)],
    "v": [(-0.56, -0.12), (-0.36, 0.42), (0, 1.15), (0.36, 0.42), (0.56, -0.12)],
    "scoop": [(-0.9, -0.12), (-0.72, 0.5), (0, 0.98), (0.72, 0.5), (0.9, -0.12)],
    "tank": [(-0.78, -0.12), (-0.66, 0.7), (0, 1.15), (0.66, 0.7), (0.78, -0.12)],
    "open": [(-0.42, -0.2), (-0.22, 0.35), (0, 0.85), (0.22, 0.35), (0.42, -0.2)],
    "roll": [(-0.6, -0.55), (-0.3, -0.36), (0, -0.28), (0.3, -0.36), (0.6, -0.55)],
    "deep": [(-0.44, -0.2), (-0.26, 0.22), (0, 0.40), (0.26, 0.22), (0.44, -0.2)],
    "hood": [(-0.6, -0.12), (-0.42, 0.3), (0, 0.52), (0.42, 0.3), (0.6, -0.12)],
}
_OUTSIDE_STRAP = [(1.04, -0.6), (0.98, 0.6), (1.2, 1.35), (1.75, 1.75), (4, 1.8), (4, -0.6)]
_COLLAR = [(0.40, -0.30), (0.60, -0.12), (0.72, 0.40), (0.46, 0.78), (0.06, 0.40), (0.26, 0.1)]
_LAPEL = [(0.46, -0.22), (0.66, 0.0), (0.92, 1.05), (0.70, 1.15), (0.92, 1.35), (0.06, 3.1), (0.30, 1.2)]
_DEEP = [(-0.46, -0.25), (-0.34, 1.0), (0.0, 3.1), (0.34, 1.0), (0.46, -0.25)]
_HOOD = [(0.30, -0.35), (0.85, -0.30), (1.05, 0.22), (0.5, 0.72), (0.02, 0.66), (0.36, 0.3)]


@dataclass(frozen=True)
class Outfit:
    """Clothes of a session.

    Attributes:
        neckline: shape of the opening at the neck.
        sleeve: 0 none, 1 to the elbow, 2 to the wrist.
        tile: (TILE, TILE, 3) uint8 BGR, the cloth under even white light.
        repeat: width of the tile in half heads.
        trim, inner: (3,) BGR 0..255, colors of edges and of the garment underneath.
        gloss: strength of highlights.
        folds: depth of the folds; 1 is typical.
    """

    neckline: str
    sleeve: float
    tile: np.ndarray
    repeat: float
    trim: np.ndarray
    inner: np.ndarray
    gloss: float
    folds: float


def random_outfit(rng: np.random.Generator, person: Person, background: np.ndarray) -> Outfit:
    """Draw random clothes; some have a color close to `background`, BGR (3,) 0..255."""
    chances = np.array([kind[2] if person.masculine else kind[3] for kind in _KINDS.values()], float)
    neckline, sleeves, _, _ = list(_KINDS.values())[rng.choice(len(_KINDS), p=chances / chances.sum())]
    color = random_cloth_color(rng)
    if rng.random() < 0.18:
        color = np.clip(background * rng.uniform(0.9, 1.1, 3), 12, 240).astype(np.float32)
    tile, repeat = make_tile(rng, color)
    contrast = rng.random() < 0.25
    return Outfit(
        neckline=neckline,
        sleeve=float(rng.choice(sleeves)),
        tile=tile,
        repeat=repeat,
        trim=random_cloth_color(rng) if contrast else tile.mean((0, 1)) * 0.92,
        inner=random_cloth_color(rng),
        gloss=rng.uniform(0.0, 0.12),
        folds=rng.uniform(0.5, 1.3),
    )


@dataclass(frozen=True)
class Dressed:
    """The dressed body before lighting.

    Attributes:
        color: (H, W, 3) uint8 BGR, under even white light.
        height: (H / 2, W / 2) float32, towards the viewer, in half-resolution pixels.
        gloss, skin: (H / 2, W / 2) float32, as `light_up` takes them.
    """

    color: np.ndarray
    height: np.ndarray
    gloss: np.ndarray
    skin: np.ndarray


def dress(body: Body, person: Person, pose: Pose, outfit: Outfit, rng: np.random.Generator) -> Dressed:
    """Paint skin and clothes on the body."""
    shape, half = body.coverage.shape, body.height.shape
    unit = pose.unit / SCALE
    frame = BodyFrame(pose, person.shoulder)
    chest = _enlarge(body.chest, shape)
    bare = np.maximum(_enlarge(body.bare, shape), chest * _opening(outfit, frame, shape))
    folds = make_folds(rng, half, unit) * outfit.folds
    color = _weave(outfit, body, folds / unit, shape)
    skin = 255 * np.sqrt(person.skin) * (1 + 0.03 * smooth_noise(rng, (half[0], half[1]), 20, 3)[..., None])
    color = _blend(color, _enlarge(np.minimum(skin, 255).astype(np.uint8), shape), bare)
    relief = np.zeros(shape, np.float32)
    for mask, tone, thickness in _trimmings(outfit, frame, shape, pose.unit):
        mask = mask * chest
        color = _blend(color, _tone_of(tone, color), mask)
        bare -= bare * mask
        relief += mask * np.float32(thickness)
    relief += 0.03 * (1 - bare)
    relief = cv2.GaussianBlur(_shrink(relief, half), (0, 0), 0.8)
    bare = _shrink(bare, half)
    relief += _collarbones(frame, shape, half, person, pose) * bare
    return Dressed(
        color=color,
        height=(body.height + relief) * unit + folds * (1 - bare),
        gloss=outfit.gloss + bare * (0.07 - outfit.gloss),
        skin=bare,
    )


def _enlarge(plane: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_LINEAR)


def _shrink(plane: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_AREA)


def _blend(below: np.ndarray, above: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """`above` over `below`, both (H, W, 3) uint8, `weight` (H, W) float32."""
    return cv2.blendLinear(above, below, weight, 1 - weight)


def _tone_of(tone: np.ndarray | float, cloth: np.ndarray) -> np.ndarray:
    """A uniform color, or the cloth made darker or lighter."""
    if np.isscalar(tone):
        return cv2.convertScaleAbs(cloth, alpha=float(tone))
    return np.full_like(cloth, np.clip(tone, 0, 255).astype(np.uint8))


def _opening(outfit: Outfit, frame: BodyFrame, shape) -> np.ndarray:
    """Where the clothes leave the chest bare, `shape` float32 0..1."""
    edge = np.concatenate([smooth_curve(_NECKLINES[outfit.neckline]), [(1.2, -3), (-1.2, -3)]])
    opening = fill_polygon(shape, frame.on_chest(edge), 1.0)
    if outfit.neckline == "tank":
        for side in (-1, 1):
            outside = frame.to_pixels(smooth_curve(np.array(_OUTSIDE_STRAP) * (side, 1), True))
            opening = np.maximum(opening, fill_polygon(shape, outside, 1.0))
    return opening


def _weave(outfit: Outfit, body: Body, folds: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Color of the cloth, (H, W, 3) uint8; the pattern follows body and folds."""
    scale = TILE / outfit.repeat
    columns, rows = (_enlarge_places((place + folds) * scale, shape) for place in (body.across, body.along))
    return cv2.remap(outfit.tile, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def _enlarge_places(places: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Coordinates at full resolution, not interpolated across seams, where they jump."""
    smooth = _enlarge(places, shape)
    nearest = cv2.resize(places, shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.where(np.abs(smooth - nearest) > TILE / 24, nearest, smooth)


def _collarbones(frame: BodyFrame, shape, half, person: Person, pose: Pose) -> np.ndarray:
    """Heights in half heads, at half resolution."""
    bones = np.zeros(half, np.float32)
    for side in (-1, 1):
        points = np.array([(0.10, 0.30), (0.5, 0.26), (person.shoulder - 0.35, 0.24)]) * (side, 1)
        line = frame.on_chest(smooth_curve(points)) / SCALE
        bones += stroke(half, line, 0.07 * pose.unit / SCALE, 0.05 * pose.unit / SCALE)
    return 0.03 * bones


def _trimmings(outfit: Outfit, frame: BodyFrame, shape, unit: float) -> list[tuple]:
    """Collars, lapels and edges: (mask, color or factor on the cloth, thickness in half heads)."""
    pieces = []
    if outfit.neckline in ("crew", "v", "scoop", "tank", "hood", "roll"):
        line = frame.on_chest(smooth_curve(_NECKLINES[outfit.neckline]))
        wide = 0.3 if outfit.neckline == "roll" else 0.09
        pieces.append((stroke(shape, line, wide * unit), outfit.trim, 0.02 + 0.1 * wide))
    if outfit.neckline == "open":
        pieces += _shirt_front(outfit, frame, shape, unit)
    if outfit.neckline == "deep":
        inner = np.concatenate([smooth_curve(_DEEP), smooth_curve(_NECKLINES["deep"])[::-1]])
        pieces.append((fill_polygon(shape, frame.on_chest(inner), 0.8), outfit.inner, -0.03))
        pieces += [(_pair(_LAPEL, side, frame, shape), 0.95, 0.05) for side in (-1, 1)]
    if outfit.neckline == "hood":
        pieces += [(_pair(_HOOD, side, frame, shape, True), 0.96, 0.12) for side in (-1, 1)]
        for side in (-1, 1):
            cord = smooth_curve(np.array([(0.2, 0.6), (0.26, 1.0), (0.22, 1.6)]) * (side, 1))
            pieces.append((stroke(shape, frame.on_chest(cord), 0.05 * unit), outfit.trim * 0.5 + 110, 0.03))
    return pieces


def _shirt_front(outfit: Outfit, frame: BodyFrame, shape, unit: float) -> list[tuple]:
    pieces = [(stroke(shape, frame.on_chest([(0, 0.8), (0, 8)]), 0.3 * unit), 0.98, 0.012)]
    buttons = np.zeros(shape, np.uint8)
    for middle in frame.on_chest([(0, y) for y in np.arange(1.15, 6, 0.62)]):
        place = to_subpixels(middle).tolist()
        cv2.circle(buttons, place, int(0.8 * unit), 255, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    pieces.append((buttons.astype(np.float32) / 255, outfit.trim * 0.6 + 80, 0.02))
    return pieces + [(_pair(_COLLAR, side, frame, shape), 0.99, 0.05) for side in (-1, 1)]


def _pair(points, side: int, frame: BodyFrame, shape, smooth: bool = False) -> np.ndarray:
    points = np.array(points) * (side, 1)
    if smooth:
        points = smooth_curve(points, closed=True)
    return fill_polygon(shape, frame.on_chest(points), 0.8)
