"""The half of clearing that no request changes: what holds of a target under a policy, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zdr_router.policy.accounts import attested_host
from zdr_router.policy.calendar import Horizon, end_of, start_of
from zdr_router.policy.capabilities import closed_features, lacking_features
from zdr_router.policy.conditions import Forced
from zdr_router.policy.findings import Findings
from zdr_router.policy.grants import judge_grant
from zdr_router.policy.identifiers import withheld
from zdr_router.policy.policy import INHERENT, Policy
from zdr_router.policy.target import Target, engine_outside
from zdr_router.policy.trust import Trust, subjects
from zdr_router.registry.hosts import check_base_url
from zdr_router.registry.ladders import FLAGS, GRADES, MEDIA, Grade
from zdr_router.registry.vocabulary.dialects import DIALECTS

if TYPE_CHECKING:
    from zdr_router.metadata import Refusal
    from zdr_router.registry.facts import ExceptionClause


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds of `target` under `policy`, from `at` to `until`, at trust epoch `epoch`.

    `forced` is set on every request, `salted` names the cache parameter that keeps tenants apart, and
    `on_media` are the exceptions that only some requests can set off and that the policy does not tolerate.
    `grade` is how strong its basis is, grant included.
    `closed` are the features that the configuration does not attest or the policy withholds, `lacking` those that the
    model cannot serve, `router_sets` the parameters that a caller may at most repeat.
    """

    target: Target
    policy: Policy
    at: float
    until: float
    epoch: int
    refusals: tuple[Refusal, ...]
    forced: tuple[Forced, ...]
    salted: str | None
    on_media: tuple[tuple[str, Refusal], ...]
    closed: frozenset[str]
    lacking: frozenset[str]
    router_sets: frozenset[str]
    grade: Grade

    def holds(self, now: float, epoch: int) -> bool:
        """Whether this standing may still be used."""
        return self.at <= now < self.until and self.epoch == epoch


def stand(target: Target, policy: Policy, trust: Trust, dialects: frozenset[str], now: float) -> Standing:
    """Judge everything about `target` that does not depend on a request. `policy` must be complete."""
    findings, horizon = Findings(target), Horizon(now)
    _attestation(findings, policy, trust, horizon)
    _flags(findings)
    forced, salted = _cache(findings, policy)
    on_media = _exceptions(findings, policy)
    grade = judge_grant(findings, policy, horizon)
    _grade(findings, policy, trust, grade)
    _model(findings)
    _place(findings, policy, dialects)
    return Standing(
        target=target,
        policy=policy,
        at=now,
        until=horizon.until,
        epoch=trust.epoch,
        refusals=tuple(findings.refusals),
        forced=forced,
        salted=salted,
        on_media=on_media,
        closed=closed_features(target) | withheld(policy),
        lacking=lacking_features(target),
        router_sets=frozenset([*(each.path[0] for each in forced), *filter(None, [salted])]),
        grade=grade,
    )


def _attestation(findings: Findings, policy: Policy, trust: Trust, horizon: Horizon) -> None:
    configuration, account = findings.target.configuration, findings.target.account
    attestation = configuration.attestation
    renew = f"read the evidence again and renew it: zdr registry renew {configuration.id} --reviewed-by …"
    if not horizon.passed(start_of(attestation.observed)):
        findings.add("ZDR102", "its attestation is dated in the future", renew, fact="attestation.observed")
    if attestation.expires is not None:
        if horizon.passed(end_of(attestation.expires)):
            sentence = f"its attestation expired at the end of {attestation.expires}"
            findings.add("ZDR101", sentence, renew, fact="attestation.expires")
        age = policy.max_attestation_age
        if age is not None and horizon.passed(end_of(attestation.observed) + age):
            sentence = f"its attestation of {attestation.observed} is older than the policy accepts"
            findings.add("ZDR103", sentence, renew, fact="attestation.observed")
    for subject in subjects(findings.target):
        if subject in trust.revoked:
            findings.add("ZDR104", "it was revoked", "release it in the trust state once the reason is gone")
    if account.engine_version is not None and engine_outside(configuration, account.engine_version):
        sentence = "its engine's version is outside the range that was read"
        findings.add("ZDR106", sentence, "run a version in the range, or read that version", fact="engine.versions")


def _flags(findings: Findings) -> None:
    configuration = findings.target.configuration
    parties = [("", configuration.flags), *((f"{leg.leg} leg: ", leg.flags) for leg in configuration.legs)]
    for party, flags in parties:
        for name in FLAGS:
            word = getattr(flags, name)
            if word != "no":
                sentence = f"{party}{name} is {word}"
                fix = configuration.mechanism.how or "use a configuration whose flags are all no"
                findings.add("ZDR201", sentence, fix, fact=f"flags.{name}" if not party else "legs")


