"""Breaks the code in small ways, one at a time, and asks the tests whether they notice.

    python tests/mutation.py [--quick N] [--only TEXT]

Each mutation replaces one piece of text in a copy of `src`; the tests of the rooms concerned run against the copy.
Prints the mutations that survive, and exits with 1 if there are any (or if one no longer applies). `--quick N` takes
every N-th one; `--only TEXT` those whose file or text contains it.
"""

# ruff: noqa: T201 - it talks to a person

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("policy", "routing")
SLOW = "test_against_judge.py"


class Mutation(NamedTuple):
    """In `file`, below `src/zdr_router`, `old` (which occurs once) becomes `new`."""

    file: str
    old: str
    new: str


POLICY = (
    # Dates and instants.
    Mutation("policy/calendar.py", "return start_of(day) + DAY", "return start_of(day)"),
    Mutation("policy/calendar.py", "if instant <= self._now:", "if instant < self._now:"),
    Mutation("policy/calendar.py", "self.until = min(self.until, instant)", "self.until = max(self.until, instant)"),
    Mutation("policy/calendar.py", "self.until = min(self.until, instant)", "pass"),
    Mutation("policy/standing.py", "self.at <= now < self.until", "self.at <= now <= self.until"),
    Mutation("policy/standing.py", "self.at <= now < self.until", "now < self.until"),
    Mutation("policy/standing.py", " and self.epoch == epoch", " and self.epoch <= epoch"),
    Mutation("policy/standing.py", "if not horizon.passed(start_of(attestation.observed)):", "if False:"),
    Mutation("policy/standing.py", "horizon.passed(end_of(attestation.expires))", "False"),
    Mutation("policy/standing.py", "horizon.passed(end_of(attestation.observed) + age)", "False"),
    Mutation("policy/standing.py", "end_of(attestation.observed) + age", "start_of(attestation.observed) + age"),
    Mutation("policy/grants.py", "horizon.passed(end_of(grant.until))", "horizon.passed(start_of(grant.until))"),
    Mutation("policy/grants.py", "if not horizon.passed(start_of(grant.since)):", "if False:"),
    Mutation(
        "policy/grants.py",
        "if not horizon.passed(start_of(grant.since)):",
        "if not horizon.passed(end_of(grant.since)):",
    ),
    Mutation(
        "policy/grants.py",
        "if mechanism.effective_from is not None and not",
        "if mechanism.effective_from is None and not",
    ),
    # Trust.
    Mutation("policy/trust.py", '    yield f"provider:{target.configuration.provider}"\n', ""),
    Mutation("policy/trust.py", '    yield f"configuration:{target.configuration.id}"\n', ""),
    Mutation("policy/trust.py", '    yield f"account:{target.account_name}"\n', ""),
    Mutation("policy/trust.py", '    yield f"target:{target.id}"', '    yield f"target:{target.model}"'),
    Mutation("policy/standing.py", "if subject in trust.revoked:", "if subject in trust.contradicted:"),
    Mutation("policy/standing.py", "if subject in trust.contradicted:", "if False:"),
    Mutation("policy/clearing.py", "trust is None or not trust.fresh", "trust is not None and not trust.fresh"),
    Mutation("driver/terms.py", "if trust is not None and self._clearing.timely(trust, now)", "if trust is not None"),
    Mutation("driver/terms.py", " and clearance.holds(now, trust):", ":"),
    Mutation(
        "policy/clearance.py", "trust is not None and trust.fresh(standing.policy, now) and", "trust is not None and"
    ),
    Mutation("policy/clearance.py", " and standing.holds(now, trust.epoch)", ""),
    Mutation("policy/trust.py", "now - self.as_of <=", "now - self.as_of <"),
    Mutation("policy/trust.py", "now - self.as_of <=", "not now - self.as_of >"),
    Mutation("policy/clearing.py", "trust or _UNREAD", "trust or Trust()"),
    Mutation("policy/clearing.py", "and decided.epoch == trust.epoch", ""),
    Mutation("policy/clearing.py", " and self.timely(trust, now)):", "):"),
    Mutation("policy/clearing.py", "if not self.timely(known, now):", "if False:"),
    Mutation("policy/clearing.py", "elif latest - now > _TOLERANCE:", "elif latest - now >= _TOLERANCE:"),
    Mutation(
        "policy/clearing.py", "if now >= latest:\n            self._latest = now", "if now >= latest:\n            pass"
    ),
    Mutation("policy/clearing.py", "trust.changed) - now <= _TOLERANCE", "trust.changed) - now < _TOLERANCE"),
    Mutation("policy/clearing.py", "max(self._not_before, trust.changed) - now", "trust.changed - now"),
    Mutation("policy/clearing.py", "self._standings.clear()", "pass"),
    Mutation("policy/clearing.py", "self._decided.clear()\n        self._recent_policy", "self._recent_policy"),
    Mutation("policy/clearing.py", "self._recent_policy, self._recent = None, {}", "pass"),
    Mutation("policy/clearing.py", "self._not_before = not_before\n        self._standings", "self._standings"),
    Mutation("policy/policy.py", '"cut" if "cut" in (mine, theirs) else "finish"', '"finish"'),
    Mutation("policy/clearing.py", "and decided.at <= now < decided.until", ""),
    Mutation(
        "policy/clearing.py",
        "if standings and not any(_looks_inside(standing, uses.parameters)",
        "if standings and not any(()",
    ),
    Mutation("policy/clearing.py", "standing.target.rules.look_at(parameters) or not", "not"),
    Mutation("policy/clearing.py", " or not standing.router_sets.isdisjoint(parameters)", ""),
    Mutation("policy/clearing.py", "uses.endpoint, uses.parameters, uses.features", "uses.endpoint, uses.parameters"),
    Mutation("policy/clearing.py", "request.tenant, uses.endpoint", "uses.endpoint"),
    Mutation("policy/clearing.py", "uses.features, uses.stream)", "uses.features)"),
    Mutation("policy/clearing.py", "uses.preferences is NO_PREFERENCES", "True"),
    Mutation("policy/clearing.py", "ordinary and trust.fresh(policy, now) and", "ordinary and"),
    Mutation("policy/clearance.py", "members[root] = self.request.content.open().values()[root]", "members[root] = {}"),
    Mutation("policy/conditions.py", "return any(check.root in names for check in self.checks)", "return False"),
    Mutation("policy/asked.py", "check.root in added or check.root in given]", "check.root in given]"),
    Mutation("policy/asked.py", "check.root in added or check.root in given]", "check.root in added]"),
    Mutation("policy/asked.py", " and not forced.holds(request.content.open().values())", ""),
    Mutation("policy/content.py", "raise InvalidRequest(f", "return b'{}' or InvalidRequest(f"),
    # Engines, flags, legs.
    Mutation("policy/standing.py", " and engine_outside(configuration, account.engine_version)", " and False"),
    Mutation("policy/target.py", "        return True\n    return parsed", "        return False\n    return parsed"),
    Mutation("policy/standing.py", 'if word != "no":', 'if word == "yes":'),
    Mutation("policy/standing.py", "for leg in configuration.legs)]", "for leg in configuration.legs[:1])]"),
    Mutation("policy/standing.py", ', *((f"{leg.leg} leg: ", leg.flags) for leg in configuration.legs)]', "]"),
    # Caches.
    Mutation("policy/standing.py", 'cache.medium == "unknown" or MEDIA[cache.medium] >', "MEDIA[cache.medium] >"),
    Mutation("policy/standing.py", "MEDIA[cache.medium] > MEDIA", "MEDIA[cache.medium] >= MEDIA"),
    Mutation("policy/standing.py", "if cache.can_disable and off:", "if off:"),
    Mutation("policy/standing.py", "if cache.can_disable and off:", "if cache.can_disable:"),
    Mutation("policy/standing.py", "needed = target.shared and", "needed = not target.shared and"),
    Mutation("policy/standing.py", ' and cache.medium != "none"', ""),
    Mutation("policy/standing.py", "        return forced, isolation.parameter\n", "        return forced, None\n"),
    Mutation(
        "policy/standing.py",
        "    if off:\n        return (*forced, *off), None",
        "    if off:\n        return forced, None",
    ),
    Mutation("policy/clearing.py", "if standing.salted is not None:", "if False:"),
    Mutation("policy/clearing.py", 'b"operator" if tenant is None else b"tenant:" + tenant.encode()', 'b"tenant"'),
    Mutation("policy/clearing.py", 'b"tenant:" + tenant.encode()', "tenant.encode()"),
    Mutation("policy/clearing.py", "key=self._salt_key[:64], ", ""),
    # Identifiers of callers' users.
    Mutation("policy/clearing.py", " or not NAMING.isdisjoint(parameters)", ""),
    Mutation("policy/clearing.py", "forced = (*forced, *pseudonyms(request, standing, self._salt_key))", "pass"),
    Mutation("policy/identifiers.py", "[tenant, provider, name]", "[tenant, name]"),
    Mutation("policy/identifiers.py", "[tenant, provider, name]", "[provider, name]"),
    Mutation("policy/identifiers.py", "key=key[:64], ", ""),
    Mutation("policy/identifiers.py", " - standing.router_sets", ""),
    Mutation("policy/identifiers.py", 'frozenset({"labels"} if', "frozenset(set() if"),
    Mutation("policy/standing.py", " | withheld(policy)", ""),
    Mutation("policy/policy.py", 'if "refuse" in (mine, theirs) else', 'if mine == theirs == "refuse" else'),
    Mutation("policy/clearing.py", "if len(salt_key) < _SALT_BYTES:", "if len(salt_key) < _SALT_BYTES - 1:"),
    # Exceptions.
    Mutation("policy/standing.py", 'if clause.when == "all":', "if True:"),
    Mutation("policy/standing.py", "            on_media.append((clause.when, refusal))", "            pass"),
    Mutation("policy/standing.py", "if trigger not in (policy.tolerate or ()):", "if not policy.tolerate:"),
    Mutation("policy/standing.py", 'clause.human_review != "no" and', 'clause.human_review == "yes" and'),
    Mutation("policy/standing.py", "and trigger not in INHERENT ", ""),
    Mutation("policy/standing.py", " and not policy.human_review_within_exceptions", ""),
    Mutation("policy/asked.py", "if _MEDIA[when] in uses.media:", "if _MEDIA[when] not in uses.media:"),
    Mutation("policy/asked.py", '"images": "image", "files": "file"', '"images": "file", "files": "image"'),
    # Grants.
    Mutation("policy/grants.py", 'mechanism.kind not in ("default", "self_operated")', 'mechanism.kind != "default"'),
    Mutation("policy/grants.py", 'mechanism.fail_mode == "open" or', "False or"),
    Mutation("policy/grants.py", 'mechanism.fail_mode != "closed")', 'mechanism.fail_mode == "open")'),
    Mutation("policy/grants.py", "if not target.rules.force:", "if False:"),
    Mutation("policy/grants.py", "len(findings.refusals) == before and", ""),
    Mutation("policy/grants.py", " and not target.lacks_credential\n", "\n"),
    Mutation("policy/grants.py", "if grant.basis != mechanism.kind:", "if False:"),
    Mutation("policy/grants.py", "    _scope(findings)\n    if", "    if"),
    Mutation(
        "policy/grants.py", "(kind not in scope or kind not in granted)", "(kind not in scope and kind not in granted)"
    ),
    Mutation(
        "policy/grants.py", '"project", "workspace", "subscription", "region"}', '"project", "workspace", "region"}'
    ),
    Mutation("policy/grants.py", "if scope.get(kind) != name:", "if kind in scope and scope.get(kind) != name:"),
    Mutation(
        "policy/grants.py",
        "policy.bind_credentials and grant.credential !=",
        "grant.credential and grant.credential !=",
    ),
    Mutation("policy/grants.py", "    _credential(findings)\n    needs", "    needs"),
    Mutation(
        "policy/target.py",
        "return bool(self.account.secrets) or self.auth in SIGNED_HEADERS or not self.configuration.self_operated",
        "return bool(self.account.secrets) or self.auth in SIGNED_HEADERS",
    ),
    Mutation("policy/target.py", "return bool(self.account.secrets) or self.auth in", "return self.auth in"),
    Mutation("policy/target.py", "or self.auth in SIGNED_HEADERS or", "or"),
    Mutation("policy/accounts.py", 'and auth in PARTS else ""', 'and False else ""'),
    Mutation("policy/accounts.py", "not self.credentials.made_for(auth):", "False:"),
    Mutation("policy/secrets.py", "_MAY_COME_ALONG.get(auth, frozenset()) ==", "{'session_token'} =="),
    # Signed.
    Mutation("policy/errand.py", "if fault := check_base_url(self.url, private_network=False):", "if fault := '':"),
    Mutation("policy/signing.py", "if not clearance.holds(now, trust):", "if False:"),
    Mutation("policy/signing.py", "if not shown.is_still(dispatch):", "if False:"),
    Mutation("policy/signing.py", "return same and self.body.open() == dispatch.body.open()", "return same"),
    Mutation("policy/signing.py", "return same and self.body", "return self.body"),
    Mutation("policy/signing.py", "dict(dispatch.headers), dispatch.body)", "dispatch.headers, dispatch.body)"),
    Mutation("policy/signing.py", "if name not in allowed:", "if False:"),
    Mutation("policy/signing.py", "if not (value.isprintable() and value.isascii()):", "if False:"),
    Mutation("policy/signing.py", "if _SIGNATURE not in added:", "if False:"),
    Mutation("policy/accounts.py", "key = hashlib.blake2b(account.encode(), ", 'key = hashlib.blake2b(b"", '),
    Mutation("policy/accounts.py", "if self.until < self.since:", "if self.until <= self.since:"),
    Mutation(
        "policy/asked.py",
        "target.tenant is not None and target.tenant != request.tenant",
        "target.tenant is not None and request.tenant is not None and target.tenant != request.tenant",
    ),
    # Grades and models.
    Mutation("policy/standing.py", "if GRADES[grade] < GRADES[demanded]:", "if GRADES[grade] <= GRADES[demanded]:"),
    Mutation("policy/standing.py", "if GRADES[grade] < GRADES[demanded]:", "if GRADES[grade] + 1 < GRADES[demanded]:"),
    Mutation("policy/standing.py", "if target.excluded is not None:", "if False:"),
    Mutation("policy/standing.py", 'target.declared.origin == "unknown"', "False"),
    Mutation("policy/standing.py", 'leg.leg == "upstream" for', "True for"),
    Mutation("policy/target.py", "if entry.id == model:", "if entry.id and model.startswith(entry.id):"),
    Mutation(
        "policy/target.py",
        "        if re.search(excluded.matches, model):",
        "        if re.match(excluded.matches, model):",
    ),
    # Requests.
    Mutation("policy/asked.py", "if uses.endpoint not in target.configuration.endpoints:", "if False:"),
    Mutation("policy/asked.py", "for place in uses.unknown:", "for place in ():"),
    Mutation("policy/asked.py", "if not uses.features.isdisjoint(standing.closed):", "if False:"),
    Mutation("policy/asked.py", '(uses.stream and "streaming" in standing.lacking)', "False"),
    Mutation("policy/asked.py", '"model": target.model}', "}"),
    Mutation("policy/asked.py", "if standing.salted is not None and standing.salted in given:", "if False:"),
    Mutation(
        "policy/capabilities.py", 'frozenset({"inference", "router"})', 'frozenset({"inference", "router", "cache"})'
    ),
    Mutation(
        "policy/capabilities.py", 'frozenset({"inference", "router"})', 'frozenset({"inference", "router", "identity"})'
    ),
    Mutation(
        "policy/capabilities.py", 'frozenset({"inference", "router"})', 'frozenset({"inference", "router", "egress"})'
    ),
    Mutation("policy/capabilities.py", "and forced.value is False for", "for"),
    Mutation("policy/capabilities.py", "if capability not in able)", "if capability in able)"),
    # Conditions.
    Mutation("policy/conditions.py", "isinstance(left, bool) == isinstance(right, bool)", "True"),
    Mutation("policy/conditions.py", "return len(left) == len(right) and", "return"),
    Mutation(
        "policy/conditions.py",
        "not isinstance(value, str) or search(value)",
        "isinstance(value, str) and search(value)",
    ),
    Mutation("policy/conditions.py", "return bool(found) and all(", "return all("),
    Mutation("policy/conditions.py", "return bool(found) and all(", "return any("),
    Mutation(
        "policy/conditions.py",
        "dict(inner) if isinstance(inner, dict) else {}",
        "inner if isinstance(inner, dict) else {}",
    ),
    Mutation("policy/conditions.py", "place = place.get(step, ABSENT)", "place = place.get(step)"),
    # Places.
    Mutation(
        "policy/standing.py",
        "elif configuration.hosts and attested_host(",
        "elif configuration.hosts and not url.startswith('https') and attested_host(",
    ),
    Mutation("policy/accounts.py", "in (None, *configuration.regions)", "not in ()"),
    Mutation("policy/accounts.py", "return (named[REGION],) if REGION in named else", "return"),
    Mutation(
        "policy/standing.py",
        "elif fault := check_base_url(url, private_network=configuration.private_network):",
        "elif fault := '':",
    ),
    Mutation("policy/standing.py", "private_network=configuration.private_network", "private_network=True"),
    Mutation(
        "policy/standing.py", "(regions and set(regions) <= set(policy.regions))", "set(regions) <= set(policy.regions)"
    ),
    Mutation("policy/standing.py", "set(regions) <= set(policy.regions)", "set(regions) & set(policy.regions)"),
    Mutation("policy/standing.py", "and not configuration.self_operated and target.country", "and target.country"),
    Mutation("policy/standing.py", "target.country not in policy.countries", "False"),
    Mutation("policy/standing.py", " or named & set(providers.never)", ""),
    Mutation(
        "policy/standing.py", "named = {configuration.provider, configuration.id}", "named = {configuration.provider}"
    ),
    Mutation("policy/standing.py", "if configuration.dialect not in dialects:", "if False:"),
    Mutation("policy/accounts.py", '("on_premises",)', "()"),
    # Preferences.
    Mutation("policy/asked.py", "preferences.only is not None and", "preferences.only and"),
    Mutation("policy/asked.py", "if not names.isdisjoint(preferences.ignore):", "if False:"),
    Mutation("policy/asked.py", "(known is None or known > limit)", "(known is not None and known > limit)"),
    Mutation("policy/asked.py", "known > limit)", "known >= limit)"),
    Mutation("policy/asked.py", "preferences.max_output, price.output", "preferences.max_output, price.input"),
    Mutation(
        "policy/asked.py",
        "if not regions or not preferences.regions.issuperset(regions):",
        "if not preferences.regions.issuperset(regions):",
    ),
    Mutation("policy/preferences.py", "            or self.ignore\n", ""),
    Mutation("policy/preferences.py", "if not _KNOWN.issuperset(value):", "if False:"),
    # Policies.
    Mutation(
        "policy/policy.py",
        "mine if GRADES[mine] >= GRADES[theirs] else theirs",
        "mine if GRADES[mine] <= GRADES[theirs] else theirs",
    ),
    Mutation("policy/policy.py", "mine if MEDIA[mine] <= MEDIA[theirs] else theirs", "theirs"),
    Mutation("policy/policy.py", "[item for item in mine if item in theirs]", "[*mine, *theirs]"),
    Mutation("policy/policy.py", "never=[*mine.never, *theirs.never]", "never=theirs.never"),
    Mutation("policy/policy.py", '"bind_credentials": max', '"bind_credentials": min'),
    Mutation("policy/policy.py", '"human_review_within_exceptions": min', '"human_review_within_exceptions": max'),
    Mutation("policy/policy.py", '"max_revocation_staleness": min', '"max_revocation_staleness": max'),
    Mutation("policy/policy.py", ' or item.partition("/")[0] in those', ""),
    Mutation("policy/policy.py", "return theirs if mine is None else mine", "return None"),
    Mutation("policy/policy.py", "if not self.model_fields_set:", "if False:"),
    # Minting, remembering.
    Mutation(
        "policy/clearing.py",
        "if standing.refusals or findings.refusals:",
        "if standing.refusals and findings.refusals:",
    ),
    Mutation("policy/clearing.py", "if policy is not self._recent_policy or", "if"),
    Mutation("policy/clearing.py", "key = (policy.digest, target)", 'key = ("", target)'),
    Mutation("policy/clearing.py", "if known is not None and known.holds(now, trust.epoch):", "if known is not None:"),
    Mutation("policy/clearing.py", "known is None or not known.holds(now, trust.epoch)", "known is None"),
    Mutation("policy/asked.py", "if not uses.parameters.isdisjoint(standing.router_sets):", "if False:"),
    Mutation("policy/standing.py", "*filter(None, [salted])", ""),
    Mutation("policy/clearing.py", "policy.complete(), trust", "policy, trust"),
    Mutation("policy/clearance.py", "if mint is not MINT:", "if mint is None:"),
    # The guard.
    Mutation(
        "policy/guard.py",
        "if not clearance.holds(now, trust):",
        "if not clearance.standing.holds(now, clearance.standing.epoch):",
    ),
    Mutation(
        "policy/guard.py",
        "for check in failing_checks(clearance.target, wire.added, clearance.request):",
        "for check in ():",
    ),
    Mutation(
        "policy/guard.py",
        "if not added.keys().isdisjoint(request.requirements.parameters - _ROUTER_SETS):",
        "if False:",
    ),
    Mutation("policy/guard.py", 'if added.get("model") != clearance.target.model:', "if False:"),
    Mutation("policy/guard.py", "if not same(value, forced[name]):", "if False:"),
    Mutation("policy/guard.py", "if not same(value, forced[name]):", "if value != forced[name]:"),
    Mutation("policy/guard.py", "elif name not in _ROUTER_SETS:", "elif False:"),
    Mutation("policy/guard.py", "if not added.keys() >= forced.keys():", "if False:"),
    Mutation("policy/guard.py", 'if type(added.get("stream", False)) is not bool:', "if False:"),
    Mutation("policy/guard.py", 'if added["stream_options"] == options else', "if True else"),
    Mutation("policy/guard.py", 'if wire.method != "POST":', "if False:"),
    Mutation(
        "policy/guard.py", "if wire.url == address_of(clearance)", "if wire.url.startswith(address_of(clearance))"
    ),
    Mutation(
        "policy/guard.py",
        "if name not in allowed and name != auth and not",
        "if name.lower() not in allowed and name.lower() != auth and not",
    ),
    Mutation("policy/guard.py", "if not value.isprintable():", "if '\\n' in value:"),
    Mutation("policy/guard.py", "credential is None or value", "credential is not None and value"),
    Mutation("policy/guard.py", "dict(wire.headers)", "wire.headers"),
    # Before content leaves.
    Mutation("policy/preflight.py", "if not clearance.holds(now, trust):", "if False:"),
    Mutation("policy/preflight.py", 'if wire.method != "GET":', "if False:"),
    Mutation(
        "policy/preflight.py",
        'if wire.url not in [f"{clearance.target.base_url}{path}" for path in paths]:',
        "if not wire.url.startswith(str(clearance.target.base_url)):",
    ),
    Mutation("policy/preflight.py", "if wire.added or wire.translated is not None:", "if wire.added:"),
    Mutation("policy/preflight.py", "if wire.added or wire", "if wire"),
    Mutation("policy/preflight.py", "if fault := header_fault(wire.headers, clearance, _HEADERS):", 'if fault := "":'),
    Mutation("policy/preflight.py", '({"accept", "user-agent"})', '({"accept", "user-agent", "content-type"})'),
    Mutation("policy/preflight.py", "dict(wire.headers)", "wire.headers"),
    # Probes.
    Mutation("policy/probe.py", "if not clearance.holds(now, trust):", "if False:"),
    Mutation("policy/probe.py", "(path,) if path else ()", "(path,)"),
    Mutation("policy/probe.py", "_CHAT if _CHAT in covered else covered[0]", "covered[0]"),
    Mutation("policy/probe.py", "Requirements.probe(endpoint), target.tenant)", "Requirements.probe(endpoint), None)"),
    Mutation("policy/probe.py", "Sealed(body), target.tenant)", "Sealed(body), None)"),
    Mutation("policy/preflight.py", "trust.epoch == self.epoch and", "trust.epoch >= self.epoch and"),
    Mutation("policy/preflight.py", "self.at <= now < self.at + KEPT", "now < self.at + KEPT"),
    Mutation("policy/preflight.py", "self.at <= now < self.at + KEPT", "self.at <= now <= self.at + KEPT"),
    Mutation("policy/conditions.py", "(*paths.get(path, ()), _expect(proof))", "(_expect(proof),)"),
    Mutation("policy/conditions.py", "if proof.preflight is not None:", "if proof.preflight is None:"),
    # Formats other than OpenAI's.
    Mutation("policy/guard.py", "    if wire.translated is not None:", "    if False:"),
    Mutation("policy/guard.py", "if wire.translated is None or wire.added:", "if wire.translated is None:"),
    Mutation("policy/foreign.py", "dialect.headers.get(name) == value", "name in dialect.headers"),
    Mutation("policy/foreign.py", "stream=request.requirements.stream", "stream=False"),
    Mutation(
        "policy/foreign.py",
        "if dialect.model_at and body.get(dialect.model_at) != target.model:",
        "if body.get(dialect.model_at, target.model) != target.model:",
    ),
    Mutation("policy/foreign.py", 'body["stream"] is not clearance', 'body["stream"] and not clearance'),
    Mutation("policy/foreign.py", "if body.get(member) != target.account.scope.get(word):", "if member not in body:"),
    Mutation("policy/foreign.py", "    if unknown:", "    if False:"),
    Mutation("policy/foreign.py", "if not features <= clearance.request.requirements.features:", "if False:"),
    Mutation("policy/foreign.py", "if not forced.holds(body):", "if False:"),
    Mutation("policy/foreign.py", "if check.fails(body):", "if False:"),
    Mutation("policy/foreign.py", "    if len(path) == 1:", "    if path:"),
    Mutation("policy/foreign.py", "        if not left:", "        if False:"),
    Mutation("policy/carriage.py", "return target.configuration.dialect in DIALECTS", "return False"),
    Mutation("policy/carriage.py", "if dialect.wire is not None and not", "if False and not"),
    Mutation("policy/carriage.py", "if word not in target.account.scope:", "if False:"),
    Mutation("policy/carriage.py", "places.append(error.param or name)", "pass"),
    Mutation("policy/asked.py", "    judge_carriage(findings, target, request)\n", ""),
    Mutation("policy/readers.py", "return _nothing(place)", "return _inert"),
)

