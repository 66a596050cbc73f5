"""Who asks, and whether they may: the API server's answer, to a token and to a wish."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from shadow_operator.api.rollout import GROUP, PLURAL
from shadow_operator.cluster import Cluster, Object
from shadow_operator.core.command import Verb
from shadow_operator.core.kinds import SUBJECT_ACCESS_REVIEW, TOKEN_REVIEW

# A right that was taken away may be used so long.
_REMEMBERED_SECONDS = 10.0
_MOST_REMEMBERED = 1000

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class User:
    """Whose token it is, as the API server knows them."""

    name: str
    uid: str
    groups: tuple[str, ...]


class Access:
    """Asks the API server, and remembers for some seconds what it granted; what it refused is asked again."""

    def __init__(self, cluster: Cluster, now: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._users: _Remembered[User] = _Remembered(now)
        self._granted: _Remembered[bool] = _Remembered(now)

    async def user_of(self, token: str) -> User | None:
        """Whose token this is, None without one and for nobody's. Raises ClusterError when that can't be asked."""
        if not token:
            return None
        # The token itself is kept nowhere.
        key = hashlib.sha256(token.encode()).hexdigest()
        known = self._users.get(key)
        if known is not None:
            return known
        answer = await self._cluster.create(TOKEN_REVIEW, None, {"spec": {"token": token}})
        status: Object = answer.get("status", {})
        if not status.get("authenticated"):
            return None
        who = status.get("user", {})
        user = User(str(who.get("username", "")), str(who.get("uid", "")), tuple(who.get("groups", ())))
        self._users.put(key, user)
        return user

    async def may_give(self, user: User, verb: Verb, namespace: str, rollout: str) -> bool:
        """Whether they may give a rollout this command: that is `update` on shadowrollouts/<command>."""
        wish = {
            "group": GROUP,
            "resource": PLURAL,
            "subresource": verb.value,
            "verb": "update",
            "namespace": namespace,
            "name": rollout,
        }
        return await self._may(user, f"{verb} {namespace}/{rollout}", {"resourceAttributes": wish})

    async def may_read(self, user: User, path: str) -> bool:
        """Whether they may get an address that is of no object: `get` on that nonResourceURL."""
        return await self._may(user, path, {"nonResourceAttributes": {"path": path, "verb": "get"}})

    async def _may(self, user: User, what: str, wish: Object) -> bool:
        key = f"{user} {what}"
        if self._granted.get(key):
            return True
        spec = {"user": user.name, "uid": user.uid, "groups": list(user.groups), **wish}
        answer = await self._cluster.create(SUBJECT_ACCESS_REVIEW, None, {"spec": spec})
        allowed = answer.get("status", {}).get("allowed") is True
        if allowed:
            self._granted.put(key, allowed)
        return allowed


class _Remembered(Generic[_Value]):
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._held: dict[str, tuple[float, _Value]] = {}

    def get(self, key: str) -> _Value | None:
        until, value = self._held.get(key, (0.0, None))
        return value if until > self._now() else None

    def put(self, key: str, value: _Value) -> None:
        if len(self._held) >= _MOST_REMEMBERED:
            self._held.clear()
        self._held[key] = (self._now() + _REMEMBERED_SECONDS, value)
