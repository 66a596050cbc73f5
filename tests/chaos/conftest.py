import pytest

_SAID = pytest.StashKey[list[str]]()


@pytest.fixture
def said(request: pytest.FixtureRequest) -> list[str]:
    """What is printed once all tests have run, the last line last."""
    return request.config.stash.setdefault(_SAID, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for sentence in config.stash.get(_SAID, []):
        terminalreporter.write_line(sentence)
