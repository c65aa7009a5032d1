"""OpenRouter's list of zero retention endpoints (`GET /api/v1/endpoints/zdr`), as configurations of grade `claimed`.

Each tag of the list (a host, or a variant of one) becomes a configuration that forces requests to that tag, demands
that the answer names its host, and serves the listed models only. Everything else is what `openrouter/zdr` says.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from zdr_router.conformance.importing.base import Imported
from zdr_router.conformance.importing.openrouter_model import model_of
from zdr_router.errors import ConfigError, Problem
from zdr_router.policy.target import exclusion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from zdr_router.registry import Configuration, Provider

BASE: Final = "openrouter/zdr"
"""What the list is about: OpenRouter's own layer, the account's setting, and the parameters that ask for the list."""

PROVIDER: Final = "openrouter-listed"
LASTS: Final = dt.timedelta(days=30)
ADDRESS: Final = "https://openrouter.ai/api/v1/endpoints/zdr"

_NEEDED: Final = ("model_id", "provider_name", "tag")
_CARRIED: Final = frozenset({*_NEEDED, "context_length", "pricing", "supported_parameters"})
_BESIDE: Final = frozenset(
    {
        "latency_last_30m",
        "max_completion_tokens",
        "max_prompt_tokens",
        "model_name",
        "name",
        "native_tools",
        "perf_last_30m_by_workload",
        "quantization",
        "status",
        "supports_implicit_caching",
        "supports_tool_choice",
        "supports_voice_cloning",
        "throughput_last_30m",
        "uptime_last_1d",
        "uptime_last_30m",
        "uptime_last_5m",
    }
)
"""Members that say nothing about what is kept, and that no configuration has a place for."""

_OF_THE_LAYER: Final = frozenset({"policy_page", "documentation", "dpa", "terms", "contract"})
"""Evidence of `openrouter/zdr` that is about OpenRouter itself; the rest is about the hosts that it names."""

_TAG: Final = re.compile(r"[a-z0-9]+([./_-][a-z0-9]+)*")
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_FRESH: Final = "fetch the list anew"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One entry of the list, and its place there."""

    place: str
    tag: str
    host: str
    model: dict[str, Any]


def listed(  # noqa: PLR0913 - an answer, what it rests on, and when it was had
    data: bytes,
    file: str,
    *,
    base: Configuration,
    provider: Provider,
    observed: dt.date,
    ignored: Collection[str] = (),
) -> Imported:
    """The saved answer `data` as a provider file. `ignored` are members that somebody has looked up.

    An entry with a member that nobody knows is left out: it may well be the one that qualifies the promise. Raises
    `ConfigError` where `data` is no such answer, or nothing is left of it.
    """
    if observed < base.attestation.observed:
        what = f"the list was read before {base.id}, which it rests on, was read: {base.attestation.observed}"
        raise ConfigError(Problem(what, file=file, fix=_FRESH))
    answer = _answer(data, file)
    left_out: list[Problem] = []
    entries = list(_entries(answer, file, base, {*_CARRIED, *_BESIDE, *ignored}, left_out))
    if not entries:
        raise ConfigError([*left_out, Problem("no entry of the list is left", file=file, fix=_FRESH)])
    notes = [
        Problem(f"says {name} beside the list, which is not carried over", file=file, fix="look it up")
        for name in sorted(set(answer) - {"data"})
    ]
    seen = {name for entry in answer["data"] if isinstance(entry, dict) for name in entry}
    if beside := sorted(seen & {*_BESIDE, *ignored}):
        notes.append(Problem(f"has no place in a configuration: {', '.join(beside)}", file=file))
    by_tag: dict[str, list[Endpoint]] = {}
    for entry in sorted(entries, key=lambda each: (each.tag, each.model["id"], each.place)):
        by_tag.setdefault(entry.tag, []).append(entry)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    names = _names(by_tag)
    configurations = [
        _configuration(base, names[tag], tag, _unique(found, file, notes), observed, digest)
        for tag, found in by_tag.items()
    ]
    about = provider.model_dump(mode="json", exclude_defaults=True)
    document = {
        "schema": 1,
        "provider": {**about, "id": PROVIDER, "name": f"{provider.name}, by its own list"},
        "configurations": configurations,
    }
    return Imported(document, tuple(left_out), tuple(notes), {(): _head(observed)})


def _head(observed: dt.date) -> tuple[str, ...]:
    return (
        f"Made by `zdr import openrouter` from the answer of {ADDRESS} of {observed}.",
        f"The list reflects what hosts publish, and no guarantee: its grade is claimed. It lasts {LASTS.days} days.",
        "Make it anew instead of editing it.",
    )


