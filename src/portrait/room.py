"""Rooms: a wall and floor, with windows, shelves, pictures, a lamp, a door or a plant."""

import cv2
import numpy as np

from src.images.subpixels import SUBPIXEL_BITS, to_subpixels
from src.portrait.scenery import fill_rectangle, near_color, random_color, uneven_light, unit_grid


def draw_room(rng, shape, base, unit):
    """Draw a wall and floor, with windows, shelves, pictures, a lamp, a door or a plant."""
    height, width = shape
    x, y = unit_grid(shape)
    shade = 1 - 0.25 * rng.uniform(-1, 1) * x - 0.15 * y
    image = np.ascontiguousarray(np.broadcast_to(base * shade[..., None], (*shape, 3)).astype(np.float32))
    if rng.random() < 0.6:
        floor = rng.uniform(0.72, 0.95) * height
        fill_rectangle(image, 0, floor, width, height, near_color(rng, base * 0.6, 20))
        fill_rectangle(image, 0, floor - 0.14 * unit, width, floor, near_color(rng, base * 1.15, 8))
    pieces = (_window, _shelves, _pictures, _plant, _lamp, _door)
    for piece in rng.choice(len(pieces), rng.integers(1, 4), replace=False):
        pieces[piece](rng, image, base, unit)
    return image * uneven_light(rng, shape, 0.4)


def _window(rng, image, base, unit):
    height, width = image.shape[:2]
    wide, tall = rng.uniform(2.2, 4.5) * unit, rng.uniform(3.5, 7) * unit
    left, top = rng.uniform(-0.5 * wide, width - 0.4 * wide), rng.uniform(-0.4, 0.15) * height
    frame = near_color(rng, np.full(3, rng.choice([225, 60, 120])), 12)
    fill_rectangle(image, left, top, left + wide, top + tall, frame)
    outside = np.array([250, 240, 228]) * rng.uniform(0.75, 1.0)
    columns, rows = rng.integers(1, 4), rng.integers(1, 4)
    bar = 0.12 * unit
    for column in range(columns):
        for row in range(rows):
            x0, y0 = left + bar + column * (wide - bar) / columns, top + bar + row * (tall - bar) / rows
            x1, y1 = x0 + (wide - bar) / columns - bar, y0 + (tall - bar) / rows - bar
            fill_rectangle(image, x0, y0, x1, y1, outside * rng.uniform(0.93, 1.0))
            if rng.random() < 0.5:
                fill_rectangle(
                    image,
                    x0,
                    y1 - (y1 - y0) * rng.uniform(0.1, 0.5),
                    x1,
                    y1,
                    near_color(rng, outside * 0.7, 18),
                )


def _shelves(rng, image, base, unit):
    height, width = image.shape[:2]
    left = rng.choice([rng.uniform(-0.4, 0.2), rng.uniform(0.5, 0.8)]) * width
    right = left + rng.uniform(3, 6) * unit
    gap = rng.uniform(1.1, 1.9) * unit
    wood = near_color(rng, np.array([60, 95, 140]) * rng.uniform(0.4, 1.5), 12)
    top = rng.uniform(-0.5, 0) * unit
    fill_rectangle(image, left, top - 9, right, height, wood * 0.45)
    for shelf in np.arange(top, height, gap):
        place = left
        while place < right:
            thick = rng.uniform(0.09, 0.3) * unit
            if rng.random() < 0.85:
                tall = gap * rng.uniform(0.55, 0.88)
                color = random_color(rng) * rng.uniform(0.5, 1)
                fill_rectangle(image, place, shelf + gap - tall, place + thick * 0.95, shelf + gap, color)
                fill_rectangle(
                    image,
                    place,
                    shelf + gap - 0.8 * tall,
                    place + thick,
                    shelf + gap - 0.7 * tall,
                    color * 1.3,
                )
            place += thick
        fill_rectangle(image, left, shelf + gap, right, shelf + gap + 0.1 * unit, wood)


def _pictures(rng, image, base, unit):
    height, width = image.shape[:2]
    for _ in range(rng.integers(1, 5)):
        wide, tall = rng.uniform(0.9, 2.6, 2) * unit
        left, top = rng.uniform(-0.3 * wide, width - 0.5 * wide), rng.uniform(0, 0.6) * height
        edge = 0.08 * unit
        fill_rectangle(
            image, left, top, left + wide, top + tall, near_color(rng, np.full(3, rng.choice([30, 220])), 10)
        )
        fill_rectangle(image, left + edge, top + edge, left + wide - edge, top + tall - edge, np.full(3, 225))
        inside = 4 * edge if min(wide, tall) > 10 * edge else 1.5 * edge
        for _ in range(4):
            a, c = np.sort(rng.uniform(left + inside, left + wide - inside, 2))
            b, d = np.sort(rng.uniform(top + inside, top + tall - inside, 2))
            fill_rectangle(image, a, b, c, d, random_color(rng))


def _plant(rng, image, base, unit):
    height, width = image.shape[:2]
    root = np.array(
        [rng.choice([rng.uniform(0, 0.25), rng.uniform(0.75, 1)]) * width, height * rng.uniform(0.6, 1)]
    )
    green = np.array([50, 110, 70]) * rng.uniform(0.5, 1.3)
    for _ in range(rng.integers(14, 40)):
        angle = rng.normal(-np.pi / 2, 0.7)
        tip = root + rng.uniform(1.5, 5) * unit * np.array([np.cos(angle), np.sin(angle)])
        side = np.array([-np.sin(angle), np.cos(angle)]) * rng.uniform(0.1, 0.4) * unit
        middle = root + 0.65 * (tip - root)
        leaf = to_subpixels(np.stack([root, middle - side, tip, middle + side]))
        cv2.fillPoly(image, [leaf], near_color(rng, green, 18).tolist(), cv2.LINE_AA, SUBPIXEL_BITS)


def _lamp(rng, image, base, unit):
    height, width = image.shape[:2]
    x, y = rng.uniform(0, width), rng.uniform(0.05, 0.6) * height
    rows, columns = np.ogrid[:height, :width]
    away = np.hypot(columns - x, rows - y) / unit
    warm = np.array([120, 190, 240], np.float32)
    image += (np.exp(-away) * 0.55)[..., None].astype(np.float32) * warm
    shade = [
        (x - 0.5 * unit, y - 0.5 * unit),
        (x + 0.5 * unit, y - 0.5 * unit),
        (x + 0.8 * unit, y + 0.5 * unit),
    ]
    shade.append((x - 0.8 * unit, y + 0.5 * unit))
    cv2.fillPoly(image, [to_subpixels(shade)], (170, 220, 248), cv2.LINE_AA, SUBPIXEL_BITS)
    fill_rectangle(image, x - 0.06 * unit, y + 0.5 * unit, x + 0.06 * unit, height, base * 0.3)


def _door(rng, image, base, unit):
    height, width = image.shape[:2]
    left, wide = rng.uniform(-0.1, 0.8) * width, rng.uniform(2.5, 4) * unit
    color = near_color(rng, base * rng.choice([0.5, 1.25]), 15)
    fill_rectangle(image, left, rng.uniform(-0.1, 0.1) * height, left + wide, height, color)
    for x in (0.12, 0.56):
        for y in (0.15, 0.55):
            a, b = left + x * wide, y * height
            fill_rectangle(image, a, b, a + 0.32 * wide, b + 0.33 * height, color * 0.85)
            fill_rectangle(image, a + 3, b + 3, a + 0.32 * wide - 2, b + 0.33 * height - 2, color * 1.03)
