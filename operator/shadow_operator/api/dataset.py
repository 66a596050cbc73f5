"""The data that a model runs on, and what the check at the start of a pod says of it."""

import re

from pydantic import Field

from shadow_operator.api.quantities import CheckedText
from shadow_operator.api.schema import Resource


class DatasetFingerprint(CheckedText):
    """The fingerprint of a dataset, as `shadow_operator.dataset` defines it."""

    __slots__ = ()

    form = re.compile(r"sha256:(v1|v1-timeless):[0-9a-f]{64}")
    accepted = "is not a fingerprint: take the one that `shadow-operator fingerprint PATH` prints, as in sha256:v1:..."
    longest = 128


class MountPath(CheckedText):
    """An absolute path in a container."""

    __slots__ = ()

    form = re.compile(r"/[^\s:]*")
    accepted = "is not a path in a container: write an absolute one without blanks and colons, as in /data"
    longest = 512


class Dataset(Resource):
    """The data that a model runs on."""

    fingerprint: DatasetFingerprint = Field(description="What `shadow-operator fingerprint` printed for the data.")
    path: MountPath = Field(description="Where the workload's container `model` mounts it.")


_FOUND = re.compile(r"^the data at \S+ is (sha256:[^\s,]+),")


def report(path: str, found: str, expected: str) -> str:
    """What the check says of data that it could read: a sentence for people that `found_in` can read again."""
    verdict = "as expected" if found == expected else f"and {expected} was expected"
    return f"the data at {path} is {found}, {verdict}"


def found_in(text: str) -> str | None:
    """The fingerprint that was found, from what `report` said; None where it says something else."""
    said = _FOUND.match(text)
    return None if said is None else said[1]