def _answer(data: bytes, file: str) -> dict[str, Any]:
    fault = "is not the answer of /api/v1/endpoints/zdr, which is {data: [...]}"
    try:
        answer = json.loads(data, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        fault, answer = "is not JSON, or says a member twice", None
    if isinstance(answer, dict) and isinstance(answer.get("data"), list):
        return answer
    raise ConfigError(Problem(fault, file=file, fix=f"save what {ADDRESS} answers, as it comes"))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _no_constant(_name: str) -> None:
    raise ValueError


def _entries(
    answer: Mapping[str, Any], file: str, base: Configuration, known: Collection[str], left_out: list[Problem]
) -> Iterator[Endpoint]:
    for index, entry in enumerate(answer["data"]):
        place = f"{file}: data[{index}]"
        fault = _fault(entry, base, known)
        if fault is None:
            yield Endpoint(place, entry["tag"], entry["provider_name"], model_of(entry))
        else:
            left_out.append(Problem(fault[0], file=place, fix=fault[1]))


def _fault(entry: object, base: Configuration, known: Collection[str]) -> tuple[str, str] | None:
    """Why an entry cannot be carried over, and what to do."""
    if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in _NEEDED):
        return f"lacks one of {', '.join(_NEEDED)}", _FRESH
    if not _TAG.fullmatch(entry["tag"]) or not _NAME.fullmatch(entry["provider_name"]):
        return "its tag or provider_name is not a name", "report it to OpenRouter"
    if not entry["model_id"].strip() or not entry["model_id"].isprintable():
        return "its model_id is not a name", "report it to OpenRouter"
    if unknown := sorted(set(entry) - set(known)):
        fix = "look up what they say about retention; then --ignore NAME for each that says nothing"
        return f"has members that nobody knows: {', '.join(map(_shown, unknown))}", fix
    if why := exclusion(base, entry["model_id"]):
        return f"{base.id} does not cover this model ({why})", "leave it out"
    return None


def _shown(name: str) -> str:
    return name if name.isidentifier() and len(name) <= 64 else "(no name)"  # noqa: PLR2004 - as long as any name is


def _unique(found: Sequence[Endpoint], file: str, notes: list[Problem]) -> list[Endpoint]:
    """One entry for each model; of two the first, which of two prices is a question of luck and not of trust."""
    first: dict[str, Endpoint] = {}
    for entry in found:
        kept = first.setdefault(entry.model["id"], entry)
        if kept.model != entry.model:
            place = entry.place.removeprefix(f"{file}: ")
            notes.append(Problem(f"{place} says {entry.tag} serves a model again, on other terms", file=file))
    return list(first.values())


def _names(tags: Collection[str]) -> dict[str, str]:
    """A configuration's name for each tag: google-vertex/europe becomes google-vertex.europe."""
    names: dict[str, str] = {}
    for tag in tags:
        name = plain = tag.replace("/", ".")[:60]
        number = 1
        while name in names.values():
            number += 1
            name = f"{plain}-{number}"
        names[tag] = name
    return names


def _configuration(  # noqa: PLR0913, PLR0917 - what a configuration is made of
    base: Configuration, name: str, tag: str, entries: Sequence[Endpoint], observed: dt.date, digest: str
) -> dict[str, Any]:
    said = base.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    hosts = sorted({entry.host for entry in entries})
    forced = {each["set"]: each["to"] for each in said.get("conditions", {}).get("force", [])}
    forced |= {"provider.zdr": True, "provider.data_collection": "deny", "provider.only": [tag]}
    layer = [row for row in said["attestation"]["evidence"] if row["kind"] in _OF_THE_LAYER]
    others = [leg for leg in said.get("legs", []) if leg["leg"] != "upstream"]
    upstream = [{**leg, "operator": " or ".join(hosts)} for leg in said.get("legs", []) if leg["leg"] == "upstream"]
    return {
        **said,
        "id": f"{PROVIDER}/{name}",
        "title": f"OpenRouter, what it lists as zero retention at {tag}",
        "legs": [*others, *upstream],
        "conditions": {
            **said.get("conditions", {}),
            "force": [{"set": path, "to": value} for path, value in forced.items()],
            "response": [{"body": "provider", "one_of": hosts}],
        },
        "models": [entry.model for entry in entries],
        "attestation": {
            **said["attestation"],
            "observed": str(observed),
            "expires": str(observed + LASTS),
            "grade": "claimed",
            "evidence": [*_evidence(tag, observed, digest), *layer],
        },
    }


def _evidence(tag: str, observed: dt.date, digest: str) -> Iterator[dict[str, Any]]:
    yield {
        "kind": "api",
        "about": ["stores_prompts", "stores_outputs", "logs_content", "trains_on_content", "legs", "models"],
        "url": ADDRESS,
        "locator": f"the entries with the tag {tag}",
        "observed": str(observed),
        "confidence": "medium",
        "digest": digest,
    }
    yield {
        "kind": "inference",
        "about": ["human_review", "shares_or_sells"],
        "locator": "of the upstream leg: what is not stored cannot be read by people, sold or published later",
        "observed": str(observed),
        "confidence": "medium",
    }
