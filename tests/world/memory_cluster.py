"""An API server in memory: objects, resource versions, generations, and a power cut after any number of writes."""

import copy
from collections.abc import Mapping

from shadow_operator.cluster import Cluster, ConflictError, NotFoundError, Object


class PowerCutError(Exception):
    """The operator died here."""


class MemoryCluster(Cluster):
    """Answers what `Cluster` asks of an API server.

    Attributes:
        objects: each object by its path.
        writes_left: writes until the power is cut; None for never.

    """

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.writes_left: int | None = None
        self._version = 0

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> Object:
        if method != "GET":
            return self._write(method, path, body or {}, content_type)
        if path in self.objects:
            return copy.deepcopy(self.objects[path])
        if query is not None and "labelSelector" in query:
            members = [each for place, each in self.objects.items() if place.startswith(f"{path}/")]
            if not query["labelSelector"]:
                return {"items": copy.deepcopy(members)}
            key, value = query["labelSelector"].split("=")
            return {"items": [copy.deepcopy(e) for e in members if e["metadata"].get("labels", {}).get(key) == value]}
        raise NotFoundError(path)

    def _write(self, method: str, path: str, body: Object, content_type: str) -> Object:
        if self.writes_left is not None:
            if self.writes_left == 0:
                raise PowerCutError
            self.writes_left -= 1
        if method == "DELETE":
            return self.objects.pop(path, {})
        if path.endswith("/status"):
            return self._stored(path.removesuffix("/status"), {"status": body["status"]}, body["metadata"])
        if "merge" in content_type:
            return copy.deepcopy(self.objects[path])
        if method == "POST":
            path = f"{path}/{body['metadata']['name']}"
            if path in self.objects:
                raise ConflictError(path)
        return self._stored(path, body, body["metadata"])

    def _stored(self, path: str, body: Object, expected: Mapping[str, object]) -> Object:
        before = self.objects.get(path, {"metadata": {"generation": 0, "resourceVersion": "0"}})
        asked = expected.get("resourceVersion")
        if asked is not None and asked != before["metadata"]["resourceVersion"]:
            raise ConflictError(path)
        after = copy.deepcopy(before | body)
        self._version += 1
        changed = after.get("spec") != before.get("spec")
        kept = before["metadata"] if "metadata" not in body else {"uid": "5c0a"} | body["metadata"]
        generation = before["metadata"]["generation"] + int(changed)
        after["metadata"] = dict(kept) | {"generation": generation, "resourceVersion": str(self._version)}
        self.objects[path] = after
        return copy.deepcopy(after)
