"""`ShadowRollout`: what a team asks for."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import combinations, pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from shadow_operator.api.quantities import Amount, CheckedText, Duration, ErrorRate, Percent, PositiveDuration, Ratio
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


def _told_apart(what: str, names: Iterable[str]) -> None:
    known: set[str] = set()
    for name in names:
        if name in known:
            raise ValueError(f"the {what} name {name} is used more than once: give each {what} its own")
        known.add(name)


class Resource(BaseModel):
    """Fields are camelCase in the API and snake_case here; unknown ones are refused, never ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


OpenObject = Annotated[
    dict[str, Any],
    Field(json_schema_extra={"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
]


def _open(description: str, kind: str = "object", **schema: Any) -> dict[str, Any]:
    """An object whose fields the API server keeps without knowing them, or a list of such."""
    kept = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, **schema}
    if kind == "array":
        return {"description": description, "type": "array", "items": kept}
    return {"description": description, **kept}


# Only what the operator itself reads or adds to; the rest is the API server's to judge, when the Deployment is written.
_POD_TEMPLATE = _open(
    "",
    properties={
        "metadata": _open("Labels and annotations of the pods.", properties={"labels": _open("Labels of the pods.")}),
        "spec": _open(
            "The pods, as in a PodSpec.",
            properties={
                "containers": _open(
                    "The containers; the one named `model` serves.",
                    "array",
                    required=["name"],
                    properties={
                        "name": {"type": "string", "description": "The container's name."},
                        "env": _open(
                            "Its environment variables.",
                            "array",
                            required=["name"],
                            properties={"name": {"type": "string", "description": "The variable's name."}},
                        ),
                        "ports": _open("Its ports.", "array"),
                        "volumeMounts": _open("Its mounts.", "array"),
                    },
                ),
                "volumes": _open("The volumes.", "array"),
            },
        ),
    },
)


def _fits(value: Any, schema: Mapping[str, Any], path: str) -> None:
    kinds: Mapping[str, type] = {"object": dict, "array": list, "string": str}
    if not isinstance(value, kinds[schema["type"]]):
        raise ValueError(f"{path} in body must be of type {schema['type']}")  # noqa: TRY004 - pydantic takes ValueError
    if isinstance(value, list):
        for index, item in enumerate(value):
            _fits(item, schema["items"], f"{path}[{index}]")
    if isinstance(value, dict):
        for name in schema.get("required", ()):
            if name not in value:
                raise ValueError(f"{path}.{name}: Required value")
        for name, part in schema.get("properties", {}).items():
            if name in value:
                _fits(value[name], part, f"{path}.{name}")


def _pod_template(value: dict[str, Any]) -> dict[str, Any]:
    _fits(value, _POD_TEMPLATE, "template")
    return value


RESERVED_NAMES = ("champion", "policy", "evidence")


class ModelName(CheckedText):
    """The name of a model, which ends the names of its Deployment and its Service."""

    __slots__ = ()

    form = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
    accepted = (
        "is not a model name: write lower case letters, digits and hyphens, with a letter or digit at both ends, "
        "and none of champion, policy and evidence, which name objects of the rollout itself"
    )
    # Leaves room for the rollout's name within the 63 characters of a Service's name.
    longest = 40

    def __new__(cls, text: str) -> Self:
        """Check the form, and that no object of the rollout itself has that name."""
        if text in RESERVED_NAMES:
            raise ValueError(f'"{text}" {cls.accepted}')
        return super().__new__(cls, text)

    @classmethod
    def cel(cls) -> str:
        """The form and the reserved names, as a CEL rule."""
        return f"{super().cel()} && !(self in {list(RESERVED_NAMES)})"


class RolloutName(CheckedText):
    """The name of a rollout, which begins the names of its Services: those begin with a letter (RFC 1035)."""

    __slots__ = ()

    form = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
    accepted = (
        "is not a name of a rollout: write at most 54 lower case letters, digits and hyphens, with a letter first "
        "and a letter or digit last"
    )
    # The longest name with `-champion` behind it that a Service may have.
    longest = 54


class Image(CheckedText):
    """The reference of a container image."""

    __slots__ = ()

    form = re.compile(r"[^\s]+")
    accepted = "is not an image: write a reference without blanks, as in registry.example/models/momentum:7"
    longest = 512


class Hostname(CheckedText):
    """A host name as a Gateway takes it, possibly with a wildcard in front."""

    __slots__ = ()

    form = re.compile(r"(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
    accepted = "is not a host name: write it in lower case and without a port, as in momentum.models.internal"
    longest = 253


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


EntryName = Annotated[str, Field(min_length=1, max_length=63)]

_ONE_SOURCE = "a variable has one value: remove value or valueFrom"


class EnvVar(Resource):
    """One environment variable of a model's container."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [validation("!(has(self.value) && has(self.valueFrom))", _ONE_SOURCE)],
        },
    )

    name: Annotated[str, Field(min_length=1, max_length=256)] = Field(description="The variable's name.")
    value: str | None = Field(None, max_length=32768, description="The value itself.")
    value_from: OpenObject | None = Field(None, description="Where the value comes from, as in a Pod (EnvVarSource).")

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.value is not None and self.value_from is not None:
            raise ValueError(_ONE_SOURCE)
        return self


class Model(Resource):
    """One model: a name, an image, and what differs from the common workload."""

    name: ModelName = Field(description="The model's name, as its metrics carry it in the label `model`.")
    image: Image = Field(description="The image that serves the model.")
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

    @model_validator(mode="after")
    def _variables_are_told_apart(self) -> Self:
        _told_apart("variable", (variable.name for variable in self.env))
        return self


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
    template: Annotated[dict[str, Any], AfterValidator(_pod_template)] = Field(
        default_factory=dict,
        json_schema_extra={key: value for key, value in _POD_TEMPLATE.items() if key != "description"},
        description="A pod template. Its container named `model` gets the model's image, environment and policy.",
    )


class ParentRef(Resource):
    """The Gateway that the route attaches to (Gateway API, ParentReference)."""

    name: Annotated[str, Field(min_length=1, max_length=253)] = Field(description="The Gateway's name.")
    namespace: Annotated[str, Field(min_length=1, max_length=63)] | None = Field(
        None, description="The Gateway's namespace; the rollout's own if left out."
    )
    section_name: Annotated[str, Field(min_length=1, max_length=253)] | None = Field(
        None, description="The listener of the Gateway; all of them if left out."
    )


_PARENTS_DIFFER = "the same Gateway is named twice: remove one, or give each a sectionName of its own"


class GatewayAPI(Resource):
    """Traffic through an HTTPRoute that the operator creates and owns."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation(
                    "self.parentRefs.all(p, self.parentRefs.exists_one(q, p.name == q.name && "
                    "has(p.__namespace__) == has(q.__namespace__) && "
                    "(!has(p.__namespace__) || p.__namespace__ == q.__namespace__) && "
                    "(!has(p.sectionName) || !has(q.sectionName) || p.sectionName == q.sectionName)))",
                    _PARENTS_DIFFER,
                    fieldPath=".parentRefs",
                ),
            ],
        },
    )

    parent_refs: list[ParentRef] = Field(
        min_length=1,
        max_length=16,
        description="The Gateways that the route attaches to.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    hostnames: list[Hostname] = Field(
        default_factory=list,
        max_length=16,
        description="Host names that the route answers; all of the listener's if empty.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )

    @model_validator(mode="after")
    def _parents_and_hosts_differ(self) -> Self:
        for first, second in combinations(self.parent_refs, 2):
            same = (first.name, first.namespace) == (second.name, second.namespace)
            sections = {first.section_name, second.section_name}
            if same and (None in sections or len(sections) == 1):
                raise ValueError(_PARENTS_DIFFER)
        _told_apart("host", self.hostnames)
        return self


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


class Shadow(Resource):
    """What a challenger has to go through before any request of its own."""

    min_duration: Duration = Field(Duration("14d"), description="Least time in shadow.")
    min_trades: Annotated[int, Field(ge=0)] = Field(500, description="Least number of settled trades.")


class Guarantee(StrEnum):
    """How the error rate is guaranteed."""

    ASYMPTOTIC = "Asymptotic"


class ErrorBudget(Resource):
    """How often a challenger that is not better may be promoted, over all of them and however often anyone looks."""

    alpha: ErrorRate = Field(ErrorRate("5%"), description="Probability of a false promotion.")
    guarantee: Guarantee = Field(
        Guarantee.ASYMPTOTIC,
        description="Asymptotic: always-valid as samples grow, for series without rare huge losses.",
    )
    planned_samples: Annotated[int, Field(ge=100, le=10_000_000)] = Field(
        2000,
        description="About how many intervals the comparison is planned for. A plan, no end: it stays valid beyond.",
    )


class GateTest(StrEnum):
    """What a gate compares."""

    PAIRED_MEAN = "PairedMean"
    SHARPE = "Sharpe"
    MAX_DRAWDOWN = "MaxDrawdown"


class GateRole(StrEnum):
    """Primary: has to pass. Secondary: reported, holds nobody up."""

    PRIMARY = "Primary"
    SECONDARY = "Secondary"


_RATIO_IS_FOR_MAX_DRAWDOWN = "ratio belongs to a gate with test MaxDrawdown: remove it, or change the test"


class Gate(Resource):
    """A comparison with the champion that must hold to advance."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation(
                    "!has(self.ratio) || self.test == 'MaxDrawdown'",
                    _RATIO_IS_FOR_MAX_DRAWDOWN,
                    fieldPath=".ratio",
                ),
            ],
        },
    )

    name: EntryName = Field(description="The gate's name, by which the status and the events speak of it.")
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

    @model_validator(mode="after")
    def _ratio_fits_the_test(self) -> Self:
        if self.ratio is not None and self.test is not GateTest.MAX_DRAWDOWN:
            raise ValueError(_RATIO_IS_FOR_MAX_DRAWDOWN)
        return self


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

    @model_validator(mode="after")
    def _action_fits(self) -> Self:
        if self.then is not None and self.action is not GuardrailAction.HOLD:
            raise ValueError(_THEN_FOLLOWS_A_HOLD)
        if self.metric is GuardrailMetric.FRESHNESS and self.action is not GuardrailAction.HOLD:
            raise ValueError(_BLIND_IS_NO_FAILURE)
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


_STEPS_RISE = "each canary step has to be larger than the one before, as in 5, 10, 25, 50"


class Canary(Resource):
    """The growing share of real decisions on the way to promotion."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation(
                    "self.steps.map(s, s.percent).isSorted() && "
                    "self.steps.all(s, self.steps.exists_one(t, t.percent == s.percent))",
                    _STEPS_RISE,
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

    @model_validator(mode="after")
    def _steps_rise(self) -> Self:
        if any(after.percent <= before.percent for before, after in pairwise(self.steps)):
            raise ValueError(_STEPS_RISE)
        return self


class Promotion(Resource):
    """What happens once a challenger has earned the championship."""

    watch: Duration = Field(
        Duration("7d"),
        description="How long the former champion is kept as a standby that a broken guardrail goes back to.",
    )


_SOME_GATE_IS_PRIMARY = (
    "no gate is Primary, so nothing would have to pass before a promotion: give one gate role Primary"
)
_MIRRORS_FIT = f"a route of the Gateway API mirrors to at most {MAX_GATEWAY_MIRRORS} challengers: remove some"


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
                    _MIRRORS_FIT,
                    fieldPath=".challengers",
                ),
                validation(
                    "self.gates.exists(g, g.role == 'Primary')",
                    _SOME_GATE_IS_PRIMARY,
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
        _told_apart("model", (self.champion.name, *(challenger.name for challenger in self.challengers)))
        _told_apart("gate", (gate.name for gate in self.gates))
        _told_apart("guardrail", (guardrail.name for guardrail in self.guardrails))
        return self

    @model_validator(mode="after")
    def _race_is_possible(self) -> Self:
        if len(self.challengers) > MAX_GATEWAY_MIRRORS:
            raise ValueError(_MIRRORS_FIT)
        if all(gate.role is not GateRole.PRIMARY for gate in self.gates):
            raise ValueError(_SOME_GATE_IS_PRIMARY)
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


NAMES_FIT = (
    "the rollout's name and a model's name together name a Service, which has at most 63 characters: shorten one"
)


class ShadowRollout(BaseModel):
    """A ShadowRollout as the API server returns it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)

    metadata: Metadata
    spec: Spec
    status: Status = Field(default_factory=Status)

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        name = RolloutName(self.metadata.name)
        if any(len(name) + len(model.name) >= 63 for model in (self.spec.champion, *self.spec.challengers)):
            raise ValueError(NAMES_FIT)
        return self
