"""From references to images: the rest of the program sees images only."""

from collections.abc import Mapping

from shadow_operator.api.model import Image, Model
from shadow_operator.api.model_version import ModelVersion
from shadow_operator.api.rollout import Spec
from shadow_operator.core.adopt import Refusal


def resolve(spec: Spec, registered: Mapping[str, ModelVersion]) -> Spec | Refusal:
    """The spec with the image of each ModelVersion that it names, or why it has none; `registered` is by name."""
    images: dict[str, Image] = {}
    for model in (spec.champion, *spec.challengers):
        found = _image(model, registered)
        if isinstance(found, Refusal):
            return found
        images[model.name] = found
    champion = spec.champion.model_copy(update={"given_image": images[spec.champion.name]})
    challengers = [each.model_copy(update={"given_image": images[each.name]}) for each in spec.challengers]
    return spec.model_copy(update={"champion": champion, "challengers": challengers})


def _image(model: Model, registered: Mapping[str, ModelVersion]) -> Image | Refusal:
    if model.model_version_ref is None:
        return model.image
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
    return version.spec.image
