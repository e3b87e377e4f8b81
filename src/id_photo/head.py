"""Which face is meant, where its head begins and ends, and how far it is tilted."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from src.common.errors import UserError
from src.id_photo.faces import Face

_DOMINANT = 2  # times the area of the next face
_ON_PERSON = 0.5  # of a face must be cut out
_OPAQUE = 0.5


class HeadPlace(NamedTuple):
    """A head in the photo's pixels."""

    crown: float  # row of its upper edge, hair included
    chin: float  # row
    centre: float  # column


def choose_face(faces: Sequence[Face], alpha: np.ndarray, number: int | None = None) -> Face:
    """The face that an ID photo shows: the only one, or one that is far larger than all others.

    Args:
        faces: all that were found, from left to right.
        alpha: (H, W) float32 in [0, 1]; faces that are not cut out, as on posters, do not count.
        number: of the face that is meant, counted from 1; None: it must be clear.

    Raises:
        UserError: there is none, or there are several; the message lacks the photo's name.
    """
    if not faces:
        raise UserError("no face found; it must be seen from the front, and not be covered")
    if number is not None:
        if not 1 <= number <= len(faces):
            raise UserError(f"face {number}: there are {len(faces)} faces; they count from the left, from 1")
        return faces[number - 1]
    people = [face for face in faces if _share_cut_out(face, alpha) >= _ON_PERSON]
    if not people:
        raise UserError(f"faces found: {len(faces)}, but none that is part of the person that was cut out")
    first, *others = sorted(people, key=lambda face: -face.width * face.height)
    if others and first.width * first.height < _DOMINANT * others[0].width * others[0].height:
        raise UserError(
            f"{len(people)} faces found; choose one with --face 1 to {len(faces)}, counted from the left"
        )
    return first


def _share_cut_out(face: Face, alpha: np.ndarray) -> float:
    top, left = max(0, round(face.top)), max(0, round(face.left))
    part = alpha[top : round(face.bottom), left : round(face.left + face.width)]
    return float(part.mean()) if part.size else 0.0


def measure_head(face: Face, alpha: np.ndarray) -> HeadPlace:
    """Find crown and chin.

    The crown is the topmost row where the person is opaque, within the face's columns and half as many to
    either side; the chin is the face's lower edge.

    Args:
        face: upright.
        alpha: (H, W) float32 in [0, 1].

    Raises:
        UserError: the photo's edge cuts the head off; the message lacks the photo's name.
    """
    height, width = alpha.shape
    left = max(0, round(face.left - face.width / 4))
    right = min(width, round(face.left + face.width * 5 / 4))
    rows = (alpha[: max(1, round(face.bottom)), left:right] >= _OPAQUE).any(axis=1)
    if not rows.any():
        raise UserError("its face is not part of the person that was cut out")
    above_face = rows[: max(1, round(face.top + face.height / 2))]
    gaps = np.flatnonzero(~above_face)  # what lies above a gap is not the head
    crown = int(gaps[-1]) + 1 if gaps.size else 0
    if crown == 0:
        raise UserError("its head is cut off by the upper edge")
    if face.bottom >= height or face.left < 0 or face.left + face.width > width:
        raise UserError("its face is cut off by the photo's edge")
    return HeadPlace(crown, face.bottom, face.centre[0])
