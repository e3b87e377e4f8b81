"""Rotations of directions in space."""

import cv2
import numpy as np


def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The least rotation that turns direction a to b; none for opposite ones."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis = np.cross(a, b)
    sine = np.linalg.norm(axis)
    if sine < 1e-9:
        return np.eye(3)
    return rotation(axis / sine * np.rad2deg(np.arctan2(sine, a @ b)))


def rotation(degrees: np.ndarray | tuple[float, float, float]) -> np.ndarray:
    """Rotation (3, 3) of a rotation vector, by Rodrigues' formula."""
    return cv2.Rodrigues(np.deg2rad(np.asarray(degrees, float)))[0]
