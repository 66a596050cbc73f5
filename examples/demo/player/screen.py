"""What the person in front of the terminal reads."""

import sys
import time


class Screen:
    """Lines with the seconds since the demo began."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the demo began."""
        return time.monotonic() - self._begun

    def say(self, subject: str, text: str) -> None:
        """Write one line of the timeline."""
        self.write(f"{self.seconds:7.1f} s  {subject:<14} {text}")

    def write(self, line: str = "") -> None:
        """Write one line as it is."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
