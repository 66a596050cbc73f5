"""From references to images and datasets: the rest of the program sees only those."""

from collections.abc import Mapping
from typing import Any

from shadow_operator.api.model import Model
from shadow_operator.api.model_version import ModelVersion
from shadow_operator.api.rollout import Spec
from shadow_operator.core.adopt import Refusal


def resolve(spec: Spec, registered: Mapping[str, ModelVersion]) -> Spec | Refusal:
    """The spec with the image and dataset of each ModelVersion in its place, or why there is none.

    Args:
        spec: what the team asks for, with references.
        registered: the ModelVersions that are there, by name.

    """
    filled: dict[str, dict[str, Any]] = {}
    for model in (spec.champion, *spec.challengers):
        found = _fields(model, registered)
        if isinstance(found, Refusal):
            return found
        filled[model.name] = found
    champion = spec.champion.model_copy(update=filled[spec.champion.name])
    challengers = [each.model_copy(update=filled[each.name]) for each in spec.challengers]
    return spec.model_copy(update={"champion": champion, "challengers": challengers})


def _fields(model: Model, registered: Mapping[str, ModelVersion]) -> dict[str, Any] | Refusal:
    """What the ModelVersion says instead of the reference, which is gone: a model has an image or a reference."""
    if model.model_version_ref is None:
        return {}
    name = model.model_version_ref.name
    version = registered.get(name)
    if version is None:
        return Refusal(
            "ModelVersionMissing",
            f"model {model.name} names ModelVersion {name}, which is not in its namespace: register it there, or name "
            "another",
        )
    if not version.spec.active:
        return Refusal(
            "ModelVersionInactive",
            f"model {model.name} names ModelVersion {name}, whose spec.active is false: make it true, or name another",
        )
    if version.spec.image is None:
        return Refusal(
            "ModelVersionWithoutImage",
            f"model {model.name} names ModelVersion {name}, which has an artifact and no image: name one with an image",
        )
    return {"given_image": version.spec.image, "dataset": version.spec.dataset, "model_version_ref": None}
