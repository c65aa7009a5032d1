"""What the server shows its callers: a certificate from files, read again when they change."""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING, Final

from zdr_router.errors import ConfigError, Problem

if TYPE_CHECKING:
    from zdr_router.hosting import Certificate

log = logging.getLogger("zdr_router")

LOOK: Final = 2.0
"""Seconds between two looks at the files."""


def context_of(certificate: Certificate) -> ssl.SSLContext:
    """TLS 1.2 or newer, with this certificate. Raises `ConfigError` where it cannot be read.

    Made by hand: what `ssl.create_default_context` makes obeys SSLKEYLOGFILE.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load(context, certificate)
    return context


def load(context: ssl.SSLContext, certificate: Certificate) -> None:
    """Show `certificate` from the next connection on. Raises `ConfigError` where it cannot be read."""
    try:
        context.load_cert_chain(certificate.chain, certificate.key, password=_nobody_is_asked)
    except ssl.SSLError:
        why = "they are not a certificate and its private key in PEM, without a password"
    except OSError as error:
        why = f"they cannot be read: {error.strerror or type(error).__name__}"
    else:
        return
    fix = f"mend it, or its key {certificate.key}"
    raise ConfigError(Problem(f"the server cannot use its certificate: {why}", file=str(certificate.chain), fix=fix))


def _nobody_is_asked() -> str:
    """A key with a password would be asked for on the terminal."""
    return ""


async def follow(context: ssl.SSLContext, certificate: Certificate, *, every: float = LOOK) -> None:
    """For as long as it runs: load the files again once they change. What cannot be loaded leaves the old one shown."""
    known = _seen(certificate)
    while True:
        await asyncio.sleep(every)
        seen = _seen(certificate)
        if seen == known:
            continue
        known = seen
        try:
            context_of(certificate)  # a chain that does not fit its key must not get into the one in use
            load(context, certificate)
        except ConfigError as error:
            log.error("certificate not reloaded, the old one stays in use why=%s", error.problems[0].what)  # noqa: TRY400 - no traceback
        else:
            log.warning("certificate reloaded")


def _seen(certificate: Certificate) -> tuple[tuple[int, int, int] | None, ...]:
    found: list[tuple[int, int, int] | None] = []
    for path in (certificate.chain, certificate.key):
        try:
            status = path.stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
