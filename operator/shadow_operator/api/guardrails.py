"""Guardrails: limits that must not be broken while a challenger acts."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from shadow_operator.api.quantities import CheckedText, Duration, Number, Percent, PositiveDuration
from shadow_operator.api.schema import EntryName, Resource, validation


class GuardrailMetric(StrEnum):
    """What a guardrail watches."""

    DRAWDOWN = "drawdown"
    PERFORMANCE = "performance"
    FRESHNESS = "freshness"
    ERROR_RATE = "errorRate"
    LATENCY = "latency"
    RESTARTS = "restarts"
    PSI = "psi"


# Measured over a time up to now, as the gates of the same names measure it.
MEASURED = frozenset(
    {GuardrailMetric.ERROR_RATE, GuardrailMetric.LATENCY, GuardrailMetric.RESTARTS, GuardrailMetric.PSI}
)
_OVER = {GuardrailMetric.PSI: "10m"}
_FORMS: Mapping[GuardrailMetric, tuple[type[CheckedText], str]] = {
    GuardrailMetric.DRAWDOWN: (Percent, "a share of the capital, as in 5%"),
    GuardrailMetric.PERFORMANCE: (Percent, "a share of the capital, as in 5%"),
    GuardrailMetric.FRESHNESS: (Duration, "a duration, as in 60s"),
    GuardrailMetric.ERROR_RATE: (Percent, "a share of the questions, as in 1%"),
    GuardrailMetric.LATENCY: (Duration, "a duration, as in 250ms"),
    GuardrailMetric.RESTARTS: (Number, 'a number, as in "0"'),
    GuardrailMetric.PSI: (Number, 'a number, as in "0.25"'),
}


class GuardrailAction(StrEnum):
    """What breaking a guardrail does."""

    ROLLBACK = "Rollback"
    HOLD = "Hold"
    STOP_TRADING = "StopTrading"


class Then(Resource):
    """What follows when a guardrail stays broken."""

    after: Duration = Field(description="How long the guardrail has been broken without a break.")
    action: Literal[GuardrailAction.ROLLBACK] = Field(
        GuardrailAction.ROLLBACK, description="Rollback: the share is taken back."
    )


_THEN_FOLLOWS_A_HOLD = "then follows a Hold: remove it, or make the action Hold"

_BLIND_IS_NO_FAILURE = (
    "missing data is no failure of the model: make the action for freshness Hold; `then` says what follows"
)


_OVER_IS_FOR_THE_MEASURED = (
    f"over belongs to {', '.join(sorted(MEASURED))}: remove it, the other figures need no window"
)


def _above_rule() -> dict[str, Any]:
    """The form of the limit, metric by metric, and a sentence that names it."""
    fits = "false"
    accepted = "''"
    for metric, (form, example) in _FORMS.items():
        is_it = f"self.metric == '{metric.value}'"
        fits = f"{is_it} ? self.above.matches(r'''^(?:{form.form.pattern})$''') : ({fits})"
        accepted = f"{is_it} ? '{example}' : ({accepted})"
    return {
        "rule": fits,
        "messageExpression": f"'above is \"' + self.above + '\", but metric ' + self.metric + ' takes ' + ({accepted})",
        "message": "above has to have the form that the metric takes",
        "fieldPath": ".above",
    }


class Guardrail(Resource):
    """A limit that must not be broken; it is watched every second, in every phase in which a challenger acts."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                _above_rule(),
                validation(
                    "!has(self.over) || self.metric in " + str([metric.value for metric in sorted(MEASURED)]),
                    _OVER_IS_FOR_THE_MEASURED,
                    fieldPath=".over",
                ),
                validation(
                    "!has(self.then) || self.action == 'Hold'",
                    _THEN_FOLLOWS_A_HOLD,
                    fieldPath=".then",
                ),
                validation(
                    "self.metric != 'freshness' || self.action == 'Hold'",
                    _BLIND_IS_NO_FAILURE,
                    fieldPath=".action",
                ),
            ],
        },
    )

    name: EntryName = Field(description="The guardrail's name, by which the status and the events speak of it.")
    metric: GuardrailMetric = Field(
        description="drawdown: fall from the high-water mark, as a share of the capital that the model acts with. "
        "performance: how far the model stays behind the champion since it acts, as a share of the same. "
        "freshness: age of the newest figure. errorRate: share of the questions that the model could not answer. "
        "latency: 99% of its answers came within this. restarts: how often its process started anew. "
        "psi: population stability index of the feature that moved most, against the time before, six times as long."
    )
    above: Annotated[str, Field(min_length=1, max_length=32)] = Field(
        description="The limit: a share such as 5%; for freshness and latency a duration such as 60s or 250ms; for "
        'restarts and psi a quoted number such as "0" or "0.25".'
    )
    over: PositiveDuration | None = Field(
        None,
        description="For errorRate, latency, restarts and psi: the time up to now that is looked at; 1m if left out, "
        "10m for psi. It has to hold a hundred answers: until it does, the canary is held.",
    )
    action: GuardrailAction = Field(
        GuardrailAction.ROLLBACK,
        description="Rollback: the share is taken back at once. Hold: nothing advances. "
        "StopTrading: as Rollback, and the policy's tradingEnabled is false until the command start-trading.",
    )
    then: Then | None = Field(None, description="What follows a Hold that lasts.")

    @property
    def limit(self) -> float:
        """The limit as a number: a fraction, seconds, or a count."""
        form, _ = _FORMS[self.metric]
        read = form(self.above)
        if isinstance(read, Duration):
            return read.seconds
        return read.fraction if isinstance(read, Percent) else float(read)

    @property
    def period(self) -> PositiveDuration:
        """`over` or its default."""
        return self.over or PositiveDuration(_OVER.get(self.metric, "1m"))

    @model_validator(mode="after")
    def _limit_fits_the_metric(self) -> Self:
        _ = self.limit
        return self

    @model_validator(mode="after")
    def _action_fits(self) -> Self:
        if self.over is not None and self.metric not in MEASURED:
            raise ValueError(_OVER_IS_FOR_THE_MEASURED)
        if self.then is not None and self.action is not GuardrailAction.HOLD:
            raise ValueError(_THEN_FOLLOWS_A_HOLD)
        if self.metric is GuardrailMetric.FRESHNESS and self.action is not GuardrailAction.HOLD:
            raise ValueError(_BLIND_IS_NO_FAILURE)
        return self


def default_guardrails() -> list[Guardrail]:
    """The guardrails of a rollout that names none: a drawdown of 5 % rolls back, a minute without figures holds."""
    return [
        Guardrail(name="max-drawdown", metric=GuardrailMetric.DRAWDOWN, above="5%"),
        Guardrail(
            name="blind",
            metric=GuardrailMetric.FRESHNESS,
            above="60s",
            action=GuardrailAction.HOLD,
            then=Then(after=Duration("10m")),
        ),
    ]
