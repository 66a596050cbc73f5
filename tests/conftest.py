import pytest

from tests.chaos.told import Told

_TOLD = pytest.StashKey[Told]()


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Told:
    return request.config.stash.setdefault(_TOLD, Told())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for sentence in config.stash.get(_TOLD, Told()).sentences:
        terminalreporter.write_line(sentence)
