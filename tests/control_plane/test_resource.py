"""What the API server makes of the resource: acceptance, defaults, columns, selectors, descriptions, status."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shadow_operator.api.crd import custom_resource_definition
from shadow_operator.api.gate_template import SECTIONS
from shadow_operator.api.rollout import GROUP, KIND, VERSION, ShadowRollout
from shadow_operator.api.status import Status
from tests.control_plane.api_server import ApiServer, Object
from tests.world.manifests import Manifest, changed, shortest_manifest, valid_manifest
from tests.world.rollouts import as_stored
from tests.world.statuses import full_status

pytestmark = pytest.mark.control_plane

_ROOT = Path(__file__).parents[2]
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"

# Rollouts at the edge of what is accepted, each one step away from a wrong one of the corpus.
_EDGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("16 challengers", {"spec.challengers": [{"name": f"m{i}", "image": "m:1"} for i in range(16)]}),
    ("one challenger", {"spec.challengers": [{"name": "b", "image": "b:1"}]}),
    (
        "rollout name of 54",
        {"metadata.name": "r" * 54, "spec.champion.name": "a"} | {"spec.challengers": [{"name": "b", "image": "b:1"}]},
    ),
    ("63 characters together", {"metadata.name": "r" * 22, "spec.champion.name": "m" * 40}),
    ("model name that begins with a digit", {"spec.champion.name": "7b-momentum"}),
    ("mirror of 1 percent", {"spec.challengers[0].mirrorPercent": 1}),
    ("step of 99 percent", {"spec.canary.steps": [{"percent": 1}, {"percent": 99}]}),
    ("compound duration", {"spec.shadow.minDuration": "1d12h30m15s500ms"}),
    ("no time in shadow", {"spec.shadow.minDuration": "0s", "spec.shadow.minTrades": 0}),
    ("interval of one scrape", {"spec.metrics.interval": "15s"}),
    (
        "interval of one scrape in another unit",
        {"spec.metrics.interval": "1m", "spec.metrics.scrapeInterval": "60000ms"},
    ),
    ("interval in leading zeros", {"spec.metrics.interval": "060s"}),
    ("half a percent of alpha", {"spec.errorBudget.alpha": "0.5%"}),
    ("alpha of 50 percent", {"spec.errorBudget.alpha": "50%"}),
    ("tiny alpha", {"spec.errorBudget.alpha": "0.001%"}),
    ("alpha of 10 percent", {"spec.errorBudget.alpha": "10%"}),
    ("amount with decimals", {"spec.metrics.capital": "2500.50"}),
    ("amount below one", {"spec.metrics.capital": "0.5"}),
    ("ratio over 100 percent", {"spec.gates[1].ratio": "150%"}),
    ("limit of 100.0 percent", {"spec.guardrails[0].above": "100.0%"}),
    ("no guardrails", {"spec.guardrails": []}),
    ("hold on drawdown", {"spec.guardrails[0].action": "Hold"}),
    ("wildcard host", {"spec.traffic.gatewayAPI.hostnames": ["*.models.internal"]}),
    (
        "two listeners of one Gateway",
        {"spec.traffic.gatewayAPI.parentRefs": [{"name": "g", "sectionName": "a"}, {"name": "g", "sectionName": "b"}]},
    ),
    (
        "Gateways of one name in two namespaces",
        {"spec.traffic.gatewayAPI.parentRefs": [{"name": "g", "namespace": "a"}, {"name": "g"}]},
    ),
    ("https address with a path", {"spec.metrics.prometheus.address": "https://prom.example/prometheus"}),
    ("query over several lines", {"spec.metrics.queries.profit": 'sum(\n  profit{model="{{model}}"}\n)'}),
    ("fence around brokers outside", {"spec.workload.fence": {"cidrs": ["203.0.113.0/24", "2001:db8::/32"]}}),
    (
        "fence around brokers in the cluster",
        {"spec.workload.fence": {"namespaces": ["brokers"], "clusterCIDRs": ["10.244.0.0/16"]}},
    ),
    (
        "template of its own",
        {
            "spec.workload.template": {
                "metadata": {"labels": {"team": "a"}},
                "spec": {"serviceAccountName": "models", "containers": [{"name": "sidecar", "image": "s:1"}]},
            }
        },
    ),
)


def _accepted() -> list[Any]:
    cases = [pytest.param(valid_manifest(), id="valid"), pytest.param(shortest_manifest(), id="shortest")]
    cases += [pytest.param(changed(valid_manifest(), edits), id=name.replace(" ", "-")) for name, edits in _EDGES]
    for path in sorted((_ROOT / "examples").rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if isinstance(document, dict) and document.get("kind") == KIND:
                cases.append(pytest.param(document, id=str(path.relative_to(_ROOT))))
    return cases


every_accepted_manifest = pytest.mark.parametrize("manifest", _accepted())


def test_the_crd_installs_where_none_was_before(api: ApiServer) -> None:
    # Under another name: of a CRD that is there already, the API server checks only the rules that changed.
    crd = custom_resource_definition()
    crd["metadata"]["name"] = "shadowrollouts.first.example"
    crd["spec"]["group"] = "first.example"
    api.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd, dryRun="All")


@every_accepted_manifest
def test_a_valid_manifest_is_accepted_by_the_api_server_and_by_the_models(api: ApiServer, manifest: Manifest) -> None:
    api.apply(manifest)
    ShadowRollout.model_validate(
        as_stored(
            {"metadata": {"namespace": "default"}}
            | manifest
            | {"metadata": {"namespace": "default"} | manifest["metadata"]}
        )
    )


@every_accepted_manifest
def test_the_api_server_fills_in_the_defaults_of_the_models(api: ApiServer, manifest: Manifest) -> None:
    metadata = {"namespace": "default"} | manifest["metadata"]
    returned = api.apply(manifest)
    by_the_server = ShadowRollout.model_validate(as_stored(returned | {"metadata": metadata}))
    by_the_models = ShadowRollout.model_validate(as_stored(manifest | {"metadata": metadata}))
    assert by_the_server.spec == by_the_models.spec
    written_out = by_the_models.spec.model_dump(by_alias=True, exclude_none=True, mode="json")
    # What a GateTemplate may have stays open where nobody wrote it.
    written_out = {name: said for name, said in written_out.items() if name in manifest["spec"] or name not in SECTIONS}
    assert _without_empty(written_out) == _without_empty(returned["spec"])


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(each) for key, each in value.items() if each not in ([], {})}
    return [_without_empty(each) for each in value] if isinstance(value, list) else value


def test_a_new_rollout_has_not_been_observed(api: ApiServer) -> None:
    returned = api.apply(valid_manifest())
    assert returned["status"]["observedGeneration"] == -1
    assert Status.model_validate(returned["status"]) == Status()


@pytest.fixture(scope="module")
def stored(api: ApiServer) -> Iterator[Object]:
    """A rollout in the API server, with every field of its status filled in; the name is free again afterwards."""
    made = api.apply(valid_manifest(), dry=False)
    document = full_status().model_dump(by_alias=True, exclude_none=True, mode="json")
    path = f"{api.rollouts}/{made['metadata']['name']}"
    body = {
        "apiVersion": made["apiVersion"],
        "kind": made["kind"],
        "metadata": {"name": made["metadata"]["name"], "resourceVersion": made["metadata"]["resourceVersion"]},
        "status": document,
    }
    yield api.request("PATCH", f"{path}/status", body, fieldManager="tests", force="true", fieldValidation="Strict")
    api.request("DELETE", path)


def test_a_status_with_every_field_is_stored_as_it_was_written(stored: Object) -> None:
    assert Status.model_validate(stored["status"]) == full_status()


def test_writing_the_status_is_no_new_generation(stored: Object) -> None:
    assert stored["metadata"]["generation"] == 1


def test_the_columns_tell_the_story(api: ApiServer, stored: Object) -> None:
    table = api.request("GET", f"{api.rollouts}/{stored['metadata']['name']}", accept=_TABLE)
    shown = {
        column["name"]: cell
        for column, cell in zip(table["columnDefinitions"], table["rows"][0]["cells"], strict=True)
        if column["priority"] == 0
    }
    assert shown.pop("Age")
    assert shown == {
        "Name": "momentum",
        "Phase": "Canary",
        "Step": "2/4",
        "Champion": "momentum-v7",
        "Leader": "momentum-v8",
        "Evidence": "100%",
        "Canary%": 10,
    }


def test_the_wide_columns_say_why(api: ApiServer, stored: Object) -> None:
    table = api.request("GET", f"{api.rollouts}/{stored['metadata']['name']}", accept=_TABLE)
    shown = dict(zip([c["name"] for c in table["columnDefinitions"]], table["rows"][0]["cells"], strict=True))
    assert shown["Ready"] == "True"
    assert shown["Message"] == full_status().message


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("status.phase=Canary", 1),
        ("status.phase=Completed", 0),
        ("spec.champion.name=momentum-v7", 1),
        ("spec.champion.name=momentum-v8", 0),
    ],
)
@pytest.mark.usefixtures("stored")
def test_rollouts_are_found_by_phase_and_by_champion(api: ApiServer, selector: str, found: int) -> None:
    assert len(api.request("GET", api.rollouts, fieldSelector=selector)["items"]) == found


def test_short_names_and_categories_are_there(api: ApiServer) -> None:
    resources = api.request("GET", f"/apis/{GROUP}/{VERSION}")["resources"]
    (rollouts,) = (each for each in resources if each["name"] == "shadowrollouts")
    assert rollouts["shortNames"] == ["sr"]
    assert set(rollouts["categories"]) == {"shadow", "mlops"}


def test_every_field_explains_itself(api: ApiServer) -> None:
    schemas = api.request("GET", f"/openapi/v3/apis/{GROUP}/{VERSION}")["components"]["schemas"]
    (resource,) = (schema for name, schema in schemas.items() if name.endswith(f".{KIND}"))
    silent = _undescribed(resource["properties"]["spec"], "spec")
    silent += _undescribed(resource["properties"]["status"], "status")
    assert silent == []


def _undescribed(schema: Object, path: str) -> list[str]:
    silent = [] if schema.get("description") else [path]
    for name, part in schema.get("properties", {}).items():
        silent += _undescribed(part, f"{path}.{name}")
    items = schema.get("items", {})
    for name, part in items.get("properties", {}).items():
        silent += _undescribed(part, f"{path}[].{name}")
    return silent