ROUTING = (
    # Where next.
    Mutation("routing/walk.py", "if at >= self._deadline:", "if at > self._deadline:"),
    Mutation("routing/walk.py", "if at >= self._deadline:", "if False:"),
    Mutation("routing/walk.py", "if at >= deadline or bounds.attempts", "if bounds.attempts"),
    Mutation("routing/walk.py", "or bounds.attempts < 1 or", "or"),
    Mutation("routing/walk.py", " or bounds.hedge is not None or not plan", " or not plan"),
    Mutation("routing/walk.py", "if max(gate.opening(planned, at)) > at:", "if False:"),
    Mutation("routing/walk.py", "clearance = reclear(planned, at)", "clearance = planned"),
    Mutation("routing/walk.py", "others=len(plan.clearances) + len(plan.resting) > 1", "others=False"),
    Mutation("routing/walk.py", "plan._replace(clearances=plan.clearances[1:])", "plan"),
    Mutation("routing/walk.py", "self._causes.append(begun)", "pass"),
    Mutation("routing/walk.py", "        candidate.tries = 1\n", ""),
    Mutation("routing/walk.py", "self._number = begun.attempt + 1", "pass"),
    Mutation("routing/walk.py", "return self._winner is None and", "return"),
    Mutation("routing/walk.py", " and self._number < self._bounds.attempts", ""),
    Mutation("routing/walk.py", "elif bounds.hedge is not None and event.kind", "elif event.kind"),
    Mutation("routing/walk.py", 'and event.kind == "woke":', "and True:"),
    Mutation("routing/walk.py", "while len(self._live) == 1 and start is None", "while start is None"),
    Mutation("routing/walk.py", "wake = min(wake, at + bounds.hedge)", "wake = at + bounds.hedge"),
    Mutation("routing/walk.py", "if event.attempt not in self._live:", "if False:"),
    Mutation("routing/walk.py", "if other != attempt)", "if False)"),
    Mutation("routing/walk.py", "if event.outcome is Outcome.OK:", "if event.outcome is not Outcome.CALLER_FAULT:"),
    Mutation("routing/walk.py", "if event.attempt == self._winner:", "if False:"),
    Mutation("routing/walk.py", "if not after.moves_on:", "if False:"),
    Mutation("routing/walk.py", "again=ended.tries > 1)", "again=False)"),
    Mutation(
        "routing/walk.py", "clearance = self._reclear(candidate.clearance, at)", "clearance = candidate.clearance"
    ),
    Mutation("routing/walk.py", "return Start(number, clearance,", "return Start(number, self._queue.fresh,"),
    Mutation("routing/walk.py", "self._causes.append(Cause(None, candidate.clearance, Outcome.UNCLEARED))", "pass"),
    Mutation("routing/walk.py", "self._causes.append(Cause(event.attempt, ended.clearance, event.outcome))", "pass"),
    Mutation("routing/walk.py", "elif not live and wake >= self._deadline:", "elif not live:"),
    # The queue.
    Mutation("routing/queue.py", "firm = max(firm, candidate.not_before)", "pass"),
    Mutation("routing/queue.py", "            if soft <= at:\n", "            if True:\n"),
    Mutation("routing/queue.py", "                if firm <= at:\n", "                if True:\n"),
    Mutation(
        "routing/queue.py", "elif firm < self._deadline and (candidate.tries, soft) < standing:", "elif least is None:"
    ),
    Mutation("routing/queue.py", "if opens < self._deadline or least is None:", "if least is None:"),
    Mutation(
        "routing/queue.py", "return (self._take(candidate), at) if firm <= at else (None, firm)", "return None, firm"
    ),
    Mutation("routing/queue.py", "if not candidate.tries and max", "if max"),
    Mutation("routing/queue.py", "if self._gate.hedges(candidate.clearance, at) else None", "if True else None"),
    Mutation("routing/queue.py", "if outcome is Outcome.CONTEXT_TOO_LONG:", "if False:"),
    Mutation("routing/queue.py", "self._candidates.insert(0, candidate)", "self._candidates.append(candidate)"),
    Mutation("routing/queue.py", 'again == "later" and candidate.tries <= retries', 'again == "later"'),
    Mutation("routing/queue.py", "candidate.tries <= retries:", "candidate.tries < retries:"),
    Mutation("routing/queue.py", "candidate.not_before = not_before", "pass"),
    Mutation(
        "routing/queue.py", "(_context(each.clearance) or inf) > known", "(_context(each.clearance) or inf) >= known"
    ),
    Mutation("routing/queue.py", "        self._larger = ()\n", ""),
    # Patience.
    Mutation("routing/patience.py", "if others and", "if"),
    Mutation("routing/patience.py", "deadline - at - share >= LEAST", "True"),
    Mutation("routing/patience.py", "min(deadline, at + given)", "at + given"),
    Mutation("routing/patience.py", "patience.first_chunk if stream", "patience.attempt if stream"),
    Mutation("routing/patience.py", "timeout / 3 if given is None", "0.0 if given is None"),
    # What follows from a failure.
    Mutation("routing/failures.py", "Outcome.PROVIDER_REFUSAL: _STOP", "Outcome.PROVIDER_REFUSAL: _NEXT"),
    Mutation("routing/failures.py", "Outcome.CALLER_FAULT: _STOP", "Outcome.CALLER_FAULT: _NEXT"),
    Mutation("routing/failures.py", "Outcome.TRANSIENT: _LATER_HURT", "Outcome.TRANSIENT: _NEXT"),
    Mutation("routing/failures.py", "Outcome.RATE_LIMITED: _LATER", "Outcome.RATE_LIMITED: _STOP"),
    Mutation("routing/failures.py", "not again and sent", "sent"),
    # Health.
    Mutation("routing/health.py", "        now >= health.ejected_until", "        now > health.ejected_until"),
    Mutation("routing/health.py", " and now >= health.probe_until", ""),
    Mutation("routing/health.py", " and now >= health.not_before", ""),
    Mutation("routing/health.py", " and not health.isolated", ""),
    Mutation("routing/health.py", "return inf if health.isolated else max", "return max"),
    Mutation(
        "routing/health.py", "failures >= settings.consecutive_failures", "failures > settings.consecutive_failures"
    ),
    Mutation("routing/health.py", "until = now + _length(ejections, settings)", "until = now"),
    Mutation("routing/health.py", "settings.eject_for * ejections", "settings.eject_for"),
    Mutation("routing/health.py", ", settings.longest_ejection)", ", inf)"),
    Mutation("routing/health.py", "1 if now >= health.forgiven_at else", "1 if False else"),
    Mutation("routing/health.py", "forgiven_at = now + _length(ejections, settings)", "forgiven_at = now"),
    Mutation("routing/health.py", "window, ejected_until, probe_until = EMPTY,", "ejected_until, probe_until ="),
    Mutation("routing/health.py", "return health.probe_until != 0.0 or now >= health.ejected_until", "return True"),
    Mutation("routing/health.py", "health.probe_until != 0.0 or now >=", "now >="),
    Mutation("routing/health.py", "probe_until=now + PROBE_LASTS", "probe_until=inf"),
    Mutation(
        "routing/health.py", "max(health.not_before, not_before), probe_until=0.0", "max(health.not_before, not_before)"
    ),
    Mutation("routing/health.py", "min(event.not_before, now + settings.longest_throttle)", "event.not_before"),
    Mutation("routing/health.py", "not_before=max(health.not_before, not_before)", "not_before=not_before"),
    Mutation("routing/health.py", "latency + _SMOOTHING", "latency - _SMOOTHING"),
    Mutation("routing/health.py", "measured_at, measuring_until = now, 0.0", "measuring_until = 0.0"),
    Mutation("routing/health.py", " and now >= health.measuring_until", ""),
    Mutation("routing/health.py", "ceil(q * len(known)) - 1", "ceil(q * len(known)) - 2"),
    Mutation("routing/window.py", "if attempts and now < began + length / SLICES:", "if attempts:"),
    Mutation("routing/window.py", "if each[0] > oldest", "if True"),
    Mutation("routing/window.py", "        if began > oldest:\n", "        if True:\n"),
    Mutation("routing/window.py", "attempts >= throughput and", ""),
    Mutation("routing/window.py", "failed >= ratio * attempts", "failed > ratio * attempts"),
    Mutation("routing/strategy.py", "            if wants_measuring(health, view.now):\n", "            if False:\n"),
    Mutation("routing/strategy.py", "return inf if known is None", "return 0.0 if known is None"),
    Mutation("routing/strategy.py", "health.latency if share is None", "health.latency if True"),
    # Looks at targets.
    Mutation("routing/probing.py", "if now < health.not_before or", "if"),
    Mutation("routing/probing.py", "now - watched.looked < 2 * ahead or", ""),
    Mutation("routing/probing.py", " or not admits(health, now + ahead):", ":"),
    Mutation("routing/probing.py", "return not admits(health, now) or now", "return now"),
    Mutation("routing/probing.py", "max(watched.looked, used)", "watched.looked"),
    Mutation("routing/probing.py", "now - chance * every", "now"),
    Mutation("routing/probing.py", "rests / _SOONER if watched.unwell else rests", "rests"),
    Mutation("routing/probing.py", "_WELL if answered or watched.unwell else _NOTHING", "_WELL"),
    Mutation(
        "routing/probing.py", "_WELL if answered or watched.unwell else _NOTHING", "_WELL if answered else _NOTHING"
    ),
    Mutation("routing/probing.py", 'if watched.shown or watched.by == "connect":', 'if watched.by == "connect":'),
    Mutation("routing/probing.py", "and found.http_status == _FORBIDDEN", ""),
    Mutation("routing/probing.py", "watched.spelling + 1 < spellings and", ""),
    Mutation("routing/probing.py", 'and watched.by == "models" and not watched.shown', 'and watched.by == "models"'),
    Mutation("routing/probing.py", "if used > watched.looked else watched", "if False else watched"),
    Mutation("routing/probing.py", "return watched._replace(unwell=True), _FAILED", "return watched, _FAILED"),
    # Order and bounds.
    Mutation("routing/plan.py", " and not admits(state, luck.now)]", "]"),
    Mutation("routing/plan.py", "if each.target.id not in held_back]", "]"),
    Mutation("routing/plan.py", "least = min(resting,", "least = max(resting,"),
    Mutation("routing/plan.py", "if not health[least.target.id].isolated:", "if True:"),
    Mutation("routing/plan.py", "clearances if preferences.allow_fallbacks else clearances[:1]", "clearances"),
    Mutation("routing/plan.py", "if preferences.allow_fallbacks:\n", "if True:\n"),
    Mutation("routing/plan.py", "if each.target.id not in health]", "]"),
    Mutation("routing/plan.py", "refusals = tuple(dict.fromkeys(refusals))", "pass"),
    Mutation("policy/clearing.py", "refusals += result", "pass"),
    Mutation("routing/strategy.py", "if preferences.sort is None", "if preferences.sort is not None"),
    Mutation("routing/strategy.py", "    if preferences.order:\n", "    if False:\n"),
    Mutation("routing/strategy.py", "declared.price.input + declared.price.output", "declared.price.input"),
    Mutation("routing/strategy.py", "reverse=True", "reverse=False"),
    Mutation("routing/strategy.py", "default=len(order)", "default=0"),
    Mutation("routing/strategy.py", "busier = view.in_flight(left[first].target.id) >", "busier = 0 >"),
    Mutation("routing/strategy.py", "second if busier else first", "first if busier else second"),
    Mutation("routing/strategy.py", "(first + 1 + int(", "(first + int("),
    # Limits, the budget of retries, back-off.
    Mutation("routing/load.py", "in_flight >= limits.concurrency", "in_flight > limits.concurrency"),
    Mutation("routing/load.py", "return max(full, now) + amount", "return full + amount"),
    Mutation("routing/load.py", "return max(full, now) + amount", "return now + amount"),
    Mutation("routing/load.py", "return full - MINUTE + MINUTE / per_minute", "return full - MINUTE"),
    Mutation("routing/load.py", "min(full, now + MINUTE + longest)", "full"),
    Mutation("routing/load.py", " or tokens <= 0:", ":"),
    Mutation("routing/load.py", "float(min(tokens, limits.tokens_per_minute * (MINUTE + longest)))", "float(tokens)"),
    Mutation("routing/load.py", "free > now + _SLACK", "free > now"),
    Mutation("routing/budget.py", "        retries *= kept\n", ""),
    Mutation("routing/budget.py", "        attempts *= kept\n", ""),
    Mutation("routing/budget.py", "    if now > at:", "    if True:"),
    Mutation("routing/budget.py", "spent.retries <= max(", "budget.retries <= max("),
    Mutation("routing/budget.py", "retries + 1.0 if again else retries", "retries + 1.0"),
    Mutation("routing/backoff.py", "max(tries - 1, 0)", "max(tries, 0)"),
    Mutation("routing/backoff.py", "min(max(tries - 1, 0), _MOST_DOUBLINGS)", "max(tries - 1, 0)"),
    Mutation("routing/backoff.py", "return random() * min(", "return min("),
    Mutation("routing/rate_headers.py", '"\\n".join(("", *headers.values()))', '"\\n".join(headers.values())'),
    Mutation("routing/rate_headers.py", "if 0.0 < wait <= _LONGEST", "if 0.0 < wait"),
    Mutation("routing/rate_headers.py", "if 0.0 < wait <= _LONGEST", "if wait <= _LONGEST"),
    Mutation("routing/rate_headers.py", "return max((wait", "return min((wait"),
    Mutation("routing/rate_headers.py", "duration if window or not kind else", "duration if not kind else"),
    Mutation("routing/rate_headers.py", "full / int(limit)", "full"),
    Mutation("routing/rate_headers.py", "number / 1000.0) - now", "number / 1000.0)"),
    Mutation("routing/rate_headers.py", '_QUOTED.sub("", text)', "text"),
    Mutation("routing/retry_after.py", "return seconds * unit", "return seconds"),
    Mutation("routing/retry_after.py", "max(0.0, date.timestamp() - now)", "date.timestamp() - now"),
)

