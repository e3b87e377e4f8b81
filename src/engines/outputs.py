"""Checks what a network gave: outputs of the wanted shapes, and numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from src.common.errors import UserError
from src.common.naming import naming_file
from src.common.numbers import require_numbers


def named_outputs(
    path: Path, outputs: Sequence[np.ndarray], shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, np.ndarray]:
    """A network's outputs by name.

    Args:
        path: the model's file, for messages.
        outputs: in order.
        shapes: those wanted, by name, in the same order; see `output_shapes`.

    Raises:
        UserError: the outputs are others, or have NaN or infinite values.
    """
    found = [np.shape(values) for values in outputs]
    if found != list(shapes.values()):
        wanted = " and ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise UserError(
            f"{path}: gives outputs of shape {', '.join(map(str, found))}, where {wanted} is needed; "
            "export the model with export.py"
        )
    with naming_file(path):
        for values in outputs:
            require_numbers("its outputs", values)
    return dict(zip(shapes, outputs, strict=True))
