"""The statement as a whole: for people as Markdown, for programs as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from zdr_router.conformance.statement import wording
from zdr_router.conformance.statement.record import RECORDED

if TYPE_CHECKING:
    from zdr_router.conformance.statement.facts import Gathered, Service

HEAD: Final = "Where prompts go, and what is kept of them"
SCOPE: Final = (
    "This is about the part of our service that calls language models. What other parts of it keep is not said here. "
    "It repeats what providers publish and what we have arranged with them; we cannot look into their systems."
)


def document(gathered: Gathered) -> dict[str, Any]:
    """Every sentence, with the facts that it was made of."""
    return {
        "day": str(gathered.day),
        "holds_until": None if gathered.until is None else str(gathered.until),
        "summary": summary(gathered),
        "services": [_service(each) for each in gathered.services],
        "recorded": list(RECORDED),
        "scope": SCOPE,
    }


def summary(gathered: Gathered) -> str:
    """The sentence that customers remember, and how strong it is: as strong as the weakest basis of any service."""
    count = len(gathered.services)
    services = "one service" if count == 1 else f"{count} services"
    own = sum(each.configuration.self_operated for each in gathered.services)
    ours = "" if not own else ", which we run ourselves" if own == count else f", of which we run {own} ourselves"
    claimed = sum(each.configuration.attestation.grade == "claimed" for each in gathered.services)
    kept = any(wording.keeps_longer(each) for each in gathered.services)
    who = "it does not keep" if count == 1 else "none of them keeps"
    each = "below" if count == 1 else "for each"
    text = f"Prompts and answers pass to {services}{ours}. On the basis that is stated {each}, {who} their content"
    text += " beyond the request"
    text += ", apart from what is listed there." if kept else "."
    if claimed:
        some = "This rests" if claimed == count else f"For {claimed} of them this rests"
        text += f" {some} on a list that somebody else keeps; not everybody's own documents were read."
    return text


def _service(service: Service) -> dict[str, Any]:
    configuration = service.configuration
    attestation = configuration.attestation
    links = service.provider.links.model_dump(exclude_none=True)
    return {
        "configuration": configuration.id,
        "title": configuration.title,
        "provider": service.provider.name,
        "operator": wording.operator(service),
        "regions": wording.regions(service),
        "models": list(service.models),
        "kept": wording.retention(service),
        "routine": wording.on_the_routine_path(configuration.flags),
        "parties": [wording.leg(each) for each in configuration.legs],
        "cache": wording.caching(service.caching),
        "requests_may_use": [wording.permitted(each) for each in service.features],
        "exceptions": [wording.exception(each) for each in service.exceptions],
        "not_sent": list(dict.fromkeys(wording.unsent(each) for each in service.unsent)),
        "basis": wording.basis(service),
        "grade": service.grade,
        "published_grade": attestation.grade,
        "grades": wording.grades(service),
        "read": str(attestation.observed),
        "reading_lapses": None if attestation.expires is None else str(attestation.expires),
        "contradicted_by": [each.says for each in attestation.conflicts],
        "sources": list(dict.fromkeys(each.url for each in attestation.evidence if each.url)),
        "links": links,
    }


def markdown(gathered: Gathered) -> str:
    """The page."""
    said = document(gathered)
    holds = f" It holds until {said['holds_until']}, unless it is renewed." if said["holds_until"] else ""
    lines = [f"# {HEAD}", "", f"As of {said['day']}.{holds}", "", said["summary"]]
    for service in said["services"]:
        lines += ["", f"## {service['title']}", "", *_rows(service), "", service["routine"], service["cache"]]
        lines += [*service["parties"], *service["not_sent"]]
        lines += _list("Requests may use what goes beyond an answer:", service["requests_may_use"])
        lines += _list("Exceptions:", service["exceptions"])
        lines += ["", f"Basis: {service['basis']}"]
        lines += _list("Sources that say otherwise:", service["contradicted_by"])
    lines += ["", "## What we record ourselves", "", "Of each request we record, without its content:", ""]
    lines += [f"- {each}" for each in said["recorded"]]
    return "\n".join([*lines, "", "## Scope", "", said["scope"], ""])


def _list(title: str, items: list[str]) -> list[str]:
    return ["", title, "", *(f"- {' '.join(each.split())}" for each in items)] if items else []


def _rows(service: dict[str, Any]) -> list[str]:
    links = service["links"]
    subprocessors = links.get("subprocessors", "we know of no list")
    own = service["operator"] == wording.OURSELVES
    if own:
        subprocessors = "whoever hosts our servers, if anybody does"
    others = [f"[{name}]({links[name]})" for name in ("privacy", "terms", "dpa") if name in links and not own]
    rows = [
        ("Provider", f"{service['provider']}, run by {service['operator']}"),
        ("Processed in", service["regions"]),
        ("Models", ", ".join(service["models"])),
        ("Content is kept", service["kept"]),
        ("Grade of the basis", service["grades"]),
        (
            "Read on",
            service["read"] + (f", lapses on {service['reading_lapses']}" if service["reading_lapses"] else ""),
        ),
        ("Sub-processors", subprocessors),
        ("Documents", ", ".join(others)),
        ("Sources", ", ".join(service["sources"])),
    ]
    return ["| | |", "|---|---|", *(f"| {name} | {_cell(value)} |" for name, value in rows if value)]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
