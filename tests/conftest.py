import pytest
from hypothesis import settings

from tests.chaos.told import Told

# How long an example takes says nothing on a machine that does other things too, or where it is the first to import.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_TOLD = pytest.StashKey[Told]()


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Told:
    return request.config.stash.setdefault(_TOLD, Told())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for sentence in config.stash.get(_TOLD, Told()).sentences:
        terminalreporter.write_line(sentence)
