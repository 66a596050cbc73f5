"""Did a mean move? A detector that states how rarely it alarms by chance."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

from numpy.typing import ArrayLike

from shadow_stats.checkpoint import opened, sealed
from shadow_stats.direction import Direction, checked_direction
from shadow_stats.series import checked

Rule = Literal["shiryaev-roberts", "cusum"]

_KIND = "EDetector"
_TERMS = ("alpha", "mean", "bounds", "deviation", "direction", "rule")
_STATE = ("samples", "evidence", "alarms", "last_alarm")
_KEYS = frozenset({*_TERMS, *_STATE})
# Shifts, in standard deviations, for which one component each is best; in between two of them share.
_TILTS = (0.1, 0.2, 0.35, 0.6, 1.0, 1.5, 2.25, 3.5)
# The same as shares of the largest bet that can never lose everything.
_BETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.65, 0.95)
# exp of more would leave the range of JSON's numbers, and one such row is an alarm at any alpha allowed.
_LARGEST_LOG = 600.0
_SMALLEST_ALPHA = 1e-9


@dataclass(frozen=True, slots=True)
class EDetectorResult:
    """What the rows so far say.

    Attributes:
        statistic: the e-detector now; it alarms at `threshold`.
        threshold: 1 / alpha, which is also the mean number of rows to a false alarm, at least.
        alarms: how often it was reached.
        last_alarm: row at which it was reached last, counted from 1; None before.
        samples: rows seen.

    """

    statistic: float
    threshold: float
    alarms: int
    last_alarm: int | None
    samples: int


class EDetector:
    """Evidence that the mean has left its side, started anew at every row, and added up.

    While every row's mean, given the rows before, is on the stated side, the mean number of rows to an alarm is at
    least 1 / alpha. It holds for any dependence and any distribution within the bounds (or sub-Gaussian), not in a
    limit. After an alarm it restarts, so the same holds between alarms.

    Each possible size of the shift has its own component; their mean is watched. "shiryaev-roberts" sums the evidence
    over all possible rows of the change; "cusum" takes the best one, is never larger and so alarms never earlier.

    There is no merge: the evidence of later rows counts from every row before them, and an alarm among those restarts
    it.

    Args:
        alpha: one over the mean number of rows to a false alarm; from 1e-9 to below 1.
        mean: the mean before a change, or the edge of what counts as unchanged; in the unit of the rows.
        bounds: smallest and largest possible row, `mean` between them; or None.
        deviation: sub-Gaussian scale of a row about its mean (the standard deviation if normal); or None. Give
            exactly one of `bounds` and `deviation`.
        direction: "greater" watches for a rise above `mean`, "less" for a fall below it.
        rule: "shiryaev-roberts" or "cusum".

    Raises:
        ValueError: an argument is outside its range.

    Source: Shin, Ramdas and Rinaldo (2024), "E-detectors: a nonparametric framework for sequential change detection":
    the mixtures of e-SR and e-CUSUM.

    """

    __slots__ = (*(f"_{name}" for name in _TERMS), *(f"_{name}" for name in _STATE))

    def __init__(
        self,
        alpha: float,
        mean: float,
        *,
        bounds: tuple[float, float] | None = None,
        deviation: float | None = None,
        direction: Direction = "two-sided",
        rule: Rule = "shiryaev-roberts",
    ) -> None:
        if not _SMALLEST_ALPHA <= alpha < 1.0:
            raise ValueError(f"alpha is {alpha}: it must be at least {_SMALLEST_ALPHA:g} and below 1.")
        if not math.isfinite(mean):
            raise ValueError(f"mean is {mean}: it must be finite.")
        if rule not in get_args(Rule):
            raise ValueError(f"rule is {rule!r}: it must be one of {', '.join(get_args(Rule))}.")
        _check_scale(mean, bounds, deviation)
        self._alpha, self._mean = float(alpha), float(mean)
        self._bounds = (float(bounds[0]), float(bounds[1])) if bounds else None
        self._deviation = float(deviation) if deviation else None
        self._direction, self._rule = checked_direction(direction), rule
        self._samples = self._alarms = 0
        self._last_alarm: int | None = None
        self._evidence = [0.0] * (len(_TILTS) * (2 if direction == "two-sided" else 1))

    def update(self, values: ArrayLike) -> None:
        """Add the next rows; the same bits however they are cut into batches.

        Args:
            values: in their order in time; shape (n,), in the unit of `mean`.

        Raises:
            ValueError: not one-dimensional, or an entry is nan, infinite, beyond 1e60 in size or outside `bounds`;
                nothing is added then.

        """
        series = checked("values", values)
        if self._bounds is not None:
            usable = (series >= self._bounds[0]) & (series <= self._bounds[1])
            if not usable.all():
                index = int(usable.argmin())
                low, high = self._bounds
                raise ValueError(f"values[{index}] is {series[index]}: it must lie within the bounds {low} and {high}.")
        for value in series.tolist():
            self._add(value)

    def result(self) -> EDetectorResult:
        """Return the evidence now and the alarms so far."""
        return EDetectorResult(self._statistic(), 1.0 / self._alpha, self._alarms, self._last_alarm, self._samples)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under 4 KB, from which `from_json` resumes bit for bit."""
        body = {name: getattr(self, f"_{name}") for name in (*_TERMS, *_STATE)}
        bounds = None if self._bounds is None else list(self._bounds)
        return sealed(_KIND, {**body, "bounds": bounds, "evidence": list(self._evidence)})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote.

        Raises:
            ValueError: `data` is of another kind or version, or not whole.

        """
        found = opened(_KIND, data, _KEYS)
        terms = {name: found[name] for name in _TERMS}
        state = cls(terms.pop("alpha"), terms.pop("mean"), **terms)
        if len(found["evidence"]) != len(state._evidence):
            raise ValueError("state of EDetector has evidence of the wrong length: it was cut short or edited.")
        for name in _STATE:
            setattr(state, f"_{name}", found[name])
        state._evidence = list(found["evidence"])
        return state

    def _add(self, value: float) -> None:
        if self._last_alarm == self._samples:
            self._evidence = [0.0] * len(self._evidence)
        self._samples += 1
        ratios = [math.exp(min(x, _LARGEST_LOG)) for x in self._log_ratios(value)]
        pairs = zip(ratios, self._evidence, strict=True)
        if self._rule == "cusum":
            self._evidence = [ratio * max(before, 1.0) for ratio, before in pairs]
        else:
            self._evidence = [ratio * (before + 1.0) for ratio, before in pairs]
        if self._statistic() >= 1.0 / self._alpha:
            self._alarms += 1
            self._last_alarm = self._samples

    def _statistic(self) -> float:
        return sum(self._evidence) / len(self._evidence)

    def _log_ratios(self, value: float) -> list[float]:
        """Logarithms of one row's e-values: each has mean at most 1 while nothing changed."""
        ratios: list[float] = []
        if self._direction != "less":
            ratios += self._one_sided(value - self._mean, 0)
        if self._direction != "greater":
            ratios += self._one_sided(self._mean - value, 1)
        return ratios

    def _one_sided(self, excess: float, side: int) -> list[float]:
        if self._bounds is not None:
            share = excess / abs(self._bounds[side] - self._mean)
            return [math.log1p(bet * share) for bet in _BETS]
        score = excess / (self._deviation or 1.0)
        return [tilt * score - 0.5 * tilt * tilt for tilt in _TILTS]


def _check_scale(mean: float, bounds: tuple[float, float] | None, deviation: float | None) -> None:
    if (bounds is None) == (deviation is None):
        raise ValueError(f"bounds is {bounds} and deviation {deviation}: exactly one of them must be given.")
    if bounds is not None and not -math.inf < bounds[0] < mean < bounds[1] < math.inf:
        raise ValueError(f"bounds are {bounds}: they must be finite with the mean {mean} between them.")
    if deviation is not None and not 0.0 < deviation < math.inf:
        raise ValueError(f"deviation is {deviation}: it must be positive and finite.")
