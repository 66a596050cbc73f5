"""Whether a Docker engine is there to be used."""

from functools import cache

from process import found, succeeds


@cache
def answers() -> bool:
    """Say whether a Docker engine answers; the command alone, without an engine, is of no use."""
    return found("docker") is not None and succeeds(["docker", "info"])
