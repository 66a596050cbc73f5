"""An Alertmanager's webhook on a real API server, which says whose token it is and what they may."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bench.rollback.certificate import self_signed
from shadow_operator.access import Access
from shadow_operator.alerts import Alerts
from shadow_operator.alerts import webhook as application_of
from shadow_operator.door import Door, opened
from shadow_operator.exposition import exposition
from tests.control_plane.loop.field import CHALLENGER, CHAMPION, Field, manifest
from tests.control_plane.loop.processes import free_port

pytestmark = pytest.mark.control_plane

_IN_CANARY = {CHALLENGER: 5, CHAMPION: 95}
_TAKEN_BACK = {CHAMPION: 100}
_MOST_SECONDS = 0.2
_ALLOWED, _OTHER = "alertmanager", "somebody"


@dataclass
class Webhook:
    """Where it is heard, and the tokens of who may and of who may not."""

    address: str
    trusted: ssl.SSLContext
    tokens: dict[str, str]

    async def post(self, body: Any, token: str | None) -> tuple[int, str]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.address, json=body, headers=headers, ssl=self.trusted) as answer,
        ):
            return answer.status, await answer.text()

    async def fire(self, field: Field, by: str, **labels: str) -> tuple[int, str]:
        return await self.post(fires(field, **labels), self.tokens[by])


def fires(field: Field, **labels: str) -> dict[str, Any]:
    key = field.key()
    place = {"alertname": "BrokerErrors", "namespace": key.namespace, "shadowrollout": key.name}
    return {"version": "4", "alerts": [{"status": "firing", "labels": place | labels}]}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory as a Secret with a certificate is mounted."""
    directory = tmp_path_factory.mktemp("tls")
    self_signed(directory, "localhost")
    return directory


@pytest.fixture
async def webhook(field: Field, certificate: Path) -> AsyncIterator[Webhook]:
    """The webhook in front of the guard; one service account may take shares back and stop trading, one may nothing."""
    server = field.server
    tokens = {name: server.account(name) for name in (_ALLOWED, _OTHER)}
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{server.namespace}"
    commands = ["shadowrollouts/rollback", "shadowrollouts/stop-trading"]
    rule = {"apiGroups": ["shadowrollouts.io"], "resources": commands, "verbs": ["update"]}
    server.request("POST", f"{rbac}/roles", {"metadata": {"name": "alerts"}, "rules": [rule]})
    server.request(
        "POST",
        f"{rbac}/rolebindings",
        {
            "metadata": {"name": "alerts"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "alerts"},
            "subjects": [{"kind": "ServiceAccount", "name": _ALLOWED, "namespace": server.namespace}],
        },
    )
    port = free_port()
    async with opened(application_of(Alerts(field.operator.guard, Access(field.cluster))), Door(port, certificate)):
        trusted = ssl.create_default_context(cafile=certificate / "tls.crt")
        yield Webhook(f"https://localhost:{port}/alerts", trusted, tokens)


async def test_an_alert_takes_the_share_back_at_once_whatever_the_metrics_say(
    field: Field, webhook: Webhook, measured: list[str]
) -> None:
    await field.in_canary()
    field.evaluations.hang()
    field.looks.hang()
    begun = time.monotonic()
    status, said = await webhook.fire(field, _ALLOWED)
    seconds = time.monotonic() - begun
    measured.append(f"from the post of an alert to weight 0 and the answer, two reviews included: {seconds:.3f} s")
    assert field.weights() == _TAKEN_BACK
    assert (status, f"{CHALLENGER} was taken out of the traffic: the alert BrokerErrors fires" in said) == (200, True)
    assert seconds < _MOST_SECONDS


async def test_the_status_says_that_an_alert_did_it_and_its_repetition_does_nothing(
    field: Field, webhook: Webhook
) -> None:
    await field.in_canary()
    for _ in range(3):
        assert (await webhook.fire(field, _ALLOWED))[0] == 200
    await field.one_pass()
    assert (await webhook.fire(field, _ALLOWED)) == (
        200,
        f'{{"said": ["{field.key()}: nobody acts: there is nothing to take back"]}}',
    )
    await field.one_pass()
    assert field.reasons() == ["RolledBack"]
    line = field.status().challenger(CHALLENGER)
    assert line is not None
    assert line.rollback is not None
    assert (line.rollback.guardrail, line.rollback.value) == ("alert", "BrokerErrors")


async def test_an_alert_may_stop_trading(field: Field, webhook: Webhook) -> None:
    await field.in_canary()
    assert (await webhook.fire(field, _ALLOWED, shadowrollout_action="StopTrading"))[0] == 200
    assert field.weights() == _TAKEN_BACK
    assert field.policy()["tradingEnabled"] is False
    await field.one_pass()
    stopped = field.status().stopped
    assert stopped is not None
    assert (stopped.by, stopped.why) == ("alert BrokerErrors", f"it fires for {CHALLENGER}")


async def test_an_alert_that_stops_trading_is_answered_once_that_survives_a_crash(
    field: Field, webhook: Webhook
) -> None:
    await field.in_shadow()
    answer = asyncio.create_task(webhook.fire(field, _ALLOWED, shadowrollout_action="StopTrading"))
    await asyncio.sleep(1.0)
    assert field.policy()["tradingEnabled"] is False
    assert not answer.done(), "no pass wrote it down yet"
    await field.one_pass()
    assert (await answer)[0] == 200
    field.start_operator()
    await field.one_pass()
    assert field.policy()["tradingEnabled"] is False
    stopped = field.status().stopped
    assert stopped is not None
    assert stopped.by == "alert BrokerErrors"


