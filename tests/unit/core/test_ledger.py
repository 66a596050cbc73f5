"""What goes into the ledger, and how it is decided again."""

import base64
import gzip
from dataclasses import replace
from datetime import timedelta

import pytest

from shadow_operator.api.decision import MOST_INPUTS, DecisionSpec, Versions
from shadow_operator.core.command import Command
from shadow_operator.core.comparison import Comparisons
from shadow_operator.core.ledger import Inputs, Taken, entry, is_worth_an_entry, replay
from shadow_operator.core.machine import decide
from shadow_operator.core.samples import Digest, Samples
from shadow_operator.ledger import Retention, expired
from tests.world.evidence import better, no_sample, worse
from tests.world.figures import counted, minute, minutes, read
from tests.world.journeys import CHAMPION, FIRST, SECOND, START, Journey, in_canary, in_shadow, watched
from tests.world.manifests import Manifest
from tests.world.rollouts import rollout_of

VERSIONS = Versions(operator="1.0", statistics="1.0")


def taken(journey: Journey) -> Taken:
    """The decision of the journey's next pass."""
    rollout = rollout_of(status=journey.status).model_copy(update={"spec": journey.spec})
    observed = journey.observed()
    decision = decide(rollout.spec, rollout.metadata.generation, rollout.status, observed, journey.now)
    return Taken(rollout, observed, decision, journey.now)


def recorded(journey: Journey, number: int = 1) -> DecisionSpec:
    written = entry(taken(journey), number, {}, VERSIONS)
    # As the API server gives it back.
    return DecisionSpec.model_validate(written.model_dump(mode="json", by_alias=True, exclude_none=True))


def about_to_act() -> Journey:
    journey = in_shadow()
    journey.evidence[FIRST] = better()
    return journey.wait("14d")


def rejected() -> Journey:
    journey = in_shadow()
    journey.evidence |= {FIRST: worse(), SECOND: no_sample()}
    return journey


def rolled_back() -> Journey:
    journey = in_canary()
    journey.mark = journey.breach(FIRST)
    return journey


def commanded() -> Journey:
    journey = in_shadow()
    journey.command = Command("promote/1", "ann")
    return journey


MOVES = [
    pytest.param(Journey(), "Adopted", "shadow-operator", id="a champion is taken up"),
    pytest.param(about_to_act(), "CanaryStarted", "shadow-operator", id="a canary starts"),
    pytest.param(rejected(), "Rejected", "shadow-operator", id="rejected"),
    pytest.param(rolled_back(), "RolledBack", "shadow-operator", id="rolled back"),
    pytest.param(commanded(), "CommandRefused", "ann: promote/1", id="a person was answered"),
]
REST = [
    pytest.param(in_shadow(), id="nothing happens"),
    pytest.param(in_canary(), id="a step goes on"),
    pytest.param(watched(), id="a watch goes on"),
]


@pytest.mark.parametrize(("journey", "reason", "actor"), MOVES)
def test_what_moves_something_or_answers_somebody_is_written_down(journey: Journey, reason: str, actor: str) -> None:
    decided = taken(journey)
    assert is_worth_an_entry(decided.rollout.status, decided.decision)
    written = recorded(journey)
    assert (written.reason, written.actor) == (reason, actor)
    assert replay(written) == []


@pytest.mark.parametrize("journey", REST)
def test_a_pass_that_moves_nothing_leaves_no_entry(journey: Journey) -> None:
    decided = taken(journey)
    assert not is_worth_an_entry(decided.rollout.status, decided.decision)
    assert replay(recorded(journey)) == []


def test_an_entry_says_who_moved_from_where_to_where_and_on_what() -> None:
    written = recorded(about_to_act(), 7)
    assert (written.sequence, written.challenger, written.before.percent, written.after.percent) == (7, FIRST, 0, 5)
    assert {(found.challenger, found.gate, found.outcome) for found in written.gates if found.challenger == FIRST} == {
        (FIRST, "mean-pnl", "Pass"),
        (FIRST, "drawdown", "Pass"),
    }
    assert (written.rule, written.events[-1].rule) == ("start_canary", "start_canary")
    said = {found.challenger: found for found in written.statistics}[FIRST]
    assert (said.samples, said.pvalue, said.spent) == (1000, "0.001", "100%")
    assert any("model_decisions_total" in query for query in written.queries)
    assert len(written.model_dump_json()) < 20_000


def test_inputs_that_somebody_changed_are_found_out() -> None:
    written = recorded(about_to_act())
    inputs = Inputs.unpacked(written.inputs or "")
    weaker = {FIRST: replace(better(), tests=worse().tests)}
    doctored = inputs.model_copy(update={"observed": replace(inputs.observed, evidence=weaker)})
    found = replay(written.model_copy(update={"inputs": doctored.packed()}))
    assert any("it would end at champion momentum-v7, nobody in canary" in each for each in found)
    assert any(each.startswith("gate mean-pnl of momentum-v8 says now: mean-pnl does not hold") for each in found)


