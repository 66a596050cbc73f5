"""The Kubernetes port: the only module that talks to the API server.

Objects are plain dictionaries: the client's typed models drop the fields that a newer server adds.
"""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from kubernetes.aio import client, config

from shadow_operator.core.kinds import Kind

Object = dict[str, Any]
# A request as the client takes it: method, address, headers, body, form.
_Serialized = tuple[str, str, dict[str, str], Any, list[Any]]

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


class NotLeadingError(ClusterError):
    """Nothing was sent: this process does not lead, so another one may."""


_ERRORS: Mapping[int, type[ClusterError]] = {
    401: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    400: InvalidError,
    415: InvalidError,
    422: InvalidError,
}


class RightToWrite(Protocol):
    """What has to hold while something is written."""

    def writing(self) -> AbstractContextManager[float]:
        """One write, which has to end within the seconds that are handed out.

        Raises:
            NotLeadingError: the right does not hold now.

        """
        ...


class Cluster:
    """One connection to one API server. Every call has a deadline.

    Args:
        api: the client.
        timeout_seconds: the deadline of a call.
        right_to_write: asked before each write, which has to end before the right does; None to write always. Reading
            needs no right.

    """

    def __init__(
        self, api: client.ApiClient, timeout_seconds: float, right_to_write: RightToWrite | None = None
    ) -> None:
        self._api = api
        self._timeout_seconds = timeout_seconds
        self._right_to_write = right_to_write

    @classmethod
    async def connect(
        cls, timeout_seconds: float, kubeconfig: str | None = None, right_to_write: RightToWrite | None = None
    ) -> Self:
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
        # Asked for each request, as the library does, netrc and environment are read in threads that requests wait for.
        configuration.client_session_kwargs = {"trust_env": False}
        configuration.proxy = configuration.proxy or _proxy_to(configuration.host)
        return cls(client.ApiClient(configuration), timeout_seconds, right_to_write)

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

    async def list(self, kind: Kind, namespace: str | None, selector: str) -> list[Object]:
        """The objects whose labels match `selector`; without a namespace those of all."""
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

    async def create(self, kind: Kind, namespace: str | None, body: Object) -> Object:
        """Create a new object; without a namespace one of a kind that belongs to none."""
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
            status, content = await self._answer(method, arguments)
        except NotLeadingError as error:
            raise NotLeadingError(f"{method} {path} was not sent: {error}") from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise UnavailableError(f"{method} {path}: the API server did not answer: {error!r}") from error
        if not 200 <= status < 300:
            reason = _reason(content)
            raise _error(status, reason)(f"{method} {path}: {status}: {reason}")
        return dict(json.loads(content))

    async def _answer(self, method: str, arguments: _Serialized) -> tuple[int, bytes]:
        if method == "GET" or self._right_to_write is None:
            return await self._send(arguments, self._timeout_seconds)
        # Asked as late as can be. A write that is under way when the right ends would be one of a deposed leader.
        with self._right_to_write.writing() as seconds:
            return await self._send(arguments, min(self._timeout_seconds, seconds))

    async def _send(self, arguments: _Serialized, seconds: float) -> tuple[int, bytes]:
        response = await self._api.call_api(*arguments, _request_timeout=aiohttp.ClientTimeout(total=seconds))
        content = await response.read()  # type: ignore[no-untyped-call] # untyped library
        return int(response.status), bytes(content)


def _proxy_to(address: str) -> str | None:
    """The proxy that the environment names for the API server, None where it is asked directly."""
    parts = urlsplit(address)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


def _path(kind: Kind, namespace: str | None) -> str:
    return f"{kind.root}/{kind.plural}" if namespace is None else f"{kind.root}/namespaces/{namespace}/{kind.plural}"


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
