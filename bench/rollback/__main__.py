"""Measure how fast a share is taken back, and what is lost meanwhile: `make bench-rollback`.

It needs a whole cluster whose nodes share one clock; whatever it makes there is removed in the end.
"""

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.rollback import environment, plan, runs
from bench.rollback.document import document, printed, summary
from bench.rollback.killer import Killer
from bench.rollback.lanes import Lanes
from bench.rollback.ours import ShadowRollouts
from bench.rollback.peer import Peer
from bench.rollback.pieces import Pieces
from bench.rollback.runs import Field
from bench.row import to_json
from examples.demo.player.api_server import api_server
from examples.demo.player.failure import DemoError
from examples.demo.player.installation import Installation
from examples.demo.player.tools import Tools

REPOSITORY = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; 0 when it ran, whatever it found."""
    parser = argparse.ArgumentParser(prog="python -m bench.rollback", description=__doc__.splitlines()[0])
    parser.add_argument("--lanes", type=int, default=20, help="how many rollouts there are")
    parser.add_argument("--rounds", type=int, default=3, help="how often each of them breaks in each run")
    parser.add_argument("--promotions", type=int, default=5, help="how often each of them is promoted")
    parser.add_argument("--peer", type=Path, help="measure another controller: a directory as in bench/rollback/peers")
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
            phases = random.Random(seed)  # noqa: S311 - when they break
            if chosen.peer is None:
                ours = ShadowRollouts(tools, api, pieces, Installation(tools, api, options), lanes)
                field = Field(api, pieces, lanes, ours, say, phases, lanes.names, chosen.rounds)
                rows = plan.ours(tools, field, ours, Killer(tools, pieces), chosen.promotions)
            else:
                peer = Peer(chosen.peer, pieces, lanes)
                field = Field(api, pieces, lanes, peer, say, phases, lanes.names, chosen.rounds)
                rows = plan.peer(field, peer, options.kubeconfig)
    except DemoError as error:
        say(f"the bench ended early. {error}")
        return 1
    if chosen.peer is None:
        _write(REPOSITORY / "build/bench/rollback.json", to_json(rows))
        _write(REPOSITORY / "docs/rollback.md", document(rows, runs.GROUPS))
    else:
        _write(REPOSITORY / f"build/bench/rollback-{chosen.peer.resolve().name}.json", to_json(rows))
    sys.stdout.write(f"{printed(rows)}{summary(rows)}, seed {seed}, {time.monotonic() - begun:.0f} s\n")
    return 0


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
