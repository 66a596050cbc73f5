"""Models named by reference."""

from typing import Any

import pytest

from shadow_operator.api.model_version import ModelVersion
from shadow_operator.core.adopt import Refusal
from shadow_operator.core.registry import resolve
from tests.world.manifests import REMOVED
from tests.world.rollouts import spec_of

BY_REFERENCE = {"champion.image": REMOVED, "champion.modelVersionRef": {"name": "momentum-7"}}


def model_version(**spec: Any) -> ModelVersion:
    given = {"strategy": "momentum", "type": "lstm", "version": "7", "image": "registered/momentum:7"} | spec
    metadata = {"name": "momentum-7", "namespace": "default", "uid": "1", "generation": 1, "resourceVersion": "1"}
    return ModelVersion.model_validate({"metadata": metadata, "spec": given})


def test_a_model_named_by_reference_has_the_registered_image() -> None:
    resolved = resolve(spec_of(BY_REFERENCE), {"momentum-7": model_version()})
    assert not isinstance(resolved, Refusal)
    assert [m.image for m in (resolved.champion, *resolved.challengers)] == [
        "registered/momentum:7",
        "models/momentum:8",
        "models/patchtst:2",
    ]


def test_a_spec_of_images_stays_as_it_is() -> None:
    assert resolve(spec_of(), {}) == spec_of()


@pytest.mark.parametrize(
    ("registered", "reason", "says"),
    [
        ({}, "ModelVersionMissing", "names ModelVersion momentum-7, which is not in its namespace"),
        ({"momentum-7": model_version(active=False)}, "ModelVersionInactive", "whose spec.active is false"),
        (
            {"momentum-7": model_version(image=None, artifact="s3://models/7")},
            "ModelVersionWithoutImage",
            "has an artifact and no image",
        ),
    ],
)
def test_what_has_no_image_is_refused_and_never_guessed(
    registered: dict[str, ModelVersion], reason: str, says: str
) -> None:
    refusal = resolve(spec_of(BY_REFERENCE), registered)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason
    assert says in refusal.message
