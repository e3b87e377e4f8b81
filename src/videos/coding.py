"""How a video codes its colours, which its results keep, so that players show both alike."""

from typing import NamedTuple

import numpy as np
from av.video.frame import VideoFrame

# Interpolation.BICUBIC, SWS_ACCURATE_RND and SWS_FULL_CHR_H_INT of libswscale: there and back, least is lost.
_EXACT = 4 | 0x40000 | 0x2000
_QUICK = 2  # Interpolation.BILINEAR: a fifteenth of the time, about 1 of 255 darker
_LIMITED, _FULL = 1, 2  # AVCOL_RANGE
_UNSPECIFIED = 2  # of AVCOL_SPC, AVCOL_PRI and AVCOL_TRC
_BT601 = 6
_MATRICES = (1, 4, 5, 6, 7, 9)  # AVCOL_SPC: those that libswscale computes
_HDR = {16: "PQ", 18: "HLG"}  # AVCOL_TRC


class Coding(NamedTuple):
    """The tags of a video's colours, numbers of ITU-T H.273; see AVColorRange and so on."""

    full_range: bool
    tagged_range: int
    matrix: int
    primaries: int
    transfer: int

    @classmethod
    def of(cls, frame: VideoFrame) -> "Coding":
        """That of a frame, and for its results, where it is of RGB or grey."""
        is_yuv = len(frame.format.components) > 2 and not frame.format.is_rgb
        full = is_yuv and (frame.color_range == _FULL or frame.format.name.startswith("yuvj"))
        return cls(
            full,
            (_FULL if full else frame.color_range) if is_yuv else _LIMITED,
            frame.colorspace if is_yuv else _BT601,
            frame.color_primaries,
            frame.color_trc,
        )

    def remarks(self) -> list[str]:
        """What a user should know of it."""
        remarks = []
        if self.matrix == _UNSPECIFIED:
            remarks.append("does not say how its colours are coded; read as BT.601, and not said in results")
        elif self.matrix not in _MATRICES:
            remarks.append("its colours are coded in an uncommon way, and seen as if by BT.601")
        if self.transfer in _HDR:
            remarks.append(
                f"is HDR ({_HDR[self.transfer]}): results have 8 bits, and backgrounds look brighter"
            )
        return remarks

    def to_bgr(self, frame: VideoFrame, height: int, width: int, quick: bool = False) -> np.ndarray:
        """A frame at another size: (H, W, 3) uint8; `quick` for a look at it."""
        if frame.colorspace not in _MATRICES:
            frame.colorspace = _UNSPECIFIED
        shape = {"width": width, "height": height}
        return frame.reformat(
            format="bgr24", dst_color_range=_FULL, interpolation=_QUICK if quick else _EXACT, **shape
        ).to_ndarray()

    def to_yuv(self, picture: np.ndarray) -> VideoFrame:
        """The frame of a picture, (H, W) grey or (H, W, 3) BGR, uint8, of even height and width."""
        frame = VideoFrame.from_ndarray(picture, format="gray" if picture.ndim == 2 else "bgr24")
        frame.colorspace = self.matrix if self.matrix in _MATRICES else _UNSPECIFIED
        bounds = _FULL if self.full_range else _LIMITED
        return frame.reformat(format="yuv420p", dst_color_range=bounds, interpolation=_EXACT)
