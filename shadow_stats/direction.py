"""Which way a watched mean may move."""

from typing import Literal, get_args

Direction = Literal["greater", "less", "two-sided"]


def checked_direction(direction: Direction) -> Direction:
    """Return `direction` if it is one of the three.

    Raises:
        ValueError: it is not.

    """
    if direction not in get_args(Direction):
        raise ValueError(f"direction is {direction!r}: it must be one of {', '.join(get_args(Direction))}.")
    return direction
