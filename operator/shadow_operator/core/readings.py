"""What the metrics said at one moment, by model and figure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shadow_operator.core.contract import FIGURE_LABEL, MODEL_LABEL, Figure
from shadow_operator.core.moment import is_moment

SeriesKey = str
_SHADOW_BOOK = "book=shadow"
_RESULT = (Figure.PROFIT, Figure.LOSS, Figure.DECISIONS)
_FIGURES = frozenset(figure.value for figure in Figure)
Values = Mapping[SeriesKey, float]


@dataclass(frozen=True, slots=True)
class Reading:
    """All figures at one moment. A figure that is not there was not there: it is never taken for 0."""

    at: datetime
    figures: Mapping[tuple[str, Figure], Values]

    def values(self, model: str, figure: Figure) -> Values:
        """The series of one figure of one model, one for each instance; empty when there is none."""
        return self.figures.get((model, figure), {})

    def sampled_at(self, model: str) -> datetime | None:
        """When the newest of the model's samples was taken."""
        moments = [each for each in self.values(model, Figure.SAMPLED_AT).values() if is_moment(each)]
        return datetime.fromtimestamp(max(moments), tz=UTC) if moments else None

    def acted_on(self, model: str) -> "Reading":
        """The same without what the model predicted and nobody acted on: the series labelled `book="shadow"`."""
        figures = {
            owner: {
                key: value for key, value in values.items() if owner[0] != model or _SHADOW_BOOK not in key.split(",")
            }
            for owner, values in self.figures.items()
        }
        return Reading(self.at, {owner: values for owner, values in figures.items() if values})

    def with_whole_result(self, model: str) -> "Reading":
        """The same without the model's profit, loss and decisions where one of the three is not there.

        What one of them grows by meanwhile says something only together with what the others do.
        """
        result = {(model, figure) for figure in _RESULT}
        if all(self.figures.get(owner) for owner in result):
            return self
        return Reading(self.at, {owner: values for owner, values in self.figures.items() if owner not in result})

    def without_series(self, model: str, keys: Collection[SeriesKey]) -> "Reading":
        """The same without these series of the model; without all of it where a figure of its result has other ones."""
        if not keys:
            return self
        is_everywhere = all(key in self.values(model, figure) for key in keys for figure in _RESULT)
        others = {owner: values for owner, values in self.figures.items() if owner[0] != model}
        if not is_everywhere:
            return Reading(self.at, others)
        own = {
            owner: {key: value for key, value in values.items() if key not in keys}
            for owner, values in self.figures.items()
            if owner[0] == model
        }
        return Reading(self.at, others | {owner: values for owner, values in own.items() if values})

    def missing(self, model: str) -> str | None:
        """Which figure without which nothing can be said of the model is not there, None when all are."""
        for figure in _RESULT:
            if not self.values(model, figure):
                return f"there is no series {figure} of {model}"
        return None


def reading(at: datetime, samples: Iterable[tuple[Mapping[str, str], float]]) -> Reading:
    """Gather samples of one moment; those that do not say whose they are and what they are, are left out."""
    figures: dict[tuple[str, Figure], dict[SeriesKey, float]] = {}
    for labels, value in samples:
        owner = _owner(labels)
        if owner is not None:
            figures.setdefault(owner, {})[_key(labels)] = value
    return Reading(at, figures)


def readings(tracks: Iterable[tuple[Mapping[str, str], Sequence[tuple[float, float]]]]) -> Sequence[Reading]:
    """Gather series over a grid into one reading a moment, in order of time."""
    samples: dict[float, list[tuple[Mapping[str, str], float]]] = {}
    for labels, points in tracks:
        for moment, value in points:
            samples.setdefault(moment, []).append((labels, value))
    return [reading(datetime.fromtimestamp(moment, tz=UTC), samples[moment]) for moment in sorted(samples)]


def on_grid(found: Iterable[Reading], start: datetime, end: datetime, step: timedelta) -> list[Reading]:
    """One reading for each moment from `start` to `end`; an empty one where no series had a sample.

    Without them the series that ended would look as it did in its last moment.
    """
    by_moment = {round(each.at.timestamp(), 3): each for each in found}
    count = int((end - start) / step) + 1
    moments = (start + step * index for index in range(count))
    return [by_moment.get(round(moment.timestamp(), 3), Reading(moment, {})) for moment in moments]


def _owner(labels: Mapping[str, str]) -> tuple[str, Figure] | None:
    model, figure = labels.get(MODEL_LABEL), labels.get(FIGURE_LABEL)
    if model is None or figure not in _FIGURES:
        return None
    return model, Figure(figure)


def _key(labels: Mapping[str, str]) -> SeriesKey:
    return ",".join(f"{k}={v}" for k, v in sorted(labels.items()) if k not in {MODEL_LABEL, FIGURE_LABEL})
