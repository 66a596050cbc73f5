"""Registered models, as somebody applies them, and as the API server has them."""

from typing import Any

from shadow_operator.api.model_version import ModelStage, ModelVersion
from shadow_operator.api.rollout import API_VERSION


def model_version(name: str = "better-2", **spec: Any) -> dict[str, Any]:
    given = {"strategy": "momentum", "type": "lstm", "version": "2", "image": "models/better:2"} | spec
    return {"apiVersion": API_VERSION, "kind": "ModelVersion", "metadata": {"name": name}, "spec": given}


def registered(
    name: str, stage: ModelStage = ModelStage.REGISTERED, rollout: str | None = None, **spec: Any
) -> ModelVersion:
    stored = model_version(name, **spec)
    metadata = {"name": name, "namespace": "default", "uid": "1", "generation": 1, "resourceVersion": "1"}
    return ModelVersion.model_validate(stored | {"metadata": metadata, "status": {"stage": stage, "rollout": rollout}})
