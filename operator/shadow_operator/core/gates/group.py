"""A group of gates of which a few have to pass."""

from collections import Counter
from collections.abc import Sequence

from shadow_operator.api.gates import Gate, GateGroup
from shadow_operator.core.gates.result import GateResult, Outcome


def evaluate(group: GateGroup, results: Sequence[GateResult]) -> GateResult:
    """Pass with enough passed gates, fail when the others could not make up for it, wait or be blind in between.

    Failing is not final: its limits may hold later.
    """
    members = [result for result in results if isinstance(result.gate, Gate) and result.gate.group == group.name]
    found = Counter(result.outcome for result in members)
    passed, needed = found[Outcome.PASS], group.at_least
    open_ones = [result.sentence for result in members if result.outcome is not Outcome.PASS]
    said = f"{passed} of {len(members)} gates passed, {needed} have to" + "".join(f"; {one}" for one in open_ones)
    samples = min((result.samples for result in members), default=0)
    result = GateResult(group, Outcome.FAIL, samples, figure=float(passed), limit=float(needed))
    reachable = passed
    for outcome in (Outcome.PASS, Outcome.INSUFFICIENT, Outcome.BLIND):
        reachable += 0 if outcome is Outcome.PASS else found[outcome]
        if reachable >= needed:
            return result.said(outcome, said)
    return result.said(Outcome.FAIL, said)
