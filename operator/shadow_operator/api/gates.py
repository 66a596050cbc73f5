"""Gates: comparisons and limits that must hold to advance."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from shadow_operator.api.quantities import Amount, Percent, Ratio
from shadow_operator.api.schema import EntryName, Resource, validation


class GateTest(StrEnum):
    """What a gate compares."""

    PAIRED_MEAN = "PairedMean"
    SHARPE = "Sharpe"
    WIN_RATE = "WinRate"
    PROFIT_FACTOR = "ProfitFactor"
    MAX_DRAWDOWN = "MaxDrawdown"
    MIN_SAMPLES = "MinSamples"
    MIN_TRADES = "MinTrades"


class GateRole(StrEnum):
    """Primary: has to pass. Secondary: reported, holds nobody up."""

    PRIMARY = "Primary"
    SECONDARY = "Secondary"


_COUNTS = (GateTest.MIN_SAMPLES, GateTest.MIN_TRADES)

# Which tests each field is for; anywhere else it would be ignored, and whoever wrote it would rely on it.
_FIELDS: Mapping[str, tuple[GateTest, ...]] = {
    "ratio": (GateTest.MAX_DRAWDOWN,),
    "atMost": (GateTest.MAX_DRAWDOWN,),
    "gain": (GateTest.WIN_RATE,),
    "atLeast": (GateTest.PROFIT_FACTOR,),
    "count": _COUNTS,
}

_COUNT_IS_NEEDED = f"{' and '.join(_COUNTS)} need a count: write how many, as in count: 500"
_ONE_LIMIT = "ratio and atMost are two limits: keep one, and make a second gate for the other"


def _belongs(field: str, tests: tuple[GateTest, ...]) -> str:
    return f"{field} belongs to a gate with test {' or '.join(tests)}: remove it, or change the test"


def _field_rules() -> list[dict[str, Any]]:
    rules = [
        validation(
            f"!has(self.{field}) || self.test in {[test.value for test in tests]}",
            _belongs(field, tests),
            fieldPath=f".{field}",
        )
        for field, tests in _FIELDS.items()
    ]
    needed = validation(
        f"!(self.test in {[test.value for test in _COUNTS]}) || has(self.count)", _COUNT_IS_NEEDED, fieldPath=".test"
    )
    return [*rules, needed, validation("!has(self.ratio) || !has(self.atMost)", _ONE_LIMIT, fieldPath=".atMost")]


class Gate(Resource):
    """A comparison with the champion, or a limit, that must hold to advance."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-validations": [*_field_rules()]})

    name: EntryName = Field(description="The gate's name, by which the status and the events speak of it.")
    test: GateTest = Field(
        description="PairedMean: mean profit per decision is higher. Sharpe: the Sharpe ratio is higher. "
        "WinRate: the share of intervals that it ends with a gain is higher by at least `gain`. "
        "ProfitFactor: gains over losses are at least `atLeast`, or the champion's. "
        "MaxDrawdown: the deepest drawdown is at most `ratio` of the champion's, or `atMost`. "
        "MinSamples, MinTrades: at least `count` intervals compared, or trades settled."
    )
    role: GateRole = Field(
        GateRole.PRIMARY, description="Primary gates must all pass; Secondary ones are only reported."
    )
    ratio: Ratio | None = Field(
        None,
        description="MaxDrawdown only: the most that its drawdown may be of the champion's; 100% if left out.",
    )
    at_most: Percent | None = Field(
        None,
        description="MaxDrawdown only: the most that its drawdown may be, as a share of the capital, whatever the "
        "champion's is.",
    )
    gain: Percent | None = Field(
        None, description="WinRate only: by how many points its win rate has to be higher; 0% if left out."
    )
    at_least: Amount | None = Field(
        None,
        description='ProfitFactor only: the least that gains have to be of losses, quoted: "1.3"; the champion\'s '
        "profit factor if left out.",
    )
    count: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        None, description="MinSamples and MinTrades only: how many."
    )

    @model_validator(mode="after")
    def _fields_fit_the_test(self) -> Self:
        given = self.model_dump(by_alias=True, exclude_none=True)
        for field, tests in _FIELDS.items():
            if field in given and self.test not in tests:
                raise ValueError(_belongs(field, tests))
        if self.test in _COUNTS and self.count is None:
            raise ValueError(_COUNT_IS_NEEDED)
        if self.ratio is not None and self.at_most is not None:
            raise ValueError(_ONE_LIMIT)
        return self
