"""Digests of the samples that the evidence was made of, so that anybody can check them against Prometheus later."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from shadow_operator.core.contract import Figure
from shadow_operator.core.moment import from_text, to_text
from shadow_operator.core.readings import Reading


@dataclass(frozen=True, slots=True)
class Digest:
    """All samples of one model over a stretch of the time grid.

    Attributes:
        since: the first moment that was read.
        until: the last one; each moment between them was read once.
        sha256: over the digest before it and the samples of the newest moment, moment by moment.

    """

    since: datetime
    until: datetime
    sha256: str = ""

    def plus(self, reading: Reading, model: str) -> "Digest":
        """The digest with one more moment."""
        lines = [self.sha256, to_text(reading.at)]
        for figure in Figure:
            lines += [f"{figure} {key} {value!r}" for key, value in sorted(reading.values(model, figure).items())]
        return replace(self, until=reading.at, sha256=hashlib.sha256("\n".join(lines).encode()).hexdigest())


class Samples:
    """The digest of each model."""

    __slots__ = ("_digests",)

    def __init__(self, digests: Mapping[str, Digest] | None = None) -> None:
        self._digests = dict(digests or {})

    @property
    def digests(self) -> Mapping[str, Digest]:
        """By model."""
        return dict(self._digests)

    def advance(self, reading: Reading, models: Iterable[str]) -> None:
        """Add the samples of the next moment; a model that was not read in the moment before begins anew."""
        kept = {}
        for model in models:
            kept[model] = self._digests.get(model, Digest(reading.at, reading.at)).plus(reading, model)
        self._digests = kept

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes."""
        return {model: [to_text(each.since), to_text(each.until), each.sha256] for model, each in self._digests.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote."""
        return cls(
            {model: Digest(from_text(since), from_text(until), sha) for model, (since, until, sha) in data.items()}
        )
