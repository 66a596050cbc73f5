"""A ShadowRollout as somebody sees it who reads its status and knows nothing of the operator's insides."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from .names import TRUTH_ANNOTATION


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")


class Rollback(_Part):
    """Why and when a share was taken back."""

    guardrail: str = ""
    value: str = ""
    limit: str = ""
    breached_at: datetime | None = None
    zero_at: datetime | None = None


class Challenger(_Part):
    """One line of `status.challengers`."""

    name: str
    stage: str = "Pending"
    samples: int = 0
    trades: int = 0
    effect: str | None = None
    interval: tuple[str, ...] | None = None
    pvalue: str | None = None
    verdict: str | None = None
    evidence: str | None = None
    waiting_for: str | None = None
    rollback: Rollback | None = None

    def figures(self) -> dict[str, Any]:
        """Return the evidence of this moment, as the report has it."""
        chosen = {"samples", "trades", "effect", "interval", "pvalue", "verdict", "evidence"}
        return self.model_dump(mode="json", include=chosen)


class Champion(_Part):
    """The model whose predictions are acted on."""

    name: str = ""


class Canary(_Part):
    """Who has a share of the real requests, and since when the gateway gives it."""

    challenger: str
    step: int
    since: datetime | None = None


class View(_Part):
    """The status, as far as the demo needs it."""

    phase: str = "Pending"
    message: str | None = None
    step: str | None = None
    canary_percent: int | None = None
    leader: str | None = None
    evidence: str | None = None
    champion: Champion = Champion()
    canary: Canary | None = None
    challengers: tuple[Challenger, ...] = ()

    def challenger(self, name: str) -> Challenger:
        """Return the line of one challenger; an empty one while there is none."""
        return next((line for line in self.challengers if line.name == name), Challenger(name=name))


class _Step(_Part):
    percent: int


class _Canary(_Part):
    steps: tuple[_Step, ...] = ()


class _Guardrail(_Part):
    metric: str
    above: str


class _Metrics(_Part):
    capital: float


class Declared(_Part):
    """What the manifest says: the truth about each challenger, and the figures that the demo checks against."""

    truths: dict[str, str] = Field(default_factory=dict)
    canary: _Canary = _Canary()
    guardrails: tuple[_Guardrail, ...] = ()
    metrics: _Metrics
    traffic: dict[str, Any] = Field(default_factory=dict)

    @property
    def percents(self) -> list[int]:
        """The share of each canary step."""
        return [step.percent for step in self.canary.steps]

    @property
    def drawdown_limit(self) -> float | None:
        """The limit of the first drawdown guardrail as a fraction."""
        limits = [rail.above for rail in self.guardrails if rail.metric == "drawdown"]
        return float(limits[0].removesuffix("%")) / 100.0 if limits else None


def view_of(rollout: dict[str, Any]) -> View:
    """Read the status of an object."""
    return View.model_validate(rollout.get("status") or {})


def declared_in(manifest: dict[str, Any]) -> Declared:
    """Read the manifest."""
    notes = manifest["metadata"].get("annotations", {})
    truths = {
        key.removeprefix(TRUTH_ANNOTATION): text for key, text in notes.items() if key.startswith(TRUTH_ANNOTATION)
    }
    return Declared.model_validate(manifest["spec"] | {"truths": truths})
