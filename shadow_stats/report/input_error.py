"""What the command refuses."""


class InputError(Exception):
    """What cannot be used, where it stands and what would be accepted, in a sentence."""