async def test_a_stop_of_trading_after_a_rollback_is_answered_once_that_survives_a_crash(
    field: Field, webhook: Webhook
) -> None:
    await field.in_canary()
    assert (await webhook.fire(field, _ALLOWED))[0] == 200
    answer = asyncio.create_task(webhook.fire(field, _ALLOWED, shadowrollout_action="StopTrading"))
    await asyncio.sleep(1.0)
    assert field.policy()["tradingEnabled"] is False
    assert not answer.done(), "the route says that a share was taken, and nothing of trading"
    await field.one_pass()
    assert (await answer)[0] == 200
    field.start_operator()
    await field.one_pass()
    assert field.policy()["tradingEnabled"] is False
    assert field.reasons() == ["RolledBack", "TradingStopped"]


async def test_while_no_pass_writes_a_stop_down_the_alert_has_to_come_again(field: Field, webhook: Webhook) -> None:
    await field.in_shadow()
    status, said = await webhook.fire(field, _ALLOWED, shadowrollout_action="StopTrading")
    assert field.policy()["tradingEnabled"] is False
    assert (status, "is stopped, which could not be written down yet: ask again" in said) == (503, True)


async def test_an_alert_about_a_rollout_that_was_not_looked_at_yet_has_to_come_again(
    field: Field, webhook: Webhook
) -> None:
    assert await webhook.fire(field, _ALLOWED) == (
        200,
        f'{{"said": ["{field.key()} is no rollout that is looked after here"]}}',
    )
    field.create(manifest())
    status, said = await webhook.fire(field, _ALLOWED)
    assert (status, "was not looked at yet, so nothing was done: ask again" in said) == (503, True)


async def test_an_alert_about_another_model_takes_nothing(field: Field, webhook: Webhook) -> None:
    await field.in_canary()
    status, said = await webhook.fire(field, _ALLOWED, model=CHAMPION)
    assert (status, f"{CHAMPION} does not act" in said) == (200, True)
    assert field.weights() == _IN_CANARY


async def test_whoever_may_not_take_a_share_back_is_told_which_right_it_takes(field: Field, webhook: Webhook) -> None:
    await field.in_canary()
    status, said = await webhook.fire(field, _OTHER)
    assert status == 403
    assert f"system:serviceaccount:{field.key().namespace}:{_OTHER} may not" in said
    assert "update on shadowrollouts/rollback" in said
    assert field.weights() == _IN_CANARY


@pytest.mark.parametrize("token", [None, "", "eyJhbGciOiJub25lIn0.e30."])
async def test_without_the_token_of_somebody_nothing_is_heard(
    field: Field, webhook: Webhook, token: str | None
) -> None:
    await field.in_canary()
    status, said = await webhook.post(fires(field), token)
    assert (status, "bearer token" in said) == (401, True)
    assert field.weights() == _IN_CANARY


async def test_what_is_wrong_with_one_alert_keeps_no_other_from_being_heard(field: Field, webhook: Webhook) -> None:
    await field.in_canary()
    bodies = [fires(field, shadowrollout_action="Panic"), fires(field, namespace="elsewhere"), fires(field)]
    alerts = [alert for body in bodies for alert in body["alerts"]]
    status, said = await webhook.post({"version": "4", "alerts": alerts}, webhook.tokens[_ALLOWED])
    assert field.weights() == _TAKEN_BACK
    assert status == 403, "an Alertmanager does not try again for what will never be"
    assert "write Rollback or StopTrading" in said
    assert "elsewhere/momentum, which takes update on shadowrollouts/rollback there" in said
    assert f"{CHALLENGER} was taken out of the traffic" in said


async def test_a_body_that_is_none_and_one_that_is_too_large_change_nothing(field: Field, webhook: Webhook) -> None:
    await field.in_canary()
    assert (await webhook.post({"alerts": 3}, webhook.tokens[_ALLOWED]))[0] == 400
    assert (await webhook.post({"alerts": "x" * 2_000_000}, webhook.tokens[_ALLOWED]))[0] == 413
    assert field.weights() == _IN_CANARY


async def test_metrics_are_for_those_who_may_read_them(field: Field, webhook: Webhook) -> None:
    server, port = field.server, free_port()
    reader = f"metrics-reader-{server.namespace}"
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    rule = {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}
    server.request("POST", f"{rbac}/clusterroles", {"metadata": {"name": reader}, "rules": [rule]})
    bound = {
        "metadata": {"name": reader},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": reader},
        "subjects": [{"kind": "ServiceAccount", "name": _ALLOWED, "namespace": server.namespace}],
    }
    server.request("POST", f"{rbac}/clusterrolebindings", bound)
    found = {}
    async with opened(exposition(Access(field.cluster)), Door(port, None)), aiohttp.ClientSession() as session:
        for name, token in {**webhook.tokens, "nobody": ""}.items():
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with session.get(f"http://localhost:{port}/metrics", headers=headers) as answer:
                found[name] = answer.status, "shadow_operator_leading" in await answer.text()
    assert found == {_ALLOWED: (200, True), _OTHER: (403, False), "nobody": (401, False)}
