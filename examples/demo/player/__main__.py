"""The demo from beginning to end; read `main` and you have seen it."""

import signal
import sys
from collections.abc import Sequence

from .api_server import ApiServer, api_server
from .breach import drawdowns, first_breach, live_results
from .envoy_log import EnvoyLog
from .failure import DemoError, UnreachableError
from .feed_control import FeedControl
from .follow import Follower, Killer
from .installation import Installation
from .options import Options, read_options
from .report import Seconds, Sighting, complaints, report_of, write_report
from .screen import Screen
from .story import Story
from .summary import print_summary, print_where_to_look
from .tools import Tools
from .view import Declared


def main(arguments: Sequence[str]) -> int:
    """Play the demo; 0 if everything turned out as the truths ask for."""
    options, screen = read_options(arguments), Screen()
    # As an exception, so that what was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    tools = Tools(options.tools, options.kubeconfig)
    try:
        with api_server(tools) as api:
            return _play(options, screen, tools, api)
    except DemoError as error:
        screen.write(f"\nThe demo ended early. {error}")
        return 1


def _play(options: Options, screen: Screen, tools: Tools, api: ApiServer) -> int:
    installation = Installation(tools, api, options)
    declared = _install(installation, screen)
    story = Story(declared)
    log = EnvoyLog(api, declared.traffic["gatewayAPI"]["hostnames"][0])
    log.remember_pods()
    feed = FeedControl(tools, api, installation)
    feed.start()
    screen.say("feed", "the first request was answered")
    follower = Follower(api, story, log, screen)
    killer = Killer(tools, options.kill_operator_in_canary) if options.kill_operator_in_canary else None
    completed = follower.follow(options.seconds, killer)
    feed.stop()
    sighting = Sighting(feed.report(), follower.envoy, _breaches(api, declared, story, screen))
    report = report_of(declared, story, sighting, Seconds(options.cluster_seconds, screen.seconds))
    report["operatorKilledAt"] = follower.killed_at
    write_report(report, options.report)
    wrong = complaints(report)
    if not completed:
        wrong.insert(0, f"The rollout did not complete within {options.seconds:.0f} s; it is {story.view.phase}.")
    print_summary(screen, report, wrong)
    print_where_to_look(screen, options)
    return 1 if wrong else 0


def _install(installation: Installation, screen: Screen) -> Declared:
    screen.say("install", "the operator, from its chart")
    installation.install_operator()
    installation.remove_former_run()
    screen.say("install", "gateway, scorer and Prometheus")
    installation.apply_pieces()
    screen.say("apply", "the rollout: one champion, three challengers of known skill")
    declared = installation.apply_rollout()
    screen.say("Shadowing", f"{', '.join(declared.truths)} see a copy of each request and act on none")
    return declared


def _breaches(api: ApiServer, declared: Declared, story: Story, screen: Screen) -> dict[str, float]:
    limit = declared.drawdown_limit
    found: dict[str, float] = {}
    for line in story.view.challengers:
        steps = [step for step in story.steps if step.challenger == line.name]
        if limit is None or line.rollback is None or not steps:
            continue
        try:
            results = live_results(api, line.name, int(screen.seconds) + 60)
        except UnreachableError as error:
            screen.say("unreachable", str(error))
            continue
        breach = first_breach(drawdowns(results, steps, declared.metrics.capital), limit)
        if breach is not None:
            found[line.name] = breach
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
