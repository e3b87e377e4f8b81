"""From a snapshot to pictures of documents: one matting, any number of sizes and backgrounds."""

from typing import NamedTuple

import cv2
import numpy as np

from src.id_photo.backdrops import Backdrop
from src.id_photo.crop import Crop, CutEdges, centred_crop, find_crop, find_cut_edges
from src.id_photo.eyes import eyes_are_dark
from src.id_photo.faces import FindFaces, look_closer
from src.id_photo.head import HeadPlace, choose_face, measure_head
from src.id_photo.sizes import Size
from src.id_photo.tilt import measure_tilt, turn_matrix
from src.images.blending import blend
from src.images.foreground import estimate_foreground
from src.images.preprocessing import alpha_to_bytes, alpha_to_float

_OPAQUE = 128  # of 255
_EDGE = 1.5  # pixels that rounding may add
_ABOVE_SHOULDERS = 0.75  # of the head's height, even where they are raised


class Portrait(NamedTuple):
    """A person, cut out and upright."""

    image: np.ndarray  # (H, W, 3) uint8, BGR
    foreground: np.ndarray  # (H, W, 3) uint8, BGR: without the old background's colours
    alpha: np.ndarray  # (H, W) uint8
    head: HeadPlace | None  # None: no face was found, and the outline decides
    edges: CutEdges
    tilt: float  # degrees by which the snapshot was turned, clockwise
    has_dark_eyes: bool
    corners: np.ndarray  # (4, 2) float32: x and y of the snapshot's corners, in their order around it

    @property
    def remarks(self) -> list[str]:
        """What the reader should know, whatever the document."""
        remarks = []
        if self.tilt:
            remarks.append(f"turned by {abs(self.tilt):.0f} degrees, as the head was tilted")
        if self.head is None:
            remarks.append("no face found; the person's outline is centred, whatever the document's head")
        if self.has_dark_eyes:
            remarks.append(
                "the eyes are dark, as behind sunglasses or in a shadow: hardly any office takes that"
            )
        return remarks

    def crop(self, size: Size, force: bool = False) -> Crop:
        """Where a document's picture lies; errors as `find_crop`."""
        if self.head is None:
            return centred_crop(self.alpha, size, force)
        crop = find_crop(self.head, self.edges, size, force)
        if self._reaches_side(crop):
            remark = f"size {size.name}: hair, a hat or a hand beside the head reaches the picture's side"
            crop = crop._replace(remarks=(*crop.remarks, remark))
        return crop

    def _reaches_side(self, crop: Crop) -> bool:
        """Whether anything beside the head, above the shoulders, is cut off by a side of a picture."""
        lowest = self.head.crown + _ABOVE_SHOULDERS * (self.head.chin - self.head.crown)
        rows = self.alpha[max(0, crop.top) : round(lowest)]
        sides = (crop.left, crop.left + crop.width - 1)
        return any((rows[:, side] >= _OPAQUE).any() for side in sides if 0 <= side < rows.shape[1])

    def ends_within(self, crop: Crop) -> bool:
        """Whether a picture shows places beyond the snapshot's edges."""
        right, bottom = crop.left + crop.width, crop.top + crop.height
        places = [(x, y) for x in (crop.left, right) for y in (crop.top, bottom)]
        return any(cv2.pointPolygonTest(self.corners, place, True) < -_EDGE for place in places)

    def picture(self, crop: Crop, backdrop: Backdrop) -> np.ndarray:
        """The part of the snapshot before a background, at the snapshot's resolution.

        Beyond the snapshot's edges, the original background repeats what is there.

        Returns:
            BGR (h, w, 3) uint8; BGRA (h, w, 4) if the background is transparent.
        """
        if backdrop.colour is None and not backdrop.is_transparent:
            return _cut(self.image, crop, cv2.BORDER_REPLICATE)
        foreground = _cut(self.foreground, crop, cv2.BORDER_REPLICATE)
        alpha = _cut(self.alpha, crop, cv2.BORDER_CONSTANT)
        if backdrop.is_transparent:
            return cv2.merge([foreground, alpha])
        return blend(foreground, backdrop.picture(crop.height, crop.width), alpha)


