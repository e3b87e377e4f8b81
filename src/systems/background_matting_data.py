"""Samples of Background Matting V2: people put on plates; see `background_matting` for the columns."""

from math import ceil

import numpy as np

from src.composites.stored_people import read_stored_person
from src.data.bad_samples import BadSamples
from src.data.plate_files import PlateFiles
from src.data.plate_sample import SampleMaker, in_floats
from src.dataset import MattingDataset
from src.images.files import ImageError, read_image
from src.images.preprocessing import alpha_to_bytes
from src.model.background_matting import aspp

_STRIDE = 16  # of the backbone


class PlateSamples(MattingDataset):
    """The samples of one split.

    Each training sample meets a plate that is drawn anew in every epoch. A plate that cannot be read is
    named, and another takes its place.

    Args:
        files: the split.
        patch_size: height and width of a sample.
        smallest_person: see `SampleMaker`.
        backbone_scale: size of what the backbone sees, relative to the sample.
        seed: of all that is drawn.
        augments: whether samples are changed at random.
        max_bad_fraction: of the people, and of the plates, that may be unusable.
    """

    columns = ("image", "plate", "alpha", "foreground", "kept")

    def __init__(
        self,
        files: PlateFiles,
        *,
        patch_size: int,
        smallest_person: float,
        backbone_scale: float,
        seed: int,
        augments: bool,
        max_bad_fraction: float,
    ):
        super().__init__(
            files,
            patch_size=patch_size,
            mean=(),
            seed=seed,
            augments=augments,
            max_bad_fraction=max_bad_fraction,
        )
        self._bad_plates = BadSamples(list(map(str, files.plates)), max_bad_fraction)
        self._maker = SampleMaker(patch_size, smallest_person)
        self._feature_side = ceil(int(patch_size * backbone_scale) / _STRIDE)

    def sample(self, index: int, epoch: int = 0) -> tuple[np.ndarray, ...]:
        """Sample `index` as `epoch` sees it, an array for each column.

        Raises:
            ImageError: a file of the person cannot be read, or alpha has another size than the colours.
            UserError: too many plates cannot be read.
        """
        rng = np.random.default_rng((self._seed, epoch, index))
        plate = self._draw_plate(rng)
        foreground, alpha = self._read_person(index)
        pictures = in_floats(foreground), alpha.astype(np.float32) / 255, in_floats(plate)
        if self._augments:
            made = self._maker.for_training(rng, *pictures, size=(self._patch_size, self._patch_size))
        else:
            made = self._maker.for_validation(rng, *pictures)
        side = self._feature_side
        kept = rng.random((aspp.CHANNELS, side, side), np.float32) >= aspp.DROPOUT
        return (
            _channels_first(made.image),
            _channels_first(made.plate),
            made.alpha[np.newaxis],
            _channels_first(made.foreground),
            kept.astype(np.uint8),
        )

    def picture(self, index: int) -> np.ndarray:
        """The photo of a sample."""
        image = self.sample(index)[0]
        return alpha_to_bytes(image[::-1].transpose(1, 2, 0))

    def _read_person(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        person = self.files.people[index]
        if self.files.are_photos:
            return read_stored_person(person, self.files.folder / "foregrounds")
        return person.read()

    def _draw_plate(self, rng: np.random.Generator) -> np.ndarray:
        """Read a plate drawn at random, or the next one that can be read."""
        plates, first = self.files.plates, int(rng.integers(len(self.files.plates)))
        reason = ""
        for further in range(len(plates)):
            index = (first + further) % len(plates)
            if index in self._bad_plates:
                continue
            try:
                return read_image(plates[index])
            except ImageError as error:
                reason = str(error)
                self._bad_plates.add(index, reason)
        raise ImageError(f"none of the plates can be read; the last: {reason}")


def _channels_first(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image.transpose(2, 0, 1))
