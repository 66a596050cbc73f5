"""`shadow-operator models` against an API server, from the command line to what is stored."""

from collections.abc import Callable

import pytest

from shadow_operator.__main__ import main
from tests.control_plane.api_server import ApiServer, kubeconfig

Said = Callable[..., tuple[int, str]]

pytestmark = pytest.mark.control_plane


@pytest.fixture
def said(api: ApiServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    def run(*words: str) -> tuple[int, str]:
        options = [f"--namespace={api.namespace}", f"--kubeconfig={kubeconfig()}"]
        monkeypatch.setattr("sys.argv", ["shadow-operator", "models", *words, *options])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(str(ended.value.code or 0)), captured.out + captured.err

    return run


_NEW = ("register", "drift-1", "--strategy=drift", "--type=lstm", "--version=1", "--image=models/drift:1")


def test_a_model_is_registered_found_counted_and_deactivated(api: ApiServer, said: Said) -> None:
    assert said(*_NEW, "--benchmark=sharpe=1.1") == (0, "drift-1 is registered\n")
    code, twice = said(*_NEW)
    assert code == 1
    assert "there is a ModelVersion drift-1" in twice
    stored = api.request("GET", f"{api.models}/drift-1")
    assert stored["spec"]["benchmark"] == [{"name": "sharpe", "value": "1.1"}]
    _, table = said("list", "--strategy=drift", "--stage=Registered")
    assert table.splitlines()[1].split()[:6] == ["drift-1", "drift", "lstm", "1", "Registered", "yes"]
    assert said("deactivate", "drift-1")[0] == 0
    assert api.request("GET", f"{api.models}/drift-1")["spec"]["active"] is False
    _, counts = said("summary")
    (line,) = [line.split() for line in counts.splitlines() if line.startswith("drift ")]
    assert line == ["drift", "-", "1", "0", "0", "0", "0", "0", "1"]


def test_what_the_api_server_refuses_is_said(said: Said) -> None:
    code, why = said(*(word.replace("drift-1", "Drift") for word in _NEW))
    assert code == 1
    assert "Invalid value" in why
