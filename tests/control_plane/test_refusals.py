import pytest
from pydantic import ValidationError

from shadow_operator.api.rollout import ShadowRollout
from tests.control_plane.api_server import ApiServer, RefusedError
from tests.control_plane.wrong_manifests import WRONG, Wrong
from tests.world.manifests import changed, valid_manifest
from tests.world.rollouts import as_stored

pytestmark = pytest.mark.control_plane

every_wrong_manifest = pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name.replace(" ", "-"))


def test_the_corpus_is_large_and_names_each_case_once() -> None:
    names = [wrong.name for wrong in WRONG]
    assert len(names) >= 60
    assert len(set(names)) == len(names)


@every_wrong_manifest
def test_a_wrong_manifest_is_refused_with_the_field_and_what_would_be_accepted(api: ApiServer, wrong: Wrong) -> None:
    with pytest.raises(RefusedError) as refusal:
        api.apply(changed(valid_manifest(), wrong.edits))
    for fragment in wrong.says:
        assert fragment in str(refusal.value)


@every_wrong_manifest
def test_no_refusal_shows_people_an_expression(api: ApiServer, wrong: Wrong) -> None:
    with pytest.raises(RefusedError) as refusal:
        api.apply(changed(valid_manifest(), wrong.edits))
    for sign in ("[a-z", "[0-9]", "self.", "failed rule", "no such key", "^"):
        assert sign not in str(refusal.value)


@every_wrong_manifest
def test_what_the_api_server_refuses_the_models_refuse(wrong: Wrong) -> None:
    with pytest.raises(ValidationError):
        ShadowRollout.model_validate(as_stored(changed(valid_manifest(), wrong.edits)))
