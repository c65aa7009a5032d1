"""What lapses soon, and what there is to read again: attestations, grants, and the routes that rest on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from zdr_router.conformance.clearable import explained
from zdr_router.conformance.grants import granted
from zdr_router.policy.calendar import end_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject
    from zdr_router.registry import Configuration
    from zdr_router.registry.facts import Evidence


@dataclass(frozen=True, slots=True)
class Lapse:
    """Something that holds until `until` (seconds since the epoch), and what to do before that.

    `evidence` is what has to be read again: of an attestation its sources, of anything else nothing.
    """

    until: float
    kind: Literal["attestation", "grant", "route"]
    subject: str
    sentence: str
    fix: str
    where: str
    evidence: tuple[Evidence, ...] = ()


def lapses(subject: Subject, within: float) -> tuple[Lapse, ...]:
    """Whatever lapses within so many seconds, or did already; the soonest first."""
    found = [*_attestations(subject), *_grants(subject), *_routes(subject)]
    soon = (each for each in found if each.until < subject.now + within)
    return tuple(sorted(soon, key=lambda each: (each.until, each.kind, each.subject)))


def _attestations(subject: Subject) -> Iterator[Lapse]:
    for configuration in subject.configurations:
        attestation = configuration.attestation
        if attestation.expires is None:
            continue
        until, sentence, fact = end_of(attestation.expires), f"expires after {attestation.expires}", "expires"
        age = _accepted_age(subject)
        if age is not None and (too_old := end_of(attestation.observed) + age) < until:
            until, fact = too_old, "observed"
            sentence = f"was read on {attestation.observed}, and becomes older than the policy accepts"
        place = subject.where(configuration, f"attestation.{fact}")
        yield Lapse(
            until,
            "attestation",
            configuration.id,
            sentence,
            _renewal(configuration),
            place,
            tuple(attestation.evidence),
        )


def _renewal(configuration: Configuration) -> str:
    return f"read its evidence again, then zdr registry renew {configuration.id} --reviewed-by …"


def _accepted_age(subject: Subject) -> float | None:
    """The shortest age that the policy of the operator or of any tenant accepts."""
    if subject.operator is None:
        return None
    ages = (policy.max_attestation_age for policy in subject.operator.deployment.policies.values())
    return min((age for age in ages if age is not None), default=None)


def _grants(subject: Subject) -> Iterator[Lapse]:
    for operator, name, grant in granted(subject.operator):
        sentence = f"counts to the end of {grant.until}"
        fix = f"state it anew: zdr grant {name} -c {operator.document.file}"
        yield Lapse(
            end_of(grant.until),
            "grant",
            f"account {name}",
            sentence,
            fix,
            operator.where("accounts", name, "grant", "until"),
        )


def _routes(subject: Subject) -> Iterator[Lapse]:
    for name, explanations in explained(subject):
        if subject.operator is None:
            continue
        until = max((each.until for one in explanations for each in one.planned), default=subject.now)
        sentence = "no target of it may serve" if until <= subject.now else "then no target of it may serve"
        fix = f"see what lapses: zdr explain {name} -c {subject.operator.document.file}"
        yield Lapse(until, "route", f"route {name}", sentence, fix, subject.operator.where("routes", name))
