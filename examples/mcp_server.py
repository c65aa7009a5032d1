"""A tool in an MCP server of your own. It opens the router with the server and refuses what policy refuses."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mcp.server import MCPServer

from zdr_router import AsyncRouter, Explanation, Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Tools:
    """The tools, with the router that they share. A failure is told in words that hold none of the prompt."""

    router: AsyncRouter

    @asynccontextmanager
    async def opened(self, _server: MCPServer[None]) -> AsyncIterator[None]:
        """The router lives as long as the server does."""
        async with AsyncRouter.from_config("zdr.yaml") as self.router:
            yield

    async def ask(self, prompt: str, route: str = "assistant", max_tokens: int = 64) -> str:
        """Ask a language model that keeps nothing of the question."""
        messages = [{"role": "user", "content": prompt}]
        try:
            answer = await self.router.chat(model=route, messages=messages, max_tokens=max_tokens)
        except Refused as refused:
            return "refused: " + "; ".join(f"{each.id} {each.sentence}" for each in refused.refusals)
        return answer.text

    async def explain_route(self, route: str) -> list[str]:
        """Say which configurations would serve a route now, in order."""
        explanation: Explanation = self.router.explain(model=route)
        return [planned.configuration for planned in explanation.planned]


def server() -> MCPServer[None]:
    """An MCP server with two tools."""
    tools = Tools()
    mcp: MCPServer[None] = MCPServer("zdr-router example", lifespan=tools.opened)
    mcp.tool()(tools.ask)
    mcp.tool()(tools.explain_route)
    return mcp


if __name__ == "__main__":
    server().run()
