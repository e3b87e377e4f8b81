"""How a photo meets the network, and how the network's alpha comes back to the photo's size."""

from dataclasses import dataclass
from typing import Literal

Upsampling = Literal["guided", "none"]
ProtocolName = Literal["published", "default"]


@dataclass(frozen=True)
class Protocol:
    """The settings of the way from photo to alpha.

    Args:
        stretch: stretch the photo to the network's square; else it is letterboxed, its aspect ratio kept.
        mirror: show the network the photo's mirror image too and take the mean: better, in twice the time.
        clean_up: stretch alpha's contrast and remove small components.
        upsampling: how alpha comes back to the photo's size: 'guided' (by its edges) or 'none' (bicubic).
    """

    stretch: bool
    mirror: bool
    clean_up: bool
    upsampling: Upsampling


PROTOCOLS: dict[ProtocolName, Protocol] = {
    # What published numbers mean: eval.py's default, and the C++ runner's way.
    "published": Protocol(stretch=True, mirror=False, clean_up=False, upsampling="none"),
    # What predict.py delivers.
    "default": Protocol(stretch=False, mirror=True, clean_up=True, upsampling="guided"),
}
PUBLISHED, DEFAULT = PROTOCOLS["published"], PROTOCOLS["default"]
