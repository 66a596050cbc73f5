"""How far a series remembers itself, read anew each time that it has grown by a hundredth."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from shadow_stats.checkpoint import whole
from shadow_stats.design import FEWEST_REGIMES, Dependence
from shadow_stats.long_run_variance import spectral_variance
from shadow_stats.regimes import read_regimes
from shadow_stats.scale_variances import ScaleVariances

# A reading costs more than all else and changes slowly. A growth of 1 % moves it by a small part of its own error.
GROWTH = 1.01
# Where long stretches vary more than this many times what short memory explains, a design for short memory gives no
# verdict. Up to there its variance is not raised by the ratio: that is noise on most data, and cost 2 points of power
# at 500 rows. bench/stats/dependence.py measures what is withheld and what passes.
LARGEST_RATIO = 2.0
LEAST_COVERAGE = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read last.

    Attributes:
        samples: rows at the time.
        inflation: long-run variance by short memory over variance.
        regimes: long-run variance with regimes over that by short memory, at least 1.
        regime_rows: mean length of a regime, in rows; 0 where nothing speaks for one.

    """

    samples: int = 0
    inflation: float = 1.0
    regimes: float = 1.0
    regime_rows: float = 0.0


class Memory:
    """The factor between variance and long-run variance of a series, and what makes it doubtful."""

    __slots__ = ("_reading", "_scales")

    def __init__(self) -> None:
        self._scales = ScaleVariances()
        self._reading = Reading()

    @property
    def reading(self) -> Reading:
        """What was read last."""
        return self._reading

    def extend(self, values: Sequence[float]) -> None:
        """Add `values`, shape (n,), finite, in their order in time."""
        self._scales.extend(values)

    def is_due(self, samples: int) -> bool:
        """Say whether the series has grown enough since the last reading."""
        return samples >= GROWTH * self._reading.samples

    def read(self, covariances: Sequence[float], samples: int) -> None:
        """Read anew.

        Args:
            covariances: autocovariances from lag 0 on, the first one positive, as for `spectral_variance`.
            samples: rows that they come from.

        """
        short = spectral_variance(covariances, samples)
        seen = self._scales.mean_squares()
        regimes = read_regimes(self._scales.pairs[: len(seen)], seen, short, samples)
        self._reading = Reading(samples, short / covariances[0], float(regimes.ratio), float(regimes.rows))

    def inflation(self, dependence: Dependence) -> float:
        """Return long-run variance over variance for what `dependence` says of the memory."""
        reading = self._reading
        return reading.inflation * reading.regimes if dependence is Dependence.REGIMES else reading.inflation

    def doubt(self, dependence: Dependence, samples: int) -> str | None:
        """Return why a look after `samples` rows counts for nothing, in a sentence; None if it counts."""
        reading = self._reading
        coverage = self._scales.coverage(samples)
        if coverage < LEAST_COVERAGE:
            return (
                f"What is known of regimes covers {coverage:.0%} of the rows, as they were merged from short pieces: "
                f"{LEAST_COVERAGE:.0%} are needed."
            )
        if reading.regime_rows == 0.0:
            return None
        seen = samples / reading.regime_rows
        if dependence is Dependence.REGIMES:
            if seen >= FEWEST_REGIMES:
                return None
            return (
                f"Evidence changes with the regime: {seen:.0f} regimes of about {reading.regime_rows:.0f} rows seen, "
                f"about {FEWEST_REGIMES} needed."
            )
        if reading.regimes <= LARGEST_RATIO:
            return None
        return (
            f"Evidence changes with the regime: {seen:.0f} regimes of about {reading.regime_rows:.0f} rows seen, over "
            f"which results vary {reading.regimes:.1f} times as much as short memory explains. A design with "
            f"dependence {Dependence.REGIMES} can judge new rows, from about {FEWEST_REGIMES} regimes on."
        )

    def merge(self, later: Self) -> "Memory":
        """Return the memory of this series and then `later`, with a reading due; see `ScaleVariances.merge`."""
        state = Memory()
        state._scales = self._scales.merge(later._scales)
        return state

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes bit for bit."""
        return {"scales": self._scales.to_json(), "reading": asdict(self._reading)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote.

        Raises:
            ValueError: a part is missing, or not of the length that it must have.

        """
        found = whole("Memory", data, frozenset({"scales", "reading"}))
        state = cls()
        state._scales = ScaleVariances.from_json(found["scales"])
        reading = whole("Reading", found["reading"], frozenset(Reading.__slots__))
        state._reading = Reading(**{name: reading[name] for name in Reading.__slots__})
        return state
