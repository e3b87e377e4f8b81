"""Alpha of photos from trimaps: those of the user's files, of a network of their own, or the network's."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from src.common.errors import UserError
from src.images.files import ImageError
from src.images.suffixes import PHOTO_SUFFIXES
from src.inference.matting import Matting
from src.inference.outputs import Outputs
from src.inference.trimap_network import TrimapNetwork
from src.trimap_matting.matting import Solution, make_plan, solve_trimap
from src.trimap_matting.solvers import SolverName
from src.trimap_matting.trimap import probabilities_from_alpha, read_trimap, trimap_from_classes

# The alpha of the shipped model gives better trimaps than its T-Net: docs/prediction.md has both.
TrimapOfNetwork = Literal["auto", "tnet"]


class TrimapFiles:
    """Finds the trimaps of photos.

    Args:
        place: the trimap of a single photo, or a folder that holds those of several, under the photos' paths
            and names with any suffix of a photo: trimaps/a/me.png for photos/a/me.jpg.
        inputs: the photos, or folders of them, that the command was given.

    Raises:
        UserError: `place` is neither, or it is one file for several photos.
    """

    def __init__(self, place: str | Path, inputs: Iterable[str | Path]):
        self._place, given = Path(place), [Path(each) for each in inputs]
        self._folders = [each for each in given if each.is_dir()]
        if not self._place.exists():
            raise UserError(f"trimap {place}: no such file or folder; give one, or auto")
        if self._place.is_file() and (self._folders or len(given) != 1):
            raise UserError(f"trimap {place}: one file for several photos; give a folder of trimaps")

    def of(self, photo: Path) -> Path:
        """The trimap's file of a photo.

        Raises:
            ImageError: there is none.
        """
        if self._place.is_file():
            return self._place
        below = next((photo.relative_to(each) for each in self._folders if photo.is_relative_to(each)), None)
        wanted = self._place / (below or photo.name)
        for suffix in (".png", *PHOTO_SUFFIXES):
            if (file := wanted.with_suffix(suffix)).is_file():
                return file
        raise ImageError(f"{photo}: has no trimap; {wanted.with_suffix('.png')} is not there")


def find_trimaps(
    description: str, inputs: Sequence[str | Path], model: str | Path | None = None
) -> TrimapFiles | TrimapOfNetwork:
    """Where trimaps come from: 'auto', 'tnet', or a file or folder; see `TrimapFiles`.

    Raises:
        UserError: as `TrimapFiles`, or a model is given for trimaps that come from elsewhere.
    """
    if model is not None and description != "auto":
        raise UserError(f"--trimap_model {model}: not with --trimap {description}, but with --trimap auto")
    return description if description in get_args(TrimapOfNetwork) else TrimapFiles(description, inputs)


class TrimapMatting:
    """Solves the alpha of photos from their trimaps.

    Args:
        matting: the network, whose alpha is taken where a trimap says nothing.
        solver: its name.
        trimaps: where they come from: 'auto' (the network's alpha), 'tnet' (T-Net's classes), a network of
            their own, or files.
        tell: is called before a photo is solved, with what that will take.
    """

    def __init__(
        self,
        matting: Matting,
        solver: SolverName,
        trimaps: TrimapFiles | TrimapOfNetwork | TrimapNetwork = "auto",
        tell: Callable[[str], None] = lambda _: None,
    ):
        self._matting, self._solver, self._trimaps, self._tell = matting, solver, trimaps, tell

    def __call__(self, source: Path, image: np.ndarray, outputs: Outputs) -> Solution:
        """Solve a photo's alpha.

        Args:
            source: the photo's file.
            image: the photo, BGR (H, W, 3) uint8.
            outputs: of the network, by `Matting.run`.

        Raises:
            ImageError: the photo has no trimap, or one that cannot be used.
            UserError: pymatting is not installed, or the model has no T-Net.
        """
        pred_alpha = self._matting.alpha(image, outputs)
        trimap = self._trimap(source, image, outputs, pred_alpha)
        plan = make_plan(trimap, self._solver)
        self._tell(f"{source}: {plan}")
        return solve_trimap(
            image, trimap, plan, self._matting.upsample, self._matting.upsample(image, pred_alpha)
        )

    def _trimap(
        self, source: Path, image: np.ndarray, outputs: Outputs, pred_alpha: np.ndarray
    ) -> np.ndarray:
        if isinstance(self._trimaps, TrimapFiles):
            return read_trimap(self._trimaps.of(source), *image.shape[:2])
        if isinstance(self._trimaps, TrimapNetwork):
            classes = self._trimaps(image)
        elif self._trimaps == "tnet":
            classes = self._matting.class_probabilities(image, outputs)
        else:
            classes = probabilities_from_alpha(pred_alpha)
        return trimap_from_classes(classes, *image.shape[:2])
