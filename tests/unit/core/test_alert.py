"""What an Alertmanager's webhook asks for."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shadow_operator.api.guardrails import GuardrailAction
from shadow_operator.core.alert import Alert, AlertError, Mistake, alerts_in, share_taken_by_alert
from tests.world.journeys import CHAMPION, FIRST, Journey, in_canary, in_shadow, watched

_PLACE = {"alertname": "BrokerErrors", "namespace": "trading", "shadowrollout": "momentum"}


def body(*labels: dict[str, str], status: str = "firing", **more: Any) -> bytes:
    """A body as Alertmanager 0.27 writes it."""
    alerts = [
        {
            "status": status,
            "labels": each,
            "annotations": {"summary": "too many"},
            "startsAt": "2026-03-02T09:30:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus/graph",
            "fingerprint": "6ac5a6aa3c6f5c8a",
        }
        for each in labels
    ]
    whole = {"version": "4", "groupKey": "{}:{}", "receiver": "shadow", "status": status, "alerts": alerts, **more}
    return json.dumps(whole).encode()


def test_an_alert_that_fires_asks_for_the_share_of_whoever_acts() -> None:
    assert alerts_in(body(_PLACE)) == [Alert("BrokerErrors", "trading", "momentum", None, GuardrailAction.ROLLBACK)]


def test_an_alert_of_no_place_is_a_mistake() -> None:
    (found,) = alerts_in(body(_PLACE | {"namespace": ""}))
    assert isinstance(found, Mistake)
    assert found.sentence.startswith("the alert BrokerErrors has no label namespace")


def test_an_alert_with_a_mistake_takes_no_other_along() -> None:
    wrong, right = alerts_in(body(_PLACE | {"shadowrollout_action": "Panic"}, _PLACE))
    assert isinstance(wrong, Mistake)
    assert 'is "Panic": write Rollback or StopTrading' in wrong.sentence
    assert right == Alert("BrokerErrors", "trading", "momentum", None, GuardrailAction.ROLLBACK)


def test_it_may_name_the_model_and_ask_for_the_kill_switch() -> None:
    asked = alerts_in(body(_PLACE | {"model": "v8", "shadowrollout_action": "StopTrading"}))
    assert asked == [Alert("BrokerErrors", "trading", "momentum", "v8", GuardrailAction.STOP_TRADING)]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(body(_PLACE, status="resolved"), id="one that is resolved"),
        pytest.param(body({"alertname": "DiskFull"}), id="one that names no rollout"),
        pytest.param(body(), id="none at all"),
    ],
)
def test_nothing_is_asked_for_by(said: bytes) -> None:
    assert alerts_in(said) == []


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (b"", "this is not what an Alertmanager sends"),
        (b"[]", "this is not what an Alertmanager sends"),
        (b'{"version": "4"}', "alerts: Field required"),
        (b'{"version": "4", "alerts": [{"status": "firing", "labels": {"a": 1}}]}', "alerts.0.labels.a"),
        (body(_PLACE, version="3"), 'version is "3"'),
        (body(*[_PLACE] * 1001), "alerts: List should have at most 1000 items"),
    ],
)
def test_a_body_that_is_none_is_refused_with_a_sentence(said: bytes, sentence: str) -> None:
    with pytest.raises(AlertError, match=sentence.replace("[", "\\[")):
        alerts_in(said)


def completed() -> Journey:
    journey = watched()
    journey.wait("30d").look()
    assert journey.status.watch is not None
    assert journey.status.watch.completed is not None, "the standby still runs"
    return journey


@pytest.mark.parametrize(
    ("standing", "named", "taken"),
    [
        pytest.param(in_shadow, None, None, id="nobody acts"),
        pytest.param(in_canary, None, FIRST, id="a canary"),
        pytest.param(in_canary, FIRST, FIRST, id="the canary, by its name"),
        pytest.param(in_canary, CHAMPION, None, id="another model than the canary"),
        pytest.param(watched, None, FIRST, id="a new champion that is watched"),
        pytest.param(completed, None, None, id="a champion whose watch is over"),
    ],
)
def test_it_takes_the_share_of_whoever_is_under_guard(
    standing: Callable[[], Journey], named: str | None, taken: str | None
) -> None:
    journey = standing()
    alert = Alert("BrokerErrors", "trading", "momentum", named, GuardrailAction.ROLLBACK)
    share = share_taken_by_alert(alert, journey.status, journey.now)
    assert (None if share is None else share.model) == taken
