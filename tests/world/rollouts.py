"""Rollouts as the API server returns them."""

from typing import Any

from shadow_operator.api.rollout import ShadowRollout, Spec
from shadow_operator.api.status import Status
from tests.world.manifests import Manifest, changed, valid_manifest


def as_stored(manifest: Manifest) -> Manifest:
    """With the metadata that the API server adds."""
    added = {"uid": "5c0a", "generation": 1, "resourceVersion": "1"}
    return manifest | {"metadata": added | manifest["metadata"]}


def rollout_of(edits: dict[str, Any] | None = None, status: Status | None = None) -> ShadowRollout:
    """The valid rollout with some differences."""
    rollout = ShadowRollout.model_validate(as_stored(changed(valid_manifest(), edits or {})))
    return rollout if status is None else rollout.model_copy(update={"status": status})


def spec_of(edits: dict[str, Any] | None = None) -> Spec:
    """The spec of the valid rollout with some differences; the paths begin within the spec."""
    return rollout_of({f"spec.{path}": value for path, value in (edits or {}).items()}).spec
