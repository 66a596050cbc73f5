"""The operator's own metrics over HTTP: for everybody, or for those who the API server says may read them."""

from aiohttp import web
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from shadow_operator.access import Access
from shadow_operator.cluster import ClusterError
from shadow_operator.door import bearer_token

PATH = "/metrics"


def exposition(access: Access | None) -> web.Application:
    """What a Prometheus scrapes; None asks nobody who they are."""

    async def answer(request: web.Request) -> web.Response:
        refusal = None if access is None else await _refusal(access, request)
        if refusal is not None:
            return refusal
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(REGISTRY), headers={"Content-Type": content_type})

    application = web.Application()
    application.router.add_get(PATH, answer)
    return application


async def _refusal(access: Access, request: web.Request) -> web.Response | None:
    try:
        user = await access.user_of(bearer_token(request))
        if user is None:
            return web.Response(status=401, text="there is no bearer token of anybody: name one in `authorization`\n")
        if not await access.may_read(user, PATH):
            return web.Response(status=403, text=f"{user.name} may not: it takes get on the nonResourceURL {PATH}\n")
    except ClusterError as error:
        return web.Response(status=503, text=f"{error}\n")
    return None
