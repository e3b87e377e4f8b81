"""Makes a plate as like its photo as it can be made, and says what is wrong with it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src.common.progress import say
from src.plates.displacement import lies_beside
from src.plates.likeness import fit_plate, is_unlike, relative_light
from src.plates.matting import PlateMatting
from src.plates.registration import match_exposure, register

_WORTH_TELLING = 0.01  # of the photo
_MOST_LIGHT = 0.15  # that plates may be brighter or darker; training changes them by up to 0.18


@dataclass(frozen=True)
class PlatePreparation:
    """Prepares plates.

    Args:
        matting: of the photos.
        align: move each plate so that it lies on its photo; see `register`.
        match_exposure: give each plate the light of its photo; the network sees each photo twice.
    """

    matting: PlateMatting
    align: bool = False
    match_exposure: bool = False

    def prepare(self, photo: np.ndarray, plate: np.ndarray, file: Path | str) -> tuple[np.ndarray, list[str]]:
        """Prepare the plate of a photo, or of a video's first frame.

        Args:
            photo: BGR (H, W, 3) uint8.
            plate: likewise, of any size.
            file: names the plate.

        Returns:
            The plate at the photo's size, and what the user should know of it.

        Raises:
            ImageError: plate and photo differ in shape.
            UserError: the model's output has NaN or infinite values.
        """
        remarks = []
        plate = fit_plate(photo, plate, file)
        is_elsewhere = is_unlike(photo, plate) and is_unlike(photo, plate, relative_light(photo, plate))
        if is_elsewhere:
            remarks.append(
                f"{file} looks like another place, even at its border; --plate is the same place without the "
                "person, and --background the new background"
            )
        if self.align:
            plate, problem, uncovered = register(photo, plate)
            if problem:
                remarks.append(f"{file} is not aligned, but used as it is: {problem}")
            elif uncovered > _WORTH_TELLING:
                remarks.append(f"{file} does not reach {uncovered:.0%} of the photo; nobody is seen there")
        pixels = lies_beside(photo, plate)
        if pixels:
            advice = "take another" if self.align else "--align moves it"
            remarks.append(f"{file} lies {pixels:.0f} pixels beside the photo; {advice}")
        if self.match_exposure:
            plate = match_exposure(photo, plate, self.matting.matte(photo, plate).alpha)
        light = relative_light(photo, plate)
        if not is_elsewhere and abs(light - 1) > _MOST_LIGHT:
            change = f"{abs(light - 1):.0%} {'brighter' if light > 1 else 'darker'}"
            advice = "take another" if self.match_exposure else "--match-exposure gives it that light"
            remarks.append(f"{file} is {change} than the photo; {advice}")
        return plate, remarks

    def prepare_and_tell(
        self, source: Path | str, photo: np.ndarray, plate: np.ndarray, file: Path | str
    ) -> np.ndarray:
        """The plate of `prepare`; what the user should know of it, and of the photo's size, is said.

        Args:
            source: names the photo or video.
            photo: as the others, see `prepare`; this raises the same.
            plate: likewise.
            file: likewise.
        """
        if self.matting.shrinks(photo):
            say(f"{source}: is larger than the exported models, and matted on a smaller copy")
        plate, remarks = self.prepare(photo, plate, file)
        for remark in remarks:
            say(f"{source}: {remark}")
        return plate
