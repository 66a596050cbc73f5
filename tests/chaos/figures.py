"""Models whose worth is known: their figures, served as an exporter serves them, and a real Prometheus that scrapes."""

import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
_TICK_SECONDS = 0.1
_DECISIONS_A_TICK = 4
_SCATTER = 2.0


@dataclass
class Model:
    """What one model earns: a mean a tick, in account currency, and a loss that comes when the test says so."""

    edge: float
    seed: int
    lost: float = 0.0
    won: Any = field(init=False)
    failed: Any = field(init=False)

    def __post_init__(self) -> None:
        results = np.random.default_rng(self.seed).normal(self.edge, _SCATTER, 100_000)
        # Running sums, which never fall: sums of the whole would, by a rounding, where nothing is added.
        self.won, self.failed = (np.cumsum(np.maximum(each, 0.0)) for each in (results, -results))

    def counters(self, ticks: int) -> Mapping[str, float]:
        """Its counters after so many ticks."""
        return {
            "model_profit_total": float(self.won[ticks]),
            "model_loss_total": float(self.failed[ticks]) + self.lost,
            "model_decisions_total": ticks * _DECISIONS_A_TICK,
            'model_trades_total{outcome="win"}': ticks * _DECISIONS_A_TICK,
        }


class Exporter:
    """Serves the figures of every model of every rollout."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._models: dict[tuple[str, str], Model] = {}
        self._hidden: set[tuple[str, str]] = set()
        self._since: dict[str, int] = {}
        self._begun = time.monotonic()
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = "".join(exporter.lines()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def add(self, rollout: str, models: Mapping[str, Model]) -> None:
        """From now on it has these as well."""
        self._models |= {(rollout, name): model for name, model in models.items()}

    def lose(self, rollout: str, model: str, amount: float) -> None:
        """The model loses so much, now."""
        self._models[rollout, model].lost += amount

    def hide(self, rollout: str, *models: str) -> None:
        """These are served no more."""
        self._hidden |= {(rollout, name) for name in models}

    def show(self, rollout: str) -> None:
        """All of the rollout's models are served again."""
        self._hidden = {each for each in self._hidden if each[0] != rollout}

    def reset(self, rollout: str) -> None:
        """The counters of the rollout's models begin anew, as those of a process that was started again."""
        self._since[rollout] = self._ticks()

    def _ticks(self) -> int:
        return int((time.monotonic() - self._begun) / _TICK_SECONDS)

    def lines(self) -> Iterator[str]:
        """What a scrape gets."""
        for (rollout, name), model in list(self._models.items()):
            if (rollout, name) in self._hidden:
                continue
            ticks = self._ticks() - self._since.get(rollout, 0)
            labels = f'namespace="{self._namespace}",rollout="{rollout}",model="{name}"'
            for series, value in model.counters(ticks).items():
                metric, _, own = series.rstrip("}").partition("{")
                yield f"{metric}{{{labels}{',' if own else ''}{own}}} {value!r}\n"

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


class RealPrometheus:
    """A Prometheus of its own, which scrapes the exporter each second and can be killed."""

    def __init__(self, place: Path, target: int) -> None:
        found = subprocess.run(
            [sys.executable, str(ROOT / "hack" / "cluster"), "prometheus"], check=True, capture_output=True, text=True
        )
        self._program = Path(found.stdout.strip()) / "prometheus"
        self._place = place
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self.address = f"http://127.0.0.1:{self._port}"
        (place / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: models\n  honor_labels: true\n"
            f"  static_configs: [{{targets: ['127.0.0.1:{target}']}}]\n"
        )
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = (
            f"--config.file={self._place / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._place / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
        )
        with (self._place / "prometheus.log").open("a") as log:
            self._running = subprocess.Popen([str(self._program), *options], stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.address}/-/ready", timeout=2):  # noqa: S310 - our own address
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"Prometheus was not ready within 30 s; see {self._place / 'prometheus.log'}")

    def kill(self) -> None:
        """Kill it as a node that goes does."""
        if self._running is not None:
            self._running.kill()
            self._running.wait(10)
            self._running = None
