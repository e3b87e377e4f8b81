"""Strands of hair as curves in space, grown from the scalp lock by lock."""

from dataclasses import dataclass

import numpy as np

from src.portrait.geometry import normalize, smoothstep
from src.portrait.hair_style import HairStyle
from src.portrait.head import SKULL_DEPTH, hairline
from src.portrait.person import Person
from src.portrait.pose import NECK_BASE, Pose

_GUIDE_POINTS = 25
_STRANDS_PER_LOCK = 16
_GRAVITY = np.array([0, 1, 0], np.float32)


@dataclass(frozen=True)
class Strands:
    """N strands.

    Attributes:
        points: (N, P, 3) float32, pixels, z towards the viewer.
        outer: (N,) float32, from 0 for strands deep in the hair to 1 for those on top.
        tone: (N,) float32, brightness factor.
        thickness: (N,) float32, opacity of the one-pixel-wide strand, 0 to 1.
    """

    points: np.ndarray
    outer: np.ndarray
    tone: np.ndarray
    thickness: np.ndarray


def grow_hair(
    session: np.random.Generator,
    shot: np.random.Generator,
    style: HairStyle,
    person: Person,
    pose: Pose,
    wind: np.ndarray,
) -> Strands:
    """Grow a head of hair.

    Args:
        session, shot: random sources for what is constant in a session and what varies between shots.
        style: the hair style.
        person, pose: the person and the pose.
        wind: (3,) float32, force on the strands, 0 for still air.
    """
    skull = np.array([person.face_width, 1.0, SKULL_DEPTH], np.float32) * 1.01
    locks = style.strands // _STRANDS_PER_LOCK
    roots = _scalp_points(session, locks, skull)
    guides = _grow_locks(session, style, roots, skull, pose, wind, person)
    strands, outer = _fill_locks(shot, style, guides.astype(np.float32))
    strays, stray_outer = _stray_strands(shot, style, strands)
    points = np.concatenate([strands, strays])
    count = len(points)
    lock_tone = np.repeat(session.normal(1, 0.10, locks), _STRANDS_PER_LOCK)
    tone = np.concatenate([lock_tone, np.ones(len(strays))]) * shot.normal(1, 0.14, count)
    thickness = np.concatenate([np.full(len(strands), 0.85), shot.uniform(0.25, 0.65, len(strays))])
    return Strands(
        points=(points * pose.unit + pose.head).astype(np.float32),
        outer=np.concatenate([outer, stray_outer]).astype(np.float32),
        tone=np.clip(tone, 0.5, 1.6).astype(np.float32),
        thickness=thickness.astype(np.float32),
    )


def _scalp_points(rng: np.random.Generator, count: int, skull: np.ndarray) -> np.ndarray:
    """`count` roots on the hairy part of the skull, (count, 3), in the head's coordinates."""
    points = normalize(rng.normal(size=(8 * count, 3)).astype(np.float32)) * skull
    points = points[points[:, 1] < hairline(points[:, 2]) + rng.normal(0, 0.03, len(points))]
    return points[:count]


def _grow_locks(rng, style: HairStyle, roots, skull, pose: Pose, wind, person: Person) -> np.ndarray:
    """The center line of every lock, (locks, _GUIDE_POINTS, 3), in half heads from the center of the head."""
    if style.comb == "gathered":
        lines = _gathered(rng, style, roots, skull, pose)
        fringe = np.zeros(len(roots), bool)
        if style.fringe:
            fringe = (roots[:, 2] > 0.4) & (np.abs(roots[:, 0]) < 0.35)
            lines[fringe] = _falling(rng, style, roots[fringe], skull, pose, wind, person)
        return lines
    return _falling(rng, style, roots, skull, pose, wind, person)


