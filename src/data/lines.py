"""Lists of names, one a line."""


def read_lines(text: str) -> list[str]:
    """The names of a list; only the ends of lines are cut off, since names may begin or end with blanks."""
    # Not splitlines(): it also splits at other characters, which names may contain.
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return [line for line in lines if line.strip()]
