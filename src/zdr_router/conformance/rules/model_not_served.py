"""A target names a model that its configuration does not serve.

The model is not listed there, or is excluded, so this target never serves (ZDR501 or ZDR502), and the route is one
target shorter than it looks. Error.

Name a model that `zdr registry show CONFIGURATION` lists, or use the configuration that covers this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR928"


class ModelNotServed:
    """Every target's model is one of its configuration's."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each target that can never serve."""
        operator = subject.operator
        if operator is None:
            return
        for name, route in operator.deployment.routes.items():
            for index, target in enumerate(route.targets):
                if target.declared is not None and target.excluded is None:
                    continue
                served = target.configuration.id
                sentence = f"{target.id}: {served} does not serve this model"
                if target.excluded is not None:
                    sentence = f"{target.id}: {served} excludes this model ({target.excluded})"
                fix = f"name a model that zdr registry show {served} lists"
                place = operator.where("routes", name, "targets", index)
                yield Finding(ID, "error", f"route {name}", sentence, fix, place)


RULE = ModelNotServed()
