"""The person in one shot as layers: hair behind, body and head, hair in front."""

from dataclasses import dataclass

import cv2
import numpy as np

from src.portrait.beard import grow_beard
from src.portrait.body import SCALE, make_body, top_row
from src.portrait.ears import add_ears
from src.portrait.glasses import wear_glasses
from src.portrait.hair import grow_hair
from src.portrait.hair_style import HairStyle
from src.portrait.hat import Hat, shape_hat
from src.portrait.head import TracedHead, trace_head
from src.portrait.light import Light, find_shade, light_up
from src.portrait.outfit import Dressed, Outfit, dress
from src.portrait.person import Person
from src.portrait.pose import Framing, Pose, moved
from src.portrait.strands import DrawnHair, draw_hair

_SHADOW_SCALE = 4  # shadows are soft, so they are computed on an image this much smaller
_NOTHING = -1e3  # height of empty pixels, in pixels


@dataclass(frozen=True)
class Figure:
    """A person with clothes and lighting.

    Attributes:
        relief, face_color, face_gloss: face maps, see `head` and `face`.
        wind: (3,) float32, force on the hair.
        hair_seed: seed of the locks, which are the same in every shot.
    """

    person: Person
    framing: Framing
    style: HairStyle
    outfit: Outfit
    hat: Hat | None
    light: Light
    relief: np.ndarray
    face_color: np.ndarray
    face_gloss: np.ndarray
    wind: np.ndarray
    hair_seed: int


@dataclass(frozen=True)
class Layer:
    """Part of the figure: image (h, w, 3) float32 BGR (255 is white) and alpha (h, w) float32 0..1."""

    window: tuple[slice, slice]
    image: np.ndarray
    alpha: np.ndarray


def draw_figure(figure: Figure, pose: Pose, shot: np.random.Generator, shape: tuple[int, int]) -> list[Layer]:
    """Draw the figure; the layers go from back to front and do not include the background."""
    person, light = figure.person, figure.light
    top = top_row(person, pose)
    lower = moved(pose, np.array([0, -top]))
    body = make_body(person, lower, (shape[0] - top, shape[1]), figure.outfit.sleeve, shot)
    dressed = dress(body, person, lower, figure.outfit, shot)
    head = trace_head(person, figure.relief, pose)
    locks = np.random.default_rng(figure.hair_seed)
    strands = grow_hair(locks, shot, figure.style, person, pose, figure.wind)
    behind, before = draw_hair(strands, pose.head, pose.unit, light, shape)
    color = _face_color(head, figure, pose)
    lit = _find_shade(body.coverage, dressed, top, head, before, pose, light, shape)
    layers = [
        _hair_layer(behind, figure, 0.5),
        _body_layer(body.coverage, dressed, top, lit, light),
        _head_layer(head, color, figure, pose, lit, shape),
    ]
    if person.beard:
        beard = grow_beard(shot, person, figure.relief, pose)
        layers.append(_hair_layer(draw_hair(beard, pose.head, pose.unit, light, shape)[1], figure, 0.9))
    layers.append(_hair_layer(before, figure, 1.0))
    if figure.hat is not None:
        layers.append(_hat_layer(head, figure, pose, lit, shape))
    return layers


