"""Follows the mounted policy document without restarting the server."""

import asyncio
import logging
from pathlib import Path

from pydantic import ValidationError

from .policy import PolicyDocument, Ruling

LOG = logging.getLogger(__name__)
# The kubelet swaps the `..data` symlink, so the mounted file changes its real path rather than its content.
Fingerprint = tuple[str, int, int]


class PolicyFile:
    """The policy as it stands now. Whatever cannot be read lets nobody act: a shadow acts on nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fingerprint: Fingerprint | None = None
        self._document: PolicyDocument | None = None
        self._complaint = ""
        self.refresh()

    @property
    def document(self) -> PolicyDocument | None:
        """The last document, none while it is missing or unreadable."""
        return self._document

    def ruling(self, model: str, confidence: float) -> Ruling:
        """Say what becomes of a prediction that the model makes with this confidence."""
        if self._document is None:
            return Ruling(acted=False, confidence=confidence)
        return self._document.ruling(model, confidence)

    def refresh(self) -> bool:
        """Look once; true if there was something new."""
        try:
            fingerprint = self._look()
            if fingerprint == self._fingerprint:
                return False
            self._document = PolicyDocument.model_validate_json(self._path.read_bytes())
        except (OSError, RuntimeError, ValidationError) as error:  # RuntimeError: a loop of symlinks
            self._fingerprint, self._document = None, None
            self._complain(f"No policy at {self._path}, so nothing is acted on: {error}")
            return False
        self._fingerprint, self._complaint = fingerprint, ""
        LOG.info("Policy version %d is in force.", self._document.version)
        return True

    async def follow(self, every: float = 0.05) -> None:
        """Look again and again until cancelled."""
        while True:
            self.refresh()
            await asyncio.sleep(every)

    def _look(self) -> Fingerprint:
        real = self._path.resolve(strict=True)
        stat = real.stat()
        return str(real), stat.st_mtime_ns, stat.st_size

    def _complain(self, sentence: str) -> None:
        if sentence != self._complaint:
            LOG.warning("%s", sentence)
        self._complaint = sentence
