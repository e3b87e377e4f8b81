"""From a photo to files of ID photos: the network, the solver, the finder of faces."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.id_photo.faces import FindFaces
from src.id_photo.portrait import make_portrait
from src.id_photo.wanted import Result, Wanted, encode_results
from src.images.files import Photo
from src.images.preprocessing import alpha_to_float
from src.inference.from_trimap import TrimapMatting
from src.inference.matting import Matting

Tell = Callable[[str], object]


class Studio(NamedTuple):
    """What all photos are made with.

    Args:
        matting: the network.
        from_trimaps: solves alpha.
        find_faces: see `face_finder`.
    """

    matting: Matting
    from_trimaps: TrimapMatting
    find_faces: FindFaces

    def matte(self, source: Path, photo: Photo, tell: Tell) -> np.ndarray:
        """Alpha of a snapshot.

        Args:
            source: the snapshot's file.
            photo: what it holds.
            tell: is called with each thing that the reader should know.

        Returns:
            (H, W) float32 in [0, 1].

        Raises:
            ImageError: the photo has no trimap, or one that cannot be used.
            UserError: nothing can be solved, see `TrimapMatting`.
        """
        for remark in photo.remarks:
            tell(remark)
        seen = photo.seen()
        alpha, remark = self.from_trimaps(source, seen, self.matting.run(seen))
        if remark:
            tell(remark)
        return alpha if photo.alpha is None else np.minimum(alpha, alpha_to_float(photo.alpha))

    def make(
        self, photo: Photo, alpha: np.ndarray, wanted: Wanted, results: Sequence[Result], tell: Tell
    ) -> list[tuple[Path, bytes]]:
        """Make the files of a snapshot.

        Args:
            photo: the snapshot.
            alpha: of `matte`.
            wanted: see `Wanted`.
            results: those of `results_of` that are to be made.
            tell: as for `matte`.

        Returns:
            Each file and its content.

        Raises:
            UserError: as `make_portrait` and `encode_results`; the message lacks the photo's name.
        """
        portrait = make_portrait(photo.seen(), alpha, self.find_faces, wanted.face, wanted.centres)
        for remark in portrait.remarks:
            tell(remark)
        files, remarks = encode_results(portrait, wanted, results)
        for remark in remarks:
            tell(remark)
        return files