def _falling(rng, style: HairStyle, roots, skull, pose: Pose, wind, person: Person) -> np.ndarray:
    """Grow in steps: along the combing direction on the head, then down around head and shoulders."""
    count = len(roots)
    length = style.length * rng.uniform(style.short_share, 1, count).astype(np.float32)
    is_fringe = (roots[:, 2] > 0.42) & (np.abs(roots[:, 0]) < 0.45) & (style.fringe > 0)
    length = np.where(is_fringe, style.fringe * rng.uniform(0.8, 1.1, count), length)
    if style.length < 1.2 and style.comb != "out":
        # Short cuts are shorter at the sides and the nape than on top.
        length = length * np.interp(roots[:, 1], [-0.9, -0.5, 0.0, 0.4], [1.0, 0.8, 0.35, 0.25])
    step = (length / (_GUIDE_POINTS - 1))[:, None].astype(np.float32)
    normal = normalize(roots / skull**2)
    heading = normalize(style.lift * normal + (1 - style.lift) * _comb(style, roots, normal, is_fringe))
    lean = rng.normal(0, 0.03 + 0.6 * style.frizz, (count, 3)).astype(np.float32)
    points = np.empty((count, _GUIDE_POINTS, 3), np.float32)
    place = roots.copy()
    turn = pose.turn
    down = _GRAVITY @ turn  # gravity and wind in the head's coordinates
    gust = wind.astype(np.float32) @ turn
    offset = np.float32(style.body) * rng.uniform(0.4, 1.0, (count, 1)).astype(np.float32)
    for index in range(_GUIDE_POINTS):
        points[:, index] = place
        part = index / (_GUIDE_POINTS - 1)
        normal = normalize(place / skull**2)
        combed = _comb(style, place, normal, is_fringe)
        hanging = smoothstep(-0.35, 0.45, place[:, 1:2] + 0.4 * (np.abs(place[:, :1]) > 0.8)) * style.gravity
        hanging = np.maximum(hanging, 0.12 * style.gravity * part)
        pull = (1 - hanging) * combed + hanging * down + part * gust + lean
        grip = min(1.0, 14 * float(np.mean(step)))
        stiff = 0.4 + 0.3 * hanging
        heading = normalize(heading + (stiff * grip if style.comb != "out" else 0.06) * pull)
        place = place + heading * step
        place = _outside_skull(place, skull, offset * smoothstep(0.0, 0.25, np.float32(part)))
        if style.length > 1:
            place = _outside_body(place, turn, person.shoulder)
    return points @ turn.T


def _comb(style: HairStyle, place: np.ndarray, normal: np.ndarray, is_fringe: np.ndarray) -> np.ndarray:
    """Combing direction on the scalp, (N, 3)."""
    side = np.tanh((place[:, 0] - style.parting) * 6)
    zero, one = np.zeros_like(side), np.ones_like(side)
    if style.comb == "parted":
        flow = np.stack([side, 0.35 * one, -0.30 * one], 1)
    elif style.comb == "back":
        flow = np.stack([0.25 * side, -0.1 * one, -one], 1)
    elif style.comb == "forward":
        flow = np.stack([0.6 * side, 0.5 * one, 0.25 * one], 1)
    else:
        return normal
    falling = np.stack([0.35 * np.tanh(place[:, 0] * 3) + zero, one, 0.5 * one], 1)
    flow = np.where(is_fringe[:, None], falling, flow).astype(np.float32)
    return normalize(flow - (flow * normal).sum(1, keepdims=True) * normal)


def _outside_skull(place: np.ndarray, skull: np.ndarray, offset: np.ndarray) -> np.ndarray:
    reach = np.linalg.norm(place / skull, axis=1, keepdims=True)
    return place * np.maximum(1, (1 + offset) / np.maximum(reach, 1e-3))


def _outside_body(place: np.ndarray, turn: np.ndarray, shoulder: float) -> np.ndarray:
    """Push points out of the neck and shoulders, which do not turn with the head."""
    seen = place @ turn.T
    middle = np.array([0, NECK_BASE[1] + 1.2, -0.15], np.float32)
    radii = np.array([shoulder + 0.1, 1.0, 0.62], np.float32)
    away = (seen - middle) / radii
    reach = np.linalg.norm(away, axis=1, keepdims=True)
    seen = np.where(reach < 1, middle + away / np.maximum(reach, 1e-3) * radii, seen)
    return seen @ turn


def _gathered(rng, style: HairStyle, roots, skull, pose: Pose) -> np.ndarray:
    """Hair combed over the scalp to the knot, then wound into a bun or hanging as a tail."""
    kind, knot = style.knot
    tie = normalize(np.array(knot, np.float32) / skull) * skull * 1.05
    count, on_head = len(roots), _GUIDE_POINTS // 2
    part = np.linspace(0, 1, on_head, dtype=np.float32)[None, :, None]
    unit_root, unit_tie = roots / skull, tie / skull
    line = unit_root[:, None] * (1 - part) + unit_tie * part
    bulge = 1 + 0.05 * np.sin(np.pi * part)
    line = line / np.maximum(np.linalg.norm(line, axis=2, keepdims=True), 0.2) * skull * bulge
    line = line @ pose.turn.T
    tie = tie @ pose.turn.T
    rest = _GUIDE_POINTS - on_head
    part = np.linspace(0, 1, rest, dtype=np.float32)[None, :, None]
    if kind == "bun":
        radius = rng.uniform(0.12, 0.36, (count, 1, 1))
        middle = tie + 0.3 * normalize(tie)
        angle = rng.uniform(0, 6.28, (count, 1, 1)) + part * rng.uniform(3, 6, (count, 1, 1))
        one = normalize(rng.normal(size=(count, 1, 3)))
        two = normalize(np.cross(one, rng.normal(size=(count, 1, 3))))
        end = middle + radius * (np.cos(angle) * one + np.sin(angle) * two)
        end = tie + (end - tie) * smoothstep(0, 0.15, part)
    else:
        length = style.length * rng.uniform(0.7, 1.1, (count, 1, 1))
        out = normalize(tie) * np.array([1, 0.6, 1])
        swing = rng.normal(0, 0.16, (count, 1, 3)) * np.array([1, 0.4, 1])
        fall = 1.2 * np.square(part) * _GRAVITY
        end = tie + length * (part * 0.45 * (1 - 0.6 * part) * out + fall * 0.8 + part * swing)
    return np.concatenate([line, end], 1).astype(np.float32)


