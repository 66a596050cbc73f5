"""The Kubernetes port: the only module that talks to the API server.

Objects are plain dictionaries: the client's typed models drop the fields that a newer server adds.
"""

import json
from collections.abc import Mapping
from typing import Any, Self

import aiohttp
from kubernetes.aio import client, config

from shadow_operator.core.kinds import Kind

Object = dict[str, Any]

FIELD_MANAGER = "shadow-operator"
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"


class ClusterError(Exception):
    """The API server did not do what was asked. The message names the request, what was found and what was said."""


class NotFoundError(ClusterError):
    """There is no such object."""


class ConflictError(ClusterError):
    """Somebody else wrote the object first, or owns the field."""


class ForbiddenError(ClusterError):
    """The operator's role does not allow it."""


class InvalidError(ClusterError):
    """The API server refused the object's content."""


class UnavailableError(ClusterError):
    """The API server can't be reached, is overloaded, or failed."""


_ERRORS: Mapping[int, type[ClusterError]] = {
    401: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    400: InvalidError,
    415: InvalidError,
    422: InvalidError,
}


class Cluster:
    """One connection to one API server. Every call has a deadline."""

    def __init__(self, api: client.ApiClient, timeout_seconds: float) -> None:
        self._api = api
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    @classmethod
    async def connect(cls, timeout_seconds: float, kubeconfig: str | None = None) -> Self:
        """Connect with the pod's service account, or with a kubeconfig where one is named.

        Raises:
            UnavailableError: there is neither.

        """
        configuration = client.Configuration()
        try:
            if kubeconfig is None:
                config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call] # untyped library
            else:
                await config.load_kube_config(  # type: ignore[no-untyped-call] # untyped library
                    config_file=kubeconfig, client_configuration=configuration
                )
        except config.ConfigException as error:
            named = "no kubeconfig is named, and this is no pod" if kubeconfig is None else f"kubeconfig {kubeconfig}"
            raise UnavailableError(f"{named}: {error}") from error
        return cls(client.ApiClient(configuration), timeout_seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._api.close()  # type: ignore[no-untyped-call] # untyped library

    async def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """The object, or None where there is none."""
        try:
            return await self._request("GET", f"{_path(kind, namespace)}/{name}")
        except NotFoundError:
            return None

    async def list(self, kind: Kind, namespace: str, selector: str) -> list[Object]:
        """The objects whose labels match `selector`."""
        found = await self._request("GET", _path(kind, namespace), query={"labelSelector": selector})
        return list(found["items"])

    async def apply(self, kind: Kind, body: Object) -> Object:
        """Server-side apply with the operator's field manager, taking over fields that others changed by hand.

        A `metadata.resourceVersion` in the body makes it fail with ConflictError once somebody wrote in between.
        """
        metadata = body["metadata"]
        return await self._request(
            "PATCH",
            f"{_path(kind, metadata['namespace'])}/{metadata['name']}",
            query={"fieldManager": FIELD_MANAGER, "force": "true"},
            body={"apiVersion": kind.api_version, "kind": kind.name, **body},
            content_type=_APPLY,
        )

    async def apply_status(self, kind: Kind, namespace: str, name: str, status: Object, version: str) -> Object:
        """Replace the status, provided that the object is still the one that `version` was read from."""
        return await self._request(
            "PATCH",
            f"{_path(kind, namespace)}/{name}/status",
            query={"fieldManager": f"{FIELD_MANAGER}-status", "force": "true"},
            body={
                "apiVersion": kind.api_version,
                "kind": kind.name,
                "metadata": {"name": name, "namespace": namespace, "resourceVersion": version},
                "status": status,
            },
            content_type=_APPLY,
        )

    async def merge(self, kind: Kind, namespace: str, name: str, patch: Object) -> Object:
        """Merge a few fields into an object; None removes one (RFC 7386)."""
        return await self._request("PATCH", f"{_path(kind, namespace)}/{name}", body=patch, content_type=_MERGE)

    async def create(self, kind: Kind, namespace: str, body: Object) -> Object:
        """Create a new object."""
        return await self._request(
            "POST", _path(kind, namespace), body={"apiVersion": kind.api_version, "kind": kind.name, **body}
        )

    async def delete(self, kind: Kind, namespace: str, name: str) -> None:
        """Delete the object and what it owns; it is no error when there is none."""
        try:
            await self._request("DELETE", f"{_path(kind, namespace)}/{name}", body={"propagationPolicy": "Background"})
        except NotFoundError:
            return

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> Object:
        arguments = await self._api.param_serialize(
            method=method,
            resource_path=path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            response = await self._api.call_api(*arguments, _request_timeout=self._timeout)
            content = await response.read()  # type: ignore[no-untyped-call] # untyped library
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise UnavailableError(f"{method} {path}: the API server did not answer: {error!r}") from error
        if not 200 <= response.status < 300:
            reason = _reason(content)
            raise _error(response.status, reason)(f"{method} {path}: {response.status}: {reason}")
        return dict(json.loads(content))


def _path(kind: Kind, namespace: str) -> str:
    return f"{kind.root}/namespaces/{namespace}/{kind.plural}"


def _error(status: int, reason: str) -> type[ClusterError]:
    # An object that does not fit its type is answered with 500 by server-side apply, although it will never fit.
    if reason.startswith("failed to create typed patch object"):
        return InvalidError
    return _ERRORS.get(status, UnavailableError)


def _reason(content: bytes) -> str:
    try:
        return str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        return content[:500].decode(errors="replace")
