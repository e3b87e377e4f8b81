"""A network's outputs for a photo."""

from collections.abc import Sequence
from typing import NamedTuple

from src.engines.engine import Arrays
from src.images.letterbox import Place
from src.inference.closer_look import Look


class Outputs(NamedTuple):
    """For the whole photo, and for the parts of it that were matted again."""

    whole: Sequence[Arrays]  # one, or two with the mirror image
    tiles: Sequence[Place] = ()  # where people were searched for; none where somebody is seen in the whole
    of_tiles: Sequence[Arrays] = ()
    look: Look | None = None  # what was looked at more closely
    of_parts: Sequence[Arrays] = ()  # two, or none where a closer look would show nothing more