def _fill_locks(rng, style: HairStyle, guides: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Waved and curled strands around the center lines, close together within a lock.

    Returns:
        (N, P, 3) float32 strands, and (N,) how far out in its lock each one lies.
    """
    locks = np.repeat(np.arange(len(guides)), _STRANDS_PER_LOCK)
    count = len(locks)
    part = np.linspace(0, 1, style.points, dtype=np.float32) * _float(rng.uniform(0.72, 1, (count, 1)))
    along = part * np.linalg.norm(np.diff(guides, axis=1), axis=2).sum(1)[locks, None]
    lines = _resampled(guides, locks, part)
    # One pair of directions across each lock is enough, because locks bend but do not twist.
    tangent = normalize(guides[:, -1] - guides[:, 0])
    first = normalize(np.cross(tangent, np.array([0.1, 0.2, 1], np.float32)))
    second = np.cross(tangent, first)
    close = 1 - style.clump * part**0.7
    around = _float(rng.normal(0, 0.055, (2, count, 1)))
    waves = np.sin(
        along * _float(rng.uniform(2, 5, (2, count, 1))) + _float(rng.uniform(0, 6.28, (2, count, 1)))
    )
    stray = style.frizz * _float(rng.normal(0, 1, (2, count, 1))) * waves * np.minimum(along * 1.5, 1)
    shift = around * close + stray
    grow = np.minimum(part * 3, 1)
    if style.wave:
        phase = _float(rng.uniform(0, 1.8, (len(guides), 1)))[locks]
        shift[0] += style.wave * grow * np.sin(2 * np.pi * along / style.wave_length + phase)
    if style.curl:
        phase = _float(rng.uniform(0, 6.28, (len(guides), 1)))[locks] + _float(rng.normal(0, 0.7, (count, 1)))
        phase = phase + along * (2 * np.pi / style.curl_length)
        radius = style.curl * _float(rng.uniform(0.5, 1.3, (count, 1))) * grow
        shift[0] += radius * np.cos(phase)
        shift[1] += radius * np.sin(phase)
    lines += shift[0][..., None] * first[locks][:, None] + shift[1][..., None] * second[locks][:, None]
    outer = 0.5 + 4 * around.mean((0, 2)) + 0.35 * rng.uniform(-1, 1, count)
    return lines, np.clip(outer, 0, 1)


def _float(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)


def _resampled(lines: np.ndarray, which: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Points on `lines[which]` at the fractions `part` (N, P) of their length, (N, P, 3) float32."""
    place = part * (lines.shape[1] - 1)
    first = np.minimum(place.astype(np.int32), lines.shape[1] - 2)
    rest = (place - first)[..., None]
    start = lines[which[:, None], first]
    return start + rest * (lines[which[:, None], first + 1] - start)


def _stray_strands(rng, style: HairStyle, strands: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Single stray strands: copies that drift off sideways and up."""
    chosen = strands[rng.integers(0, len(strands), style.flyaways)]
    part = np.linspace(0, 1, style.points)[None, :, None]
    reach = min(1.0, 0.25 + 0.35 * style.length)
    drift = rng.normal(0, 0.22, (len(chosen), 1, 3)) * reach + np.array([0, -0.05, 0])
    swing = np.sin(part * rng.uniform(2, 7, (len(chosen), 1, 1)) + rng.uniform(0, 6, (len(chosen), 1, 1)))
    out = chosen + part**1.5 * drift + 0.05 * reach * swing * normalize(rng.normal(size=(len(chosen), 1, 3)))
    return out.astype(np.float32), np.ones(len(chosen))
