"""Figures of models as Prometheus hands them out."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from shadow_operator.core.readings import Reading, reading
from tests.world.journeys import START

STEP = timedelta(minutes=1)

Figures = Mapping[str, float]
Model = Figures | Mapping[str, Figures]


def counted(profit: float, loss: float = 0.0, decisions: float = 0.0) -> dict[str, float]:
    """The counters of one instance; a trade a decision."""
    return {"profit": profit, "loss": loss, "decisions": decisions, "trades": decisions}


def read(at: datetime, models: Mapping[str, Model], sampled: datetime | None = None) -> Reading:
    """One reading; a model has one instance, or several by name."""
    samples: list[tuple[dict[str, str], float]] = []
    moment = (sampled or at).timestamp()
    for model, figures in models.items():
        for instance, values in _instances(figures).items():
            labels = {"shadow_model": model, "instance": instance}
            samples += [(labels | {"shadow_figure": figure}, value) for figure, value in values.items()]
            samples.append((labels | {"shadow_figure": "sampled_at"}, moment))
    return reading(at, samples)


def _instances(figures: Model) -> dict[str, dict[str, float]]:
    instances: dict[str, dict[str, float]] = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            instances[name] = dict(value)
        else:
            instances.setdefault("0", {})[name] = value
    return instances


def minute(number: int) -> datetime:
    return START + number * STEP


def minutes(*models: Mapping[str, Model]) -> Sequence[Reading]:
    """One reading a minute."""
    return [read(minute(number), each) for number, each in enumerate(models)]
