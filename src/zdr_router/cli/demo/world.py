"""Decides what the demo declares: an operator's file that mixes two local targets with six that must be refused.

Everything is dated from the day it is written, so that each refusal comes about for the same reason on any day.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from zdr_router.errors import ConfigError, Problem
from zdr_router.policy.accounts import fingerprint
from zdr_router.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MODEL: Final = "gemma-3-270m"
LOCAL: Final = "llama-cpp/self-operated"
ROUTE: Final = "assistant"
HOSTED_ROUTE: Final = "hosted"
TENANT, OTHER_TENANT = "acme", "globex"
ONE, TWO = f"one/{MODEL}", f"two/{MODEL}"

CLEARED: Final = (ONE, TWO)
REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "openai-plain/gpt-4.1-mini": "ZDR201",
        "groq-no-grant/llama-3.3-70b-versatile": "ZDR301",
        "groq-new-key/llama-3.3-70b-versatile": "ZDR305",
        "openai-lapsed/gpt-4.1-mini": "ZDR101",
        "ollama/gpt-oss:120b-cloud": "ZDR502",
        f"globex-own/{MODEL}": "ZDR307",
    }
)
"""The targets that must be refused to the tenant `acme`, and the rule that each of them is there for."""

HOSTED: Final = tuple(target for target in REFUSED if target.startswith(("openai", "groq")))
VOIDING_RULE: Final = "ZDR603"
"""The rule that refuses a local target once the request asks for `store: true`."""

_RENEWED: Final = ("openai/default", "groq/zdr")
_LAPSED: Final = "openai/zdr-memory-cache"
_SELF_OPERATED: Final = (LOCAL, "ollama/local")

_OVERLAY = """\
# Written by `zdr demo`, for this run alone. It moves the dates of shipped attestations to around today, so that the
# demo shows the same on any day; nobody has read their evidence again. Never renew an attestation like this.
schema: 1
overlay: {reviewed_by: "zdr demo: dates only, nothing was read again"}
configurations:
"""

_OPERATOR_FILE = """\
# Written by `zdr demo` on {today}: an operator's file. Two servers on this machine, and six traps beside them.
# The keys are made up.
schema: 1
registry: {{shipped: true, overlays: [dates.yaml]}}
policy:
  minimum_grade: documented
  cache: host_memory                      # the most durable cache accepted
accounts:
  one:
    configuration: {local}
    base_url: {one}
    engine_version: {engine}
    grant: {{basis: self_operated, stated_by: zdr demo,
            since: {since}, until: {until}}}
  two:
    configuration: {local}
    base_url: {two}
    engine_version: {engine}
    grant: {{basis: self_operated, stated_by: zdr demo,
            since: {since}, until: {until}}}
  openai-plain:                           # keeps prompts and answers unless something else is agreed on
    configuration: openai/default
    api_key: {{file: "{keys}/openai"}}
  groq-no-grant:                          # zero retention is a setting there, and nobody states that it is on
    configuration: groq/zdr
    api_key: {{file: "{keys}/groq"}}
  groq-new-key:                           # the key was changed after the grant was made
    configuration: groq/zdr
    api_key: {{file: "{keys}/groq"}}
    grant:
      {{basis: org_setting, stated_by: zdr demo, since: {since}, until: {until}, credential: "{old_key}"}}
  openai-lapsed:                          # arranged and granted, but its attestation is out of date
    configuration: {lapsed}
    api_key: {{file: "{keys}/openai"}}
    scope: {{project: proj_demo}}
    grant:
      {{basis: project_setting, stated_by: zdr demo, since: {since}, until: {until}, credential: "{openai_key}",
       scope: {{project: proj_demo}}}}
  ollama:                                 # on loopback, but it forwards models named …cloud
    configuration: ollama/local
    base_url: http://127.0.0.1:11434/v1
    grant: {{basis: self_operated, stated_by: zdr demo,
            since: {since}, until: {until}}}
  globex-own:                             # a good target, of another tenant
    configuration: {local}
    base_url: {two}
    engine_version: {engine}
    grant: {{basis: self_operated, stated_by: zdr demo,
            since: {since}, until: {until}}}
