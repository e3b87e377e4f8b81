"""Detects NaN and infinite values, which a network would silently turn into an alpha of 0 everywhere."""

import numpy as np

from src.common.errors import UserError


def require_numbers(name: str, values: np.ndarray) -> None:
    """Check that an array has no NaN or infinite values.

    Args:
        name: what the array is, for the message.
        values: of any shape and type.

    Raises:
        UserError: it has some; `naming_file` adds the file to the message.
    """
    wrong = np.count_nonzero(~np.isfinite(values)) if values.dtype.kind == "f" else 0
    if wrong:
        raise UserError(f"{wrong} of {values.size} values of {name} are NaN or infinite; name another file")
