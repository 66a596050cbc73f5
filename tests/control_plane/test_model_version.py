"""What the API server makes of a registered model."""

from typing import Any

import pytest

from tests.control_plane.api_server import ApiServer, RefusedError
from tests.world.manifests import REMOVED, changed
from tests.world.model_versions import model_version

pytestmark = pytest.mark.control_plane

_FINGERPRINT = "sha256:v1:" + "0" * 64
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def test_a_new_model_is_registered_and_active(api: ApiServer) -> None:
    returned = api.register(model_version(dataset={"fingerprint": _FINGERPRINT, "path": "/data"}))
    assert returned["status"] == {"stage": "Registered"}
    assert returned["spec"]["active"] is True


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ({"spec.image": REMOVED}, "a model is an image or an artifact: name at least one of them"),
        ({"spec.strategy": "mean reversion"}, '"mean reversion" is not such a word'),
        ({"spec.dataset": {"fingerprint": "sha256:1", "path": "/data"}}, '"sha256:1" is not a fingerprint'),
        ({"spec.dataset": {"fingerprint": _FINGERPRINT, "path": "data"}}, '"data" is not a path in a container'),
        ({"spec.benchmark": [{"name": "sharpe", "value": "high"}]}, '"high" is not a figure'),
        ({"spec.version": REMOVED}, "spec.version: Required value"),
    ],
)
def test_a_wrong_one_is_refused_with_a_sentence(api: ApiServer, edits: dict[str, Any], says: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        api.register(changed(model_version(), edits))
    assert says in str(refusal.value)


def test_it_never_becomes_another_one_and_can_be_deactivated(api: ApiServer) -> None:
    stored = api.register(model_version("constant"), dry=False)
    path = f"{api.models}/constant"
    for edits in ({"spec.image": "models/other:1"}, {"spec.artifact": "s3://models/other"}, {"spec.strategy": "other"}):
        with pytest.raises(RefusedError, match="register another ModelVersion"):
            api.request("PUT", path, changed(stored, edits))
    assert api.request("PUT", path, changed(stored, {"spec.active": False}))["spec"]["active"] is False


def test_the_columns_read_as_a_registry_and_models_are_found_by_them(api: ApiServer) -> None:
    api.register(model_version("found", strategy="carry", type="arima"), dry=False)
    for selector in ("spec.strategy=carry", "spec.type=arima", "spec.strategy=carry,status.stage=Registered"):
        table = api.request("GET", api.models, accept=_TABLE, fieldSelector=selector)
        (row,) = table["rows"]
        assert row["cells"][:6] == ["found", "carry", "arima", "2", "Registered", True]
    assert not api.request("GET", api.models, fieldSelector="spec.strategy=carry,status.stage=Production")["items"]
