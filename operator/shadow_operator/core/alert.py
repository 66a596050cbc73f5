"""What an Alertmanager says: an alert that names a rollout asks for its challenger's share.

The form is that of Alertmanager's webhook, version 4:
https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shadow_operator.api.guardrails import GuardrailAction
from shadow_operator.api.status import Status
from shadow_operator.core import roles
from shadow_operator.core.guardrails import ALERTED, Motive, Rollback

NAMESPACE_LABEL, ROLLOUT_LABEL, MODEL_LABEL = "namespace", "shadowrollout", "model"
ACTION_LABEL = "shadowrollout_action"
_ACTIONS = {action.value: action for action in (GuardrailAction.ROLLBACK, GuardrailAction.STOP_TRADING)}
_VERSION, _FIRING = "4", "firing"
_MOST_ALERTS = 1000
_LONGEST_NAME = 100
_LONGEST_LABEL = 253


class AlertError(ValueError):
    """The body is not one that an Alertmanager sends. The message is a sentence."""


class _Alert(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    status: str
    labels: dict[str, str]


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    version: str
    alerts: list[_Alert] = Field(max_length=_MOST_ALERTS)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert that fires and names a rollout.

    Attributes:
        name: of the alert.
        namespace: of the rollout.
        rollout: its name.
        model: whose share is meant; None for whoever acts.
        action: what is asked for beside the share.

    """

    name: str
    namespace: str
    rollout: str
    model: str | None
    action: GuardrailAction


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one alert, in a sentence."""

    sentence: str


def alerts_in(body: bytes) -> Sequence[Alert | Mistake]:
    """The alerts of a webhook's body that fire and name a rollout; what is resolved or names none asks for nothing.

    In the place of one that asks for an action that there is not, or for no place, is what is wrong with it: the others
    are heard.

    Raises:
        AlertError: it is no such body.

    """
    try:
        parsed = _Body.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise AlertError(
            f"this is not what an Alertmanager sends: {where}: {first['msg'][:200]}; point a webhook_config here"
        ) from error
    if parsed.version != _VERSION:
        raise AlertError(f'version is "{parsed.version[:20]}": this understands version "{_VERSION}" of the webhook')
    firing = [each.labels for each in parsed.alerts if each.status == _FIRING]
    return [_alert(labels) for labels in firing if ROLLOUT_LABEL in labels]


def _alert(labels: dict[str, str]) -> Alert | Mistake:
    name = labels.get("alertname") or "unnamed"
    action = labels.get(ACTION_LABEL, GuardrailAction.ROLLBACK.value)
    if action not in _ACTIONS:
        return Mistake(
            f'the label {ACTION_LABEL} of alert {name[:_LONGEST_NAME]} is "{action[:40]}": '
            f"write {' or '.join(_ACTIONS)}"
        )
    for label in (NAMESPACE_LABEL, ROLLOUT_LABEL):
        if not 0 < len(labels.get(label, "")) <= _LONGEST_LABEL:
            return Mistake(
                f"the alert {name[:_LONGEST_NAME]} has no label {label}: give it {NAMESPACE_LABEL} and "
                f"{ROLLOUT_LABEL}, the place of the rollout whose challenger it is about"
            )
    return Alert(
        name[:_LONGEST_NAME],
        labels[NAMESPACE_LABEL],
        labels[ROLLOUT_LABEL],
        labels.get(MODEL_LABEL) or None,
        _ACTIONS[action],
    )


def share_taken_by_alert(alert: Alert, status: Status, now: datetime) -> Rollback | None:
    """The share that the alert takes back, None where nobody is under guard or another model than that of the alert.

    Unlike a person, who may go back for as long as the standby runs, it says nothing of a champion whose watch is over.
    """
    model = roles.under_guard(status)
    if model is None or alert.model not in {None, model}:
        return None
    return Rollback(model, ALERTED, Motive.ALERT, alert.name, "none", breached_at=now, action=alert.action)
