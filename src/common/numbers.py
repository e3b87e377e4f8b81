"""Values that are no numbers, which a network would turn into an alpha of 0 everywhere without a word."""

import numpy as np

from src.common.errors import UserError


def require_numbers(name: str, values: np.ndarray) -> None:
    """Make sure that values of any type hold no NaN and nothing infinite.

    Raises:
        UserError: they do; `naming_file` puts the file before the message.
    """
    wrong = np.count_nonzero(~np.isfinite(values)) if values.dtype.kind == "f" else 0
    if wrong:
        raise UserError(f"{wrong} of {values.size} values of {name} are NaN or infinite; name another file")
