"""What one deployment sends with, opened and closed together: connections, codecs, signers, and looks at its targets.

At a reload another one takes its place. From then on nothing that has not left yet leaves through the old one; what is
under way there comes to its end, and then it is closed.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from zdr_router.credentials.signers import Signers
from zdr_router.driver.attempt import Sender
from zdr_router.driver.codecs import load_codecs
from zdr_router.driver.looking import Looker
from zdr_router.driver.probing import Prober, Surroundings
from zdr_router.driver.signing import fetch_over
from zdr_router.driver.timely import TimelyTrust

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from zdr_router.deployment import Deployment
    from zdr_router.dialects.base import Head
    from zdr_router.driver.ended import Ended
    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.trust import Trust
    from zdr_router.state.trust import TrustState
    from zdr_router.transport.aiohttp import AiohttpTransport
    from zdr_router.transport.settings import TransportSettings


class Running:
    """One deployment at work: `start` opens it, `close` ends it. Attempts go through `ask`, or `enter` and `leave`."""

    def __init__(self, sender: Sender, trust: TrustInForce, lines: _Lines, stack: AsyncExitStack) -> None:
        """Take over what was opened; `start` makes one."""
        self.sender = sender
        self._trust = trust
        self._lines = lines
        self._stack = stack
        self._looking = AsyncExitStack()
        self._users = 0
        self._unused = asyncio.Event()

    @classmethod
    async def start(
        cls,
        deployment: Deployment,
        stores: Surroundings,
        *,
        clock: Callable[[], float],
        random: Callable[[], float],
        before: Running | None = None,
    ) -> Self:
        """Open what `deployment` needs; connections of the one `before` are kept if the settings are the same.

        Raises `ConfigError` with nothing left open. Arguments as for `Prober`.
        """
        codecs = await load_codecs({each.configuration.dialect: each.account_source for each in deployment.targets})
        trust = TrustInForce(stores.trust, TimelyTrust(stores.trust, stores.clearing, clock))
        async with AsyncExitStack() as opening:
            lines = await _lines(deployment.transport, None if before is None else before._lines)  # noqa: SLF001 - its own
            await opening.enter_async_context(lines)
            # In a thread: the libraries of clouds take seconds to load.
            signers = await asyncio.to_thread(Signers, deployment.targets, fetch_over(lines.transport), clock)
            await opening.enter_async_context(signers)
            sender = Sender(lines.transport, trust, clock, signers.by_account, codecs)
            made = cls(sender, trust, lines, opening.pop_all())
        looker = Looker(lines.transport, sender, trust, clock, signers.by_account)
        prober = Prober(deployment, stores._replace(trust=trust), looker, clock=clock, random=random)
        await made._looking.enter_async_context(prober)
        return made

    async def ask(self, clearance: Clearance, head: Head, deadline: float) -> Ended:
        """One whole answer from the cleared target."""
        self.enter()
        try:
            return await self.sender.ask(clearance, head, deadline)
        finally:
            self.leave()

    def enter(self) -> None:
        """Somebody uses it, and it is not closed before as many have left."""
        self._users += 1

    def leave(self) -> None:
        """Somebody uses it no longer."""
        self._users -= 1
        if not self._users and not self._trust.in_force:
            self._unused.set()

    def retire(self) -> None:
        """Another one is in force: no look, no token and no attempt that has not left yet leaves through this one."""
        self._trust.in_force = False

    def hasten(self) -> None:
        """Wait no longer for those who use it."""
        self._unused.set()

    async def close(self, patience: float = 0.0) -> None:
        """Close everything once nobody uses it any more, or after `patience` seconds."""
        self.retire()
        try:
            await self._looking.aclose()
            if self._users:
                with suppress(TimeoutError):
                    async with asyncio.timeout(patience):
                        await self._unused.wait()
        finally:
            await self._stack.aclose()


class TrustInForce:
    """The trust state as a deployment in force sees it. Once that is replaced nothing is known, which clears nothing.

    So an attempt that waits for a token, or for what a target has to show first, is not sent under the old state: it
    ends as one whose clearance has lapsed, and is made again under the new one.
    """

    def __init__(self, trust: TrustState, timely: TimelyTrust) -> None:
        self._trust = trust
        self._timely = timely
        self.in_force = True

    def read(self) -> Trust | None:
        """What is known now, as long as this deployment is in force."""
        return self._timely.read() if self.in_force else None

    def revoke(self, subject: str, why: str) -> None:
        """As the trust state."""
        self._trust.revoke(subject, why)

    def contradict(self, subject: str, why: str) -> None:
        """As the trust state."""
        self._trust.contradict(subject, why)

    def release(self, subject: str, why: str) -> None:
        """As the trust state."""
        self._trust.release(subject, why)


class _Lines:
    """Connections that deployments with the same settings share. The last one to leave closes them."""

    def __init__(self, transport: AiohttpTransport, terms: tuple[TransportSettings, bytes]) -> None:
        self.transport = transport
        self.terms = terms
        self._sharers = 0

    async def __aenter__(self) -> Self:
        if not self._sharers:
            await self.transport.__aenter__()
        self._sharers += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sharers -= 1
        if not self._sharers:
            await self.transport.__aexit__(None, None, None)


async def _lines(settings: TransportSettings, before: _Lines | None) -> _Lines:
    """Those that there are, if they were made with these settings and these certificates; else new ones."""

    def make() -> _Lines:
        # aiohttp is loaded here, so that `import zdr_router` stays light.
        from zdr_router.transport.aiohttp import AiohttpTransport  # noqa: PLC0415

        terms = settings, _certificates(settings)
        return before if before and before.terms == terms else _Lines(AiohttpTransport(settings), terms)

    return await asyncio.to_thread(make)


def _certificates(settings: TransportSettings) -> bytes:
    """What tells the trust store from another one under the same name. One that cannot be read is told of elsewhere."""
    with suppress(OSError):
        if settings.ca_file is not None:
            return hashlib.sha256(Path(settings.ca_file).read_bytes()).digest()
    return b""
