"""The error class for user errors, shown as one clear message without a traceback."""


class UserError(Exception):
    """An error that the user can fix; the message names the file or key, the fault and the remedy."""

    exit_status = 1
