"""Samples of Background Matting V2: a person on a plate, and the plate as another photo would show it.

Pictures are (H, W, 3) RGB or (H, W) alpha, float32 in [0, 1]. All that is random comes from one generator, in
a fixed order.
"""

from typing import NamedTuple

import cv2
import numpy as np

from src.images.affine import Affine, AffineRanges
from src.images.colour_jitter import ColourJitter
from src.images.preprocessing import alpha_to_bytes

SMALLEST_PERSON = {"base": 0.4, "refine": 0.3}  # by the phase of training; see SampleMaker

_JITTER = ColourJitter(brightness=0.15, contrast=0.15, saturation=0.15, hue=0.05)
_PLATE_JITTER = ColourJitter(brightness=0.18, contrast=0.18, saturation=0.18, hue=0.1, adds=True)
_SHARPEN = np.array([[-2, -2, -2], [-2, 32, -2], [-2, -2, -2]], np.float32) / 16
_SHADOW = AffineRanges(rotation=5, shear=5, scale=(0.5, 1.5), shift=0.2)
_MISPLACED = AffineRanges(rotation=1, shear=0, scale=(1, 1), shift=0.01)
_LONGEST_SIDE = 32766  # of a picture that OpenCV can map
_SHADOW_STRENGTH, _NOISE = 0.3, 0.03  # the strongest


def in_floats(image: np.ndarray) -> np.ndarray:
    """BGR uint8 as RGB in [0, 1], float32."""
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.float32) / 255


def in_bytes(picture: np.ndarray) -> np.ndarray:
    """RGB or alpha in [0, 1] as BGR or alpha, uint8, rounded."""
    rounded = alpha_to_bytes(np.clip(picture, 0, 1))
    return np.ascontiguousarray(rounded[..., ::-1]) if rounded.ndim == 3 else rounded


class PlateSample(NamedTuple):
    """What a sample holds."""

    image: np.ndarray  # the photo, RGB
    plate: np.ndarray  # RGB
    alpha: np.ndarray
    foreground: np.ndarray  # RGB


class SampleMaker:
    """Makes samples.

    Args:
        side: of the square that person and plate are fitted into.
        smallest_person: least scale of the person, relative to what covers the square.
    """

    def __init__(self, side: int, smallest_person: float):
        self._side = side
        self._person = AffineRanges(rotation=5, shear=5, scale=(smallest_person, 1), shift=0.1)

    def for_training(
        self,
        rng: np.random.Generator,
        foreground: np.ndarray,
        alpha: np.ndarray,
        plate: np.ndarray,
        size: tuple[int, int],
    ) -> PlateSample:
        """A sample of `size`: height and width, at most `side`."""
        foreground, alpha = self._fit(rng, [foreground, alpha], self._person)
        foreground, alpha = _change(rng, [foreground, alpha])
        foreground = _JITTER.apply(rng, foreground)
        (plate,) = _change(rng, self._fit(rng, [plate], self._person._replace(scale=(1, 2))))
        plate = _JITTER.apply(rng, plate)
        foreground, alpha, plate = (_cut(each, size) for each in (foreground, alpha, plate))

        behind = _cast_shadow(rng, plate, alpha) if rng.random() < 0.3 else plate
        image = _compose(foreground, alpha, behind)
        if rng.random() < 0.4:
            image, plate = _add_noise(rng, image), _add_noise(rng, plate)
        if rng.random() < 0.8:
            plate = _PLATE_JITTER.apply(rng, plate)
        if rng.random() < 0.3:
            plate = _warp(plate, _MISPLACED.draw(rng), border=cv2.BORDER_REPLICATE)
        return PlateSample(image, plate, alpha, foreground)

    def for_validation(
        self, rng: np.random.Generator, foreground: np.ndarray, alpha: np.ndarray, plate: np.ndarray
    ) -> PlateSample:
        """A sample of the whole square, without any change of colours or focus."""
        foreground, alpha = self._fit(rng, [foreground, alpha], self._person)
        (plate,) = self._fit(rng, [plate], self._person._replace(scale=(1, 1.2)))
        return PlateSample(_compose(foreground, alpha, plate), plate, alpha, foreground)

    def _fit(
        self, rng: np.random.Generator, pictures: list[np.ndarray], ranges: AffineRanges
    ) -> list[np.ndarray]:
        """Step 1: map pictures of one size into the square, all alike; outside them there is 0."""
        pictures = [_small_enough(each) for each in pictures]
        height, width = pictures[0].shape[:2]
        side = self._side
        cover = side / min(height, width)
        centred = np.array(
            [
                [cover, 0, (side - 1 - cover * (width - 1)) / 2],
                [0, cover, (side - 1 - cover * (height - 1)) / 2],
                [0, 0, 1],
            ]
        )
        matrix = ranges.draw(rng).matrix(side, side) @ centred
        return [cv2.warpAffine(each, matrix, (side, side), flags=cv2.INTER_LINEAR) for each in pictures]


def _small_enough(picture: np.ndarray) -> np.ndarray:
    """A picture whose sides OpenCV can map."""
    height, width = picture.shape[:2]
    scale = _LONGEST_SIDE / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(scale * width)), max(1, round(scale * height))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _change(rng: np.random.Generator, pictures: list[np.ndarray]) -> list[np.ndarray]:
    """Mirror, blur and sharpen pictures, all alike."""
    if rng.random() < 0.5:
        pictures = [np.ascontiguousarray(each[:, ::-1]) for each in pictures]
    if rng.random() < 0.1:
        side = 2 * int(rng.integers(6)) + 1
        pictures = [cv2.blur(each, (side, side)) for each in pictures]
    if rng.random() < 0.1:
        pictures = [np.clip(cv2.filter2D(each, -1, _SHARPEN), 0, 1) for each in pictures]
    return pictures


def _cut(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Step 3: resize a square to the longer side, and cut out its middle."""
    height, width = size
    side = max(size)
    picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    top, left = (side - height) // 2, (side - width) // 2
    return np.ascontiguousarray(picture[top : top + height, left : left + width])


def _cast_shadow(rng: np.random.Generator, plate: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Step 4: darken a plate in the shape of the person, elsewhere and blurred."""
    shadow = _warp(alpha * np.float32(_SHADOW_STRENGTH * rng.random()), _SHADOW.draw(rng))
    side = int(rng.integers(20, 40))
    shadow = cv2.blur(shadow, (side, side))
    return np.clip(plate - shadow[..., np.newaxis], 0, 1)


def _compose(foreground: np.ndarray, alpha: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """Step 5."""
    alpha = alpha[..., np.newaxis]
    return foreground * alpha + behind * (1 - alpha)


def _add_noise(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Step 6."""
    noise = rng.standard_normal(picture.shape, np.float32) * np.float32(_NOISE * rng.random())
    return np.clip(picture + noise, 0, 1)


def _warp(picture: np.ndarray, change: Affine, border: int = cv2.BORDER_CONSTANT) -> np.ndarray:
    height, width = picture.shape[:2]
    return cv2.warpAffine(
        picture, change.matrix(height, width), (width, height), flags=cv2.INTER_LINEAR, borderMode=border
    )
