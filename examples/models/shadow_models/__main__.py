"""One image, three commands: model, scorer, feed."""

import logging
import os
import sys

from . import feed_server, model_server, scorer_server
from .feed import FeedSettings
from .model_settings import ModelSettings
from .scorer_server import ScorerSettings

COMMANDS = {
    "model": lambda: model_server.run(ModelSettings.read(os.environ)),
    "scorer": lambda: scorer_server.run(ScorerSettings.read(os.environ)),
    "feed": lambda: feed_server.run(FeedSettings.read(os.environ)),
}


def main(arguments: list[str]) -> int:
    """Run one command; 2 when it, or its environment, is not understood."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        sys.stderr.write(f"Found {' '.join(arguments) or 'nothing'}: give one of {', '.join(COMMANDS)}.\n")
        return 2
    try:
        COMMANDS[arguments[0]]()
    except (ValueError, LookupError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
