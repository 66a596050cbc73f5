"""Gates: comparisons and limits that must hold to advance."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from shadow_operator.api.metrics import Query
from shadow_operator.api.quantities import CheckedText, Duration, Number, Percent, PositiveDuration, Ratio
from shadow_operator.api.schema import EntryName, Resource, validation


class GateTest(StrEnum):
    """What a gate compares."""

    PAIRED_MEAN = "PairedMean"
    BOOTSTRAP_MEAN = "BootstrapMean"
    SHARPE = "Sharpe"
    WIN_RATE = "WinRate"
    ERROR_DEGRADATION = "ErrorDegradation"
    PROFIT_FACTOR = "ProfitFactor"
    LIVE_SHARPE = "LiveSharpe"
    MAX_DRAWDOWN = "MaxDrawdown"
    TURNOVER = "Turnover"
    MIN_SAMPLES = "MinSamples"
    MIN_TRADES = "MinTrades"
    MIN_SESSIONS = "MinSessions"
    MIN_DAYS = "MinDays"
    MIN_DURATION = "MinDuration"
    DRIFT_PSI = "DriftPSI"
    DRIFT_KS = "DriftKS"
    CONCEPT_DRIFT = "ConceptDrift"
    ACTION_DIVERSITY = "ActionDiversity"
    CONFIDENCE_SPREAD = "ConfidenceSpread"
    AGREEMENT = "Agreement"
    CALIBRATION_MONOTONIC = "CalibrationMonotonic"
    ECE = "ECE"
    LATENCY = "Latency"
    ERROR_RATE = "ErrorRate"
    FEATURE_FRESHNESS = "FeatureFreshness"
    RESTARTS = "Restarts"
    DATASET_FINGERPRINT = "DatasetFingerprint"
    PROMQL = "PromQL"


class GateRole(StrEnum):
    """Primary: has to pass. Secondary: adds to the score, holds nobody up. Member: counts in its group."""

    PRIMARY = "Primary"
    SECONDARY = "Secondary"
    MEMBER = "Member"


class SharpeMethod(StrEnum):
    """How Sharpe ratios are compared."""

    ALWAYS_VALID = "AlwaysValid"
    BOOTSTRAP = "Bootstrap"


class Rival(StrEnum):
    """Whom a gate compares with."""

    CHAMPION = "Champion"
    BENCHMARK = "Benchmark"


class ErrorMeasure(StrEnum):
    """How the errors of predictions are measured; less is better."""

    MAE = "MAE"
    RMSE = "RMSE"
    MAPE = "MAPE"
    DIRECTIONAL_ACCURACY = "DirectionalAccuracy"


class Unit(StrEnum):
    """In what unit a gate's `atMost` or `atLeast` is written."""

    NUMBER = "Number"
    SHARE = "Share"
    DURATION = "Duration"

    @property
    def form(self) -> type[CheckedText]:
        """The form of the text."""
        return _FORMS[self]

    def read(self, text: str) -> float:
        """The limit as a number: as it is, a fraction, or seconds. Raises ValueError when it is of another form."""
        match self:
            case Unit.NUMBER:
                return Number(text).value
            case Unit.SHARE:
                return Percent(text).fraction
            case Unit.DURATION:
                return Duration(text).seconds


