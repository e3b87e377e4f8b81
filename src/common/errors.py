"""The error of a user's mistake: shown as one clear message, never as a traceback."""


class UserError(Exception):
    """Something the user can put right; the message names the file or key, the fault and the remedy."""

    exit_status = 1
