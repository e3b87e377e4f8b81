"""Draw what models for video are trained on: a made clip, the previous alphas that it sees, and light.

    python scripts/picture_video_training.py docs/video_training.jpg

All people and backgrounds are drawn, as by src/sample_data.py.
"""

import argparse
import sys
import tempfile
from pathlib import Path

if not __package__:  # started as a script: the package `src` lies in the repository root
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

from src.clips.backgrounds import Backgrounds  # noqa: E402
from src.clips.made_clip import MadeClip, draw_clip  # noqa: E402
from src.common.command_line import run_command  # noqa: E402
from src.composites.person import Person  # noqa: E402
from src.composites.walls import draw_wall  # noqa: E402
from src.data.light import Light  # noqa: E402
from src.data.previous_alpha import previous_alpha  # noqa: E402
from src.images.contact_sheet import contact_sheet  # noqa: E402
from src.images.files import write_image  # noqa: E402
from src.images.foreground import estimate_foreground  # noqa: E402
from src.images.preprocessing import alpha_to_bytes, alpha_to_float  # noqa: E402
from src.portrait.scene import render_portrait  # noqa: E402
from src.sample_data import DEFAULT_SEED  # noqa: E402

_PORTRAITS = (4, 36)
_SHOWN = (0, 5, 9, 14)
_FRAME = 9
_LIGHTS = {
    "point": Light(0.8, (0.85, 0.95, 1.0), (0.15, 0.2), None, 0.6, False),
    "line": Light(0.7, (1.0, 0.95, 0.85), (0.7, 0.5), 1.2, 0.2, False),
}


def draw() -> np.ndarray:
    """The picture, BGR (H, W, 3) uint8."""
    clip, other = (_draw_clip(number) for number in _PORTRAITS)
    return np.vstack([_moving(clip), _previous(clip, other), _lit(clip)])


def _draw_clip(number: int) -> MadeClip:
    photo, alpha = render_portrait(DEFAULT_SEED, number)
    rng = np.random.default_rng(number)
    with tempfile.TemporaryDirectory() as folder:
        wall = Path(folder, f"{number}.png")
        write_image(wall, draw_wall(rng, (900, 900)))
        person = Person(photo, estimate_foreground(photo, alpha), alpha)
        return draw_clip(rng, person, Backgrounds((wall,), ()), 512, [])


def _moving(clip: MadeClip) -> np.ndarray:
    row = [*clip.images(_SHOWN), *clip.alphas(_SHOWN[-1:])]
    return contact_sheet([row], [*(f"frame {number}" for number in _SHOWN), f"alpha of frame {_SHOWN[-1]}"])


def _previous(clip: MadeClip, other: MadeClip) -> np.ndarray:
    before, foreign = (alpha_to_float(each.alphas([_FRAME - 1])[0]) for each in (clip, other))
    rng = np.random.default_rng(1)
    ways = ("kept", "empty", "disturbed", "other")
    row = [alpha_to_bytes(previous_alpha(rng, way, before, lambda: foreign)) for way in ways]
    titles = ("previous alpha: true", "empty", "disturbed", "of another sample", "frame, if all have left")
    return contact_sheet([[*row, *clip.behind([_FRAME])]], titles)


def _lit(clip: MadeClip) -> np.ndarray:
    (plain,) = clip.images([_FRAME])
    in_front = [light.shine(plain) for light in _LIGHTS.values()]
    behind = [clip.images([_FRAME], light)[0] for light in _LIGHTS.values()]
    titles = ["light: none", *_LIGHTS, *(f"{name}, behind the person" for name in _LIGHTS)]
    return contact_sheet([[plain, *in_front, *behind]], titles)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("picture", metavar="FILE", help="the picture to write, such as .jpg")
    write_image(parser.parse_args().picture, draw(), 85)


if __name__ == "__main__":
    run_command(main)