tenants:
  {tenant}: {{accounts: [openai-plain, groq-no-grant, groq-new-key, openai-lapsed, ollama]}}
  {other}: {{accounts: [globex-own]}}
routes:
  {route}:
    timeout: 2m                           # patience with a small machine
    targets:
{targets}
  {hosted_route}:
    targets:
{hosted}
"""


@dataclass(frozen=True, slots=True)
class World:
    """Where the demo's files are. Both paths are absolute."""

    directory: Path
    operator_file: Path


def empty_directory(directory: Path) -> Path:
    """`directory` as an absolute path, made if need be. Raises `ConfigError` when something is in it already."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        occupied = any(directory.iterdir())
    except OSError as error:
        raise ConfigError(
            Problem(f"cannot be used ({error.strerror})", file=str(directory), fix="name another one")
        ) from None
    if occupied:
        raise ConfigError(Problem("holds files already", file=str(directory), fix="name a new or an empty directory"))
    return directory.resolve()


def write_world(directory: Path, *, today: dt.date, one: str, two: str, engine: str) -> World:
    """Write `zdr.yaml`, `dates.yaml` and made-up keys into `directory`, as on the day `today` (UTC).

    `one` and `two` are the base URLs of the two servers, `engine` is their llama.cpp build, such as `b11549`.
    """
    keys = directory / "keys"
    keys.mkdir(mode=0o700)
    made_up = {name: f"made-up-key-of-the-demo-for-{name}" for name in ("openai", "groq")}
    for name, key in made_up.items():
        (keys / name).write_text(key, encoding="utf-8")
    month = dt.timedelta(days=30)
    ours, theirs = CLEARED, tuple(REFUSED)
    filled = _OPERATOR_FILE.format(
        today=today,
        since=today - month,
        until=today + month,
        local=LOCAL,
        lapsed=_LAPSED,
        one=one,
        two=two,
        engine=engine,
        keys=keys.as_posix(),
        old_key=fingerprint("groq-new-key", "the-key-before-it"),
        openai_key=fingerprint("openai-lapsed", made_up["openai"]),
        tenant=TENANT,
        other=OTHER_TENANT,
        route=ROUTE,
        hosted_route=HOSTED_ROUTE,
        # The traps stand first, where a router that looks at the order alone would send every request.
        targets=_items((*theirs[:3], *ours, *theirs[3:])),
        hosted=_items(HOSTED),
    )
    operator_file = directory / "zdr.yaml"
    operator_file.write_text(filled, encoding="utf-8")
    (directory / "dates.yaml").write_text(_OVERLAY + _dates(today), encoding="utf-8")
    return World(directory, operator_file)


def _items(targets: tuple[str, ...]) -> str:
    return "\n".join(f'      - "{target}"' for target in targets)


def _dates(today: dt.date) -> str:
    """For each configuration in use, an attestation dated around `today`."""
    shipped = Registry.shipped().configurations
    day = dt.timedelta(days=1)
    entries = [_entry(name, today - 30 * day, today + 30 * day) for name in _RENEWED]
    entries.append(_entry(_LAPSED, today - 40 * day, today - 10 * day))
    # Attested for a range of versions, not until a day; but never from a day that is still to come.
    entries.extend(_entry(name, min(today, shipped[name].attestation.observed), None) for name in _SELF_OPERATED)
    return "".join(entries)


def _entry(configuration: str, observed: dt.date, expires: dt.date | None) -> str:
    lines = [
        f"  - id: {configuration}",
        "    attestation:",
        f"      observed: {observed}",
        *([] if expires is None else [f"      expires: {expires}"]),
        "      evidence:",
        f"        - {{kind: operator, locator: dated by the demo, observed: {observed}, confidence: low}}",
    ]
    return "\n".join(lines) + "\n"
