"""Decides whom this process contacted: the interpreter reports every connection and every name looked up."""

from __future__ import annotations

import sys
from typing import Self

from zdr_router.registry.hosts import is_loopback

_CONNECT, _LOOK_UP = "socket.connect", "socket.getaddrinfo"


class Contacts:
    """Watches the sockets of this process while its block is open.

    An audit hook cannot be taken away again; it stays behind and does nothing. So this is for a command that
    ends, not for a library. It sees nothing of other processes.
    """

    def __init__(self) -> None:
        self._watching = False
        self.hosts: list[str] = []

    def __enter__(self) -> Self:
        """Start to watch."""
        self._watching = True
        sys.addaudithook(self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop watching; `hosts` stays."""
        self._watching = False

    @property
    def beyond(self) -> tuple[str, ...]:
        """The hosts outside this machine, each once."""
        return tuple(dict.fromkeys(host for host in self.hosts if not is_loopback(host)))

    def _heard(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._watching or event not in (_CONNECT, _LOOK_UP):
            return
        address = arguments[1] if event == _CONNECT else arguments[0]
        # The address of a Unix socket is a path, and so is no tuple; it does not leave the machine either.
        host = address[0] if isinstance(address, tuple) else address
        if event == _CONNECT and not isinstance(address, tuple):
            return
        self.hosts.append(host.decode() if isinstance(host, bytes) else str(host))
