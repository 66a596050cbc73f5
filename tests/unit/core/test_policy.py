import json

from shadow_operator.core.policy import next_version, policy_of
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_canary, in_shadow, watched
from tests.world.manifests import REMOVED
from tests.world.rollouts import spec_of


def document(journey: Journey) -> dict[str, dict[str, object]]:
    models: dict[str, dict[str, object]] = json.loads(
        policy_of("default/momentum", journey.spec, journey.status).text(1)
    )["models"]
    return models


def roles_in(journey: Journey) -> dict[str, object]:
    return {name: each["role"] for name, each in document(journey).items()}


def test_the_policy_names_the_role_of_each_model() -> None:
    assert roles_in(in_shadow()) == {CHAMPION: "champion", FIRST: "shadow", SECOND: "shadow"}
    assert roles_in(in_canary()) == {CHAMPION: "champion", FIRST: "canary", SECOND: "shadow"}
    assert roles_in(watched()) == {FIRST: "champion", CHAMPION: "standby"}


def test_whoever_acts_votes_with_its_share_and_only_the_canary_has_a_least_confidence() -> None:
    models = document(in_canary())
    assert {name: each["voteWeight"] for name, each in models.items()} == {CHAMPION: 0.95, FIRST: 0.05, SECOND: 0.0}
    assert {name: each["minConfidence"] for name, each in models.items()} == {CHAMPION: 0.0, FIRST: 0.6, SECOND: 0.0}


def test_models_in_shadow_leave_the_digest_as_it_is() -> None:
    journey = in_shadow()
    with_two = policy_of("default/momentum", journey.spec, journey.status)
    journey.spec = spec_of({"challengers[1]": REMOVED})
    journey.look()
    with_one = policy_of("default/momentum", journey.spec, journey.status)
    assert with_two.digest == with_one.digest
    assert with_two.text(1) != with_one.text(1)


def test_a_canary_changes_the_digest() -> None:
    before, after = in_shadow(), in_canary()
    digests = {policy_of("default/momentum", each.spec, each.status).digest for each in (before, after)}
    assert len(digests) == 2


def test_the_version_counts_changes_and_nothing_else() -> None:
    journey = in_shadow()
    policy = policy_of("default/momentum", journey.spec, journey.status)
    canary = in_canary()
    other = policy_of("default/momentum", canary.spec, canary.status)
    assert next_version(policy, None) == 1
    assert next_version(policy, policy.text(7)) == 7
    assert next_version(other, policy.text(7)) == 8
    assert next_version(policy, "no JSON") == 1
