"""`ShadowRollout`: what a team asks for."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from shadow_operator.api.quantities import Amount, Duration, Percent, Ratio
from shadow_operator.api.status import Status

GROUP = "shadowrollouts.io"
VERSION = "v1alpha1"
KIND = "ShadowRollout"
PLURAL = "shadowrollouts"
API_VERSION = f"{GROUP}/{VERSION}"

MAX_CHALLENGERS = 20
# HTTPRoute allows 16 filters in a rule, and each mirror is one (Gateway API v1, HTTPRouteRule.filters).
MAX_GATEWAY_MIRRORS = 16


def validation(rule: str, message: str, **fields: str) -> dict[str, Any]:
    """One CEL rule of the CRD (`x-kubernetes-validations`)."""
    return {"rule": rule, "message": message, **fields}


def list_map(*keys: str) -> dict[str, Any]:
    """A list whose entries are told apart by `keys`, so that two managers can each own their own entries."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


class Resource(BaseModel):
    """Fields are camelCase in the API and snake_case here; unknown ones are refused, never ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


OpenObject = Annotated[
    dict[str, Any],
    Field(json_schema_extra={"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
]

# 40 leaves room for the rollout's name within the 63 characters of a Service's name.
ModelName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=40,
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
                    "messageExpression": "'\"' + self + '\" is not a model name: write lower case letters, digits and "
                    "hyphens, with a letter or digit at both ends'",
                    "message": "a model name has lower case letters, digits and hyphens only",
                },
                {
                    "rule": "!(self in ['champion', 'policy', 'evidence'])",
                    "messageExpression": "'a model cannot be named \"' + self + '\": the rollout itself has an object "
                    "of that name; choose another one'",
                    "message": "champion, policy and evidence are names of the rollout's own objects",
                },
            ],
        },
    ),
]

EntryName = Annotated[str, Field(min_length=1, max_length=63)]

Query = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2048,
        json_schema_extra={
            "x-kubernetes-validations": [
                validation(
                    "self.contains('{{model}}')",
                    "a query has to name the model that it asks about: write {{model}} where the model's name belongs",
                ),
            ],
        },
    ),
]


class EnvVar(Resource):
    """One environment variable of a model's container."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    value: str | None = Field(None, max_length=32768, description="The value itself.")
    value_from: OpenObject | None = Field(None, description="Where the value comes from, as in a Pod (EnvVarSource).")


class Model(Resource):
    """One model: a name, an image, and what differs from the common workload."""

    name: ModelName = Field(description="The model's name, as its metrics carry it in the label `model`.")
    image: Annotated[str, Field(min_length=1, max_length=512)] = Field(description="The image that serves the model.")
    replicas: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="Pods of this model; the workload's number when left out."
    )
    command: list[Annotated[str, Field(max_length=1024)]] | None = Field(
        None, max_length=64, description="The container's entry point, where it differs from the workload's."
    )
    args: list[Annotated[str, Field(max_length=1024)]] | None = Field(
        None, max_length=64, description="The container's arguments, where they differ from the workload's."
    )
    env: list[EnvVar] = Field(
        default_factory=list,
        max_length=100,
        description="Environment variables added to the workload's; the same name replaces.",
        json_schema_extra=list_map("name"),
    )
    resources: OpenObject | None = Field(
        None, description="Requests and limits, where they differ from the workload's (ResourceRequirements)."
    )


class Challenger(Model):
    """A model that wants to be champion. It sees a copy of the requests and acts on none until it is in canary."""

    mirror_percent: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None,
        description="Share of the requests copied to this challenger, in percent; `traffic.mirrorPercent` if left out.",
    )


