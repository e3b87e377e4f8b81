"""What each matting system takes and predicts, by its name."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

SystemName = Literal[
    "shm",
    "modnet",
    "modnet_video",
    "background_matting",
    "background_matting_resnet50",
    "background_matting_resnet101",
    "pspnet",
]
BackgroundMattingName = Literal[
    "background_matting", "background_matting_resnet50", "background_matting_resnet101"
]
# By how often a network halves its input; others do so four times.
_SIZE_MULTIPLES = {"modnet": 32, "modnet_video": 32, "pspnet": 8}
_OUTPUT_CHANNELS = {"trimap_logits": 3, "alpha": 1, "foreground": 3}


def needs_plate(system: SystemName) -> bool:
    """Whether a system needs, beside the photo, one of the place without the person (the plate)."""
    return system in get_args(BackgroundMattingName)


def smallest_size(system: SystemName) -> int:
    """The smallest height and width of a system's input, of which all others are multiples."""
    return _SIZE_MULTIPLES.get(system, 16)


def check_input_size(size: int, system: SystemName = "shm") -> int:
    """Return the height and width of a system's input.

    Raises:
        ValueError: the system takes no input of this size.
    """
    multiple = smallest_size(system)
    if size < multiple or size % multiple:
        raise ValueError(f"must be a multiple of {multiple}")
    return size


def takes_normalised(system: SystemName) -> bool:
    """Whether the network is given a normalised photo, BGR less a mean that training chooses."""
    return system in ("shm", "pspnet")


def predicts(output: str, system: SystemName) -> bool:
    """Whether a system predicts an output, such as 'alpha' or 'trimap_logits'."""
    return output in output_names(system)


def takes_previous(system: SystemName) -> bool:
    """Whether the network is also given the alpha of the frame before."""
    return system == "modnet_video"


def input_channels(system: SystemName) -> int:
    """Number of the network's input channels: colours, and in videos the alpha of the frame before."""
    return 4 if takes_previous(system) else 3


def empty_inputs(system: SystemName, size: int) -> dict[str, np.ndarray]:
    """The network's inputs in inference by name, in order, as zeros.

    SHM and PSPNet take a normalised photo; MODNet a frame as it comes, RGB, and the alpha of the frame
    before.
    """
    if takes_normalised(system):
        return {"image": np.zeros((1, 3, size, size), np.float32)}
    inputs = {"frame": np.zeros((1, size, size, 3), np.uint8)}
    if takes_previous(system):
        inputs["previous"] = np.zeros((1, 1, size, size), np.float32)
    return inputs


def size_of_inputs(shapes: Sequence[Sequence[int]], system: SystemName) -> int | None:
    """Height and width of a model's inputs; None if they are not those of the system."""
    if not shapes or len(shapes[0]) != 4:
        return None
    size = shapes[0][2]
    if not isinstance(size, int):
        return None
    expected = [each.shape for each in empty_inputs(system, size).values()]
    return size if [tuple(shape)[1:] for shape in shapes] == [shape[1:] for shape in expected] else None


def needed_shapes(system: SystemName) -> str:
    """The shapes of a system's inputs, for messages."""
    if takes_normalised(system):
        return "(1, 3, S, S)"
    return "(1, S, S, 3), (1, 1, S, S)" if takes_previous(system) else "(1, S, S, 3)"


def output_names(system: SystemName) -> tuple[str, ...]:
    """Names of the network's outputs in inference, in order."""
    if needs_plate(system):
        return "alpha", "foreground"
    match system:
        case "shm":
            return "trimap_logits", "alpha"
        case "pspnet":
            return ("trimap_logits",)
        case _:
            return ("alpha",)


def output_shapes(system: SystemName, height: int, width: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the same outputs by name, in order, for an input of a height and width."""
    return {name: (1, _OUTPUT_CHANNELS[name], height, width) for name in output_names(system)}
