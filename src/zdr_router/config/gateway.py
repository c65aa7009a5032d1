"""The section `gateway` of the operator's file, and what of it must not be."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from zdr_router.hosting import LOOPBACK_NAMES, Certificate, HopSettings, ServeSettings

if TYPE_CHECKING:
    from zdr_router.config.sections import Where
    from zdr_router.entries import GatewayEntry

_PORTS: Final = 65535


def gateway(entry: GatewayEntry, where: Where, *, has_keys: bool) -> ServeSettings | None:
    """Where `zdr serve` listens and what it takes; None where the file does not say who may ask.

    Raises `ConfigError` for what would let strangers in, or show to others what is said.
    """
    is_open = entry.keys == "none"
    if not is_open and not has_keys:
        return None
    host, _, port = entry.listen.rpartition(":")
    if int(port) > _PORTS:
        raise where.error(("gateway", "listen"), "there is no such port", f"ports end at {_PORTS}")
    _only_on_loopback(entry, where, host)
    metrics = entry.metrics_key
    place = ("gateway", "metrics_key")
    names = LOOPBACK_NAMES if is_open else None
    limits, tls = entry.limits, entry.tls
    return ServeSettings(
        host=host.strip("[]"),
        port=int(port),
        is_open=is_open,
        certificate=None if tls is None else Certificate(where.base / tls.certificate, where.base / tls.key),
        workers=entry.workers,
        head=limits.head,
        head_within=limits.head_within,
        write_within=limits.write_within,
        notice=entry.notice,
        drain=entry.drain,
        proxies=tuple(entry.proxies),
        page=entry.service if entry.page else None,
        hop=HopSettings(
            body=limits.body,
            nesting=limits.nesting,
            body_within=limits.body_within,
            hosts=names if entry.hosts is None else frozenset(name.lower() for name in entry.hosts),
            models=entry.show_models,
            metrics_key=None if metrics is None else where.secret(metrics, place, "the key of /metrics"),
            tls=tls is not None,
        ),
        source=where.line("gateway"),
    )


def _only_on_loopback(entry: GatewayEntry, where: Where, host: str) -> None:
    if is_loopback(host):
        return
    if entry.keys == "none":
        what = "without keys it listens on loopback only"
        raise where.error(("gateway", "keys"), what, "leave `keys: none` out, or listen on 127.0.0.1")
    if entry.tls is None and not entry.unsafe_cleartext:
        what = "it would listen in the clear, and beyond this machine"
        fix = "give `tls: {certificate: …, key: …}`, or say `unsafe_cleartext: true` where a proxy speaks TLS"
        raise where.error(("gateway", "listen"), what, fix)


def is_loopback(host: str) -> bool:
    """Whether nobody else's machine reaches what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
