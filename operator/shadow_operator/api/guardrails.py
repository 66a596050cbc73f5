"""Guardrails: limits that must not be broken while a challenger acts."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from shadow_operator.api.quantities import Duration, Percent
from shadow_operator.api.schema import EntryName, Resource, validation


class GuardrailMetric(StrEnum):
    """What a guardrail watches."""

    DRAWDOWN = "drawdown"
    PERFORMANCE = "performance"
    FRESHNESS = "freshness"


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


class Guardrail(Resource):
    """A limit that must not be broken; it is watched every second, in every phase in which a challenger acts."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": f"self.metric == 'freshness' ? self.above.matches(r'''^({Duration.form.pattern})$''') : "
                    f"self.above.matches(r'''^({Percent.form.pattern})$''')",
                    "messageExpression": "'above is \"' + self.above + '\", but metric ' + self.metric + ' takes ' + "
                    "(self.metric == 'freshness' ? 'a duration, as in 60s' : 'a share of the capital, as in 5%')",
                    "message": "above has to be a duration for freshness, and a share of the capital otherwise",
                    "fieldPath": ".above",
                },
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
        "freshness: age of the newest figure."
    )
    above: Annotated[str, Field(min_length=1, max_length=32)] = Field(
        description="The limit: a share such as 5%, or for freshness a duration such as 60s."
    )
    action: GuardrailAction = Field(
        GuardrailAction.ROLLBACK,
        description="Rollback: the share is taken back at once. Hold: nothing advances. "
        "StopTrading: as Rollback, and the policy's tradingEnabled is false until the command start-trading.",
    )
    then: Then | None = Field(None, description="What follows a Hold that lasts.")

    @property
    def limit(self) -> float:
        """The limit as a number: a fraction of the capital, or seconds for freshness."""
        if self.metric is GuardrailMetric.FRESHNESS:
            return Duration(self.above).seconds
        return Percent(self.above).fraction

    @model_validator(mode="after")
    def _limit_fits_the_metric(self) -> Self:
        _ = self.limit
        return self

    @model_validator(mode="after")
    def _action_fits(self) -> Self:
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