def _cache(findings: Findings, policy: Policy) -> tuple[tuple[Forced, ...], str | None]:
    """Whether the cache is tolerable; else switch it off by request, if that can be done."""
    target = findings.target
    cache, forced = target.configuration.cache, target.rules.force
    isolation = cache.isolation
    off = tuple(Forced((name,), value) for name, value in ((isolation and isolation.off) or {}).items())
    # Nobody can accept what nobody knows: an unknown medium passes under no policy.
    if cache.medium == "unknown" or MEDIA[cache.medium] > MEDIA[policy.cache or "none"]:
        if cache.can_disable and off:
            return (*forced, *off), None
        sentence = f"it caches in {cache.medium}, and the policy accepts {policy.cache} at most"
        fix = f"accept `cache: {cache.medium}` if you can"
        if cache.medium == "unknown":
            sentence, fix = "nobody knows where it caches", "find out, and declare `cache.medium`"
        findings.add("ZDR202", sentence, fix, fact="cache.medium")
    needed = target.shared and policy.cache_isolation != "none" and cache.medium != "none"
    if not needed:
        return forced, None
    if isolation is not None and isolation.parameter is not None:
        return forced, isolation.parameter
    if off:
        return (*forced, *off), None
    sentence = "its cache is shared, so one tenant's prefix can show in another's usage"
    findings.add("ZDR203", sentence, "give each tenant an account of its own", fact="cache")
    return forced, None


def _exceptions(findings: Findings, policy: Policy) -> tuple[tuple[str, Refusal], ...]:
    on_media: list[tuple[str, Refusal]] = []
    for index, clause in enumerate(findings.target.configuration.exceptions):
        refusal = _intolerable(findings, policy, clause, f"exceptions.{index}")
        if refusal is None:
            continue
        if clause.when == "all":
            findings.refusals.append(refusal)
        else:
            on_media.append((clause.when, refusal))
    return tuple(on_media)


def _intolerable(findings: Findings, policy: Policy, clause: ExceptionClause, fact: str) -> Refusal | None:
    trigger = clause.trigger
    about = "" if clause.when == "all" else f" on {clause.when}"
    if trigger not in (policy.tolerate or ()):
        sentence = f"it keeps content on {trigger}{about}, which the policy does not tolerate"
        return findings.make("ZDR204", sentence, f"add {trigger} to the policy's `tolerate` if you can", fact=fact)
    if clause.human_review != "no" and trigger not in INHERENT and not policy.human_review_within_exceptions:
        sentence = f"people may read what it keeps on {trigger}{about}"
        return findings.make("ZDR205", sentence, "set `human_review_within_exceptions: true` if you can", fact=fact)
    return None


def _grade(findings: Findings, policy: Policy, trust: Trust, grade: Grade) -> None:
    demanded = policy.minimum_grade or "documented"
    if GRADES[grade] < GRADES[demanded]:
        fix = f"hold a grant for account {findings.target.account_name}: zdr grant {findings.target.account_name}"
        if GRADES[demanded] > GRADES["contracted"]:
            fix = f"accept `minimum_grade: {grade}`; nothing reaches {demanded} yet"
        findings.add("ZDR401", f"its basis is {grade}, and the policy demands {demanded}", fix, fact="attestation")
    for subject in subjects(findings.target):
        if subject in trust.contradicted:
            fix = "find out why, then release it in the trust state"
            findings.add("ZDR402", "an answer contradicted its attestation", fix)


def _model(findings: Findings) -> None:
    target = findings.target
    if target.excluded is not None:
        sentence = f"the configuration does not cover this model ({target.excluded})"
        findings.add("ZDR502", sentence, "choose a model that it covers", fact="excluded_models")
    if target.declared is None:
        findings.add("ZDR501", "the configuration does not serve this model", "choose one it lists", fact="models")
    elif target.declared.origin == "unknown":
        findings.add("ZDR504", "nobody knows where the model runs", "choose one that says so", fact="models")
    elif target.declared.origin == "proxied" and not any(leg.leg == "upstream" for leg in target.configuration.legs):
        sentence = "the model's origin is proxied, and nobody attests the upstream"
        findings.add("ZDR504", sentence, "choose a model that the provider hosts itself", fact="models")


def _place(findings: Findings, policy: Policy, dialects: frozenset[str]) -> None:
    target = findings.target
    configuration, url = target.configuration, target.base_url
    if url is None:
        findings.add("ZDR701", "nobody says at which host", "set `base_url` on the account")
    elif configuration.hosts and attested_host(configuration, url) is None:
        findings.add("ZDR701", "its host is not one that is attested", "use one of the listed hosts", fact="hosts")
    elif fault := check_base_url(url, private_network=configuration.private_network):
        findings.add("ZDR704", f"its address does not do: {fault}", "mend `base_url` on the account")
    _regions(findings, policy)
    if policy.countries is not None and not configuration.self_operated and target.country not in policy.countries:
        sentence = "its operator's country is not one that the policy accepts"
        findings.add("ZDR703", sentence, "use a provider from one of the policy's `countries`")
    named = {configuration.provider, configuration.id}
    providers = policy.providers
    if providers is not None and (
        (providers.only is not None and not named & set(providers.only)) or named & set(providers.never)
    ):
        findings.add("ZDR706", "the policy rules this provider out", "change the policy's `providers`")
    if configuration.dialect not in dialects:
        sentence = f"this build does not speak {configuration.dialect}"
        fix = "use a configuration that speaks openai"
        if configuration.dialect in DIALECTS:
            fix = f'{fix}, or install "zdr-router[litellm]"'
        findings.add("ZDR705", sentence, fix, fact="dialect")


def _regions(findings: Findings, policy: Policy) -> None:
    regions = findings.target.account.processing_regions(findings.target.configuration)
    if policy.regions is None or (regions and set(regions) <= set(policy.regions)):
        return
    where = ", ".join(regions) if regions else "an unknown region"
    sentence = f"it processes in {where}, and the policy accepts {', '.join(policy.regions) or 'none'}"
    findings.add("ZDR702", sentence, "use a configuration or account in one of those regions", fact="regions")
