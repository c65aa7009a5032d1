"""Whether the mechanism of a configuration is satisfied: by itself, by the request, or by a grant that holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.policy.calendar import end_of, start_of
from zdr_router.policy.secrets import how_to_give

if TYPE_CHECKING:
    from zdr_router.policy.calendar import Horizon
    from zdr_router.policy.findings import Findings
    from zdr_router.policy.policy import Policy
    from zdr_router.registry.ladders import Grade

NAMED_SCOPES: Final = frozenset({"project", "workspace", "subscription", "region"})
"""Scopes that override a wider one, so account and grant must both name theirs."""


def judge_grant(findings: Findings, policy: Policy, horizon: Horizon) -> Grade:
    """Note every reason why the mechanism is not satisfied; give the grade of the basis that is left."""
    target = findings.target
    mechanism = target.configuration.mechanism
    documented: Grade = target.configuration.attestation.grade
    _credential(findings)
    needs_closing = mechanism.kind not in ("default", "self_operated")
    if mechanism.fail_mode == "open" or (needs_closing and mechanism.fail_mode != "closed"):
        sentence = f"its mechanism's fail mode is {mechanism.fail_mode}, so content may leave without it"
        findings.add("ZDR306", sentence, "use a configuration that fails closed", fact="mechanism.fail_mode")
    if mechanism.effective_from is not None and not horizon.passed(start_of(mechanism.effective_from)):
        sentence = f"its mechanism takes effect on {mechanism.effective_from}"
        findings.add("ZDR308", sentence, "wait, or use another configuration", fact="mechanism.effective_from")
    if mechanism.kind == "default":
        return documented
    if mechanism.kind == "request_parameter":
        if not target.rules.force:
            sentence = "its mechanism is a request parameter, and none is forced"
            findings.add("ZDR310", sentence, "declare the parameter under `conditions.force`", fact="conditions")
        return documented
    before = len(findings.refusals)
    _held(findings, policy, horizon)
    holds = len(findings.refusals) == before and not target.lacks_credential
    return "contracted" if holds else documented


def _credential(findings: Findings) -> None:
    target = findings.target
    if target.lacks_credential:
        provide = " and ".join(source.provide for source in target.account.secrets)
        findings.add("ZDR309", "its credential is not there", provide or how_to_give(target.auth))


def _held(findings: Findings, policy: Policy, horizon: Horizon) -> None:
    target = findings.target
    mechanism, grant = target.configuration.mechanism, target.account.grant
    ask = f"state one: zdr grant {target.account_name}"
    if grant is None:
        sentence = f"zero retention needs a grant ({mechanism.kind}), and the account holds none"
        how = f"{mechanism.how}, then {ask}" if mechanism.how else ask
        findings.add("ZDR301", sentence, how, fact="mechanism.kind")
        return
    if grant.basis != mechanism.kind:
        sentence = f"the grant's basis is {grant.basis}, and the mechanism is {mechanism.kind}"
        findings.add("ZDR302", sentence, ask)
    if not horizon.passed(start_of(grant.since)):
        findings.add("ZDR303", f"the grant counts only from {grant.since}", "wait, or state the earlier date")
    if horizon.passed(end_of(grant.until)):
        findings.add(
            "ZDR303", f"the grant lapsed at the end of {grant.until}", f"renew it: zdr grant {target.account_name}"
        )
    _scope(findings)
    if not target.lacks_credential and policy.bind_credentials and grant.credential != target.credential_fingerprint:
        sentence = "the grant was made for another credential"
        if grant.credential is None:
            sentence = "the grant is not bound to the account's credential"
        findings.add("ZDR305", sentence, f"state it for the key in use: zdr grant {target.account_name}")


def _scope(findings: Findings) -> None:
    """An account must lie within its grant, and a narrow mechanism must be named on both sides."""
    target = findings.target
    scope, grant = target.account.scope, target.account.grant
    granted = grant.scope if grant is not None else {}
    for kind, name in granted.items():
        if scope.get(kind) != name:
            sentence = f"the account is not within the {kind} that the grant names"
            findings.add("ZDR304", sentence, f"name the same {kind} under the account's `scope`")
    kind = target.configuration.mechanism.scope
    if kind in NAMED_SCOPES and (kind not in scope or kind not in granted):
        sentence = f"the mechanism holds for one {kind}, and account and grant do not both name it"
        findings.add("ZDR304", sentence, f"name the {kind} under the account's `scope` and the grant's")
