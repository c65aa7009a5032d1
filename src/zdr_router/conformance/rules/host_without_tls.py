"""A host is reached without TLS.

`private_network: true` lets http leave the machine, so whoever can listen on that network reads prompts and answers.
Loopback is no matter. Error where somebody else runs the server, warning where the operator does.

Use https, and leave `private_network` out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.registry.hosts import in_the_clear

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.findings import Level
    from zdr_router.conformance.subject import Subject

ID = "ZDR915"


class HostWithoutTls:
    """Every attested host beyond loopback is https."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each host that is not."""
        for configuration in subject.configurations:
            level: Level = "warning" if configuration.self_operated else "error"
            for index, host in enumerate(configuration.hosts):
                if in_the_clear(host):
                    sentence = f"content travels to {host} in the clear"
                    place = subject.where(configuration, f"hosts.{index}")
                    fix = "use https, and leave `private_network` out"
                    yield Finding(ID, level, configuration.id, sentence, fix, place)


RULE = HostWithoutTls()
