"""How a photo is prepared for the network, and how alpha is brought back to the photo's size."""

from dataclasses import dataclass
from typing import Literal

Upsampling = Literal["guided", "none"]
ProtocolName = Literal["published", "default"]


@dataclass(frozen=True)
class Protocol:
    """The settings for computing alpha from a photo.

    Args:
        stretch: stretch the photo to the network's square; otherwise letterbox it, keeping its aspect ratio.
        mirror: average the outputs for the photo and its mirror image: better, but takes twice the time.
        looks_closer: search for people where none is seen, and matte the part of a photo around small people
            once more; see `search` and `closer_look`.
        clean_up: stretch alpha's contrast and remove small components.
        upsampling: of alpha to the photo's size: 'guided' (along its edges) or 'none' (bicubic).
    """

    stretch: bool
    mirror: bool
    looks_closer: bool
    clean_up: bool
    upsampling: Upsampling


PROTOCOLS: dict[ProtocolName, Protocol] = {
    # Comparable with published results; used by eval.py by default and for the C++ runner.
    "published": Protocol(stretch=True, mirror=False, looks_closer=False, clean_up=False, upsampling="none"),
    # Used by predict.py.
    "default": Protocol(stretch=False, mirror=True, looks_closer=True, clean_up=True, upsampling="guided"),
}
PUBLISHED, DEFAULT = PROTOCOLS["published"], PROTOCOLS["default"]