def _find_shade(coverage, dressed: Dressed, top: int, head: TracedHead, hair: DrawnHair, pose, light, shape):
    """Light that reaches body and head, given the shadows of each other and of the hair, (H / 4, W / 4)."""
    size = (shape[0] // _SHADOW_SCALE, shape[1] // _SHADOW_SCALE)
    height = np.full(size, _NOTHING, np.float32)
    first = top // _SHADOW_SCALE
    for corner, cover, raised in (
        ((first, 0), coverage, dressed.height * SCALE),
        ((head.corner[0] // _SHADOW_SCALE, head.corner[1] // _SHADOW_SCALE), head.coverage, head.height),
    ):
        small = tuple(length // _SHADOW_SCALE for length in cover.shape)
        cover, raised = (
            cv2.resize(plane, small[::-1], interpolation=cv2.INTER_AREA) for plane in (cover, raised)
        )
        here, there = overlap(small, size, corner)
        np.maximum(height[there], np.where(cover[here] > 0.5, raised[here], _NOTHING), out=height[there])
    small = tuple(max(length // _SHADOW_SCALE, 1) for length in hair.alpha.shape)
    here, there = overlap(small, size, tuple(place // _SHADOW_SCALE for place in hair.corner))
    cover = cv2.resize(hair.alpha, small[::-1], interpolation=cv2.INTER_AREA)[here]
    height[there] += 0.16 * pose.unit * cover
    lit = find_shade(height / _SHADOW_SCALE, pose.unit / _SHADOW_SCALE, light)
    lit[there] += 0.6 * cover * (1 - lit[there])
    return lit


def overlap(size: tuple[int, int], frame: tuple[int, int], corner: tuple[int, int]):
    """Return the overlap of a window at `corner` and the frame, as slices of the window and of the frame."""
    here, there = [], []
    for extent, limit, start in zip(size, frame, corner, strict=True):
        first = min(max(start, 0), limit)
        last = max(min(start + extent, limit), first)
        there.append(slice(first, last))
        here.append(slice(first - start, last - start))
    return tuple(here), tuple(there)


def _body_layer(coverage: np.ndarray, dressed: Dressed, top: int, lit: np.ndarray, light: Light) -> Layer:
    shape, half = coverage.shape, dressed.height.shape
    lit = lit[top // _SHADOW_SCALE :]
    lit = cv2.resize(lit, half[::-1], interpolation=cv2.INTER_LINEAR)
    gain, glare = light_up(dressed.height, dressed.gloss, dressed.skin, lit, light)
    gain, glare = (cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_LINEAR) for plane in (gain, glare))
    return Layer((slice(top, None), slice(None)), _lit(dressed.color, gain, glare), coverage)


def _face_color(head: TracedHead, figure: Figure, pose: Pose) -> np.ndarray:
    """Color of the head with its ears, (h, w, 3) uint8; the ears are also added to `head`."""
    color = cv2.remap(figure.face_color, head.map_x, head.map_y, cv2.INTER_LINEAR)
    back = np.full_like(color, (255 * np.sqrt(0.4 * figure.person.hair)).astype(np.uint8))
    color = cv2.blendLinear(color, back, head.front, 1 - head.front)
    add_ears(head, color, figure.person, pose)
    return color


def _head_layer(head: TracedHead, color: np.ndarray, figure: Figure, pose: Pose, lit, shape) -> Layer:
    gloss = cv2.remap(figure.face_gloss, head.map_x, head.map_y, cv2.INTER_LINEAR)
    if figure.person.glasses:
        wear_glasses(figure.person.glasses, color, gloss, head, pose)
    gain, glare = light_up(head.height, gloss, 1.0, _window_light(head, lit), figure.light)
    return _window_layer(head, _lit(color, gain, glare), head.coverage, shape)


def _hat_layer(head: TracedHead, figure: Figure, pose: Pose, lit: np.ndarray, shape) -> Layer:
    alpha, height, color = shape_hat(figure.hat, figure.person, pose, head)
    gloss = np.zeros_like(height)
    gain, glare = light_up(height, gloss, 0.0, 0.4 + 0.6 * _window_light(head, lit), figure.light)
    return _window_layer(head, _lit(color, gain, glare), alpha, shape)


def _window_light(head: TracedHead, lit: np.ndarray) -> np.ndarray:
    """The part of `lit` (H / 4, W / 4) inside the head's window, at full resolution."""
    size = head.coverage.shape[::-1]
    place = np.float32([[_SHADOW_SCALE, 0, 1.5 - head.corner[1]], [0, _SHADOW_SCALE, 1.5 - head.corner[0]]])
    return cv2.warpAffine(lit, place, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _lit(color: np.ndarray, gain: np.ndarray, glare: np.ndarray) -> np.ndarray:
    image = cv2.multiply(color, gain, dtype=cv2.CV_32F)
    return cv2.scaleAdd(glare, 255, image)


def _window_layer(head: TracedHead, image: np.ndarray, alpha: np.ndarray, shape: tuple[int, int]) -> Layer:
    here, there = overlap(alpha.shape, shape, head.corner)
    return Layer(there, image[here], alpha[here])


def _hair_layer(hair: DrawnHair, figure: Figure, openness: float) -> Layer:
    light, own = figure.light, figure.person.hair
    glow = openness * (light.color + 0.5 * light.sky)
    planes = [
        hair.tone * float(1.5 * glow[channel] * own[channel])
        + hair.gloss * float(glow[channel] * (0.08 + 0.8 * own[channel]))
        for channel in range(3)
    ]
    image = 255 * np.sqrt(cv2.merge(planes))
    rows, columns = (
        slice(first, first + size) for first, size in zip(hair.corner, hair.alpha.shape, strict=True)
    )
    return Layer((rows, columns), image, hair.alpha)