class Workload(Resource):
    """What the pods of every model have in common."""

    replicas: Annotated[int, Field(ge=1, le=100)] = Field(1, description="Pods of each model.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(8080, description="The port that each model serves on.")
    template: OpenObject = Field(
        default_factory=dict,
        description="A pod template. Its container named `model` gets the model's image, environment and policy.",
    )


class ParentRef(Resource):
    """The Gateway that the route attaches to (Gateway API, ParentReference)."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    namespace: Annotated[str, Field(min_length=1, max_length=63)] | None = Field(
        None, description="The Gateway's namespace; the rollout's own if left out."
    )
    section_name: Annotated[str, Field(min_length=1, max_length=253)] | None = Field(
        None, description="The listener of the Gateway; all of them if left out."
    )


class GatewayAPI(Resource):
    """Traffic through an HTTPRoute that the operator creates and owns."""

    parent_refs: list[ParentRef] = Field(
        min_length=1,
        max_length=16,
        description="The Gateways that the route attaches to.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    hostnames: list[Annotated[str, Field(min_length=1, max_length=253)]] = Field(
        default_factory=list,
        max_length=16,
        description="Host names that the route answers; all of the listener's if empty.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


class Traffic(Resource):
    """How requests reach the models."""

    gateway_api: GatewayAPI = Field(
        alias="gatewayAPI", description="Route by the Gateway API (an implementation that mirrors by percentage)."
    )
    mirror_percent: Annotated[int, Field(ge=1, le=100)] = Field(
        100, description="Share of the requests copied to each challenger, in percent."
    )


class Prometheus(Resource):
    """A Prometheus, or anything that answers its query API."""

    address: Annotated[str, Field(min_length=1, max_length=1024)] = Field(
        description="The base address, as in http://prometheus.monitoring:9090.",
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": "self.matches('^https?://[^/]+')",
                    "messageExpression": "'\"' + self + '\" is not an address of a Prometheus: write a URL, as in "
                    "http://prometheus.monitoring:9090'",
                    "message": "the address of a Prometheus starts with http:// or https://",
                },
            ],
        },
    )


_OF_THE_MODEL = '{namespace="{{namespace}}",rollout="{{rollout}}",model="{{model}}"}'


class Queries(Resource):
    """PromQL for each series of the metrics contract; {{model}}, {{rollout}} and {{namespace}} are filled in."""

    profit: Query = Field(
        f"model_profit_total{_OF_THE_MODEL}", description="Counter of gains, in the account's currency."
    )
    loss: Query = Field(f"model_loss_total{_OF_THE_MODEL}", description="Counter of losses, in the account's currency.")
    decisions: Query = Field(f"model_decisions_total{_OF_THE_MODEL}", description="Counter of settled decisions.")
    trades: Query = Field(
        f"sum without (outcome) (model_trades_total{_OF_THE_MODEL})", description="Counter of settled trades."
    )


class Metrics(Resource):
    """Where the models' figures come from, and the time grid on which they are compared."""

    prometheus: Prometheus
    interval: Duration = Field(Duration("1m"), description="Spacing of the paired series: one sample an interval.")
    scrape_interval: Duration = Field(
        Duration("15s"),
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


class Shadow(Resource):
    """What a challenger has to go through before any request of its own."""

    min_duration: Duration = Field(Duration("14d"), description="Least time in shadow.")
    min_trades: Annotated[int, Field(ge=0)] = Field(500, description="Least number of settled trades.")


class Guarantee(StrEnum):
    """How the error rate is guaranteed."""

    ASYMPTOTIC = "Asymptotic"


class ErrorBudget(Resource):
    """How often a challenger that is not better may be promoted, over all of them and however often anyone looks."""

    alpha: Percent = Field(
        Percent("5%"),
        description="Probability of a false promotion.",
        json_schema_extra={
            "x-kubernetes-validations": [
                validation(
                    "!self.matches('^0+(\\\\.0+)?%$')",
                    "alpha of 0% promotes nobody, ever: write a probability above 0, as in 5%",
                ),
            ],
        },
    )
    guarantee: Guarantee = Field(
        Guarantee.ASYMPTOTIC,
        description="Asymptotic: always-valid as samples grow, for series without rare huge losses.",
    )
    planned_samples: Annotated[int, Field(ge=100, le=10_000_000)] = Field(
        2000,
        description="About how many intervals the comparison is planned for. A plan, no end: it stays valid beyond.",
    )

    @model_validator(mode="after")
    def _alpha_is_a_budget(self) -> Self:
        if not 0 < self.alpha.fraction <= 0.5:
            raise ValueError(f"alpha is {self.alpha}: write a probability above 0% and at most 50%, as in 5%")
        return self


class GateTest(StrEnum):
    """What a gate compares."""

    PAIRED_MEAN = "PairedMean"
    SHARPE = "Sharpe"
    MAX_DRAWDOWN = "MaxDrawdown"


class GateRole(StrEnum):
    """Primary: has to pass. Secondary: reported, holds nobody up."""

    PRIMARY = "Primary"
    SECONDARY = "Secondary"


class Gate(Resource):
    """A comparison with the champion that must hold to advance."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation(
                    "!has(self.ratio) || self.test == 'MaxDrawdown'",
                    "ratio belongs to a gate with test MaxDrawdown: remove it, or change the test",
                    fieldPath=".ratio",
                ),
            ],
        },
    )

    name: EntryName
    test: GateTest = Field(
        description="PairedMean: mean profit per decision is higher. Sharpe: the Sharpe ratio is higher. "
        "MaxDrawdown: the deepest drawdown is at most `ratio` of the champion's."
    )
    role: GateRole = Field(
        GateRole.PRIMARY, description="Primary gates must all pass; Secondary ones are only reported."
    )
    ratio: Ratio | None = Field(
        None,
        description="MaxDrawdown only: the most that its drawdown may be of the champion's; 100% if left out.",
    )


class GuardrailMetric(StrEnum):
    """What a guardrail watches."""

    DRAWDOWN = "drawdown"
    PERFORMANCE = "performance"
    FRESHNESS = "freshness"


class GuardrailAction(StrEnum):
    """What breaking a guardrail does."""

    ROLLBACK = "Rollback"
    HOLD = "Hold"


class Then(Resource):
    """What follows when a guardrail stays broken."""

    after: Duration = Field(description="How long the guardrail has been broken without a break.")
    action: Literal[GuardrailAction.ROLLBACK] = Field(
        GuardrailAction.ROLLBACK, description="Rollback: the share is taken back."
    )


class Guardrail(Resource):
    """A limit that must not be broken; it is watched every second, in every phase in which a challenger acts."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": "self.metric == 'freshness' ? self.above.matches('^([0-9]{1,6}(d|h|m|s|ms))+$') : "
                    "self.above.matches('^(100|[0-9]{1,2}(\\\\.[0-9]{1,4})?)%$')",
                    "messageExpression": "'above is \"' + self.above + '\", but metric ' + self.metric + ' takes ' + "
                    "(self.metric == 'freshness' ? 'a duration, as in 60s' : 'a share of the capital, as in 5%')",
                    "message": "above has to be a duration for freshness, and a share of the capital otherwise",
                    "fieldPath": ".above",
                },
                validation(
                    "!has(self.then) || self.action == 'Hold'",
                    "then follows a Hold: remove it, or make the action Hold",
                    fieldPath=".then",
                ),
                validation(
                    "self.metric != 'freshness' || self.action == 'Hold'",
                    "missing data is no failure of the model: make freshness act with Hold; `then` says what follows",
                    fieldPath=".action",
                ),
            ],
        },
    )

    name: EntryName
    metric: GuardrailMetric = Field(
        description="drawdown: fall from the high-water mark, as a share of the capital that the model acts with. "
        "performance: how far the model stays behind the champion since it acts, as a share of the same. "
        "freshness: age of the newest figure."
    )
    above: Annotated[str, Field(min_length=1, max_length=32)] = Field(
        description="The limit: a share such as 5%, or for freshness a duration such as 60s."
    )
    action: GuardrailAction = Field(
        GuardrailAction.ROLLBACK, description="Rollback: the share is taken back at once. Hold: nothing advances."
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


def _default_guardrails() -> list[Guardrail]:
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


class CanaryStep(Resource):
    """One step of the canary: a share of the real decisions, for a least time."""

    percent: Annotated[int, Field(ge=1, le=99)] = Field(
        description="Share of the real requests that go to the challenger, in percent."
    )
    min_duration: Duration = Field(Duration("1h"), description="Least time at this share.")


class Canary(Resource):
    """The growing share of real decisions on the way to promotion."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation(
                    "self.steps.map(s, s.percent).isSorted() && "
                    "self.steps.all(s, self.steps.exists_one(t, t.percent == s.percent))",
                    "each canary step has to be larger than the one before, as in 5, 10, 25, 50",
                    fieldPath=".steps",
                ),
            ],
        },
    )

    steps: list[CanaryStep] = Field(
        min_length=1,
        max_length=10,
        description="The shares, each larger than the one before.",
    )
    min_confidence: Percent = Field(
        Percent("0%"), description="In canary, the model acts only on predictions of at least this confidence."
    )


class Promotion(Resource):
    """What happens once a challenger has earned the championship."""

    watch: Duration = Field(
        Duration("7d"),
        description="How long the former champion is kept as a standby that a broken guardrail goes back to.",
    )


class Spec(Resource):
    """The champion, its challengers, and the rules under which one of them takes over."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": "!self.challengers.exists(c, c.name == self.champion.name)",
                    "messageExpression": "'challenger ' + self.champion.name + ' is also the champion: name another'",
                    "message": "a challenger is also the champion: name another",
                    "fieldPath": ".challengers",
                },
                validation(
                    f"size(self.challengers) <= {MAX_GATEWAY_MIRRORS}",
                    f"a route of the Gateway API mirrors to at most {MAX_GATEWAY_MIRRORS} challengers: remove some",
                    fieldPath=".challengers",
                ),
                validation(
                    "self.gates.exists(g, g.role == 'Primary')",
                    "no gate is Primary, so nothing would have to pass before a promotion: give one gate role Primary",
                    fieldPath=".gates",
                ),
            ],
        },
    )

    champion: Model = Field(description="The model whose predictions are acted on.")
    challengers: list[Challenger] = Field(
        min_length=1,
        max_length=MAX_CHALLENGERS,
        description="Models that want to be champion.",
        json_schema_extra=list_map("name"),
    )
    workload: Workload = Field(default_factory=Workload)
    traffic: Traffic
    metrics: Metrics
    shadow: Shadow = Field(default_factory=Shadow)
    error_budget: ErrorBudget = Field(default_factory=ErrorBudget)
    gates: list[Gate] = Field(
        min_length=1,
        max_length=40,
        description="Comparisons that must hold to advance.",
        json_schema_extra=list_map("name"),
    )
    guardrails: list[Guardrail] = Field(
        default_factory=_default_guardrails,
        max_length=40,
        description="Limits that must not be broken while a challenger acts.",
        json_schema_extra=list_map("name"),
    )
    canary: Canary
    promotion: Promotion = Field(default_factory=Promotion)

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> Self:
        names = [self.champion.name, *(challenger.name for challenger in self.challengers)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the model name {', '.join(twice)} is used more than once: give each model its own")
        return self

    def model(self, name: str) -> Model | None:
        """The champion or challenger of that name, or None."""
        return next((model for model in (self.champion, *self.challengers) if model.name == name), None)

    def mirror_percent(self, name: str) -> int:
        """Share of the requests, in percent, that a model in shadow gets a copy of."""
        own = next((c.mirror_percent for c in self.challengers if c.name == name), None)
        return self.traffic.mirror_percent if own is None else own


class Metadata(BaseModel):
    """The part of an object's metadata that the operator reads."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)

    name: str
    namespace: str
    uid: str
    generation: int
    resource_version: str
    finalizers: list[str] = Field(default_factory=list)
    deletion_timestamp: str | None = None


class ShadowRollout(BaseModel):
    """A ShadowRollout as the API server returns it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)

    metadata: Metadata
    spec: Spec
    status: Status = Field(default_factory=Status)
