"""Random worlds: registries, accounts, tenants, policies, requests and instants, as the plain values of their files.

A world starts sound and is then damaged in up to four places, so that a good share of its targets stays eligible
and every rule of the catalogue still gets its turn.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from judge import FLAGS, MEDIA, NEEDS_CAPABILITY, NEEDS_PERMIT, fingerprint

KINDS = (
    "default",
    "request_parameter",
    "org_setting",
    "project_setting",
    "contract",
    "gateway_agreement",
    "self_operated",
    "enclave",
)
TRIGGERS = ("abuse_flag", "csam_screening", "safety_retention", "error_debug", "sampling", "legal_hold")
CAPABILITIES = sorted(set(NEEDS_CAPABILITY.values()))
REGIONS = ("us", "eu", "on_premises")
COUNTRIES = ("US", "DE", "FR")
MODELS = ("small", "large", "large-beta")
ENDPOINTS = ("chat.completions", "embeddings", "responses")
TODAY = dt.date(2026, 11, 22)
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC).timestamp()
DAY = 86400.0


@dataclass
class Case:
    """Everything that a decision depends on."""

    provider_files: list[dict[str, Any]]
    operator: dict[str, Any]
    tenant: str | None
    endpoint: str
    body: dict[str, Any]
    call_policy: dict[str, Any] | None
    now: float
    credentials: dict[str, str]
    trust: dict[str, Any] | None
    dialects: frozenset[str] = frozenset({"openai"})
    damage: list[str] = field(default_factory=list)

    def copy(self) -> Case:
        return copy.deepcopy(self)

    @property
    def configurations(self) -> list[dict[str, Any]]:
        return [each for file in self.provider_files for each in file["configurations"]]

    def configuration_of(self, account: dict[str, Any]) -> dict[str, Any]:
        return next(each for each in self.configurations if each["id"] == account["configuration"])


def midnight(day: dt.date) -> float:
    return dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()


# --- sound parts ---------------------------------------------------------------------------------------------------


def _days(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(lambda days: (TODAY + dt.timedelta(days=days)).isoformat())


@st.composite
def _attestations(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    observed = draw(_days(-30, -1))
    attestation = {
        "observed": observed,
        "evidence": [{"kind": "policy_page", "locator": "§1", "observed": observed, "confidence": "high"}],
    }
    if kind != "self_operated" or draw(st.booleans()):
        attestation["expires"] = draw(_days(1, 59))
    if draw(st.integers(0, 9)) == 0:
        attestation["grade"] = draw(st.sampled_from(["claimed", "documented"]))
    return attestation


@st.composite
def _caches(draw: st.DrawFn) -> dict[str, Any]:
    cache: dict[str, Any] = {"medium": draw(st.sampled_from(MEDIA[:5]))}
    way = draw(st.sampled_from(["none", "salt", "key", "off", "off and disable"]))
    if way == "salt":
        cache["isolation"] = {"parameter": "cache_salt"}
    if way == "key":
        cache["isolation"] = {"parameter": "prompt_cache_key"}
    if way.startswith("off"):
        cache["isolation"] = {"off": {"cache_prompt": False}}
    cache["can_disable"] = way == "off and disable"
    return cache


def _exceptions() -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.fixed_dictionaries(
        {
            "trigger": st.sampled_from(TRIGGERS),
            "when": st.sampled_from(["all", "images", "files", "audio", "video"]),
            "human_review": st.sampled_from(["no", "no", "unknown", "yes"]),
        }
    )
    return st.lists(one, max_size=1)


def _forbids() -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(
        st.sampled_from(
            [
                {"path": "previous_response_id"},
                {"path": "model", "matches": "-beta$"},
                {"path": "temperature", "equals": 1},
                {"path": "logprobs", "equals": True},
                {"path": "messages[].content[].type", "matches": "audio"},
                {"path": "metadata"},
            ]
        ),
        max_size=2,
    )


@st.composite
def _conditions(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    conditions: dict[str, Any] = {}
    if kind == "request_parameter" or draw(st.integers(0, 2)) == 0:
        conditions["force"] = [draw(st.sampled_from([{"set": "store", "to": False}, {"set": "zdr.on", "to": True}]))]
    conditions["permit"] = draw(st.lists(st.sampled_from(sorted(NEEDS_PERMIT)), max_size=8, unique=True))
    conditions["forbid"] = draw(_forbids())
    if draw(st.booleans()):
        conditions["allow"] = {"tools[].type": ["function"]}
    return conditions


def _legs() -> st.SearchStrategy[list[str]]:
    return st.sampled_from([[], [], ["gateway"], ["gateway", "upstream"]])


@st.composite
def _configurations(draw: st.DrawFn, provider: str, name: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    narrow = ("project", "workspace", "organization", "region") if kind == "project_setting" else ("organization",)
    no_flags = dict.fromkeys(FLAGS, "no")
    legs = draw(_legs())
    configuration: dict[str, Any] = {
        "id": f"{provider}/{name}",
        "title": name,
        "hosts": [f"https://{name}.{provider}.example/v1"],
        "endpoints": list(ENDPOINTS[: draw(st.integers(1, 3))]) if draw(st.integers(0, 3)) == 0 else list(ENDPOINTS),
        "regions": draw(st.lists(st.sampled_from(REGIONS[:2]), min_size=1, max_size=2, unique=True)),
        "mechanism": {"kind": kind, "scope": draw(st.sampled_from(narrow)), "fail_mode": "closed"},
        "flags": dict(no_flags),
        "legs": [{"leg": leg, "flags": dict(no_flags)} for leg in legs],
        "cache": draw(_caches()),
        "exceptions": draw(_exceptions()),
        "conditions": draw(_conditions(kind)),
        "models": [_model(name, draw(st.sampled_from(["hosted"] * 9 + ["proxied"]))) for name in MODELS[:2]]
        + [{"pattern": "^large-", "features": ["tools"]}],
        "attestation": draw(_attestations(kind)),
    }
    if draw(st.integers(0, 3)) == 0:
        configuration["mechanism"]["effective_from"] = draw(_days(-20, 0))
    if kind == "self_operated":
        configuration["engine"] = {"name": "engine", "versions": ">=4000,<9000"}
        configuration["hosts"] = draw(st.sampled_from([[], configuration["hosts"]]))
        configuration["credentials"] = {"auth": draw(st.sampled_from(["none", "bearer"]))}
    if kind == "default" and draw(st.booleans()):
        configuration["mechanism"]["fail_mode"] = "unknown"
    return configuration


def _model(name: str, origin: str) -> dict[str, Any]:
    price = {"input": 1, "output": 2} if name == "small" else {"input": 5}
    return {"id": name, "features": list(CAPABILITIES), "price": price, "origin": origin}


@st.composite
def _providers(draw: st.DrawFn, name: str, configurations: tuple[str, ...]) -> dict[str, Any]:
    return {
        "schema": 1,
        "provider": {"id": name, "name": name, "legal_entity": name, "country": draw(st.sampled_from(COUNTRIES[:2]))},
        "configurations": [draw(_configurations(name, each)) for each in configurations],
    }


@st.composite
def _accounts(draw: st.DrawFn, name: str, configuration: dict[str, Any], key: str | None) -> dict[str, Any]:
    kind, narrow = configuration["mechanism"]["kind"], configuration["mechanism"]["scope"]
    account: dict[str, Any] = {"configuration": configuration["id"]}
    if key is not None:
        account["api_key"] = {"env": "A_KEY"}
    if not configuration["hosts"]:
        account["base_url"] = draw(
            st.sampled_from(["http://127.0.0.1:8081/v1", "http://[::1]:80/v1/", "https://llm.example/v1"])
        )
    if kind == "self_operated":
        if draw(st.booleans()):
            account["engine_version"] = draw(st.sampled_from(["b4000", "4000", "8999"]))
        if draw(st.booleans()):
            account["regions"] = draw(st.lists(st.sampled_from(REGIONS), max_size=2, unique=True))
    account["scope"] = {narrow: "ours", **draw(st.sampled_from([{}, {"deployment": "d1"}]))}
    if kind not in ("default", "request_parameter"):
        account["grant"] = {
            "basis": kind,
            "stated_by": "security",
            "since": draw(_days(-20, 0)),
            "until": draw(_days(0, 40)),
            "scope": draw(st.sampled_from([{narrow: "ours"}, dict(account["scope"])])),
            **({} if key is None else {"credential": fingerprint(name, key)}),
        }
    return account


@st.composite
def host_policies(draw: st.DrawFn) -> dict[str, Any]:
    """Mostly generous, so that what a world is damaged in decides."""
    optional = {
        "cache_isolation": st.sampled_from(["tenant", "none"]),
        "regions": st.sampled_from([list(REGIONS), list(REGIONS), ["us", "on_premises"]]),
        "countries": st.sampled_from([["US", "DE"], ["US", "DE"], ["US"]]),
        "max_attestation_age": st.sampled_from(["60d", "2160h", "20d"]),
        "max_revocation_staleness": st.sampled_from(["60s", "5m"]),
        "providers": st.sampled_from([{"never": ["elsewhere"]}, {"only": ["p0", "p1/c0"]}]),
        "human_review_within_exceptions": st.booleans(),
        "bind_credentials": st.booleans(),
        "identifiers": st.sampled_from(["pseudonym", "pseudonym", "refuse"]),
        "minimum_grade": st.sampled_from(["claimed", "documented", "documented", "contracted"]),
    }
    return draw(
        st.fixed_dictionaries(
            {
                "cache": st.sampled_from(["disk", "disk", "local_encrypted", "host_memory"]),
                "tolerate": st.sampled_from([list(TRIGGERS), list(TRIGGERS), ["csam_screening", "abuse_flag"]]),
            },
            optional=optional,
        )
    )


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """Any policy at all, generous or not; never empty."""
    fields = {
        "minimum_grade": st.sampled_from(["claimed", "documented", "contracted", "verified"]),
        "cache": st.sampled_from(MEDIA),
        "cache_isolation": st.sampled_from(["tenant", "none"]),
        "tolerate": st.lists(st.sampled_from(TRIGGERS), max_size=6, unique=True),
        "human_review_within_exceptions": st.booleans(),
        "regions": st.lists(st.sampled_from(REGIONS), min_size=1, max_size=3, unique=True),
        "countries": st.lists(st.sampled_from(COUNTRIES), min_size=1, max_size=3, unique=True),
        "max_attestation_age": st.sampled_from(["90d", "10d", "36h"]),
        "max_revocation_staleness": st.sampled_from(["10s", "60s", "1h"]),
        "providers": st.fixed_dictionaries(
            {},
            optional={
                "only": st.lists(st.sampled_from(["p0", "p1", "p0/c0", "p1/c1"]), max_size=3, unique=True),
                "never": st.lists(st.sampled_from(["p1", "p0/c1", "elsewhere"]), max_size=1),
            },
        ),
        "bind_credentials": st.booleans(),
        "identifiers": st.sampled_from(["pseudonym", "refuse"]),
    }
    names = draw(st.lists(st.sampled_from(sorted(fields)), min_size=1, max_size=3, unique=True))
    return {name: draw(fields[name]) for name in names}


# --- requests ------------------------------------------------------------------------------------------------------

TEXT_PART = {"type": "text", "text": "hello"}
PARTS: dict[str, dict[str, Any]] = {
    "inline_image": {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
    "remote_image": {"type": "image_url", "image_url": {"url": "https://pictures.example/a.png"}},
    "unknown address": {"type": "image_url", "image_url": {"url": "ftp://pictures.example/a.png"}},
    "inline_file": {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA"}},
    "file_by_id": {"type": "file", "file": {"file_id": "file-1"}},
    "inline_audio": {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
    "remote_audio": {"type": "input_audio", "input_audio": {"data": "https://sounds.example/a.wav", "format": "wav"}},
    "unknown part": {"type": "hologram"},
}
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {}}}
CUSTOM = {"type": "custom", "custom": {"name": "c"}}

CHAT_EXTRAS: dict[str, list[Any]] = {
    "temperature": [0, 1, 0.5, True and 1.0],
    "seed": [7],
    "max_tokens": [16],
    "stream": [True, False],
    "store": [False, True, None],
    "metadata": [{}, {"team": "a"}],
    "user": ["u1", None],
    "logprobs": [True, False],
    "reasoning_effort": ["low", "extreme"],
    "response_format": [{"type": "text"}, {"type": "json_object"}],
    "tools": [[], [FUNCTION], [CUSTOM], [FUNCTION, CUSTOM], [{"type": "oracle"}]],
    "modalities": [["text"], ["text", "audio"]],
    "prompt_cache_key": ["k"],
    "prompt_cache_retention": ["in_memory", "24h", "forever"],
    "web_search_options": [{}],
    "no_such_parameter": [1, None],
    "previous_response_id": ["r1"],
}
RESPONSES_EXTRAS: dict[str, list[Any]] = {
    "store": [False, False, False, True, None],
    "temperature": [1, 0.2],
    "previous_response_id": ["r1"],
    "background": [True, False],
    "metadata": [{"team": "a"}],
    "prompt_cache_key": ["k"],
    "stream": [True],
    "no_such_parameter": [1],
}
QUIET = ("temperature", "seed", "max_tokens", "stream", "response_format", "tools", "logprobs")


@st.composite
def provider_preferences(draw: st.DrawFn) -> dict[str, Any]:
    names = st.lists(
        st.sampled_from(["p0", "p1", "p0/c0", "p1/c0", "a0/small", "a1/large"]), min_size=1, max_size=4, unique=True
    )
    return draw(
        st.fixed_dictionaries(
            {},
            optional={
                "zdr": st.booleans(),
                "only": names,
                "ignore": names,
                "order": names,
                "allow_fallbacks": st.booleans(),
                "data_collection": st.sampled_from(["deny", "allow"]),
                "max_price": st.fixed_dictionaries(
                    {}, optional={"prompt": st.sampled_from([1, 4.5, 5]), "completion": st.sampled_from([0, 2])}
                ),
                "regions": st.lists(st.sampled_from(REGIONS), max_size=3, unique=True),
                "sort": st.sampled_from(["price", "latency"]),
            },
        )
    )


@st.composite
def bodies(draw: st.DrawFn, endpoint: str, *, quiet: bool) -> dict[str, Any]:
    """A readable body; a quiet one uses nothing that would need a permit."""
    body: dict[str, Any] = {"model": "assistant"}
    if endpoint == "embeddings":
        body["input"] = draw(st.sampled_from(["hello", ["a", "b"], [1, 2]]))
        extras: dict[str, list[Any]] = {"dimensions": [8], "user": ["u1"], "store": [False]}
        quiet_ones: tuple[str, ...] = ("dimensions",)
    elif endpoint == "responses":
        body.update(input="hello", store=False)
        if draw(st.integers(0, 3)) == 0:
            del body["store"]
        extras, quiet_ones = RESPONSES_EXTRAS, ("temperature", "stream")
    else:
        parts = draw(st.lists(st.sampled_from(["inline_image", "inline_file"] if quiet else sorted(PARTS)), max_size=1))
        message: dict[str, Any] = {"role": "user", "content": [TEXT_PART, *(PARTS[name] for name in parts)]}
        if not quiet and draw(st.integers(0, 4)) == 0:
            message[draw(st.sampled_from(["name", "cache_control", "mood"]))] = draw(st.just(None))
        body["messages"] = [{"role": "system", "content": "be brief"}, message]
        extras, quiet_ones = CHAT_EXTRAS, QUIET
    names = draw(st.lists(st.sampled_from(quiet_ones if quiet else sorted(extras)), max_size=3, unique=True))
    for name in names:
        values = extras[name]
        body[name] = draw(st.sampled_from(values))
    return copy.deepcopy(body)


# --- damage --------------------------------------------------------------------------------------------------------


def _configuration(draw: st.DrawFn, case: Case) -> dict[str, Any]:
    return case.configuration_of(_account(draw, case))


def _account(draw: st.DrawFn, case: Case) -> dict[str, Any]:
    return case.operator["accounts"][draw(st.sampled_from(sorted(case.operator["accounts"])))]


def _grant(draw: st.DrawFn, case: Case) -> dict[str, Any]:
    return _account(draw, case).get("grant", {})


def expire(draw: st.DrawFn, case: Case) -> None:
    attestation = _configuration(draw, case)["attestation"]
    attestation["observed"] = (TODAY - dt.timedelta(days=85)).isoformat()
    attestation["evidence"][0]["observed"] = attestation["observed"]
    attestation["expires"] = (TODAY - dt.timedelta(days=draw(st.integers(0, 2)))).isoformat()


def date_ahead(draw: st.DrawFn, case: Case) -> None:
    attestation = _configuration(draw, case)["attestation"]
    attestation["observed"] = (TODAY + dt.timedelta(days=draw(st.integers(0, 1)))).isoformat()
    attestation.update(expires=(TODAY + dt.timedelta(days=70)).isoformat())


def revoke(draw: st.DrawFn, case: Case) -> None:
    if case.trust is not None:
        subject = draw(st.sampled_from(["provider:p0", "configuration:p1/c0", "account:a0", "target:a1/small"]))
        case.trust[draw(st.sampled_from(["revoked", "contradicted"]))][subject] = "a reason"
        case.trust["epoch"] += 1


def lose_trust(draw: st.DrawFn, case: Case) -> None:
    if draw(st.booleans()) and case.trust is not None:
        case.trust["as_of"] = case.now - draw(st.sampled_from([5.0, 60.0, 60.5, 600.0, 7200.0]))
    else:
        case.trust = None


def change_trust_later(draw: st.DrawFn, case: Case) -> None:
    """By another machine, whose clock is ahead of this one or not."""
    if case.trust is not None:
        case.trust["changed"] = case.now + draw(st.sampled_from([-600.0, 0.0, 0.5, 1.0, 1.5, 3600.0]))


def another_engine(draw: st.DrawFn, case: Case) -> None:
    account = _account(draw, case)
    account["engine_version"] = draw(st.sampled_from(["b3999", "b9000", "nightly"]))


def another_flag(draw: st.DrawFn, case: Case) -> None:
    configuration = _configuration(draw, case)
    flags = draw(st.sampled_from([configuration["flags"], *(leg["flags"] for leg in configuration["legs"])]))
    name = draw(st.sampled_from(FLAGS))
    if draw(st.booleans()):
        flags[name] = draw(st.sampled_from(["yes", "unknown"]))
    else:
        flags.pop(name, None)


def another_cache(draw: st.DrawFn, case: Case) -> None:
    cache = draw(_caches())
    cache["medium"] = draw(st.sampled_from([cache["medium"], "unknown"]))
    _configuration(draw, case)["cache"] = cache
    case.operator["policy"]["cache"] = draw(st.sampled_from([*MEDIA, "unknown"]))


def demand_isolation(draw: st.DrawFn, case: Case) -> None:
    case.operator["policy"]["cache_isolation"] = "tenant"
    case.operator["tenants"].setdefault("beta", {"accounts": []})
    _configuration(draw, case)["cache"] = draw(_caches())


def an_exception(draw: st.DrawFn, case: Case) -> None:
    exceptions = draw(_exceptions())
    configuration = _configuration(draw, case)
    configuration["exceptions"] = [*configuration["exceptions"], *exceptions]
    case.operator["policy"]["tolerate"] = draw(st.lists(st.sampled_from(TRIGGERS), max_size=3, unique=True))
    case.operator["policy"]["human_review_within_exceptions"] = draw(st.booleans())


def lose_grant(draw: st.DrawFn, case: Case) -> None:
    _account(draw, case).pop("grant", None)


def another_basis(draw: st.DrawFn, case: Case) -> None:
    grant = _grant(draw, case)
    if grant:
        grant["basis"] = draw(st.sampled_from(KINDS))


def another_period(draw: st.DrawFn, case: Case) -> None:
    grant = _grant(draw, case)
    if grant:
        first = draw(st.integers(-3, 2))
        grant["since"] = (TODAY + dt.timedelta(days=first)).isoformat()
        grant["until"] = (TODAY + dt.timedelta(days=first + draw(st.integers(0, 1)))).isoformat()


def another_scope(draw: st.DrawFn, case: Case) -> None:
    account = _account(draw, case)
    place = draw(st.sampled_from([account, account.get("grant", account)]))
    place["scope"] = draw(
        st.sampled_from([{}, {"organization": "theirs"}, {"project": "ours"}, {"organization": "ours"}])
    )


def another_key(draw: st.DrawFn, case: Case) -> None:
    name = draw(st.sampled_from(sorted(case.operator["accounts"])))
    if draw(st.booleans()):
        case.credentials[name] = "rotated"
    else:
        case.operator["accounts"][name].get("grant", {}).pop("credential", None)


def lose_key(draw: st.DrawFn, case: Case) -> None:
    name = draw(st.sampled_from(sorted(case.operator["accounts"])))
    case.credentials.pop(name, None)
    if draw(st.booleans()):
        case.operator["accounts"][name].pop("api_key", None)


def another_fail_mode(draw: st.DrawFn, case: Case) -> None:
    _configuration(draw, case)["mechanism"]["fail_mode"] = draw(st.sampled_from(["open", "unknown"]))


def take_effect_later(draw: st.DrawFn, case: Case) -> None:
    day = TODAY + dt.timedelta(days=draw(st.integers(0, 2)))
    _configuration(draw, case)["mechanism"]["effective_from"] = day.isoformat()


def own(draw: st.DrawFn, case: Case) -> None:
    owner, guest = draw(st.permutations(["acme", "beta"]))
    account = draw(st.sampled_from(sorted(case.operator["accounts"])))
    for tenant in (owner, guest):
        held = case.operator["tenants"].setdefault(tenant, {"accounts": []})["accounts"]
        if account in held:
            held.remove(account)
    case.operator["tenants"][owner]["accounts"].append(account)
    case.tenant = draw(st.sampled_from([owner, owner, guest, None]))


def force_nothing(draw: st.DrawFn, case: Case) -> None:
    configuration = _configuration(draw, case)
    configuration["conditions"].pop("force", None)
    # A server of one's own has neither hosts nor an expiry, which any other kind must have to be loaded.
    if configuration["mechanism"]["kind"] != "self_operated" and draw(st.booleans()):
        configuration["mechanism"]["kind"] = "request_parameter"


def set_what_is_forced(draw: st.DrawFn, case: Case) -> None:
    configuration = _configuration(draw, case)
    configuration["conditions"].update(force=[{"set": "store", "to": False}], permit=["store", "cache_key"])
    configuration["cache"]["isolation"] = {"parameter": "prompt_cache_key"}
    if case.endpoint != "embeddings":
        case.body["store"] = draw(st.sampled_from([True, False, None]))
        case.body.update(draw(st.sampled_from([{}, {"prompt_cache_key": "k"}])))


def run_it_oneself(draw: st.DrawFn, case: Case) -> None:
    account = _account(draw, case)
    configuration = case.configuration_of(account)
    configuration["mechanism"] = {"kind": "self_operated"}
    configuration.update(engine={"name": "engine", "versions": ">=4000,<9000"}, hosts=[])
    configuration["private_network"] = draw(st.booleans())
    account.setdefault("grant", {"stated_by": "us", "since": "2026-11-01", "until": "2026-12-31"})
    account["grant"]["basis"] = "self_operated"
    for each in case.operator["accounts"].values():
        if case.configuration_of(each) is configuration:
            each["base_url"] = draw(
                st.sampled_from(["http://10.0.0.1/v1", "http://localhost:1", "https://h.example", "http://localhost.x"])
            )


def demand_grade(draw: st.DrawFn, case: Case) -> None:
    case.operator["policy"]["minimum_grade"] = draw(st.sampled_from(["contracted", "verified", "enclave"]))


def lower_grade(draw: st.DrawFn, case: Case) -> None:
    _configuration(draw, case)["attestation"]["grade"] = "claimed"


def exclude_model(draw: st.DrawFn, case: Case) -> None:
    pattern = draw(st.sampled_from(["^small$", "beta", "^$"]))
    _configuration(draw, case)["excluded_models"] = [{"matches": pattern, "why": "a preview"}]


def drop_model(draw: st.DrawFn, case: Case) -> None:
    _configuration(draw, case)["models"].pop(0)


def another_origin(draw: st.DrawFn, case: Case) -> None:
    configuration = _configuration(draw, case)
    models = configuration["models"]
    if models:
        models[0]["origin"] = draw(st.sampled_from(["proxied", "unknown"]))
        configuration["legs"] = [{"leg": leg, "flags": dict.fromkeys(FLAGS, "no")} for leg in draw(_legs())]


def fewer_capabilities(draw: st.DrawFn, case: Case) -> None:
    for model in _configuration(draw, case)["models"]:
        model["features"] = draw(st.lists(st.sampled_from(CAPABILITIES), max_size=3, unique=True))


def another_host(draw: st.DrawFn, case: Case) -> None:
    account = _account(draw, case)
    hosts = case.configuration_of(account)["hosts"]
    account["base_url"] = draw(
        st.sampled_from(
            [f"{hosts[0] if hosts else 'https://h.example'}/", "http://llm.example/v1", "https://x.example"]
        )
    )
    if draw(st.integers(0, 3)) == 0:
        del account["base_url"]
        if hosts:
            hosts.append("https://second.example/v1")


def narrower_regions(draw: st.DrawFn, case: Case) -> None:
    case.operator["policy"]["regions"] = [draw(st.sampled_from(REGIONS))]
    if draw(st.integers(0, 3)) == 0:
        _configuration(draw, case)["regions"] = []


def another_country(draw: st.DrawFn, case: Case) -> None:
    case.operator["policy"]["countries"] = [draw(st.sampled_from(COUNTRIES))]
    draw(st.sampled_from(case.provider_files))["provider"]["country"] = draw(st.sampled_from(["unknown", "US"]))


def another_dialect(draw: st.DrawFn, case: Case) -> None:
    _configuration(draw, case)["dialect"] = "litellm:other"


def rule_out(draw: st.DrawFn, case: Case) -> None:
    case.operator["policy"]["providers"] = draw(
        st.sampled_from([{"never": ["p0"]}, {"never": ["p1/c0"]}, {"only": ["p0/c0"]}, {"only": []}, {"only": ["p1"]}])
    )


def another_request(draw: st.DrawFn, case: Case) -> None:
    case.endpoint = draw(st.sampled_from(ENDPOINTS))
    case.body = draw(bodies(case.endpoint, quiet=False))


def ask(draw: st.DrawFn, case: Case) -> None:
    case.body["provider"] = draw(provider_preferences())


def layer_policies(draw: st.DrawFn, case: Case) -> None:
    case.call_policy = draw(policies())
    if case.tenant is not None:
        case.operator["tenants"][case.tenant]["policy"] = draw(policies())


def another_instant(draw: st.DrawFn, case: Case) -> None:
    """At, just before and just after the instants at which something changes."""
    edges = {midnight(dt.date.fromisoformat(day)) for day in _all_days(case)}
    edge = draw(st.sampled_from(sorted(edges | {edge + DAY for edge in edges})))
    case.now = edge + draw(st.sampled_from([-0.001, 0.0, 0.001]))


def _all_days(case: Case) -> set[str]:
    days = {TODAY.isoformat()}
    for configuration in case.configurations:
        days |= {configuration["attestation"]["observed"], configuration["attestation"].get("expires", "2026-11-22")}
        days.add(configuration["mechanism"].get("effective_from", "2026-11-22"))
    for account in case.operator["accounts"].values():
        if "grant" in account:
            days |= {account["grant"]["since"], account["grant"]["until"]}
    return days


Damage = Callable[[st.DrawFn, Case], None]
DAMAGE: tuple[Damage, ...] = (
    expire,
    date_ahead,
    revoke,
    lose_trust,
    change_trust_later,
    another_engine,
    another_flag,
    another_cache,
    demand_isolation,
    an_exception,
    lose_grant,
    another_basis,
    another_period,
    another_scope,
    another_key,
    lose_key,
    another_fail_mode,
    take_effect_later,
    own,
    force_nothing,
    set_what_is_forced,
    run_it_oneself,
    demand_grade,
    lower_grade,
    exclude_model,
    drop_model,
    another_origin,
    fewer_capabilities,
    another_host,
    narrower_regions,
    another_country,
    another_dialect,
    rule_out,
    another_request,
    ask,
    layer_policies,
    another_instant,
)


# --- worlds --------------------------------------------------------------------------------------------------------


@st.composite
def sound_cases(draw: st.DrawFn) -> Case:
    """A world in which most targets are eligible."""
    layout = draw(st.sampled_from([{"p0": ("c0",)}, {"p0": ("c0", "c1")}, {"p0": ("c0",), "p1": ("c0",)}]))
    files = [draw(_providers(name, configurations)) for name, configurations in layout.items()]
    configurations = [each for file in files for each in file["configurations"]]
    accounts, credentials = {}, {}
    for index, configuration in enumerate([*configurations, *configurations[: draw(st.integers(0, 1))]]):
        name = f"a{index}"
        keyless = configuration["mechanism"]["kind"] == "self_operated" and draw(st.booleans())
        key = None if keyless else f"key-{index}"
        accounts[name] = draw(_accounts(name, configuration, key))
        if key is not None:
            credentials[name] = key
    tenants: dict[str, Any] = draw(st.sampled_from([{}, {}, {"acme": {"accounts": []}}]))
    models = draw(st.lists(st.sampled_from(MODELS), min_size=1, max_size=2, unique=True))
    endpoint = draw(st.sampled_from(ENDPOINTS))
    return Case(
        provider_files=copy.deepcopy(files),
        operator={
            "policy": draw(host_policies()),
            "accounts": copy.deepcopy(accounts),
            "tenants": copy.deepcopy(tenants),
            "routes": {"assistant": {"targets": [f"{account}/{model}" for account in accounts for model in models]}},
        },
        tenant=draw(st.sampled_from([None, *tenants])),
        endpoint=endpoint,
        body=draw(bodies(endpoint, quiet=True)),
        call_policy=None,
        now=NOON,
        credentials=credentials,
        trust={"epoch": draw(st.integers(0, 2)), "as_of": NOON, "revoked": {}, "contradicted": {}},
    )


@st.composite
def damaged_cases(draw: st.DrawFn, damage: Damage) -> Case:
    """A sound world, damaged in this way."""
    case = draw(sound_cases())
    damage(draw, case)
    if case.trust is not None and damage is another_instant:
        case.trust["as_of"] = case.now
    return case


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A sound world, damaged in up to four places."""
    case = draw(sound_cases())
    count = draw(st.sampled_from([1, 1, 1, 2, 2, 3, 4, 0]))
    for damage in draw(st.lists(st.sampled_from(DAMAGE), min_size=count, max_size=count, unique=True)):
        case.damage.append(damage.__name__)
        damage(draw, case)
        if case.trust is not None and damage is another_instant:
            case.trust["as_of"] = case.now
    return case


