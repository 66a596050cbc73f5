"""Another controller, told by a directory of manifests: so that anyone can repeat the comparison."""

import contextlib
import itertools
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import yaml

from bench.rollback.breaches import USUALLY
from bench.rollback.controller import CHALLENGER, CHAMPION
from bench.rollback.lanes import Lanes
from bench.rollback.pieces import Pieces
from examples.demo.player.failure import DemoError

_SETTLE_SECONDS = 15.0
_LONGEST_SECONDS = 180.0
_STARTING_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Description:
    """What is said of a controller in its `peer.yaml`.

    Attributes:
        title: its name and version.
        command: a program that is run for as long as the bench, with KUBECONFIG; empty where it runs in the cluster.
        setup: manifests that are applied once, before the lanes.

    """

    title: str
    command: tuple[str, ...]
    setup: tuple[str, ...]

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read it. Raises DemoError where it is not there or not whole."""
        path = directory / "peer.yaml"
        try:
            said = yaml.safe_load(path.read_text())
            return cls(str(said["title"]), tuple(said.get("command", ())), tuple(said.get("setup", ())))
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            raise DemoError(
                f"{path} describes no controller ({error!r}): see bench/rollback/peers/README.md"
            ) from error


class Peer:
    """Its lanes are made from `lane.yaml`, and a canary begins by applying `begin.yaml`.

    In both, LANE, CHAMPION, CHALLENGER, NONCE and PROMETHEUS stand for what they say; the nonce is another one for each
    canary, and the address of Prometheus one that is reached from the node as well.
    """

    def __init__(self, directory: Path, pieces: Pieces, lanes: Lanes) -> None:
        self._directory = directory
        self._description = Description.read(directory)
        self._pieces = pieces
        self._lanes = lanes
        self._nonces = itertools.count(int(time.time()))

    @property
    def title(self) -> str:
        """Its name and version."""
        return self._description.title

    @contextlib.contextmanager
    def running(self, kubeconfig: Path) -> Iterator[None]:
        """Run its program, where it has one."""
        if not self._description.command:
            yield
            return
        environment = os.environ | {"KUBECONFIG": str(kubeconfig)}
        with (self._directory / "peer.log").open("w") as log:
            command = [each.replace("KUBECONFIG", str(kubeconfig)) for each in self._description.command]
            program = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603 - the user's own
        try:
            time.sleep(_STARTING_SECONDS)
            if program.poll() is not None:
                raise DemoError(f"`{' '.join(command)}` ended with {program.returncode}: see {log.name}")
            yield
        finally:
            program.terminate()
            program.wait(30)

    def bring_up(self, lanes: Sequence[str]) -> None:
        """Make the objects of these lanes; their champions serve when it returns."""
        for name in self._description.setup:
            self._pieces.apply((self._directory / name).read_text())
        self._apply("lane.yaml", lanes)
        self._lanes.race(lanes, CHALLENGER, CHAMPION)
        self._lanes.ask(lanes, USUALLY)
        self._lanes.wait_for_champion(lanes, CHAMPION, _LONGEST_SECONDS)
        # A change while a controller still prepares would be taken for a part of the beginning.
        time.sleep(_SETTLE_SECONDS)

    def begin(self, lanes: Sequence[str], challenger: str) -> None:
        """Have a new version begin its canary in each lane."""
        if challenger != CHALLENGER:
            raise DemoError(f"{self.title} has no challenger {challenger}: the one of its lanes is {CHALLENGER}")
        self._lanes.mend(lanes)
        self._apply("begin.yaml", lanes)

    def _apply(self, name: str, lanes: Sequence[str]) -> None:
        text = (self._directory / name).read_text()
        told = {
            "CHAMPION": CHAMPION,
            "CHALLENGER": CHALLENGER,
            "NONCE": str(next(self._nonces)),
            "PROMETHEUS": self._pieces.prometheus_address(),
        }
        for word, value in told.items():
            text = text.replace(word, value)
        self._pieces.apply("\n---\n".join(text.replace("LANE", lane) for lane in lanes))
