"""The steps from a photo to its matte, before and after the network.

Prediction, evaluation and the C++ runner's pre- and postprocessing all use them, so they give the same alpha.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from src.common.errors import UserError
from src.description.model_info import ModelInfo
from src.description.traits import empty_inputs, predicts, takes_normalised
from src.engines.engine import ALPHA, FRAME, INPUT, PREVIOUS, TRIMAP_LOGITS, Arrays
from src.images.letterbox import Place, letterbox, letterbox_place, stretched_place
from src.images.preprocessing import alpha_to_bytes, normalise, resize, resize_trimap, upsample_alpha
from src.images.trimap import class_map_to_trimap, make_trimap
from src.inference.closer_look import Look, find_look, joined
from src.inference.contrast_stretch import stretch_contrast
from src.inference.guided_filter import guided_filter
from src.inference.outputs import Outputs
from src.inference.protocol import DEFAULT, Protocol
from src.inference.search import find_tiles, joined_tiles
from src.inference.small_components import remove_small_components


class Matte(NamedTuple):
    """The network's prediction for a photo, at the photo's size or the network's."""

    trimap: np.ndarray  # (H, W) uint8 {0, 128, 255}
    alpha: np.ndarray  # (H, W) float32 in [0, 1]


class MattingSteps:
    """The steps before and after the network.

    Args:
        info: the model's metadata.
        protocol: how photos are prepared, and how alpha is brought back to their size.
    """

    def __init__(self, info: ModelInfo, protocol: Protocol = DEFAULT):
        self.info = info
        self.protocol = protocol

    def prepare(self, image: np.ndarray, previous: np.ndarray | None = None) -> list[Arrays]:
        """Turn a photo, BGR (H, W, 3) uint8, into inputs: one, or two with the mirror image.

        Args:
            image: the photo.
            previous: `network_alpha` of the frame before, (S, S) float32, for a system that takes it; None
                where there is none, as before a photo.

        Returns:
            The inputs of the system for each run of the network, of SHM and PSPNet {"image": (1, 3, S, S)
            float32}.

        Raises:
            ValueError: `image` is not such an array, or is empty.
        """
        is_array = isinstance(image, np.ndarray)
        if not is_array or image.dtype != np.uint8 or image.shape[2:] != (3,) or not image.size:
            found = f"{image.dtype} {image.shape}" if is_array else type(image).__name__
            raise ValueError(
                "image must be BGR (H, W, 3) uint8, as read_image returns it, of at least one pixel, "
                f"not {found}"
            )
        square = self._square(image)
        inputs = [self._inputs(square, previous)]
        if self.protocol.mirror:
            inputs.append(self._inputs(square[:, ::-1], None if previous is None else previous[:, ::-1]))
        return inputs

    def find_tiles(self, image: np.ndarray, whole: Sequence[Arrays]) -> list[Place]:
        """The parts of a photo in which to search for people.

        Args:
            image: the photo.
            whole: the outputs for `prepare(image)`.

        Returns:
            Tiles; an empty list where somebody has been seen in the whole, and in small photos.
        """
        return find_tiles(image, self._of_whole(image, whole, ALPHA)[0])

    def find_look(self, image: np.ndarray, outputs: Outputs, before: Look | None = None) -> Look:
        """What is worth a closer look.

        Args:
            image: the photo.
            outputs: for the whole, and for `find_tiles`.
            before: that of a video's frame before, see `find_look`.
        """
        return find_look(image, self._found(image, outputs, ALPHA)[0], before)

    def prepare_parts(self, image: np.ndarray, parts: Sequence[Place]) -> list[Arrays]:
        """Turn parts of a photo into inputs, one for each."""
        return [self._inputs(self._square(part.cut(image)), None) for part in parts]

    def prepare_look(self, image: np.ndarray, look: Look) -> list[Arrays]:
        """Turn what is worth a closer look into inputs.

        Returns:
            Two, of two parts or of one and its mirror image; none where nothing more would be seen.
        """
        if len(look.parts) != 1:
            return self.prepare_parts(image, look.parts)
        square = self._square(look.parts[0].cut(image))
        return [self._inputs(each, None) for each in (square, square[:, ::-1])]

    def shrunk(self, image: np.ndarray) -> np.ndarray:
        """The photo as it lies in the network's square, (h, w, 3) uint8; `prepare` makes the same of it."""
        place = self._place(image)
        return resize(image, place.height, place.width)

    def _square(self, image: np.ndarray) -> np.ndarray:
        size = self.info.size
        return resize(image, size, size) if self.protocol.stretch else letterbox(image, size, self.info.mean)

    def _inputs(self, square: np.ndarray, previous: np.ndarray | None) -> Arrays:
        if takes_normalised(self.info.system):
            return {INPUT: normalise(square, self.info.mean)[np.newaxis]}
        inputs = empty_inputs(self.info.system, self.info.size)
        inputs[FRAME] = cv2.cvtColor(square, cv2.COLOR_BGR2RGB)[np.newaxis]
        if previous is not None and PREVIOUS in inputs:
            inputs[PREVIOUS] = np.ascontiguousarray(previous[np.newaxis, np.newaxis])
        return inputs

    def network_alpha(self, whole: Sequence[Arrays]) -> np.ndarray:
        """The network's own alpha for the inputs of `prepare`, (S, S) float32, bars included."""
        return self._mean([each[ALPHA][0] for each in whole])[0]

    def join(self, image: np.ndarray, outputs: Outputs) -> Matte:
        """Turn outputs for a photo into a matte at the network's size, without the bars."""
        if predicts(TRIMAP_LOGITS, self.info.system):
            logits = self._seen(image, outputs, TRIMAP_LOGITS)
            trimap = class_map_to_trimap(logits.argmax(axis=0))
        else:  # MODNet predicts none
            trimap = make_trimap(alpha_to_bytes(self._seen(image, outputs, ALPHA)[0]), 1)
        return Matte(trimap, self.alpha(image, outputs))

    def alpha(self, image: np.ndarray, outputs: Outputs) -> np.ndarray:
        """The alpha of `join`, for those who do not need the trimap, which takes longer."""
        alpha = self._seen(image, outputs, ALPHA)[0]
        return remove_small_components(stretch_contrast(alpha)) if self.protocol.clean_up else alpha

    def class_probabilities(self, image: np.ndarray, outputs: Outputs) -> np.ndarray:
        """T-Net's classes for a photo, at the network's size without the bars.

        Returns:
            (3, h, w) float32 in the order of TrimapClass.

        Raises:
            UserError: the system has no T-Net.
        """
        if not predicts(TRIMAP_LOGITS, self.info.system):
            raise UserError(f"trimap tnet: {self.info.system} has no T-Net; choose auto, or give a file")
        logits = self._seen(image, outputs, TRIMAP_LOGITS)
        odds = np.exp(logits - logits.max(axis=0))
        return odds / odds.sum(axis=0)

    def _seen(self, image: np.ndarray, outputs: Outputs, name: str) -> np.ndarray:
        """An output of the network for a photo, (C, h, w) without bars, with what a closer look shows."""
        found = self._found(image, outputs, name)
        if not outputs.of_parts:
            return found
        maps = [each[name][0] for each in outputs.of_parts]
        if len(outputs.look.parts) == 1:
            maps = [_mean_of_mirrored(*maps)]
        return joined(image, outputs.look, found, self._cut_parts(image, outputs.look.parts, maps))

    def _found(self, image: np.ndarray, outputs: Outputs, name: str) -> np.ndarray:
        """An output (C, h, w) for the whole photo, or for its tiles if nobody is seen in the whole."""
        if not outputs.tiles:
            return self._of_whole(image, outputs.whole, name)
        maps = [each[name][0] for each in outputs.of_tiles]
        return joined_tiles(image, outputs.tiles, self._cut_parts(image, outputs.tiles, maps))

    def _of_whole(self, image: np.ndarray, whole: Sequence[Arrays], name: str) -> np.ndarray:
        """An output (C, h, w) for `prepare(image)`, without bars."""
        return self._cut(image, self._mean([each[name][0] for each in whole]))

    def _cut_parts(
        self, image: np.ndarray, parts: Sequence[Place], maps: Sequence[np.ndarray]
    ) -> list[np.ndarray]:
        """The maps (C, S, S) of parts of a photo, without the bars."""
        return [self._cut(part.cut(image), each) for part, each in zip(parts, maps, strict=True)]

    def _cut(self, image: np.ndarray, values: np.ndarray) -> np.ndarray:
        """A map (C, S, S) without the bars."""
        place = self._place(image)
        return np.stack([place.cut(each) for each in values])

    def _place(self, image: np.ndarray) -> Place:
        """Where the photo lies in the network's square."""
        place_of = stretched_place if self.protocol.stretch else letterbox_place
        return place_of(*image.shape[:2], self.info.size)

    def _mean(self, maps: Sequence[np.ndarray]) -> np.ndarray:
        """A map (C, S, S), averaged with that of the mirror image if there is one."""
        return _mean_of_mirrored(*maps) if self.protocol.mirror else maps[0]

    def upsample(
        self, image: np.ndarray, pred_alpha: np.ndarray, shrunk: np.ndarray | None = None
    ) -> np.ndarray:
        """Resize the alpha of `join` to the photo's size, (H, W) float32 in [0, 1].

        It saves time to give what the method `shrunk` made of the photo.
        """
        height, width = image.shape[:2]
        shrinks = height < pred_alpha.shape[0] or width < pred_alpha.shape[1]
        if self.protocol.upsampling == "none" or shrinks:  # a small photo has no finer edges
            return upsample_alpha(pred_alpha, height, width)
        return guided_filter(image, pred_alpha, shrunk)

    def finish(self, image: np.ndarray, outputs: Outputs) -> Matte:
        """Turn outputs for a photo into its matte, at its size."""
        return self._at_size(image, self.join(image, outputs))

    def _at_size(self, image: np.ndarray, small: Matte) -> Matte:
        return Matte(resize_trimap(small.trimap, *image.shape[:2]), self.upsample(image, small.alpha))


def _mean_of_mirrored(values: np.ndarray, of_mirror_image: np.ndarray) -> np.ndarray:
    return (values + of_mirror_image[..., ::-1]) / 2
