"""A forced parameter does not exist at an endpoint.

What is forced is set on every request, so an endpoint that has no such parameter is sent something that it does not
know: it answers with an error, or ignores it and keeps what it should not. Error.

Split the configuration: one for the endpoints that have the parameter, one for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.places import bodies, reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR942"


class ForceWithoutParameter:
    """A forced parameter exists at every endpoint."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each forced parameter that an endpoint lacks."""
        for configuration in subject.configurations:
            for index, force in enumerate(configuration.conditions.force):
                without = [name for name, body in bodies(configuration).items() if not reach([body], force.set).shapes]
                if without:
                    sentence = f"{force.set} is forced, and {', '.join(without)} has no such parameter"
                    place = subject.where(configuration, f"conditions.force.{index}")
                    fix = "split the configuration by endpoint, or correct the spelling"
                    yield Finding(ID, "error", configuration.id, sentence, fix, place)


RULE = ForceWithoutParameter()
