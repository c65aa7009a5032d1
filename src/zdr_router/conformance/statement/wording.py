"""One sentence for each fact, for customers. A sentence never says more than the fact that it is made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from zdr_router.registry import phrases
from zdr_router.registry.ladders import FLAGS
from zdr_router.registry.phrases import listed, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.conformance.statement.facts import Caching, Service
    from zdr_router.registry.facts import ExceptionClause, Flags, Leg, MechanismKind
    from zdr_router.registry.vocabulary.features import Feature

OURSELVES: Final = "ourselves"

_UNITS: Final = {"s": "second", "m": "minute", "h": "hour", "d": "day"}

_LEGS: Final[Mapping[str, str]] = {
    "gateway": "the gateway on the way",
    "upstream": "the company that runs the model",
    "tools": "the company that runs the tools",
}
_STATED: Final[Mapping[str, str]] = {
    "org_setting": "We state that ours has it",
    "project_setting": "We state that ours has it",
    "contract": "We state that we have one",
    "gateway_agreement": "We state that we have one",
    "self_operated": "We run it ourselves, and state that its version and settings are such",
    "enclave": "We state that ours does",
}
"""What the operator's grant adds to how a mechanism holds."""


def on_the_routine_path(flags: Flags) -> str:
    """What does not happen as a rule. Only what is `no` is said."""
    said = [phrases.FLAGS[name].undone for name in FLAGS if getattr(flags, name) == "no"]
    return sentence(f"As a rule {listed(said)}") if said else "Nothing is known of what happens as a rule."


def basis(service: Service) -> str:
    """Who says so: somebody's list, the provider's own pages, and, where it takes one, the operator's statement."""
    attestation, kind = service.configuration.attestation, service.configuration.mechanism.kind
    claimed = attestation.grade == "claimed"
    read = f"read on {attestation.observed}"
    if service.configuration.self_operated:
        source = f"The documentation and source of the software say so ({read})."
    elif claimed:
        source = f"A list that somebody else keeps claims so; not everybody's own documents were read ({read})."
    else:
        source = f"The provider documents it on its own pages ({read})."
    return f"{source} {_obtained(service, kind)}"


def _obtained(service: Service, kind: MechanismKind) -> str:
    holds = phrases.MECHANISMS[kind].says
    if kind not in _STATED:
        return holds
    days = f", from {service.window.since} to {service.window.until}" if service.window else ""
    return f"{holds} {_STATED[kind]}{days}."


def grades(service: Service) -> str:
    """How strong the basis is. An arrangement of the operator's own makes nothing stronger that others published."""
    published = service.configuration.attestation.grade
    if service.grade == published:
        return published
    return f"{published} for what is published, {service.grade} for what we arranged"


def caching(cached: Caching) -> str:
    """What is kept of a prompt to speed up the next, for how long, and whether customers are kept apart."""
    if cached.medium == "none":
        return phrases.CACHES_NOTHING
    if cached.off:
        return "Prompts could be cached there; every request that we send switches that off."
    ttl = f"up to {_span(cached.ttl)}" if cached.ttl else "a time that is not stated"
    text = f"{phrases.STAYS} {phrases.MEDIA[cached.medium].place} for {ttl}."
    if cached.apart is None:
        return text
    kept = (
        "We keep one customer's parts apart from another's." if cached.apart else "Customers are not kept apart in it."
    )
    return f"{text} {kept}"


def exception(clause: ExceptionClause) -> str:
    """What may happen to content on a trigger, for how long, and whether people may read it."""
    limit = f"for up to {_span(clause.max)}" if clause.max else "for a time that is not stated"
    only = "" if clause.when == "all" else f" ({phrases.WHEN[clause.when]} only)"
    cause, review = phrases.TRIGGERS[clause.trigger].if_, phrases.REVIEW[clause.human_review]
    return f"If {cause}{only}, the content may be kept {limit}; {review}."


def unsent(clause: ExceptionClause) -> str:
    """That a kind of request is not sent there, since it could set an exception off."""
    return sentence(f"{phrases.WHEN[clause.when]} are not sent there")


def permitted(feature: Feature) -> str:
    """What a request may use that goes beyond an answer, and that the configuration covers."""
    name = feature.id.replace("_", " ")
    if feature.effect == "retention":
        return f"{sentence(name)[:-1]}: other services keep something for it; on the basis below, this one does not."
    return f"{sentence(name)[:-1]}: {feature.says[:1].lower()}{feature.says[1:]}"


def leg(party: Leg) -> str:
    """A further party, and what is said of it."""
    who = _plain(party.operator) if party.operator else "not named"
    inner = on_the_routine_path(party.flags)
    return f"Also involved is {_LEGS[party.leg]}: {who}. Of it is said as well: {inner[:1].lower()}{inner[1:]}"


def operator(service: Service) -> str:
    """Whom content goes to."""
    if service.configuration.self_operated:
        return OURSELVES
    country = service.provider.country
    where = "country not stated" if country == "unknown" else country
    return f"{_plain(service.provider.legal_entity)} ({where})"


def regions(service: Service) -> str:
    """Where content is processed."""
    if service.configuration.self_operated:
        places = ["on our own premises" if each == "on_premises" else each for each in service.regions]
        return listed(places) or "not stated"
    return listed(service.regions) or "not stated"


def retention(service: Service) -> str:
    """For how long content is kept: not beyond the request as a rule, otherwise as the exceptions and caches say."""
    return "not beyond the request, except as said below" if keeps_longer(service) else "not beyond the request"


def keeps_longer(service: Service) -> bool:
    """Whether anything may outlast a request: by an exception, a cache, or what a request may use."""
    cached = service.caching.medium != "none" and not service.caching.off
    reaching = any(feature.effect != "retention" for feature in service.features)
    return cached or reaching or bool(service.exceptions)


def _span(text: str) -> str:
    """A time in words: the registry says `24h`, or already in words what has no such form."""
    match = re.fullmatch(r"([0-9]+)([smhd])", text)
    if match is None:
        return _plain(text)
    return f"{match[1]} {_UNITS[match[2]]}{'' if match[1] == '1' else 's'}"


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())
