"""What clears a configuration, in one sentence: what an account has to hold, and what a policy has to accept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from zdr_router.policy.grants import NAMED_SCOPES
from zdr_router.policy.policy import INHERENT
from zdr_router.registry import phrases
from zdr_router.registry.ladders import FLAGS
from zdr_router.registry.phrases import inside, listed, sentence

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from zdr_router.registry import Configuration
    from zdr_router.registry.facts import ExceptionClause, Flags

Kind = Literal["documents", "grant", "own", "not_now", "never"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether anything can clear a configuration on a day, and what it takes."""

    kind: Kind
    sentence: str


def verdict(configuration: Configuration, today: dt.date) -> Verdict:
    """What clearing asks of a configuration, from what is declared of it alone."""
    if reasons := _never(configuration):
        return Verdict("never", f"Never clears: {'; '.join(reasons)}.")
    attestation = configuration.attestation
    if attestation.expires is not None and today > attestation.expires:
        said = f"Refused since its attestation lapsed at the end of {attestation.expires}, until the evidence is read "
        return Verdict("not_now", f"{said}again. Otherwise it {_clears(configuration)}.")
    starts = max(attestation.observed, configuration.mechanism.effective_from or attestation.observed)
    if today < starts:
        return Verdict(
            "not_now", f"Refused until {starts}, when it begins to hold. From then on it {_clears(configuration)}."
        )
    return Verdict(_kind(configuration), sentence(_clears(configuration)))


def effective(configuration: Configuration, flag: str) -> tuple[str, tuple[str, ...]]:
    """The word of a flag over all legs, the worst of them, and the legs that are worse than the service itself."""
    own: str = getattr(configuration.flags, flag)
    legs = [(leg.leg, str(getattr(leg.flags, flag))) for leg in configuration.legs]
    worst = max([own, *(word for _, word in legs)], key=_BADNESS.__getitem__)
    return worst, tuple(leg for leg, word in legs if word != "no" and _BADNESS[word] > _BADNESS[own])


_BADNESS: Final = {"no": 0, "unknown": 1, "yes": 2}


def _never(configuration: Configuration) -> list[str]:
    reasons = [*_flags("it", configuration.flags)]
    for leg in configuration.legs:
        reasons += _flags(f"its {leg.leg} leg", leg.flags)
    cache, mechanism = configuration.cache, configuration.mechanism
    if cache.medium == "unknown" and not _switched_off(configuration):
        reasons.append("nobody knows where it caches prompts")
    by_itself = mechanism.kind in ("default", "self_operated")
    if mechanism.fail_mode == "open" or (mechanism.fail_mode != "closed" and not by_itself):
        reasons.append(f"content may leave without its mechanism (fail mode: {mechanism.fail_mode})")
    if mechanism.kind == "request_parameter" and not configuration.conditions.force:
        reasons.append("its mechanism is a request parameter, and none is forced")
    if not configuration.models:
        reasons.append("no model of it is declared")
    elif not any(_runs_somewhere_known(configuration, model.origin) for model in configuration.models):
        reasons.append("nobody attests where its models run")
    return reasons


def _flags(party: str, flags: Flags) -> Iterable[str]:
    if done := [phrases.FLAGS[flag].does for flag in FLAGS if getattr(flags, flag) == "yes"]:
        yield f"{party} {listed(done)}"
    if unknown := [phrases.FLAGS[flag].does for flag in FLAGS if getattr(flags, flag) == "unknown"]:
        yield f"it is unknown whether {party} {listed(unknown, 'or')}"


def _runs_somewhere_known(configuration: Configuration, origin: str) -> bool:
    upstream = any(leg.leg == "upstream" for leg in configuration.legs)
    return origin == "hosted" or (origin == "proxied" and upstream)


def _kind(configuration: Configuration) -> Kind:
    kind = configuration.mechanism.kind
    if kind == "self_operated":
        return "own"
    return "documents" if kind in ("default", "request_parameter") else "grant"


def _clears(configuration: Configuration) -> str:
    said = f"clears {_account(configuration)}"
    if accepts := _accepts(configuration):
        said += f", under a policy that {listed(accepts)}"
    if media := _on_media(configuration):
        said += f"; {media}"
    if _shared_cache(configuration):
        said += "; tenants whose policy keeps caches apart need an account each"
    return said


def _account(configuration: Configuration) -> str:
    mechanism = configuration.mechanism
    if mechanism.kind == "default":
        return "for any account, on what is published"
    if mechanism.kind == "request_parameter":
        return "for any account, on what is published, with the parameters below forced on each request"
    if mechanism.kind == "self_operated":
        engine = configuration.engine
        versions = f"{engine.name} {engine.versions}" if engine else "the server"
        return f"for an account whose grant states that you run {versions} as described below"
    scope = f", naming its {mechanism.scope}" if mechanism.scope in NAMED_SCOPES else ""
    return f"for an account that holds a grant ({inside(phrases.MECHANISMS[mechanism.kind].name)}{scope})"


def _accepts(configuration: Configuration) -> list[str]:
    """What every request to the configuration needs of the policy."""
    accepted = []
    if configuration.attestation.grade == "claimed" and _kind(configuration) == "documents":
        accepted.append("accepts the grade claimed")
    medium = configuration.cache.medium
    if medium != "none" and not _switched_off(configuration):
        accepted.append(f"accepts a prompt cache in {phrases.MEDIA[medium].place}")
    always = [clause for clause in configuration.exceptions if clause.when == "all"]
    triggers = list(dict.fromkeys(phrases.TRIGGERS[clause.trigger].name for clause in always))
    if triggers:
        accepted.append(f"tolerates {listed([inside(name) for name in triggers])}")
    if any(map(_read_by_people, always)):
        accepted.append("allows people to read what an exception keeps")
    return accepted


def _on_media(configuration: Configuration) -> str:
    """What requests that carry more than text need besides."""
    clauses = [clause for clause in configuration.exceptions if clause.when != "all"]
    by_trigger: dict[str, list[str]] = {}
    for clause in clauses:
        by_trigger.setdefault(inside(phrases.TRIGGERS[clause.trigger].name), []).append(clause.when)
    needs = [f"{trigger} tolerated for {listed(media)}" for trigger, media in by_trigger.items()]
    if any(_read_by_people(clause) for clause in clauses):
        needs.append("people allowed to read what is kept")
    return f"requests beyond text also need {listed(needs)}" if needs else ""


def _read_by_people(clause: ExceptionClause) -> bool:
    """Where reading is inherent in an exception, tolerating the one tolerates the other."""
    return clause.human_review != "no" and clause.trigger not in INHERENT


def _switched_off(configuration: Configuration) -> bool:
    cache = configuration.cache
    return cache.can_disable and cache.isolation is not None and bool(cache.isolation.off)


def _shared_cache(configuration: Configuration) -> bool:
    return configuration.cache.medium != "none" and configuration.cache.isolation is None
