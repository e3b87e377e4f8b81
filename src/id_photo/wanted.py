"""What is to be made of a snapshot: which files, and what they hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from src.common.errors import UserError
from src.id_photo.backdrops import ORIGINAL, Backdrop
from src.id_photo.encoding import encode, require_room
from src.id_photo.names import HD, result_name
from src.id_photo.portrait import Portrait, resize_to
from src.id_photo.sheet import GAP, draw_sheet, find_layout
from src.id_photo.sizes import Size

_SAID = {"least_kb": "min_kb", "most_kb": "max_kb", "face": "face"}


@dataclass(frozen=True)
class Wanted:
    """What is to be made of every snapshot.

    Args:
        sizes: of documents.
        backdrops: each size gets each of them.
        suffix: '.jpg' or '.png'; transparent pictures become PNG.
        hd: also the crop at the snapshot's resolution.
        sheets: papers, see `src.id_photo.sheet`.
        sheet_suffix: '.jpg' or '.pdf'.
        gap: between photos on a sheet, in mm.
        least_kb: of files at the document's size; None: the document's own limit.
        most_kb: likewise.
        face: number of the face from the left; None: it must be clear.
        centres: go by the person's outline where no face is found.
        force: enlarge small snapshots to any extent.
        overwrite: make existing results again.
    """

    sizes: Sequence[Size]
    backdrops: Sequence[Backdrop]
    suffix: str = ".jpg"
    hd: bool = False
    sheets: Sequence[str] = ()
    sheet_suffix: str = ".jpg"
    gap: float = GAP
    least_kb: int | None = None
    most_kb: int | None = None
    face: int | None = None
    centres: bool = False
    force: bool = False
    overwrite: bool = False

    def __post_init__(self):
        for name, said in _SAID.items():
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"{said} is {value}; it must be at least 1")
        if self.least_kb is not None and self.most_kb is not None:
            require_room(self.least_kb, self.most_kb)
        if self.sheets and self.backdrops and all(each.is_transparent for each in self.backdrops):
            raise UserError("a sheet needs a colour behind the person; choose one besides transparent")
        for paper in self.sheets:
            for size in self.sizes:
                find_layout(paper, size, self.gap)


class Result(NamedTuple):
    """A file that is made of a snapshot."""

    path: Path
    size: Size
    backdrop: Backdrop
    kind: str  # '', 'hd' or a paper


def results_of(target: Path, wanted: Wanted) -> list[Result]:
    """All files that are made of a snapshot.

    Args:
        target: their path, up to what `result_name` adds.
        wanted: see `Wanted`.
    """
    results = []
    for size in wanted.sizes:
        for backdrop in wanted.backdrops:
            suffix = ".png" if backdrop.is_transparent else wanted.suffix
            kinds = [("", suffix), *([(HD, suffix)] if wanted.hd else [])]
            if not backdrop.is_transparent:
                kinds += [(paper, wanted.sheet_suffix) for paper in wanted.sheets]
            for kind, ending in kinds:
                name = result_name(target.name, size, backdrop, kind) + ending
                results.append(Result(target.with_name(name), size, backdrop, kind))
    return results


def encode_results(
    portrait: Portrait, wanted: Wanted, results: Sequence[Result]
) -> tuple[list[tuple[Path, bytes]], list[str]]:
    """Make files of a person.

    Returns:
        Their contents, and what their reader should know.

    Raises:
        UserError: one cannot be made; the message names the size, but lacks the photo's name.
    """
    files, remarks = [], []
    for each in results:
        crop = portrait.crop(each.size, wanted.force)
        said = list(crop.remarks)
        if each.backdrop.name == ORIGINAL and portrait.ends_within(crop):
            said.append(
                f"size {each.size.name}: the photo ends within the picture; its edge is repeated there"
            )
        remarks += [remark for remark in said if remark not in remarks]
        picture = portrait.picture(crop, each.backdrop)
        dpi, least, most = each.size.dpi, None, None
        if each.kind == HD:
            dpi = round(dpi * picture.shape[0] / each.size.height)
        else:
            picture = resize_to(picture, each.size)
        if each.kind in wanted.sheets:
            picture = draw_sheet(picture, each.kind, each.size, wanted.gap)
        elif not each.kind:
            least, most = wanted.least_kb, wanted.most_kb
            if each.path.suffix == ".jpg":  # documents limit these
                least = each.size.least_kb if least is None else least
                most = each.size.most_kb if most is None else most
        try:
            files.append((each.path, encode(picture, dpi, each.path.suffix, least, most)))
        except UserError as error:
            raise UserError(f"{each.path.name}: {error}") from None
    return files, remarks
