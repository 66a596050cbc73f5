"""What ends the demo before its end."""


class DemoError(Exception):
    """A sentence for the person who started the demo."""


class UnreachableError(DemoError):
    """The API server, or something behind it, did not answer; it may do so a moment later."""
