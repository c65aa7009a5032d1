"""The half of clearing that depends on the request: what it uses, and what it asks for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.policy.capabilities import NEEDS
from zdr_router.policy.carriage import judge_carriage
from zdr_router.policy.identifiers import ADVICE
from zdr_router.policy.preferences import NO_PREFERENCES
from zdr_router.registry.vocabulary import FEATURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.policy.conditions import Check
    from zdr_router.policy.findings import Findings
    from zdr_router.policy.preferences import Preferences
    from zdr_router.policy.request import Request
    from zdr_router.policy.standing import Standing
    from zdr_router.policy.target import Target

_MEDIA: Final = {"images": "image", "files": "file", "audio": "audio", "video": "video"}


def judge_request(findings: Findings, standing: Standing, request: Request) -> None:
    """Note every reason why the target behind `standing` may not serve `request`."""
    target, uses = standing.target, request.requirements
    if target.tenant is not None and target.tenant != request.tenant:
        findings.add("ZDR307", "its account belongs to another tenant", "use an account of your own")
    if uses.endpoint not in target.configuration.endpoints:
        sentence = f"the configuration does not cover the endpoint {uses.endpoint}"
        findings.add("ZDR601", sentence, "use an endpoint that it covers", fact="endpoints")
    for place in uses.unknown:
        sentence = f"the request has something at {place} that the vocabulary does not know"
        findings.add("ZDR602", sentence, "leave it out", fact="")
    _features(findings, standing, request)
    for check in failing_checks(target, {"model": target.model}, request):
        rule = "ZDR605" if check.declared.startswith("conditions.allow") else "ZDR604"
        findings.add(rule, f"the request {check.says}", check.fix, fact=check.declared)
    judge_carriage(findings, target, request)
    for when, refusal in standing.on_media:
        if _MEDIA[when] in uses.media:
            findings.refusals.append(refusal)
    if not uses.parameters.isdisjoint(standing.router_sets):
        _forced(findings, standing, request)
    if uses.preferences is not NO_PREFERENCES and uses.preferences.narrows:
        _preferences(findings, target, uses.preferences)


def failing_checks(target: Target, added: Mapping[str, object], request: Request) -> tuple[Check, ...]:
    """The conditions that the request, with the members that the router adds to it, does not meet."""
    if not target.rules.checks:
        return ()
    given = request.requirements.parameters
    checks = [check for check in target.rules.checks if check.root in added or check.root in given]
    if not checks:
        return ()
    leaving = {**request.content.open().values(), **added}
    return tuple(check for check in checks if check.fails(leaving))


def _features(findings: Findings, standing: Standing, request: Request) -> None:
    uses = request.requirements
    if not uses.features.isdisjoint(standing.closed):
        _closed(findings, standing, uses.features)
    if not uses.features.isdisjoint(standing.lacking) or (uses.stream and "streaming" in standing.lacking):
        _lacking(findings, standing, request)


def _closed(findings: Findings, standing: Standing, features: frozenset[str]) -> None:
    for name in sorted(features & standing.closed):
        if name in standing.target.rules.permit:
            findings.add("ZDR608", f"the request uses {name}, which the policy does not let leave", ADVICE[name])
            continue
        sentence = f"the request uses {name}, which is not covered here: {FEATURES[name].says}"
        findings.add("ZDR603", sentence, f"leave {name} out", fact="conditions.permit")


def _lacking(findings: Findings, standing: Standing, request: Request) -> None:
    uses = request.requirements
    features = uses.features | {"streaming"} if uses.stream else uses.features
    for capability in sorted({NEEDS[name] for name in features & standing.lacking}):
        sentence = f"the model is not declared to support {capability}"
        findings.add("ZDR503", sentence, "choose a model that supports it", fact="models")


def _forced(findings: Findings, standing: Standing, request: Request) -> None:
    """What the router sets, a caller may only repeat."""
    given = request.requirements.parameters
    for forced in standing.forced:
        if forced.path[0] in given and not forced.holds(request.content.open().values()):
            sentence = f"the request sets {forced.name}, which the router sets otherwise"
            findings.add("ZDR606", sentence, f"leave {forced.name} out", fact="conditions.force")
    if standing.salted is not None and standing.salted in given:
        sentence = f"the request sets {standing.salted}, with which the router keeps tenants apart"
        findings.add("ZDR606", sentence, f"leave {standing.salted} out", fact="cache.isolation")


def _preferences(findings: Findings, target: Target, preferences: Preferences) -> None:
    names = {target.id, target.configuration.id, target.configuration.provider}
    if preferences.only is not None and names.isdisjoint(preferences.only):
        findings.add("ZDR801", "the request asks for other providers only", "widen `provider.only`")
    if not names.isdisjoint(preferences.ignore):
        findings.add("ZDR802", "the request asks to ignore it", "narrow `provider.ignore`")
    price = target.declared.price if target.declared is not None else None
    for limit, known in (
        (preferences.max_input, price.input if price else None),
        (preferences.max_output, price.output if price else None),
    ):
        if limit is not None and (known is None or known > limit):
            how = "is not known" if known is None else "is above the request's limit"
            findings.add("ZDR803", f"its price {how}", "raise `provider.max_price`", fact="models")
    if preferences.regions is not None:
        regions = target.account.processing_regions(target.configuration)
        if not regions or not preferences.regions.issuperset(regions):
            sentence = "it processes outside the regions that the request asks for"
            findings.add("ZDR804", sentence, "widen `provider.regions`", fact="regions")