_FORMS: Mapping[Unit, type[CheckedText]] = {Unit.NUMBER: Number, Unit.SHARE: Percent, Unit.DURATION: Duration}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a gate of one kind is, and which fields it takes: one row of the catalogue.

    Attributes:
        passes: when it passes, in words that go on after "passes when".
        fields: the fields that it takes beside those of every gate; anywhere else they would be ignored, and whoever
            wrote one would rely on it.
        needs: one of these has to be given.
        unit: of `atMost`, `atLeast` and `gain`.
        defaults: what a field is where it is left out, as it would be written.
        is_test: it spends the error budget and may end a challenger's run; else it is a limit, and only holds it up.

    """

    passes: str
    fields: tuple[str, ...]
    needs: tuple[str, ...]
    unit: Unit
    defaults: Mapping[str, str]
    is_test: bool


def _shape(
    passes: str,
    *fields: str,
    needs: tuple[str, ...] = (),
    unit: Unit = Unit.NUMBER,
    defaults: Mapping[str, str] | None = None,
    is_test: bool = False,
) -> Shape:
    return Shape(passes, fields, needs, unit, defaults or {}, is_test)


_DAY = {"window": "1d"}
_WEEK = {"window": "1d", "reference": "7d"}

CATALOGUE: Mapping[GateTest, Shape] = {
    GateTest.PAIRED_MEAN: _shape("mean profit per decision is higher", "against", is_test=True),
    GateTest.BOOTSTRAP_MEAN: _shape(
        "mean profit per decision is higher by a bootstrap, at plannedSamples and each doubling of it",
        "against",
        is_test=True,
    ),
    GateTest.SHARPE: _shape(
        "the annual Sharpe ratio is higher by more than `gain`",
        "against",
        "gain",
        "method",
        "perYear",
        defaults={"gain": "0", "method": "AlwaysValid"},
        is_test=True,
    ),
    GateTest.WIN_RATE: _shape(
        "the share of intervals that it ends with a gain is higher by at least `gain` points",
        "against",
        "gain",
        unit=Unit.SHARE,
        defaults={"gain": "0%"},
        is_test=True,
    ),
    GateTest.ERROR_DEGRADATION: _shape(
        "the error of its predictions is less than `ratio` of the champion's",
        "against",
        "measure",
        "ratio",
        needs=("measure",),
        defaults={"ratio": "100%"},
        is_test=True,
    ),
    GateTest.PROFIT_FACTOR: _shape(
        "gains over losses are at least `atLeast`, or the champion's where that is left out", "against", "atLeast"
    ),
    GateTest.LIVE_SHARPE: _shape(
        "its annual Sharpe ratio is at least `atLeast`", "atLeast", "perYear", needs=("atLeast",)
    ),
    GateTest.MAX_DRAWDOWN: _shape(
        "the deepest drawdown is at most `ratio` of the champion's, or `atMost` of the capital",
        "against",
        "ratio",
        "atMost",
        unit=Unit.SHARE,
        defaults={"ratio": "100%"},
    ),
    GateTest.TURNOVER: _shape(
        "turnover per decision is at most `ratio` of the champion's",
        "against",
        "ratio",
        "window",
        defaults={"ratio": "100%", **_DAY},
    ),
    GateTest.MIN_SAMPLES: _shape("at least `count` intervals were compared", "count", needs=("count",)),
    GateTest.MIN_TRADES: _shape("at least `count` trades were settled while compared", "count", needs=("count",)),
    GateTest.MIN_SESSIONS: _shape("at least `count` sessions ended while compared", "count", needs=("count",)),
    GateTest.MIN_DAYS: _shape("intervals of at least `count` days (UTC) were compared", "count", needs=("count",)),
    GateTest.MIN_DURATION: _shape(
        "its first comparison is at least `atLeast` ago", "atLeast", needs=("atLeast",), unit=Unit.DURATION
    ),
    GateTest.DRIFT_PSI: _shape(
        "of no feature the population stability index of `window` against the `reference` before it is over `atMost`",
        "atMost",
        "window",
        "reference",
        defaults={"atMost": "0.25", **_WEEK},
    ),
    GateTest.DRIFT_KS: _shape(
        "of no feature the Kolmogorov-Smirnov distance of `window` to the `reference` before it is over `atMost`",
        "atMost",
        "window",
        "reference",
        defaults={"atMost": "0.15", **_WEEK},
    ),
    GateTest.CONCEPT_DRIFT: _shape(
        "the error of its predictions over `window` is at most `ratio` of that over the `reference` before it",
        "measure",
        "ratio",
        "window",
        "reference",
        needs=("measure",),
        defaults={"ratio": "120%", **_WEEK},
    ),
    GateTest.ACTION_DIVERSITY: _shape(
        "no action is more than `atMost` of all",
        "atMost",
        "window",
        unit=Unit.SHARE,
        defaults={"atMost": "70%", **_DAY},
    ),
    GateTest.CONFIDENCE_SPREAD: _shape(
        "from the 10 % to the 90 % point of its confidences it is at least `atLeast`",
        "atLeast",
        "window",
        defaults={"atLeast": "0.05", **_DAY},
    ),
    GateTest.AGREEMENT: _shape(
        "it agrees with the model that acts in at least `atLeast` of the predictions",
        "atLeast",
        "window",
        unit=Unit.SHARE,
        defaults={"atLeast": "55%", **_DAY},
    ),
    GateTest.CALIBRATION_MONOTONIC: _shape(
        "the share of hits falls nowhere by more than chance (1 %) as the stated confidence rises",
        "window",
        defaults=_DAY,
    ),
    GateTest.ECE: _shape(
        "the expected calibration error is at most `atMost`",
        "atMost",
        "window",
        unit=Unit.SHARE,
        defaults={"atMost": "5%", **_DAY},
    ),
    GateTest.LATENCY: _shape(
        "the `quantile` of its answers' times is at most `atMost`, or `ratio` of the champion's",
        "against",
        "quantile",
        "atMost",
        "ratio",
        "window",
        needs=("atMost", "ratio"),
        unit=Unit.DURATION,
        defaults={"quantile": "99%", "window": "1h"},
    ),
    GateTest.ERROR_RATE: _shape(
        "the share of questions that it could not answer is at most `atMost`, or `ratio` of the champion's",
        "against",
        "atMost",
        "ratio",
        "window",
        needs=("atMost", "ratio"),
        unit=Unit.SHARE,
        defaults={"window": "1h"},
    ),
    GateTest.FEATURE_FRESHNESS: _shape(
        "its oldest feature is at most `atMost` old", "atMost", needs=("atMost",), unit=Unit.DURATION
    ),
    GateTest.RESTARTS: _shape(
        "it restarted at most `atMost` times", "atMost", "window", defaults={"atMost": "2", **_DAY}
    ),
    GateTest.DATASET_FINGERPRINT: _shape(
        "its pods run on the `dataset` that it names, or `allowDatasetMismatch` lets them run on another"
    ),
    GateTest.PROMQL: _shape(
        "the answer to `query` is at most `atMost`, at least `atLeast`, or at most `ratio` of the champion's",
        "against",
        "query",
        "atMost",
        "atLeast",
        "ratio",
        needs=("query",),
    ),
}

_ONE_LIMIT = "ratio and atMost are two limits: keep one, and make a second gate for the other"
_ONE_QUERY_LIMIT = "a query is held against one of atMost, atLeast and ratio: keep just one"
_MEMBERS_HAVE_A_GROUP = (
    "a gate of role Member counts in a group, and no other gate does: name its group, or change its role"
)


def _takers(field: str) -> tuple[GateTest, ...]:
    return tuple(test for test, shape in CATALOGUE.items() if field in shape.fields)


_FIELDS = tuple(dict.fromkeys(field for shape in CATALOGUE.values() for field in shape.fields))


def _belongs(field: str) -> str:
    return f"{field} belongs to a gate with test {' or '.join(_takers(field))}: remove it, or change the test"


def _needed(test: GateTest) -> str:
    return f"{test} needs {' or '.join(CATALOGUE[test].needs)}: it passes when {CATALOGUE[test].passes}"


def _listed(tests: tuple[GateTest, ...]) -> str:
    return str([test.value for test in tests])


def _field_rules() -> list[dict[str, Any]]:
    return [
        validation(
            f"!has(self.{field}) || self.test in {_listed(_takers(field))}", _belongs(field), fieldPath=f".{field}"
        )
        for field in _FIELDS
    ]


def _need_rules() -> list[dict[str, Any]]:
    return [
        validation(
            f"self.test != '{test.value}' || {' || '.join(f'has(self.{field})' for field in shape.needs)}",
            _needed(test),
            fieldPath=".test",
        )
        for test, shape in CATALOGUE.items()
        if shape.needs
    ]


def _unit_rules() -> list[dict[str, Any]]:
    """One rule for each unit of each limit: its form follows from the test."""
    rules = []
    for field in ("atMost", "atLeast", "gain"):
        for unit in Unit:
            tests = tuple(test for test in _takers(field) if CATALOGUE[test].unit is unit)
            if tests:
                matches = f"self.{field}.matches(r'''^(?:{unit.form.form.pattern})$''')"
                rules.append(
                    {
                        "rule": f"!has(self.{field}) || !(self.test in {_listed(tests)}) || {matches}",
                        "messageExpression": f"'{field} of ' + self.test + ': \"' + self.{field} + "
                        f"'\" {unit.form.accepted}'",
                        "message": f"{field} {unit.form.accepted}",
                        "fieldPath": f".{field}",
                    }
                )
    return rules


_OTHER_RULES = [
    validation("!has(self.ratio) || !has(self.atMost)", _ONE_LIMIT, fieldPath=".atMost"),
    validation(
        "self.test != 'PromQL' || [has(self.ratio), has(self.atMost), has(self.atLeast)].filter(x, x).size() == 1",
        _ONE_QUERY_LIMIT,
        fieldPath=".test",
    ),
    validation("has(self.group) == (self.role == 'Member')", _MEMBERS_HAVE_A_GROUP, fieldPath=".role"),
]

LimitText = Annotated[str, Field(min_length=1, max_length=32)]


class Gate(Resource):
    """A comparison with the champion, or a limit, that must hold to advance."""

    model_config = ConfigDict(
        json_schema_extra={"x-kubernetes-validations": [*_field_rules(), *_need_rules(), *_unit_rules(), *_OTHER_RULES]}
    )

    name: EntryName = Field(description="The gate's name, by which the status and the events speak of it.")
    test: GateTest = Field(
        description=" ".join(f"{test}: {shape.passes}." for test, shape in CATALOGUE.items()),
    )
    role: GateRole = Field(
        GateRole.PRIMARY,
        description="Primary gates must all pass. Secondary ones only add to the score. Members count in their group.",
    )
    group: EntryName | None = Field(None, description="Member only: the group that it counts in.")
    weight: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="Points in the score; 14 for a Primary gate and 10 for a Secondary one if left out."
    )
    against: Rival | None = Field(
        None,
        description="Champion, also if left out: it is compared with the champion. Benchmark: with spec.benchmark.",
    )
    at_most: LimitText | None = Field(None, description="The most that the figure may be, in the unit of the test.")
    at_least: LimitText | None = Field(None, description="The least that the figure may be, in the unit of the test.")
    ratio: Ratio | None = Field(None, description="The most that the figure may be of the champion's.")
    gain: LimitText | None = Field(
        None, description="How far it has to be above the champion's: points of a win rate, or an annual Sharpe ratio."
    )
    count: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(None, description="The least number of them.")
    window: PositiveDuration | None = Field(None, description="The time up to now that is looked at.")
    reference: PositiveDuration | None = Field(None, description="The time before the window that it is held against.")
    quantile: Percent | None = Field(None, description="Which quantile, as in 99%.")
    method: SharpeMethod | None = Field(
        None,
        description="AlwaysValid: by a confidence sequence, at every look. Bootstrap: by the bootstrap of Ledoit and "
        "Wolf, at plannedSamples and each doubling of it.",
    )
    measure: ErrorMeasure | None = Field(None, description="How errors are measured; less is better.")
    per_year: Annotated[int, Field(ge=1, le=100_000_000)] | None = Field(
        None, description="Intervals with results in a year; as many as the year holds if left out."
    )
    query: Query | None = Field(None, description="PromQL with {{model}} in it, answered by one number.")

    @property
    def shape(self) -> Shape:
        """Its row of the catalogue."""
        return CATALOGUE[self.test]

    @property
    def rival(self) -> Rival:
        """`against` or its default."""
        return self.against or Rival.CHAMPION

    @property
    def most(self) -> float | None:
        """`atMost`, or its default, as a number; None where the gate has none, or has a ratio instead."""
        return None if self.ratio is not None else self._limit("atMost", self.at_most)

    @property
    def least(self) -> float | None:
        """`atLeast`, or its default, as a number; None where the gate has none."""
        return self._limit("atLeast", self.at_least)

    @property
    def allowed_ratio(self) -> float | None:
        """`ratio`, or its default, as a number; None where the gate has none, or has an absolute limit instead."""
        if self.at_most is not None:
            return None
        found = self.ratio or self.shape.defaults.get("ratio")
        return None if found is None else Ratio(found).fraction

    @property
    def least_gain(self) -> float:
        """`gain` as a number, 0 where it is left out."""
        return self._limit("gain", self.gain) or 0.0

    @property
    def period(self) -> PositiveDuration:
        """`window` or its default."""
        return self.window or PositiveDuration(self.shape.defaults["window"])

    @property
    def reference_period(self) -> PositiveDuration:
        """`reference` or its default."""
        return self.reference or PositiveDuration(self.shape.defaults["reference"])

    def _limit(self, field: str, given: str | None) -> float | None:
        found = given or self.shape.defaults.get(field)
        return None if found is None else self.shape.unit.read(found)

    @model_validator(mode="after")
    def _fields_fit_the_test(self) -> Self:
        given = self.model_dump(by_alias=True, exclude_none=True)
        for field in _FIELDS:
            if field in given and field not in self.shape.fields:
                raise ValueError(_belongs(field))
        if self.shape.needs and not any(field in given for field in self.shape.needs):
            raise ValueError(_needed(self.test))
        if self.test is GateTest.PROMQL and sum(f in given for f in ("ratio", "atMost", "atLeast")) != 1:
            raise ValueError(_ONE_QUERY_LIMIT)
        if self.ratio is not None and self.at_most is not None:
            raise ValueError(_ONE_LIMIT)
        return self

    @model_validator(mode="after")
    def _limits_fit_the_unit(self) -> Self:
        for field, text in (("atMost", self.at_most), ("atLeast", self.at_least), ("gain", self.gain)):
            try:
                self._limit(field, text)
            except ValueError as error:
                raise ValueError(f"{field} of {self.test}: {error}") from error
        return self

    @model_validator(mode="after")
    def _only_members_have_a_group(self) -> Self:
        if (self.group is not None) != (self.role is GateRole.MEMBER):
            raise ValueError(_MEMBERS_HAVE_A_GROUP)
        return self


class GateGroup(Resource):
    """Some gates of which a few have to pass. The group has to pass as a Primary gate has to."""

    name: EntryName = Field(description="The group's name, by which its gates name it.")
    at_least: Annotated[int, Field(ge=1, le=40)] = Field(description="How many of its gates have to pass.")
    weight: Annotated[int, Field(ge=1, le=100)] | None = Field(None, description="Points in the score; 14 if left out.")
