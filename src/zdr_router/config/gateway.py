"""The section `gateway` of the operator's file, and what of it must not be."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from zdr_router.errors import ConfigError, Problem
from zdr_router.hosting import LOOPBACK_NAMES, Certificate, HopSettings, MetricsSettings, ServeSettings

if TYPE_CHECKING:
    from zdr_router.config.sections import Where
    from zdr_router.entries import GatewayEntry
    from zdr_router.sealed import Sealed

_PORTS: Final = 65535


def gateway(entry: GatewayEntry, where: Where, *, has_keys: bool) -> ServeSettings | None:
    """Where `zdr serve` listens and what it takes; None where the file does not say who may ask.

    Raises `ConfigError` for what would let strangers in, or show to others what is said.
    """
    is_open = entry.keys == "none"
    if not is_open and not has_keys:
        return None
    host, port, wrong = _place(entry.listen)
    wrong = wrong or _beyond_loopback(
        host, is_open=is_open, is_encrypted=entry.tls is not None, unsafe_cleartext=entry.unsafe_cleartext
    )
    if wrong is not None:
        raise where.error(("gateway", wrong.key), wrong.what, wrong.fix)
    key = None
    if entry.metrics_key is not None:
        key = where.secret(entry.metrics_key, ("gateway", "metrics_key"), "the key of /metrics")
    metrics = _metrics(entry, where, key)
    names = LOOPBACK_NAMES if is_open else None
    limits, tls = entry.limits, entry.tls
    return ServeSettings(
        host=host,
        port=port,
        is_open=is_open,
        certificate=None if tls is None else Certificate(where.base / tls.certificate, where.base / tls.key),
        unsafe_cleartext=entry.unsafe_cleartext,
        workers=entry.workers,
        head=limits.head,
        head_within=limits.head_within,
        write_within=limits.write_within,
        notice=entry.notice,
        drain=entry.drain,
        proxies=tuple(entry.proxies),
        page=entry.service if entry.page else None,
        mcp=entry.mcp,
        metrics=metrics,
        hop=HopSettings(
            body=limits.body,
            nesting=limits.nesting,
            body_within=limits.body_within,
            hosts=names if entry.hosts is None else frozenset(name.lower() for name in entry.hosts),
            origins=frozenset(origin.lower() for origin in entry.origins),
            models=entry.show_models,
            metrics_key=key if metrics is None else None,
            tls=tls is not None,
        ),
        source=where.line("gateway"),
    )


def _metrics(entry: GatewayEntry, where: Where, key: Sealed[str] | None) -> MetricsSettings | None:
    """Where the counts are, if that is an address of its own."""
    if entry.metrics is None:
        return None
    host, port, wrong = _place(entry.metrics)
    if wrong is None and key is None and not is_loopback(host):
        what = "without a key the counts are given on loopback only"
        wrong = _Wrong("metrics", what, "give a `metrics_key`, or listen on 127.0.0.1")
    wrong = wrong or _beyond_loopback(
        host, is_open=False, is_encrypted=entry.tls is not None, unsafe_cleartext=entry.unsafe_cleartext
    )
    if wrong is not None:
        raise where.error(("gateway", "metrics"), wrong.what, wrong.fix)
    return MetricsSettings(host, port, key)


def moved(settings: ServeSettings, listen: str) -> ServeSettings:
    """The same, listening at `listen` (HOST:PORT). Raises `ConfigError` where it must not."""
    host, port, wrong = _place(listen)
    wrong = wrong or _beyond_loopback(
        host,
        is_open=settings.is_open,
        is_encrypted=settings.certificate is not None,
        unsafe_cleartext=settings.unsafe_cleartext,
    )
    if wrong is None:
        return replace(settings, host=host, port=port)
    file, _, line = settings.source.rpartition(":")
    raise ConfigError(Problem(wrong.what, file=file, line=int(line), fix=wrong.fix))


class _Wrong(NamedTuple):
    """Which key of the section is wrong, how, and what to do."""

    key: str
    what: str
    fix: str


def _place(listen: str) -> tuple[str, int, _Wrong | None]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _PORTS:
        return "", 0, _Wrong("listen", "there is no such port", f"write it as HOST:PORT; ports end at {_PORTS}")
    return host.strip("[]"), int(port), None


def _beyond_loopback(host: str, *, is_open: bool, is_encrypted: bool, unsafe_cleartext: bool) -> _Wrong | None:
    """What speaks against listening at `host`, if others reach it."""
    if is_loopback(host):
        return None
    if is_open:
        what = "without keys it listens on loopback only"
        return _Wrong("keys", what, "leave `keys: none` out, or listen on 127.0.0.1")
    if not is_encrypted and not unsafe_cleartext:
        what = "it would listen in the clear, and beyond this machine"
        fix = "give `tls: {certificate: …, key: …}`, or say `unsafe_cleartext: true` where a proxy speaks TLS"
        return _Wrong("listen", what, fix)
    return None


def is_loopback(host: str) -> bool:
    """Whether nobody else's machine reaches what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
