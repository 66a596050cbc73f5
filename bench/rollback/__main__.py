"""Measure how fast a share is taken back, and what is lost meanwhile: `make bench-rollback`.

It needs a whole cluster whose nodes share one clock; whatever it makes there is removed in the end.
"""

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.rollback import certificate, environment, runs
from bench.rollback.breaches import USUALLY
from bench.rollback.document import document, printed, summary
from bench.rollback.killer import Killer
from bench.rollback.lanes import Lanes
from bench.rollback.ours import ShadowRollouts
from bench.rollback.pieces import Pieces
from bench.rollback.runs import Field
from bench.row import Goal, Row, to_json
from examples.demo.player.api_server import api_server
from examples.demo.player.failure import DemoError
from examples.demo.player.installation import Installation
from examples.demo.player.tools import Tools

REPOSITORY = Path(__file__).parents[2]
_SECOND, _QUARTER = "guard every second", "guard every 250 ms"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; 0 when it ran, whatever it found."""
    parser = argparse.ArgumentParser(prog="python -m bench.rollback", description=__doc__.splitlines()[0])
    parser.add_argument("--lanes", type=int, default=20, help="how many rollouts there are")
    parser.add_argument("--rounds", type=int, default=3, help="how often each of them breaks in each run")
    parser.add_argument("--promotions", type=int, default=5, help="how often each of them is promoted")
    parser.add_argument("--seed", type=int, default=None, help="of the moments at which they break")
    chosen = parser.parse_args(arguments)
    seed = chosen.seed if chosen.seed is not None else int(time.time())
    begun = time.monotonic()

    def say(text: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - begun:7.1f} s] {text}\n")
        sys.stdout.flush()

    say(f"seed {seed}")
    try:
        options = environment.options()
        tools = Tools(options.tools, options.kubeconfig)
        with api_server(tools) as api:
            pieces = Pieces(tools, api, options.images)
            lanes = Lanes(api, [f"lane-{number:02d}" for number in range(chosen.lanes)])
            ours = ShadowRollouts(tools, api, pieces, Installation(tools, api, options), lanes)
            field = Field(api, pieces, lanes, ours, say, random.Random(seed), chosen.rounds)  # noqa: S311 - phases
            rows = _measured(tools, field, ours, Killer(tools, pieces), chosen.promotions)
    except DemoError as error:
        say(f"the bench ended early. {error}")
        return 1
    _write(REPOSITORY / "build/bench/rollback.json", to_json(rows))
    _write(REPOSITORY / "docs/rollback.md", document(rows, runs.GROUPS))
    sys.stdout.write(f"{printed(rows)}{summary(rows)}, seed {seed}, {time.monotonic() - begun:.0f} s\n")
    return 0


def _measured(tools: Tools, field: Field, ours: ShadowRollouts, killer: Killer, promotions: int) -> list[Row]:
    field.say("the operator, the gateway, Prometheus, the client")
    shown = certificate.bring_up(tools)
    ours.install(1.0)
    field.pieces.bring_up(shown)
    killer.bring_up()
    try:
        rows = _beside_one(field, ours)
        field.say(f"{len(field.lanes.names)} rollouts, {USUALLY:g} requests a second each")
        ours.bring_up(field.lanes.names)
        field.lanes.ask(field.lanes.names, USUALLY)
        rows += runs.one_by_one(field, _SECOND, Goal(high=0.6), Goal(high=1.3))
        rows += runs.at_once(field, _SECOND, Goal(high=2.0))
        rows += runs.by_alert(field)
        field.canaries()
        rows += runs.leader_killed(field, ours, killer)
        field.canaries()
        runs.promoted(field, ours, promotions)
        rows += runs.without_prometheus(field, ours)
        ours.install(0.25)
        field.say(_QUARTER)
        runs.next_challengers(field, ours)
        rows += runs.one_by_one(field, _QUARTER, Goal(high=0.25), Goal(high=0.6))
        return rows + runs.lost(field)
    finally:
        killer.remove()
        field.pieces.remove()


def _beside_one(field: Field, ours: ShadowRollouts) -> list[Row]:
    """What the operator costs while the first lane is alone."""
    first = field.lanes.names[:1]
    ours.bring_up(first)
    field.lanes.ask(first, USUALLY)
    field.lanes.wait_for_canary(first, field.challenger, 60.0)
    field.say("one canary")
    return runs.cost(field, ours)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
