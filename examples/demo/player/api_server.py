"""Reads from the API server, and through it from the services of the demo: one `kubectl proxy` for all of it."""

import contextlib
import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode

from .failure import DemoError, UnreachableError
from .tools import Tools

NOT_FOUND = 404


class ApiServer:
    """JSON over loopback."""

    def __init__(self, port: int, timeout: float = 10.0) -> None:
        self._port = port
        self._timeout = timeout

    def get(self, path: str, **query: str) -> Any:
        """Return what is at this path, None when there is nothing.

        Raises:
            UnreachableError: no answer, or one that says that there will be one later.

        """
        text = self._ask("GET", path, query)
        return None if text is None else json.loads(text)

    def text(self, path: str, **query: str) -> str:
        """Return what is at this path as text; empty when there is nothing."""
        return self._ask("GET", path, query) or ""

    def post(self, path: str) -> None:
        """Post nothing to this path."""
        self._ask("POST", path, {})

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Return the items of a list."""
        found = self.get(path, **query)
        return [] if found is None else list(found.get("items") or [])

    def _ask(self, method: str, path: str, query: dict[str, str]) -> str | None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=self._timeout)
        try:
            connection.request(method, f"{path}?{urlencode(query)}" if query else path)
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, HTTPException) as error:
            raise UnreachableError(f"{method} {path} was not answered: {error!r}.") from error
        finally:
            connection.close()
        if response.status == NOT_FOUND:
            return None
        if response.status >= 300:
            raise UnreachableError(f"{method} {path} was answered with {response.status}: {text[:300]}")
        return text


@contextlib.contextmanager
def api_server(tools: Tools) -> Iterator[ApiServer]:
    """Start the proxy on a free port of loopback, and end it."""
    proxy = tools.start_kubectl("proxy", "--address=127.0.0.1", "--port=0")
    try:
        line = proxy.stdout.readline() if proxy.stdout else ""
        port = line.strip().rpartition(":")[2]
        if not port.isdigit():
            raise DemoError(f"kubectl proxy did not start; it said {line.strip() or 'nothing'!r}.")
        yield ApiServer(int(port))
    finally:
        proxy.terminate()
        proxy.wait(10)
