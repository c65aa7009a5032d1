"""An OpenAI-compatible endpoint inside a service of your own, in one file.

Each key belongs to a tenant. The body goes to the router as it came: what it may contain is policy's to decide.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from zdr_router import AsyncRouter, Exhausted, InvalidRequest, Refused, RouterError, StreamBroken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROUTER = web.AppKey("router", AsyncRouter)
TENANTS = {"key-of-acme": "acme", "key-of-globex": "globex"}  # yours come from where you keep your keys, hashed
OURS = frozenset({"tenant", "customer", "policy", "timeout"})  # what the host says, never a caller


def error(status: int, code: str, message: str, **more: object) -> web.Response:
    """OpenAI's error envelope. The router has tried what could be tried, so clients should not try again."""
    body = {"error": {"message": message, "type": code, "code": code, "param": None, **more}}
    return web.json_response(body, status=status, headers={"x-should-retry": "false"})


def failed(fault: RouterError) -> web.Response:
    """The right status for each way a request can fail; a refusal shows its public form only."""
    if isinstance(fault, Refused):
        reasons = [refusal.public() for refusal in fault.refusals]
        return error(403, "zdr_refused", "no target may serve this request", reasons=reasons)
    if isinstance(fault, InvalidRequest):
        return error(fault.status, "invalid_request_error", str(fault), param=fault.param)
    if isinstance(fault, Exhausted):
        return error(fault.metadata.status, "upstream_error", "no target answered")
    return error(500, "server_error", "the request could not be served")


async def chat(request: web.Request) -> web.StreamResponse:
    """POST /v1/chat/completions, streamed or not."""
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    tenant = TENANTS.get(key)
    if tenant is None:
        return error(401, "invalid_api_key", "the API key is not known")
    try:
        body = json.loads(await request.read())
    except ValueError:
        return error(400, "invalid_request_error", "the body is not JSON")
    if not isinstance(body, dict) or not OURS.isdisjoint(body):
        return error(400, "invalid_request_error", "the body is not a chat completion request")
    streams = body.get("stream") is True
    if streams:
        del body["stream"]
    given = {"model": None, "messages": None, **body, "tenant": tenant}
    router = request.app[ROUTER]
    try:
        if streams:
            return await stream(router, request, given)
        answer = await router.chat(**given)
    except RouterError as fault:
        return failed(fault)
    return web.json_response(answer.body, headers={"x-request-id": answer.metadata.request_id})


async def stream(router: AsyncRouter, request: web.Request, given: dict[str, Any]) -> web.StreamResponse:
    """Server-sent events. Until the first content a failure has a status of its own; after it, it is told in band."""
    async with router.stream_chat(**given) as chunks:
        response = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-store"})
        await response.prepare(request)
        try:
            async for chunk in chunks:
                await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            await response.write(b"data: [DONE]\n\n")
        except StreamBroken:
            await response.write(b'data: {"error": {"message": "the stream broke", "code": "stream_broken"}}\n\n')
        return response


async def opened(app: web.Application) -> AsyncIterator[None]:
    """Open the router with the service, and close it with it."""
    async with AsyncRouter.from_config("zdr.yaml") as router:
        app[ROUTER] = router
        yield


def application() -> web.Application:
    """The service: one endpoint, and no access log."""
    app = web.Application()
    app.cleanup_ctx.append(opened)
    app.router.add_post("/v1/chat/completions", chat)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=8000, access_log=None)
