"""Curves, rotations and antialiased polygons."""

import cv2
import numpy as np

from src.images.subpixels import SUBPIXEL_BITS, to_subpixels


def rotation_matrix(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Return a (3, 3) float32 rotation; x is right, y down, z towards the viewer, angles in radians.

    Positive yaw turns the face to the right of the image, positive pitch turns it down, and positive roll
    tilts the head clockwise.
    """
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (tilt @ turn @ nod).astype(np.float32)


def smoothstep(low: float, high: float, values: np.ndarray) -> np.ndarray:
    """Rise smoothly from 0 at `low` to 1 at `high`; with `low` > `high` it falls instead."""
    part = np.clip((values - low) / (high - low), 0, 1)
    return part * part * (3 - 2 * part)


def normalize(vectors: np.ndarray) -> np.ndarray:
    """Scale (..., N) vectors to length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)


def smooth_curve(points: np.ndarray, closed: bool = False, pieces: int = 8) -> np.ndarray:
    """Catmull-Rom curve through `points` (N, 2) with `pieces` steps between neighbours; (M, 2) float64."""
    points = np.asarray(points, float)
    before = np.roll(points, 1, 0)
    after = np.roll(points, -1, 0)
    beyond = np.roll(points, -2, 0)
    if not closed:
        before[0], after[-1], beyond[-2:] = points[0], points[-1], points[-1]
    t = np.linspace(0, 1, pieces, endpoint=False)[None, :, None]
    a, b, c, d = (p[:, None] for p in (before, points, after, beyond))
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    if closed:
        return curve.reshape(-1, 2)
    return np.concatenate([curve[:-1].reshape(-1, 2), points[-1:]])


def fill_polygon(shape: tuple[int, int], points: np.ndarray, soft: float = 0.6) -> np.ndarray:
    """Coverage of a polygon, `shape` float32 0..1; `points` (N, 2) in pixels, `soft` blurs the edge."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [to_subpixels(points)], 255, cv2.LINE_AA, SUBPIXEL_BITS)
    if soft > 0:
        mask = cv2.GaussianBlur(mask, (0, 0), soft)
    return mask.astype(np.float32) / 255


def stroke(shape: tuple[int, int], points: np.ndarray, width: float, soft: float = 0.6) -> np.ndarray:
    """Coverage of a line of `width` pixels through `points`, `shape` float32 0..1."""
    mask = np.zeros(shape, np.uint8)
    thickness = max(1, round(width))
    cv2.polylines(mask, [to_subpixels(points)], False, 255, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
    if soft > 0:
        mask = cv2.GaussianBlur(mask, (0, 0), soft)
    return mask.astype(np.float32) / 255