def make_portrait(
    image: np.ndarray,
    alpha: np.ndarray,
    find_faces: FindFaces,
    number: int | None = None,
    centres: bool = False,
) -> Portrait:
    """Find the head in a snapshot and put it upright.

    Args:
        image: the snapshot, BGR (H, W, 3) uint8.
        alpha: (H, W) float32 in [0, 1].
        find_faces: see `face_finder`.
        number: of the face, counted from the left, from 1; None: it must be clear which one is meant.
        centres: go by the person's outline where no face is found.

    Raises:
        UserError: there is no clear face, or the head is cut off or too tilted; the message lacks the
            photo's name.
    """
    faces = find_faces(image)
    if centres and not faces and (alpha >= 0.5).any():
        return _without_face(image, alpha)
    face = choose_face(faces, alpha, number)
    tilt = measure_tilt(image, face)
    measure_head(face, alpha)  # before a turn moves what the edges cut off into the picture
    foreground = estimate_foreground(image, alpha_to_bytes(alpha))
    matrix = np.eye(2, 3)
    if tilt:
        matrix, size = _room_for(turn_matrix(face.centre, tilt), *alpha.shape)
        image, foreground = (_turn(each, matrix, size, cv2.BORDER_REPLICATE) for each in (image, foreground))
        turned = _turn(alpha, matrix, size, cv2.BORDER_CONSTANT).clip(0, 1)
        right, down = matrix @ [*face.centre, 1] - face.centre
        face = face._replace(left=face.left + right, top=face.top + down)
    else:
        turned = alpha
    face = look_closer(image, face, find_faces)
    head = measure_head(face, turned)
    edges = find_cut_edges(alpha, matrix)
    dark_eyes = eyes_are_dark(image, face)
    corners = _corners(*alpha.shape, matrix)
    return Portrait(image, foreground, alpha_to_bytes(turned), head, edges, tilt, dark_eyes, corners)


def _without_face(image: np.ndarray, alpha: np.ndarray) -> Portrait:
    opaque = alpha_to_bytes(alpha)
    edges = find_cut_edges(alpha, np.eye(2, 3))
    corners = _corners(*alpha.shape, np.eye(2, 3))
    return Portrait(image, estimate_foreground(image, opaque), opaque, None, edges, 0, False, corners)


def resize_to(picture: np.ndarray, size: Size) -> np.ndarray:
    """A picture of `Portrait.picture` at the document's size, of any number of channels."""
    shrinks = picture.shape[0] >= size.height
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    if picture.shape[2] == 3:
        return cv2.resize(picture, (size.width, size.height), interpolation=way)
    return _resize_with_alpha(picture, size, way)


def _resize_with_alpha(picture: np.ndarray, size: Size, way: int) -> np.ndarray:
    """Colours are weighted by alpha, so that those of invisible pixels do not come into sight."""
    alpha = alpha_to_float(picture[..., 3])
    weighted = picture[..., :3].astype(np.float32) * alpha[..., np.newaxis]
    small_alpha, small = (
        cv2.resize(each, (size.width, size.height), interpolation=way) for each in (alpha, weighted)
    )
    colours = small / np.maximum(small_alpha, 1e-3)[..., np.newaxis]
    return np.dstack([np.round(each).clip(0, 255).astype(np.uint8) for each in (colours, small_alpha * 255)])


def _corners(height: int, width: int, matrix: np.ndarray) -> np.ndarray:
    places = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]])
    return (places @ matrix.T).astype(np.float32)


def _room_for(matrix: np.ndarray, height: int, width: int) -> tuple[np.ndarray, tuple[int, int]]:
    """The matrix and size (width, height) of a turned picture that holds all of it."""
    corners = _corners(height, width, matrix)
    low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    moved = matrix.copy()
    moved[:, 2] -= low
    return moved, tuple(int(each) for each in high - low)


def _turn(values: np.ndarray, matrix: np.ndarray, size: tuple[int, int], border: int) -> np.ndarray:
    return cv2.warpAffine(values, matrix, size, flags=cv2.INTER_CUBIC, borderMode=border)


def _cut(values: np.ndarray, crop: Crop, border: int) -> np.ndarray:
    """A part of a picture; beyond its edges, as OpenCV's border says."""
    height, width = values.shape[:2]
    bottom, right = crop.top + crop.height, crop.left + crop.width
    inside = values[max(0, crop.top) : max(0, bottom), max(0, crop.left) : max(0, right)]
    beyond = max(0, -crop.top), max(0, bottom - height), max(0, -crop.left), max(0, right - width)
    return cv2.copyMakeBorder(inside, *beyond, border)
