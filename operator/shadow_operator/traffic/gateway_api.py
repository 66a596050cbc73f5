"""Traffic by an HTTPRoute that the operator owns (Gateway API v1; percentages of mirrors by GEP-3171)."""

import asyncio
import json
from typing import Any

from shadow_operator.api.guardrails import GuardrailAction
from shadow_operator.api.rollout import GROUP, ShadowRollout
from shadow_operator.api.traffic import MAX_GATEWAY_MIRRORS
from shadow_operator.cluster import Cluster, Object
from shadow_operator.core.guardrails import Motive, Rollback
from shadow_operator.core.kinds import HTTP_ROUTE
from shadow_operator.core.moment import from_text, to_text
from shadow_operator.core.observed import Route, RouteState
from shadow_operator.core.plan import metadata, object_name
from shadow_operator.core.split import WHOLE, Split
from shadow_operator.traffic.router import Capabilities

ROLLBACK_ANNOTATION = f"{GROUP}/rollback"
_GONE_SECONDS = 30.0


class GatewayAPIRouter:
    """One HTTPRoute a rollout, of the rollout's name, in its namespace."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def capabilities(self) -> Capabilities:
        """What the standard channel promises since Gateway API 1.3."""
        return Capabilities(most_mirrors=MAX_GATEWAY_MIRRORS, mirrors_by_percentage=True)

    async def observed(self, rollout: ShadowRollout) -> Route:
        """The route, and what every Gateway says of it at its current generation."""
        found = await self._cluster.get(HTTP_ROUTE, rollout.metadata.namespace, rollout.metadata.name)
        return Route() if found is None else route_of(found, rollout)

    async def apply(
        self, rollout: ShadowRollout, split: Split, *, mark: Rollback | None, unless_newer_than: str | None
    ) -> None:
        """Write the whole route: its rules are one atomic list, so nobody else can own a part of it."""
        body = manifest(rollout, split, mark)
        if unless_newer_than is not None:
            body["metadata"]["resourceVersion"] = unless_newer_than
        await self._cluster.apply(HTTP_ROUTE, body)

    async def remove(self, rollout: ShadowRollout) -> None:
        """Delete the route and wait until the API server has it no more. A route of somebody else stays."""
        namespace, name = rollout.metadata.namespace, rollout.metadata.name
        found = await self._cluster.get(HTTP_ROUTE, namespace, name)
        if found is None or not _is_ours(found, rollout):
            return
        await self._cluster.delete(HTTP_ROUTE, namespace, name)
        async with asyncio.timeout(_GONE_SECONDS):
            while await self._cluster.get(HTTP_ROUTE, namespace, name) is not None:  # noqa: ASYNC110 - it is gone elsewhere
                await asyncio.sleep(0.2)


def manifest(rollout: ShadowRollout, split: Split, mark: Rollback | None) -> dict[str, Any]:
    """The HTTPRoute that gives `split`."""
    gateway, port = rollout.spec.traffic.gateway_api, rollout.spec.workload.port
    described = metadata(rollout, rollout.metadata.name)
    if mark is not None:
        described["annotations"] = {ROLLBACK_ANNOTATION: _mark_text(mark)}
    spec: dict[str, Any] = {
        "parentRefs": [ref.model_dump(by_alias=True, exclude_none=True) for ref in gateway.parent_refs],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "filters": [
                    _mirror(object_name(rollout, name), port, percent)
                    for name, percent in sorted(split.mirrors.items())
                ],
                "backendRefs": [
                    {"name": object_name(rollout, name), "port": port, "weight": weight}
                    for name, weight in sorted(split.weights.items())
                ],
            },
        ],
    }
    if gateway.hostnames:
        spec["hostnames"] = list(gateway.hostnames)
    return {"metadata": described, "spec": spec}


def _mirror(service: str, port: int, percent: int) -> dict[str, Any]:
    mirror: dict[str, Any] = {"backendRef": {"name": service, "port": port}}
    if percent != WHOLE:
        mirror["percent"] = percent
    return {"type": "RequestMirror", "requestMirror": mirror}


def route_of(found: Object, rollout: ShadowRollout) -> Route:
    """Read a route back from the object that the API server returned."""
    if not _is_ours(found, rollout):
        message = (
            f"HTTPRoute {rollout.metadata.name} exists and is not of this rollout: delete it, or give one another name"
        )
        return Route(RouteState.REFUSED, message=message, is_foreign=True)
    state, message = _state(found, len(rollout.spec.traffic.gateway_api.parent_refs))
    return Route(
        state=state,
        split=_split(found, rollout),
        message=message,
        rollback=_mark(found),
        resource_version=found["metadata"]["resourceVersion"],
    )


def _is_ours(found: Object, rollout: ShadowRollout) -> bool:
    owners = found["metadata"].get("ownerReferences", [])
    return any(owner["uid"] == rollout.metadata.uid for owner in owners)


def _state(found: Object, parents: int) -> tuple[RouteState, str]:
    generation = found["metadata"].get("generation", 0)
    seen = [
        condition
        for parent in found.get("status", {}).get("parents", [])
        for condition in parent.get("conditions", [])
        if condition["type"] in {"Accepted", "ResolvedRefs"} and condition.get("observedGeneration") == generation
    ]
    refused = [condition for condition in seen if condition["status"] == "False"]
    if refused:
        first = refused[0]
        return RouteState.REFUSED, f"the Gateway says {first['type']}=False: {first.get('message', first['reason'])}"
    if sum(condition["status"] == "True" for condition in seen) < 2 * parents:
        return (
            RouteState.WAITING,
            "no Gateway has accepted the route yet; is there one of that name with a listener for it?",
        )
    return RouteState.PROGRAMMED, ""


def _split(found: Object, rollout: ShadowRollout) -> Split | None:
    prefix = f"{rollout.metadata.name}-"
    try:
        (rule,) = found["spec"]["rules"]
        weights = {ref["name"].removeprefix(prefix): int(ref.get("weight", 1)) for ref in rule["backendRefs"]}
        mirrors = {
            mirror["backendRef"]["name"].removeprefix(prefix): int(mirror.get("percent", WHOLE))
            for mirror in (each["requestMirror"] for each in rule.get("filters", []))
        }
        return Split({name: weight for name, weight in weights.items() if weight}, mirrors)
    except (KeyError, ValueError, TypeError):
        # Somebody wrote the route by hand; the next write puts it right.
        return None


def _mark_text(mark: Rollback) -> str:
    command = {"command": mark.command} if mark.command else {}
    return json.dumps(
        {
            **command,
            "action": mark.action.value,
            "model": mark.model,
            "guardrail": mark.guardrail,
            "motive": mark.motive.value,
            "value": mark.value,
            "limit": mark.limit,
            "breachedAt": to_text(mark.breached_at),
        },
        sort_keys=True,
    )


def _mark(found: Object) -> Rollback | None:
    text = found["metadata"].get("annotations", {}).get(ROLLBACK_ANNOTATION)
    if text is None:
        return None
    try:
        fields = json.loads(text)
        return Rollback(
            model=str(fields["model"]),
            guardrail=str(fields["guardrail"]),
            motive=Motive(fields["motive"]),
            value=str(fields["value"]),
            limit=str(fields["limit"]),
            breached_at=from_text(fields["breachedAt"]),
            # An operator of the release before wrote neither.
            action=GuardrailAction(fields.get("action", GuardrailAction.ROLLBACK)),
            command=str(fields.get("command", "")),
        )
    except (ValueError, KeyError, TypeError):
        return None
