"""What an online state looks like at rest: a flat dictionary that says of itself what it is."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = 1
_DOUBLE = np.dtype("<f8")


def sealed(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return `body` under the name and format version of the state that wrote it."""
    return {"kind": kind, "version": VERSION, **body}


def opened(kind: str, data: Mapping[str, Any], keys: frozenset[str]) -> Mapping[str, Any]:
    """Return `data` if it was sealed as `kind` and is whole.

    Raises:
        ValueError: it is of another kind or version, or a key is missing.

    """
    found = (data.get("kind"), data.get("version"))
    if found != (kind, VERSION):
        raise ValueError(f"state is {found[0]} version {found[1]}: expected {kind} version {VERSION}.")
    return whole(kind, data, keys)


def whole(name: str, data: Mapping[str, Any], keys: frozenset[str]) -> Mapping[str, Any]:
    """Return `data` if no key is missing.

    Raises:
        ValueError: a key is missing.

    """
    missing = keys - data.keys()
    if missing:
        raise ValueError(f"state of {name} has no {', '.join(sorted(missing))}: it was cut short or edited.")
    return data


def packed(values: NDArray[np.float64]) -> str:
    """Return the entries as little-endian doubles in base64, at about half the length of their decimals."""
    return base64.b64encode(np.ascontiguousarray(values, dtype=_DOUBLE).tobytes()).decode()


def unpacked(name: str, text: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the array that `packed` wrote.

    Raises:
        ValueError: it is not of `shape`.

    """
    values = np.frombuffer(base64.b64decode(text, validate=True), dtype=_DOUBLE).astype(np.float64)
    if values.size != np.prod(shape, dtype=int):
        raise ValueError(f"state of {name} has {values.size} entries where {shape} belong: it is of the wrong length.")
    return values.reshape(shape)
