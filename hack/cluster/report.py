"""What the program says: progress to standard error, answers to standard output, a refusal as one sentence."""

import sys
import time

_STARTED = time.monotonic()


class RefusedError(Exception):
    """The verb cannot be done; the message is the sentence that the user reads."""


def say(text: str) -> None:
    """Print one progress line with the seconds since the program started."""
    print(f"[{time.monotonic() - _STARTED:6.1f} s] {text}", file=sys.stderr, flush=True)


def answer(text: str) -> None:
    """Print what the verb was asked for, alone on standard output so that a script can take it."""
    print(text, flush=True)
