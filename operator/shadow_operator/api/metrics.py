"""Where the models' figures come from."""

import re
from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from shadow_operator.api.quantities import Amount, CheckedText, PositiveDuration
from shadow_operator.api.schema import EntryName, Resource


class PrometheusAddress(CheckedText):
    """The base address of a Prometheus."""

    __slots__ = ()

    # Whoever may read the manifest would read a password in it.
    form = re.compile(r"https?://[^/@?#\s]+(/[^?#\s]*)?")
    accepted = (
        "is not an address of a Prometheus: write a URL without a user, a password or a query, as in "
        "http://prometheus.monitoring:9090"
    )
    longest = 1024


class Query(CheckedText):
    """PromQL with a place for the model's name."""

    __slots__ = ()

    form = re.compile(r"(?s).*\{\{model\}\}.*")
    accepted = "does not name the model that it asks about: write {{model}} where the model's name belongs"
    longest = 2048


class SecretReference(Resource):
    """A Secret of the rollout's namespace."""

    name: EntryName = Field(description="The Secret's name.")


class HeadersFrom(Resource):
    """Where the headers come from that go with each query."""

    secret_ref: SecretReference = Field(
        description="Each of its keys is a header, such as Authorization. Its annotation shadowrollouts.io/prometheus "
        "names the address that it is meant for, and the operator's chart names the Secret in prometheusSecrets."
    )


class Prometheus(Resource):
    """A Prometheus, or anything that answers its query API."""

    address: PrometheusAddress = Field(description="The base address, as in http://prometheus.monitoring:9090.")
    headers_from: HeadersFrom | None = Field(None, description="For a Prometheus that asks who is there.")


_OF_THE_MODEL = '{namespace="{{namespace}}",rollout="{{rollout}}",model="{{model}}"}'


def _series(name: str, description: str) -> Any:
    return Field(Query(f"{name}{_OF_THE_MODEL}"), description=description)


class Queries(Resource):
    """PromQL for each series of the metrics contract; {{model}}, {{rollout}} and {{namespace}} are filled in."""

    profit: Query = _series("model_profit_total", "Counter of gains, in the account's currency.")
    loss: Query = _series("model_loss_total", "Counter of losses, in the account's currency.")
    decisions: Query = _series("model_decisions_total", "Counter of settled decisions.")
    trades: Query = Field(
        Query(f"sum without (outcome) (model_trades_total{_OF_THE_MODEL})"), description="Counter of settled trades."
    )
    sessions: Query = _series("model_sessions_total", "Counter of sessions with a settled decision.")
    turnover: Query = _series("model_turnover_total", "Counter of position changes, in the account's currency.")
    predictions: Query = _series("model_predictions_total", "Counter of predictions by `action`.")
    confidence: Query = _series("model_prediction_confidence_bucket", "Histogram of the stated confidence by `le`.")
    calibration: Query = _series(
        "model_calibration_total", "Counter of predictions by `bin`, the lower end of its confidence, and `outcome`."
    )
    agreement: Query = _series("model_agreement_total", "Counter of predictions by `agrees`, true or false.")
    error_absolute: Query = _series("model_prediction_error_abs_total", "Sum of absolute errors.")
    error_squared: Query = _series("model_prediction_error_squared_total", "Sum of squared errors.")
    error_percentage: Query = _series(
        "model_prediction_error_percentage_total", "Sum of absolute errors as shares of the truth."
    )
    direction: Query = Field(
        Query(f'model_prediction_direction_total{_OF_THE_MODEL[:-1]},correct="false"}}'),
        description="Counter of predictions with the wrong sign.",
    )
    features: Query = _series("model_feature_bucket", "Histogram of each `feature`'s values by `le`.")
    feature_time: Query = _series("model_feature_timestamp_seconds", "Unix time of each feature's newest value.")
    inference: Query = _series("model_inference_seconds_bucket", "Histogram of the time to an answer by `le`.")
    errors: Query = _series("model_errors_total", "Counter of questions that it could not answer.")
    restarts: Query = _series("model_restarts_total", "Counter of restarts of the model's process.")


def _milliseconds(field: str) -> str:
    """A duration of this object as a number, in CEL."""
    units = {"ms": 1, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000}
    length = "0"
    for unit, size in reversed(units.items()):
        length = f"p.endsWith('{unit}') ? int(p.replace('{unit}', '')) * {size} : {length}"
    return f"self.{field}.findAll('[0-9]+(ms|d|h|m|s)').map(p, {length}).sum()"


class Metrics(Resource):
    """Where the models' figures come from, and the time grid on which they are compared."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    # 0 is what a wrong one comes to, and that has a message of its own.
                    "rule": f"{_milliseconds('interval')} == 0 || "
                    f"{_milliseconds('interval')} >= {_milliseconds('scrapeInterval')}",
                    "messageExpression": "'interval is ' + self.interval + ', shorter than scrapeInterval ' + "
                    "self.scrapeInterval + ': an interval has to hold at least one scrape'",
                    "message": "interval has to be at least scrapeInterval, so that it holds a scrape",
                    "fieldPath": ".interval",
                },
            ],
        },
    )

    prometheus: Prometheus
    interval: PositiveDuration = Field(
        PositiveDuration("1m"), description="Spacing of the paired series: one sample an interval."
    )
    scrape_interval: PositiveDuration = Field(
        PositiveDuration("15s"),
        description="How often Prometheus scrapes the models' figures; an interval is read only once complete.",
    )
    capital: Amount = Field(description='What a drawdown is a share of, in the account\'s currency, quoted: "100000".')
    queries: Queries = Field(default_factory=Queries)

    @model_validator(mode="after")
    def _interval_holds_a_scrape(self) -> Self:
        if self.interval.seconds < self.scrape_interval.seconds:
            raise ValueError(
                f"interval is {self.interval}, shorter than scrapeInterval {self.scrape_interval}: "
                "an interval has to hold at least one scrape"
            )
        return self
