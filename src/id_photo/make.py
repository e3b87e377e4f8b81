"""Snapshots to files of ID photos: what id_photo.py does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from src.common.atomic_file import BadNameError, remove_abandoned, write_bytes
from src.common.errors import UserError
from src.common.progress import Progress, say
from src.id_photo.backdrops import Backdrop
from src.id_photo.encoding import encode
from src.id_photo.faces import FindFaces
from src.id_photo.names import is_result, result_name
from src.id_photo.portrait import Portrait, make_portrait, resize_to
from src.id_photo.sheet import GAP, draw_sheet, find_layout
from src.id_photo.sizes import Size
from src.images.files import ImageError, read_photo
from src.images.preprocessing import alpha_to_float
from src.inference.cutout import naming_failures
from src.inference.from_trimap import TrimapMatting
from src.inference.job import Job
from src.inference.jobs import find_jobs
from src.inference.matting import Matting


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
    force: bool = False
    overwrite: bool = False

    def __post_init__(self):
        for paper in self.sheets:
            for size in self.sizes:
                find_layout(paper, size, self.gap)


class _Result(NamedTuple):
    path: Path
    size: Size
    backdrop: Backdrop
    kind: str  # '', 'hd' or a paper


def make_id_photos(
    inputs: Sequence[str | Path],
    wanted: Wanted,
    matting: Matting,
    from_trimaps: TrimapMatting,
    find_faces: FindFaces,
    output: str | Path | None = None,
) -> int:
    """Make the ID photos of snapshots.

    Args:
        inputs: photos, or folders of them.
        wanted: what is made of each.
        matting: the network.
        from_trimaps: solves alpha.
        find_faces: see `face_finder`.
        output: folder of the results; None: beside the snapshots.

    Returns:
        How many photos were left out.

    Raises:
        UserError: no input holds a photo, or results cannot be written.
    """
    found = find_jobs(inputs, output)
    names = {job.source.stem for job in found.jobs}
    jobs = [job for job in found.jobs if not is_result(job.source, names)]
    problems = [*found.problems, *(f"{job.source}: is a video, not a photo" for job in jobs if job.is_video)]
    for problem in problems:
        print(f"left out: {problem}")
    photos = [job for job in jobs if not job.is_video]
    sources = {job.source.resolve() for job in found.jobs}
    remove_abandoned(job.target.parent / f"any{each}" for job in photos for each in (".jpg", ".png", ".pdf"))
    left_out = len(problems)
    with Progress("ID photos", "photo", len(photos)) as bar:
        for job in photos:
            try:
                with naming_failures(job.source):
                    _make(job, wanted, matting, from_trimaps, find_faces, sources)
            except (ImageError, BadNameError) as error:
                say(f"left out: {error}")
                left_out += 1
            bar.update()
    return left_out


def _make(
    job: Job,
    wanted: Wanted,
    matting: Matting,
    from_trimaps: TrimapMatting,
    find_faces: FindFaces,
    sources: set[Path],
) -> None:
    """Make all pictures of a snapshot, then write them: a snapshot leaves all of its results, or none."""
    results = [each for each in _results(job, wanted) if wanted.overwrite or not each.path.exists()]
    if not results:
        say(f"{job.source}: has its results already; --overwrite makes them again")
        return
    for each in results:
        if each.path.is_dir() or each.path.resolve() in sources:
            raise ImageError(f"{job.source}: {each.path} is in the way of a result; choose another --output")
    photo = read_photo(job.source)
    for remark in photo.remarks:
        say(f"{job.source}: {remark}")
    seen = photo.seen()
    solution = from_trimaps(job.source, seen, matting.run(seen))
    alpha = solution.alpha if photo.alpha is None else np.minimum(solution.alpha, alpha_to_float(photo.alpha))
    if solution.remark:
        say(f"{job.source}: {solution.remark}")
    try:
        portrait = make_portrait(seen, alpha, find_faces, wanted.face)
        files, remarks = _encoded(portrait, wanted, results)
    except UserError as error:
        raise ImageError(f"{job.source}: {error}") from None
    if portrait.tilt:
        remarks = [f"turned by {abs(portrait.tilt):.0f} degrees, as the head was tilted", *remarks]
    for remark in remarks:
        say(f"{job.source}: {remark}")
    for path, content in files:
        write_bytes(path, content)
        say(f"{job.source}: {path}")


def _results(job: Job, wanted: Wanted) -> list[_Result]:
    results = []
    for size in wanted.sizes:
        for backdrop in wanted.backdrops:
            suffix = ".png" if backdrop.is_transparent else wanted.suffix
            kinds = [("", suffix), *([("hd", suffix)] if wanted.hd else [])]
            if not backdrop.is_transparent:
                kinds += [(paper, wanted.sheet_suffix) for paper in wanted.sheets]
            for kind, ending in kinds:
                name = result_name(job.target.name, size, backdrop, kind) + ending
                results.append(_Result(job.target.with_name(name), size, backdrop, kind))
    return results


def _encoded(
    portrait: Portrait, wanted: Wanted, results: Sequence[_Result]
) -> tuple[list[tuple[Path, bytes]], list[str]]:
    """The contents of files, and what their reader should know; the errors name the size."""
    files, remarks = [], []
    for each in results:
        crop = portrait.crop(each.size, wanted.force)
        remarks += [remark for remark in crop.remarks if remark not in remarks]
        picture = portrait.picture(crop, each.backdrop)
        dpi, least, most = each.size.dpi, None, None
        if each.kind == "hd":
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
