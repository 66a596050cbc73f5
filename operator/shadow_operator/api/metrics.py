"""Where the models' figures come from."""

import re
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from shadow_operator.api.quantities import Amount, CheckedText, PositiveDuration
from shadow_operator.api.schema import Resource


class PrometheusAddress(CheckedText):
    """The base address of a Prometheus."""

    __slots__ = ()

    form = re.compile(r"https?://[^/\s]+(/[^\s]*)?")
    accepted = "is not an address of a Prometheus: write a URL, as in http://prometheus.monitoring:9090"
    longest = 1024


class Query(CheckedText):
    """PromQL with a place for the model's name."""

    __slots__ = ()

    form = re.compile(r"(?s).*\{\{model\}\}.*")
    accepted = "does not name the model that it asks about: write {{model}} where the model's name belongs"
    longest = 2048


class Prometheus(Resource):
    """A Prometheus, or anything that answers its query API."""

    address: PrometheusAddress = Field(description="The base address, as in http://prometheus.monitoring:9090.")


_OF_THE_MODEL = '{namespace="{{namespace}}",rollout="{{rollout}}",model="{{model}}"}'


class Queries(Resource):
    """PromQL for each series of the metrics contract; {{model}}, {{rollout}} and {{namespace}} are filled in."""

    profit: Query = Field(
        Query(f"model_profit_total{_OF_THE_MODEL}"), description="Counter of gains, in the account's currency."
    )
    loss: Query = Field(
        Query(f"model_loss_total{_OF_THE_MODEL}"), description="Counter of losses, in the account's currency."
    )
    decisions: Query = Field(
        Query(f"model_decisions_total{_OF_THE_MODEL}"), description="Counter of settled decisions."
    )
    trades: Query = Field(
        Query(f"sum without (outcome) (model_trades_total{_OF_THE_MODEL})"), description="Counter of settled trades."
    )


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