def test_a_record_that_somebody_changed_is_found_out() -> None:
    written = recorded(about_to_act())
    doctored = [found.model_copy(update={"pvalue": "0.5"}) for found in written.statistics]
    (found,) = replay(written.model_copy(update={"statistics": doctored}))
    assert found.startswith(f"the statistics of {FIRST} are now")
    (found,) = replay(written.model_copy(update={"result_digest": "sha256:0"}))
    assert found == "the status that follows is another one, in what the entry does not show"


def test_inputs_whose_stream_is_broken_are_none() -> None:
    packed = bytearray(gzip.compress(b"{}" * 100, mtime=0))
    packed[10] = 0xFF
    with pytest.raises(ValueError, match="no compressed JSON"):
        Inputs.unpacked(base64.b64encode(packed).decode())


def test_inputs_that_would_fill_the_memory_are_not_unpacked() -> None:
    bomb = base64.b64encode(gzip.compress(bytes(40 << 20), mtime=0)).decode()
    assert len(bomb) < MOST_INPUTS
    with pytest.raises(ValueError, match="more than 32 MiB"):
        Inputs.unpacked(bomb)


@pytest.mark.parametrize("inputs", ["", "bm8=", "%%%"])
def test_inputs_that_are_none_can_not_be_replayed(inputs: str) -> None:
    with pytest.raises(ValueError, match=r"inputs|base64|data"):
        replay(recorded(about_to_act()).model_copy(update={"inputs": inputs or None}))


def test_samples_have_a_digest_for_each_model_over_the_whole_grid() -> None:
    readings = list(minutes(*({FIRST: counted(n, 0, n), CHAMPION: counted(1, 0, n)} for n in range(5))))
    whole, halves = Samples(), Samples()
    for each in readings:
        whole.advance(each, [CHAMPION, FIRST])
    for each in readings[:2]:
        halves.advance(each, [CHAMPION, FIRST])
    halves = Samples.from_json(halves.to_json())
    for each in readings[2:]:
        halves.advance(each, [CHAMPION, FIRST])
    assert whole.digests == halves.digests
    assert (whole.digests[FIRST].since, whole.digests[FIRST].until) == (minute(0), minute(4))
    assert whole.digests[FIRST].sha256 != whole.digests[CHAMPION].sha256


def test_one_sample_that_differs_changes_the_digest_of_its_model_only() -> None:
    one, other = ({FIRST: counted(last, 0, 1), CHAMPION: counted(1, 0, 1)} for last in (1.0, 1.0 + 2**-52))
    digests = []
    for figures in (one, other):
        samples = Samples()
        samples.advance(read(minute(0), figures), [CHAMPION, FIRST])
        digests.append(samples.digests)
    assert digests[0][CHAMPION] == digests[1][CHAMPION]
    assert digests[0][FIRST] != digests[1][FIRST]


def test_the_evidence_keeps_the_digests_of_what_it_read() -> None:
    journey = in_shadow()
    comparisons = Comparisons()
    comparisons.pairs(journey.spec, journey.status)
    readings = list(minutes(*({name: counted(n, 0, n) for name in (CHAMPION, FIRST, SECOND)} for n in range(4))))
    comparisons.advance(journey.spec, journey.status, readings)
    expected = Digest(minute(0), minute(0))
    for each in readings:
        expected = expected.plus(each, FIRST)
    assert comparisons.seen[FIRST] == expected
    assert Comparisons.from_json(comparisons.to_json()).seen == comparisons.seen


def kept(sequence: int, days_ago: int, outcome: str | None = "Done", uid: str = "5c0a") -> Manifest:
    at = (START - timedelta(days=days_ago)).isoformat()
    status = {} if outcome is None else {"outcome": {"result": outcome}}
    return {"spec": {"sequence": sequence, "at": at, "rollout": {"uid": uid}}, "status": status}


def test_entries_go_by_number_and_by_age_but_never_the_newest_nor_an_open_one() -> None:
    found = [kept(5, 0), kept(4, 1), kept(3, 2, outcome=None), kept(2, 30), kept(1, 40), kept(9, 90, uid="another")]

    def gone(count: int, days: int) -> list[int]:
        chosen = expired(found, rollout_of(), Retention(count, timedelta(days=days)), START)
        return [each["spec"]["sequence"] for each in chosen]

    assert gone(200, 400) == []
    assert gone(200, 35) == [1]
    assert gone(4, 400) == [1]
    assert gone(1, 400) == [1, 2, 4]
    assert gone(200, 0) == [1, 2, 4]