MUTATIONS: tuple[Mutation, ...] = (*POLICY, *ROUTING)


def survives(mutation: Mutation) -> str:
    """Why the mutation counts as a survivor, or "" when a test noticed it."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        file = source / "zdr_router" / mutation.file
        text = file.read_text(encoding="utf-8")
        if text.count(mutation.old) != 1:
            return f"no longer applies: found {text.count(mutation.old)} times"
        file.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
        done = run_tests(source, Path(folder), mutation.file.partition("/")[0])
    return "" if done.returncode == 1 else f"survived (pytest ended with {done.returncode})"


def run_tests(source: Path, folder: Path, room: str = "") -> subprocess.CompletedProcess[str]:
    """Run the tests of all rooms against `source`; those of `room` first, and of these the quick ones."""
    files = [path for each in ROOMS for path in sorted((ROOT / "tests" / each).glob("test_*.py"))]
    files.sort(key=lambda path: (path.parent.name != room, path.name == SLOW))
    environment = {
        **os.environ,
        "PYTHONPATH": str(source),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_PROFILE": "mutation",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "examples"),
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--basetemp", str(folder / "tmp")]
    return subprocess.run(
        [*command, *map(str, files)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Break the code in small ways and see whether the tests notice.")
    parser.add_argument("--quick", type=int, default=1, metavar="N", help="every N-th mutation only")
    parser.add_argument("--only", default="", metavar="TEXT", help="mutations whose file or text contains this")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="how many at a time")
    asked = parser.parse_args()
    chosen = [each for each in MUTATIONS if asked.only in each.file or asked.only in each.old][:: asked.quick]
    with tempfile.TemporaryDirectory() as folder:
        done = run_tests(ROOT / "src", Path(folder))
    if done.returncode != 0:
        print(done.stdout)
        print("the tests fail without any mutation, so they would notice nothing")
        return 1
    left = 0
    with ThreadPoolExecutor(asked.jobs) as pool:
        for mutation, fate in zip(chosen, pool.map(survives, chosen), strict=True):
            if fate:
                left += 1
                print(f"{fate}\n  {mutation.file}\n  - {mutation.old!r}\n  + {mutation.new!r}", flush=True)
    print(f"{len(chosen) - left} of {len(chosen)} mutations were noticed")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
