"""Registered models, as somebody applies them."""

from typing import Any

from shadow_operator.api.rollout import API_VERSION


def model_version(name: str = "better-2", **spec: Any) -> dict[str, Any]:
    given = {"strategy": "momentum", "type": "lstm", "version": "2", "image": "models/better:2"} | spec
    return {"apiVersion": API_VERSION, "kind": "ModelVersion", "metadata": {"name": name}, "spec": given}
