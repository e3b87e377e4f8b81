"""Makes a plate taken from a slightly different position, or in slightly different light, match its photo.

Registration looks for the same points in both pictures (ORB), and for the homography that most of them agree
with (RANSAC). People cover some points, and plain walls have none, so the result is checked.
"""

from typing import NamedTuple

import cv2
import numpy as np

from src.plates.likeness import BRIGHTEST, DARKEST

_POINTS = 4000
_RATIO = 0.8  # of the distances to the nearest and the second nearest description
_REACH = 3.0  # pixels by which a point may miss
_LEAST_POINTS, _LEAST_SHARE = 30, 0.3  # that must agree, and of all matches
_LEAST_HULL = 0.25  # of the frame that they must surround
_MOST_MOVED = 0.15  # of the diagonal, of any corner
_AROUND = 6  # side of the window that fills what a plate lost, as a part of the width
_FAINT = 1e-3  # weight of what is seen elsewhere


class Registration(NamedTuple):
    """A plate on its photo."""

    plate: np.ndarray  # BGR (H, W, 3) uint8; as it was, if there is a problem
    problem: str  # why the plate could not be registered; "" if it was
    uncovered: float  # share of the photo that the moved plate does not reach; the photo is copied there


def register(photo: np.ndarray, plate: np.ndarray) -> Registration:
    """Move a plate so that it lies on its photo.

    Args:
        photo: BGR (H, W, 3) uint8.
        plate: of the same size.
    """
    here, there = _matches(photo, plate)
    if len(here) < _LEAST_POINTS:
        return Registration(plate, f"only {len(here)} points were found in both", 0.0)
    cv2.setRNGSeed(0)
    change, agreeing = cv2.findHomography(there, here, cv2.RANSAC, _REACH)
    if change is None:
        return Registration(plate, f"no movement explains the {len(here)} points found in both", 0.0)
    problem = _problem(change, here, agreeing.ravel() > 0, photo.shape[:2])
    if problem:
        return Registration(plate, problem, 0.0)
    size = photo.shape[1::-1]
    moved = cv2.warpPerspective(plate, change, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    reached = cv2.warpPerspective(np.full(photo.shape[:2], 255, np.uint8), change, size) == 255
    moved[~reached] = photo[~reached]
    return Registration(moved, "", 1 - float(reached.mean()))


def match_exposure(photo: np.ndarray, plate: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Give a plate the light of its photo: each channel's gain is the median ratio outside the person.

    Where a plate that is too bright is white, it has lost what was there: walls of 200 and of 240 are both
    255 in it. There, the photo tells it; behind the person, what the photo shows around.

    Args:
        photo: BGR (H, W, 3) uint8.
        plate: of the same size.
        alpha: of a first matte, (H, W) uint8.

    Returns:
        The plate, BGR (H, W, 3) uint8; as it was, where nothing outside the person tells the light.
    """
    empty = alpha == 0
    return np.dstack([_lit(photo[..., each], plate[..., each], empty) for each in range(3)])


def _lit(photo: np.ndarray, plate: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """One channel (H, W) uint8 of a plate in the light of its photo, whose place is seen where `empty`."""
    tells = empty.copy()
    for each in (photo, plate):
        tells &= (each >= DARKEST) & (each <= BRIGHTEST)
    if not tells.any():
        return plate
    gain = np.median(photo[tells] / plate[tells])
    lit = np.clip(np.round(plate * gain), 0, 255).astype(np.uint8)
    clipped = plate > BRIGHTEST
    seen = clipped & empty & (photo >= lit)
    if gain >= 1 or not seen.any():
        return lit
    around = np.where(seen, photo, _mean_around(photo, seen))
    return np.where(clipped, np.maximum(lit, around), lit)


def _mean_around(channel: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """The mean (H, W) uint8 of what is seen around each pixel; where nothing is, of all that is."""
    side = max(3, channel.shape[1] // _AROUND)
    values = np.where(seen, channel, 0).astype(np.float32)
    share, total = (cv2.blur(each, (side, side)) for each in (seen.astype(np.float32), values))
    mean = (total + _FAINT * channel[seen].mean()) / (share + _FAINT)
    return np.round(np.clip(mean, 0, 255)).astype(np.uint8)


def _matches(photo: np.ndarray, plate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (P, 2) float32 in the photo, and the same ones in the plate."""
    finder = cv2.ORB_create(_POINTS)
    found = [finder.detectAndCompute(cv2.cvtColor(each, cv2.COLOR_BGR2GRAY), None) for each in (photo, plate)]
    (points, descriptions), (other_points, other_descriptions) = found
    if len(points) < 2 or len(other_points) < 2:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    there = _nearest(descriptions, other_descriptions)
    back = _nearest(other_descriptions, descriptions)
    pairs = [(i, j) for i, j in there.items() if back.get(j) == i]
    here = np.float32([points[i].pt for i, _ in pairs]).reshape(-1, 2)
    return here, np.float32([other_points[j].pt for _, j in pairs]).reshape(-1, 2)


def _nearest(descriptions: np.ndarray, others: np.ndarray) -> dict[int, int]:
    """Each description's nearest among others, where it is clearly the nearest."""
    found = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(descriptions, others, k=2)
    return {
        first.queryIdx: first.trainIdx for first, second in found if first.distance < _RATIO * second.distance
    }


def _problem(change: np.ndarray, points: np.ndarray, agreeing: np.ndarray, size: tuple[int, int]) -> str:
    """Why a homography cannot be trusted; "" if it can."""
    height, width = size
    count, share = int(agreeing.sum()), float(agreeing.mean())
    if count < _LEAST_POINTS or share < _LEAST_SHARE:
        return f"only {count} of {len(points)} points agree on a movement"
    hull = cv2.contourArea(cv2.convexHull(points[agreeing])) / (height * width)
    if hull < _LEAST_HULL:
        return f"the points that agree surround only {hull:.0%} of the picture"
    corners = np.float32([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]])
    moved = cv2.perspectiveTransform(corners[np.newaxis], change)[0]
    farthest = float(np.linalg.norm(moved - corners, axis=1).max())
    is_flipped = cv2.contourArea(moved, oriented=True) * cv2.contourArea(corners, oriented=True) <= 0
    if is_flipped or farthest > _MOST_MOVED * np.hypot(height, width):
        return f"a corner would move by {farthest:.0f} pixels"
    return ""
