"""Stands in for the network, the solver and the finder of faces of ID photos, for tests."""

import threading
from pathlib import Path

import cv2
import numpy as np

from src.id_photo.faces import Face
from src.trimap_matting.matting import Solution


class Network:
    """Stands in for the network, and can be held up."""

    def __init__(self):
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.at_work = threading.Semaphore(0)

    def run(self, image: np.ndarray) -> None:
        self.at_work.release()
        assert self.goes_on.wait(20)


def colourful_alpha(_: Path, image: np.ndarray, __: None) -> Solution:
    """A person is what is not grey."""
    return Solution((np.ptp(image.astype(int), axis=2) > 60).astype(np.float32), "")


def red_faces(image: np.ndarray) -> list[Face]:
    """Faces are red parts, from left to right."""
    blue, _, red = cv2.split(image.astype(int))
    _, _, places, _ = cv2.connectedComponentsWithStats((red - blue > 120).astype(np.uint8))
    faces = [Face(*map(float, place[:4]), 0.9) for place in places[1:] if place[4] > 99]
    return sorted(faces, key=lambda face: face.left)


def snapshot(columns: tuple[int, ...] = (300,)) -> np.ndarray:
    """Red faces on blue bodies before a grey wall."""
    image = np.full((800, 600, 3), 128, np.uint8)
    for column in columns:
        cv2.rectangle(image, (column - 120, 420), (column + 120, 799), (250, 60, 20), -1)
        cv2.ellipse(image, (column, 300), (75, 100), 0, 0, 360, (20, 20, 240), -1)
        cv2.rectangle(image, (column - 40, 399), (column + 40, 430), (250, 60, 20), -1)
    return image


def coded(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()
