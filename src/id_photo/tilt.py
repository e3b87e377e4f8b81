"""How far a head is tilted: by the eyes, or where they are not known, by the face's symmetry."""

import cv2
import numpy as np

from src.common.errors import UserError
from src.id_photo.faces import Face

_LEAST, MOST = 1.0, 20.0  # degrees: less is not worth turning the photo, more is no ID photo
_SIDE = 64  # pixels of the patch that is compared with its mirror image
_STEP = 1.0  # degrees between the angles that are tried
_SHIFTS = range(-5, 6)  # pixels of the patch: the face may lie beside the middle of its box
# Correlations that tell an axis of symmetry, which a face seen from the side lacks: the best must be so high,
# and so far above that of the photo as it is and of most angles.
_LEAST_SYMMETRY, _ABOVE_UPRIGHT, _ABOVE_MEDIAN = 0.35, 0.05, 0.12


def measure_tilt(image: np.ndarray, face: Face) -> float:
    """The angle by which a photo must be turned for an upright head.

    Args:
        image: BGR (H, W, 3) uint8.
        face: in its pixels.

    Returns:
        Degrees, clockwise as seen; 0 where it is less than one.

    Raises:
        UserError: it is more than 20; the message lacks the photo's name.
    """
    if face.eyes is None:
        angle = _by_symmetry(image, face)
    else:
        right, down = face.eyes[1] - face.eyes[0]
        angle = -float(np.degrees(np.arctan2(down, right)))
    if abs(angle) > MOST:
        raise UserError(
            f"its head is tilted by {abs(angle):.0f} degrees; at most {MOST:.0f} can be put right"
        )
    return angle if abs(angle) >= _LEAST else 0.0


def turn_matrix(centre: tuple[float, float], degrees: float) -> np.ndarray:
    """(2, 3) float64, which turns a picture's pixels (x, y, 1) clockwise about a point."""
    return cv2.getRotationMatrix2D(centre, -degrees, 1)


def _by_symmetry(image: np.ndarray, face: Face) -> float:
    """The angle at which the face resembles its mirror image most; 0 where none stands out."""
    angles = np.arange(-MOST, MOST + _STEP, _STEP)
    scores = np.array([_symmetry(image, face, angle) for angle in angles])
    best = scores.argmax()
    if best in (0, len(angles) - 1):  # beyond, it might go on to rise
        return 0.0
    least = max(_LEAST_SYMMETRY, scores[angles == 0][0] + _ABOVE_UPRIGHT, np.median(scores) + _ABOVE_MEDIAN)
    return float(angles[best]) if scores[best] >= least else 0.0


def _symmetry(image: np.ndarray, face: Face, degrees: float) -> float:
    """The best correlation of the turned face with its mirror image, for axes near its middle."""
    scale = _SIDE / max(face.width, face.height)
    matrix = turn_matrix(face.centre, degrees) * scale
    matrix[:, 2] += _SIDE / 2 - scale * np.array(face.centre)
    patch = cv2.warpAffine(
        image, matrix, (_SIDE, _SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    gray = cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY).astype(np.float32)
    detail = gray - cv2.GaussianBlur(gray, (0, 0), _SIDE / 8)  # light from one side is not symmetric
    if detail.std() < 1:
        return 0.0  # nothing is seen
    best = -1.0
    for shift in _SHIFTS:
        part = detail[:, max(0, shift) : _SIDE + min(0, shift)]
        best = max(best, float(np.corrcoef(part.ravel(), part[:, ::-1].ravel())[0, 1]))
    return best
