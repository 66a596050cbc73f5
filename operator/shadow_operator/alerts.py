"""Hears an Alertmanager's webhook, and has the guard do at once what an alert asks for."""

import asyncio
import ipaddress
import logging
from collections.abc import Iterable

from aiohttp import web

from shadow_operator.access import Access, User
from shadow_operator.api.guardrails import GuardrailAction
from shadow_operator.cluster import Cluster, ClusterError
from shadow_operator.core.alert import Alert, AlertError, Mistake, alerts_in
from shadow_operator.core.command import Verb
from shadow_operator.core.kinds import ENDPOINT_SLICE
from shadow_operator.door import bearer_token
from shadow_operator.fleet import Key
from shadow_operator.guard import Guard

_log = logging.getLogger(__name__)

PATH = "/alerts"
_LARGEST_BODY = 1024 * 1024
_SLOWEST_BODY_SECONDS = 5.0
_RETRY_SECONDS = 5.0
# Whoever floods the port with tokens of nobody takes no more of the API server than this.
_MOST_REVIEWS = 16
_NEEDED = {GuardrailAction.ROLLBACK: Verb.ROLLBACK, GuardrailAction.STOP_TRADING: Verb.STOP_TRADING}


class Alerts:
    """One request after the other: who asks, whether they may, what the guard made of it."""

    def __init__(self, guard: Guard, access: Access) -> None:
        self._guard = guard
        self._access = access
        self._turns = asyncio.Semaphore(_MOST_REVIEWS)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request with a sentence for each alert in it.

        200 when everything was done; 400, 401, 403 when something will never be; 503 when an Alertmanager should try
        again. What is wrong with one alert keeps no other from being heard.
        """
        try:
            async with self._turns:
                user = await self._access.user_of(bearer_token(request))
            if user is None:
                return _said(
                    401, ["there is no bearer token of anybody: give the Alertmanager that of a service account"]
                )
            async with asyncio.timeout(_SLOWEST_BODY_SECONDS):
                alerts = alerts_in(await request.read())
            return await self._answer(user, alerts)
        except AlertError as error:
            return _said(400, [str(error)])
        except TimeoutError:
            return _said(408, [f"the body was not there within {_SLOWEST_BODY_SECONDS:g} s"])
        except ClusterError as error:
            return _said(503, [str(error)])

    async def _answer(self, user: User, alerts: Iterable[Alert | Mistake]) -> web.Response:
        answers: list[tuple[int, str]] = []
        by_rollout: dict[Key, list[Alert]] = {}
        for alert in alerts:
            if isinstance(alert, Mistake):
                answers.append((400, alert.sentence))
            else:
                by_rollout.setdefault(Key(alert.namespace, alert.rollout), []).append(alert)
        for heard in await asyncio.gather(*(self._in_turn(user, key, those) for key, those in by_rollout.items())):
            answers += heard
        said = [sentence for _, sentence in answers]
        _log.info("%s: %s", user.name, "; ".join(said) or "no alert that fires names a rollout")
        # The highest one: only after a 503 does an Alertmanager try again.
        return _said(max((status for status, _ in answers), default=200), said)

    async def _in_turn(self, user: User, key: Key, alerts: Iterable[Alert]) -> list[tuple[int, str]]:
        return [await self._heard(user, key, alert) for alert in alerts]

    async def _heard(self, user: User, key: Key, alert: Alert) -> tuple[int, str]:
        verb = _NEEDED[alert.action]
        try:
            if await self._access.may_give(user, verb, key.namespace, key.name):
                return 200, await self._guard.alerted(key, alert)
        except ClusterError as error:
            return 503, f"{key}: {error}"
        return 403, (
            f"{user.name} may not: {alert.name} asks for {key}, which takes update on shadowrollouts/{verb} there"
        )


def _said(status: int, sentences: list[str]) -> web.Response:
    return web.json_response({"said": sentences}, status=status)


def webhook(alerts: Alerts) -> web.Application:
    """What an Alertmanager posts to."""
    application = web.Application(client_max_size=_LARGEST_BODY)
    application.router.add_post(PATH, alerts.answer)
    return application


async def lead_here(cluster: Cluster, namespace: str, service: str, address: str, port: int) -> None:
    """Have the Service lead to this process, which leads: one that stands by would hear and not act."""
    family = f"IPv{ipaddress.ip_address(address).version}"
    body = {
        "metadata": {
            "name": f"{service}-{family.lower()}",
            "namespace": namespace,
            "labels": {
                "kubernetes.io/service-name": service,
                "endpointslice.kubernetes.io/managed-by": "shadow-operator",
            },
        },
        "addressType": family,
        "ports": [{"name": "alerts", "port": port, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
    }
    while True:
        try:
            await cluster.apply(ENDPOINT_SLICE, body)
        except ClusterError:
            _log.exception(
                "the Service %s does not lead to this pod yet; the next try is in %g s", service, _RETRY_SECONDS
            )
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return