def one_sound_case() -> Case:
    """An organisation's setting, held by the account `main`, whose only target is eligible until 2027."""
    flags = dict.fromkeys(FLAGS, "no")
    configuration = {
        "id": "p0/c0",
        "title": "a configuration",
        "hosts": ["https://api.p0.example/v1"],
        "endpoints": ["chat.completions", "embeddings", "responses"],
        "regions": ["us"],
        "mechanism": {"kind": "org_setting", "scope": "organization", "fail_mode": "closed"},
        "flags": flags,
        "legs": [{"leg": "gateway", "flags": dict(flags)}],
        "cache": {"medium": "gpu_memory"},
        "exceptions": [],
        "conditions": {"force": [{"set": "store", "to": False}]},
        "models": [
            {"id": "small", "features": ["tools", "json", "stream", "images"], "price": {"input": 1, "output": 2}}
        ],
        "attestation": {
            "observed": "2026-11-01",
            "expires": "2027-01-20",
            "evidence": [{"kind": "policy_page", "locator": "§1", "observed": "2026-11-01", "confidence": "high"}],
        },
    }
    provider = {"id": "p0", "name": "P", "legal_entity": "P, Inc.", "country": "US"}
    account = {
        "configuration": "p0/c0",
        "api_key": {"env": "P0_KEY"},
        "scope": {"organization": "ours"},
        "grant": {
            "basis": "org_setting",
            "stated_by": "security",
            "since": "2026-11-01",
            "until": "2026-12-31",
            "scope": {"organization": "ours"},
            "credential": fingerprint("main", "sk-main"),
        },
    }
    return Case(
        provider_files=[{"schema": 1, "provider": provider, "configurations": [configuration]}],
        operator={
            "policy": {"cache": "gpu_memory", "minimum_grade": "contracted"},
            "accounts": {"main": account},
            "tenants": {},
            "routes": {"assistant": {"targets": ["main/small"]}},
        },
        tenant=None,
        endpoint="chat.completions",
        body={"model": "assistant", "messages": [{"role": "user", "content": "hello"}]},
        call_policy=None,
        now=NOON,
        credentials={"main": "sk-main"},
        trust={"epoch": 0, "as_of": NOON, "revoked": {}, "contradicted": {}},
    )
