"""The samples of Background Matting V2: people put on plates.

The columns of a batch of N are float32, RGB or alpha in [0, 1]:

image       (N, 3, S, S), the photo
plate       (N, 3, S, S), the same place without the person
alpha       (N, 1, S, S), true alpha
foreground  (N, 3, S, S), the person's own colours
"""

from typing import Any

import numpy as np

from src.composites.backgrounds import draw_usable
from src.composites.stored_people import FOREGROUNDS, read_stored_person
from src.data.bad_samples import BadSamples
from src.data.plate_files import PlateFiles
from src.data.plate_sample import SampleMaker, in_floats
from src.data.samples import Samples
from src.images.files import ImageError, read_image
from src.images.preprocessing import alpha_to_bytes


class PlateSamples(Samples):
    """The samples of one split.

    Each training sample meets a plate that is drawn anew in every epoch. A plate that cannot be read is
    named, and another takes its place.

    Args:
        files: the split.
        patch_size: height and width of a sample.
        smallest_person: see `SampleMaker`.
        max_bad_fraction: of the people, and of the plates, that may be unusable.
        settings: the others of `Samples`.
    """

    columns = ("image", "plate", "alpha", "foreground")

    def __init__(
        self,
        files: PlateFiles,
        *,
        patch_size: int,
        smallest_person: float,
        max_bad_fraction: float,
        **settings: Any,
    ):
        super().__init__(files, patch_size=patch_size, max_bad_fraction=max_bad_fraction, **settings)
        self._bad_plates = BadSamples(list(map(str, files.plates)), max_bad_fraction)
        self._maker = SampleMaker(patch_size, smallest_person)

    def sample(self, index: int, epoch: int = 0) -> tuple[np.ndarray, ...]:
        """Sample `index` as `epoch` sees it, an array for each column.

        Raises:
            ImageError: a file of the person cannot be read, or alpha has another size than the colours.
            UserError: too many plates cannot be read, or all.
        """
        return self._make(np.random.default_rng((self._seed, epoch, index)), index)

    def picture(self, index: int) -> np.ndarray:
        """The photo of a sample."""
        image = self.sample(index)[0]
        return alpha_to_bytes(image[::-1].transpose(1, 2, 0))

    def _make(self, rng: np.random.Generator, index: int) -> tuple[np.ndarray, ...]:
        plate = self._draw_plate(rng)
        foreground, alpha = self._read_person(index)
        pictures = in_floats(foreground), alpha.astype(np.float32) / 255, in_floats(plate)
        if self._augments:
            made = self._maker.for_training(rng, *pictures, size=(self._patch_size, self._patch_size))
        else:
            made = self._maker.for_validation(rng, *pictures)
        image, plate, foreground = map(_channels_first, (made.image, made.plate, made.foreground))
        return image, plate, made.alpha[np.newaxis], foreground

    def _read_person(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        person = self.files.people[index]
        if self.files.are_photos:
            return read_stored_person(person, self.files.folder / FOREGROUNDS)
        return person.read()

    def _draw_plate(self, rng: np.random.Generator) -> np.ndarray:
        """Read a plate drawn at random, or the next one that can be read."""
        return draw_usable(rng, range(len(self.files.plates)), self._read_plate, [])

    def _read_plate(self, index: int) -> np.ndarray:
        file = self.files.plates[index]
        if index in self._bad_plates:
            raise ImageError(f"{file}: could not be read before")
        try:
            return read_image(file)
        except ImageError as error:
            self._bad_plates.add(index, str(error))
            raise


def _channels_first(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image.transpose(2, 0, 1))
