"""Waits, never for ever."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from .failure import DemoError, UnreachableError


@dataclass(frozen=True)
class Look:
    """What was found, and whether that is what was waited for."""

    done: bool
    found: str


def wait_until(what: str, look: Callable[[], Look], *, seconds: float, every: float = 0.5) -> None:
    """Look until it is done; names what was waited for and what was found instead when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            latest = look()
        except UnreachableError as error:
            latest = Look(done=False, found=str(error))
        if latest.done:
            return
        if time.monotonic() >= deadline:
            raise DemoError(f"Waited {seconds:.0f} s for {what}; found: {latest.found}.")
        time.sleep(every)
