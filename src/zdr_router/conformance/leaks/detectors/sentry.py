"""Errors as sentry-sdk sends them: its own client, with the names of all frames, and nothing leaves."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.leaks.detectors.base import Kept, Off

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sentry_sdk.envelope import Envelope

    from zdr_router.conformance.leaks.detectors.base import Search
    from zdr_router.conformance.leaks.detectors.errors import Errors

_NOWHERE: Final = "http://nobody@127.0.0.1:9/0"


class Sentry:
    """What an error tracker would be sent of each error."""

    name: Final = "sentry"

    def __init__(self, errors: Errors) -> None:
        """`errors` is where they come from."""
        self._errors = errors

    @contextlib.contextmanager
    def watch(self) -> Iterator[Search]:
        """A client of this detector's own: one that the process has goes on as before. Raises `Off` without the SDK."""
        kept = Kept()
        send = _client(kept)
        with self._errors.heard(send):
            yield kept.search


def _client(kept: Kept) -> Callable[[str, BaseException], None]:
    try:
        return _made(kept)
    except ImportError:
        pass
    raise Off("sentry-sdk is not installed: pip install sentry-sdk")


def _made(kept: Kept) -> Callable[[str, BaseException], None]:
    import sentry_sdk  # noqa: PLC0415 - optional
    from sentry_sdk.transport import Transport  # noqa: PLC0415 - optional
    from sentry_sdk.utils import event_from_exception  # noqa: PLC0415 - optional

    class Keeping(Transport):
        """Keeps what would be sent."""

        where = ""

        def capture_envelope(self, envelope: Envelope) -> None:
            kept.add(self.where, envelope.serialize())

    transport = Keeping()
    client = sentry_sdk.Client(
        dsn=_NOWHERE,
        transport=transport,
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=True,
        include_source_context=True,
    )

    def send(where: str, error: BaseException) -> None:
        transport.where = f"{type(error).__name__} {where}"
        event, hint = event_from_exception(error, client_options=client.options)
        client.capture_event(event, hint)

    return send
