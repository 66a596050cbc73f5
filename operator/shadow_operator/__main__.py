"""The entry point, `shadow-operator`."""

import argparse
import asyncio
import logging
import sys

import kopf

from shadow_operator.cli import fingerprint, models, replay
from shadow_operator.operate import operate
from shadow_operator.settings import Settings

_log = logging.getLogger(__name__)


def main() -> None:
    """Run the operator until it is told to stop, or one command."""
    parser = argparse.ArgumentParser(prog="shadow-operator", description=__doc__)
    parser.add_argument("--log-format", choices=("json", "plain"), default="json", help="how log lines are written")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    fingerprint.add_to(commands)
    replay.add_to(commands)
    models.add_to(commands)
    arguments = parser.parse_args()
    if "run" in arguments:
        sys.exit(arguments.run(arguments))
    log_format = kopf.LogFormat.JSON if arguments.log_format == "json" else kopf.LogFormat.PLAIN
    kopf.configure(log_format=log_format)
    # A line for each event seen and each probe answered is noise to whoever reads this at night.
    for noisy in ("kopf.objects", "kopf.activities", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        settings = Settings.from_environment()
    except ValueError as error:
        sys.exit(str(error))
    _log.info("shadow-operator starts: %s", settings)
    asyncio.run(operate(settings))


if __name__ == "__main__":
    main()
