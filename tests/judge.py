"""Says, by brute force and from the design's sentences alone, which targets may serve a request.

Written to disagree with `zdr_router.policy` wherever that one is wrong: it imports nothing of it, nor of the
registry, and works on the plain values of the files. It never intersects policies: a target has to satisfy each
policy by itself. It compares days with days, where the code under test compares instants.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re

FLAGS = ("stores_prompts", "stores_outputs", "logs_content", "trains_on_content", "human_review", "shares_or_sells")
GRADES = ("claimed", "documented", "contracted", "verified", "enclave")
MEDIA = ("none", "gpu_memory", "host_memory", "local_encrypted", "disk", "unknown")
INHERENT = ("csam_screening", "legal_hold")
NAMED_SCOPES = ("project", "workspace", "subscription", "region")
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

HOST_DEFAULTS = {
    "minimum_grade": "documented",
    "cache": "none",
    "cache_isolation": "tenant",
    "tolerate": [],
    "human_review_within_exceptions": False,
    "max_attestation_age": "90d",
    "max_revocation_staleness": "60s",
    "bind_credentials": True,
    "identifiers": "refuse",
}

# What goes beyond computing the answer, and so needs a permit of the configuration.
NEEDS_PERMIT = {
    "end_user",
    "participant_name",
    "labels",
    "cache_key",
    "cache_control",
    "memory_cache",
    "extended_cache",
    "store",
    "stored_by_default",
    "previous_response",
    "background",
    "file_by_id",
    "audio_output",
    "web_search",
    "remote_image",
    "remote_file",
    "remote_audio",
}
NEEDS_CAPABILITY = {
    "streaming": "stream",
    "function_tools": "tools",
    "custom_tools": "tools",
    "tool_choice": "tools",
    "json_object": "json",
    "json_schema": "json",
    "inline_image": "images",
    "inline_audio": "audio",
    "inline_file": "files",
    "log_probabilities": "logprobs",
    "reasoning": "reasoning",
}
SENDS = {
    "images": ("inline_image", "remote_image"),
    "audio": ("inline_audio", "remote_audio", "audio_output"),
    "files": ("inline_file", "remote_file", "file_by_id"),
    "video": ("inline_video", "remote_video"),
}
READ_BY_ROUTER = ("model", "stream", "provider")

PLAIN = {
    "chat.completions": "temperature top_p seed max_tokens stop n model provider",
    "embeddings": "input model provider dimensions",
    "responses": "input model provider temperature max_output_tokens",
}


class Unreadable(Exception):
    """The request is one that nobody could serve."""


def judge(  # noqa: PLR0913, PLR0917 - a decision depends on all of these
    provider_files,
    operator_file,
    tenant,
    body,
    endpoint,
    policy_of_call,
    now,
    *,
    credentials,
    trust,
    dialects=("openai",),
):
    """The groups of refusals (`ZDR1` to `ZDR8`) of every target of every route; none means that it is eligible.

    `credentials` maps accounts to the keys that are there. `trust` is {as_of, revoked, contradicted} and perhaps
    {changed}, or None where the trust state cannot be read.
    """
    verdicts = {}
    for route in operator_file["routes"].values():
        for name in route["targets"]:
            account, _, model = name.partition("/")
            target = _target(provider_files, operator_file, account, model, credentials)
            policies = _policies(operator_file, tenant, policy_of_call)
            used, _ = features(endpoint, body)
            holds = {
                "ZDR1": attested(target, policies, trust, now),
                "ZDR2": kept_nowhere(target, policies, used),
                "ZDR3": arranged(target, policies, tenant, now),
                "ZDR4": strong_enough(target, policies, trust, now),
                "ZDR5": served(target, used),
                "ZDR6": covered(target, policies, endpoint, body),
                "ZDR7": in_place(target, policies, dialects),
                "ZDR8": wanted(target, body),
            }
            verdicts[name] = {group for group, held in holds.items() if not held}
    return verdicts


def eligible(verdicts):
    """The targets against which nothing speaks."""
    return {name for name, groups in verdicts.items() if not groups}


def _target(provider_files, operator_file, account, model, credentials):
    declared = operator_file["accounts"][account]
    for file in provider_files:
        for configuration in file["configurations"]:
            if configuration["id"] == declared["configuration"]:
                owners = [name for name, each in operator_file["tenants"].items() if account in each["accounts"]]
                entries = [each for each in configuration.get("models", []) if each.get("id") == model]
                entries += [
                    each
                    for each in configuration.get("models", [])
                    if "pattern" in each and re.search(each["pattern"], model)
                ]
                return {
                    "id": f"{account}/{model}",
                    "name": account,
                    "account": declared,
                    "configuration": configuration,
                    "provider": file["provider"],
                    "model": model,
                    "entry": entries[0] if entries else None,
                    "owner": owners[0] if owners else None,
                    "shared": not owners and bool(operator_file["tenants"]),
                    "key": credentials.get(account),
                }
    raise KeyError(account)


def _policies(operator_file, tenant, policy_of_call):
    """Each has to be satisfied by itself; what the host leaves open has the strictest default."""
    policies = [{**HOST_DEFAULTS, **operator_file["policy"]}]
    if tenant is not None and operator_file["tenants"][tenant].get("policy"):
        policies.append(operator_file["tenants"][tenant]["policy"])
    if policy_of_call:
        policies.append(policy_of_call)
    return policies


def _said(policies, field):
    return [policy[field] for policy in policies if policy.get(field) is not None]


def _seconds(text):
    return float(text[:-1]) * SECONDS[text[-1]]


def _day(now):
    return dt.datetime.fromtimestamp(now, dt.UTC).date()


def _date(text):
    return dt.date.fromisoformat(text)


def _midnight(day):
    return dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()


def _subjects(target):
    configuration = target["configuration"]["id"]
    provider = target["provider"]["id"]
    return {
        f"provider:{provider}",
        f"configuration:{configuration}",
        f"account:{target['name']}",
        f"target:{target['id']}",
    }


def _is_self_operated(target):
    return target["configuration"]["mechanism"]["kind"] == "self_operated"


# --- ZDR1: not revoked, attestation within its dates and young enough, trust state fresh --------------------------


def attested(target, policies, trust, now):  # noqa: PLR0911 - one return for each reason
    if trust is None:
        return False
    for staleness in _said(policies, "max_revocation_staleness"):
        if not now - trust["as_of"] <= _seconds(staleness):
            return False
    if _subjects(target) & set(trust["revoked"]) or trust.get("changed", now) > now + 1:
        return False
    attestation = target["configuration"]["attestation"]
    if _day(now) < _date(attestation["observed"]):
        return False
    if attestation.get("expires"):
        if _day(now) > _date(attestation["expires"]):
            return False
        for age in _said(policies, "max_attestation_age"):
            if not now - _midnight(_date(attestation["observed"])) - 86400 < _seconds(age):
                return False
    return _engine_was_read(target)


def _engine_was_read(target):
    """Engines of the strategies have plain ranges: `>=a,<b` over numbers."""
    engine, runs = target["configuration"].get("engine"), target["account"].get("engine_version")
    if engine is None or runs is None:
        return True
    try:
        number = float(runs.removeprefix("b"))
    except ValueError:
        return False
    low, _, high = engine["versions"].partition(",")
    return float(low.removeprefix(">=")) <= number < float(high.removeprefix("<"))


# --- ZDR2: nothing kept on the routine path; cache and exceptions tolerable ----------------------------------------


def kept_nowhere(target, policies, used):
    configuration = target["configuration"]
    parties = [configuration["flags"], *(leg["flags"] for leg in configuration.get("legs", []))]
    if any(flags.get(name, "unknown") != "no" for flags in parties for name in FLAGS):
        return False
    if not _cache_is_tolerable(target, policies) or not _cache_is_isolated(target, policies):
        return False
    return all(
        _exception_is_tolerable(each, policies)
        for each in configuration.get("exceptions", [])
        if _can_trigger(each.get("when", "all"), used)
    )


def _cache(target):
    return target["configuration"].get("cache", {})


def _medium(target):
    return _cache(target).get("medium", "unknown")


def _off_switch(target):
    return (_cache(target).get("isolation") or {}).get("off") or {}


def _too_durable(target, policies):
    """Unknown is no: what nobody knows the durability of passes under no policy."""
    if _medium(target) == "unknown":
        return True
    return any(MEDIA.index(_medium(target)) > MEDIA.index(limit) for limit in _said(policies, "cache"))


def _switched_off(target, policies):
    """The router switches the cache off by request where that makes the target acceptable."""
    if _too_durable(target, policies):
        return bool(_cache(target).get("can_disable") and _off_switch(target))
    return _needs_isolation(target, policies) and bool(_off_switch(target))


def _cache_is_tolerable(target, policies):
    return not _too_durable(target, policies) or _switched_off(target, policies)


def _needs_isolation(target, policies):
    demanded = "tenant" in _said(policies, "cache_isolation")
    return demanded and target["shared"] and _medium(target) != "none"


def _salted(target, policies):
    if not _needs_isolation(target, policies) or _switched_off(target, policies):
        return None
    return (_cache(target).get("isolation") or {}).get("parameter")


def _cache_is_isolated(target, policies):
    if not _needs_isolation(target, policies):
        return True
    return _switched_off(target, policies) or _salted(target, policies) is not None


def _can_trigger(when, used):
    return when == "all" or bool(used & set(SENDS[when]))


def _exception_is_tolerable(exception, policies):
    trigger = exception["trigger"]
    if any(trigger not in tolerated for tolerated in _said(policies, "tolerate")):
        return False
    people = exception.get("human_review", "unknown") != "no"
    accepted = all(_said(policies, "human_review_within_exceptions"))
    return not people or accepted or trigger in INHERENT


# --- ZDR3: mechanism satisfied; account open to this tenant --------------------------------------------------------


def arranged(target, policies, tenant, now):  # noqa: PLR0911 - one return for each reason
    mechanism = target["configuration"]["mechanism"]
    kind, fail_mode = mechanism["kind"], mechanism.get("fail_mode", "unknown")
    if target["owner"] is not None and target["owner"] != tenant:
        return False
    if fail_mode == "open" or (fail_mode == "unknown" and kind not in ("default", "self_operated")):
        return False
    if mechanism.get("effective_from") and _day(now) < _date(mechanism["effective_from"]):
        return False
    if _lacks_credential(target):
        return False
    if kind == "default":
        return True
    if kind == "request_parameter":
        return bool(target["configuration"].get("conditions", {}).get("force"))
    return _grant_holds(target, policies, now)


def _lacks_credential(target):
    if target["key"] is not None:
        return False
    named = "api_key" in target["account"] or "credentials" in target["account"]
    auth = target["configuration"].get("credentials", {}).get("auth")
    signed = auth in ("aws_sigv4", "google", "azure_ad", "ibm_iam")
    needed = signed or (auth != "none" and not _is_self_operated(target))
    return named or needed


def _grant_holds(target, policies, now):
    grant, mechanism = target["account"].get("grant"), target["configuration"]["mechanism"]
    if grant is None or grant["basis"] != mechanism["kind"]:
        return False
    if not _date(grant["since"]) <= _day(now) <= _date(grant["until"]):
        return False
    scope, granted = target["account"].get("scope", {}), grant.get("scope", {})
    if any(scope.get(kind) != name for kind, name in granted.items()):
        return False
    narrow = mechanism.get("scope", "account")
    if narrow in NAMED_SCOPES and not (narrow in scope and narrow in granted):
        return False
    bound = True in _said(policies, "bind_credentials")
    return not bound or grant.get("credential") == fingerprint(target["name"], target["key"])


def fingerprint(account, key):
    if key is None:
        return None
    inner = hashlib.blake2b(account.encode(), digest_size=32, person=b"zdr-account").digest()
    return "k1:" + hashlib.blake2b(key.encode(), key=inner, digest_size=16, person=b"zdr-grant-k1").hexdigest()


# --- ZDR4: the basis is strong enough ------------------------------------------------------------------------------


def strong_enough(target, policies, trust, now):
    if trust is not None and _subjects(target) & set(trust["contradicted"]):
        return False
    kind = target["configuration"]["mechanism"]["kind"]
    grade = target["configuration"]["attestation"].get("grade", "documented")
    if kind not in ("default", "request_parameter") and not _lacks_credential(target):
        # "An agreement or setting that the operator states for this account"; self-operated counts as that.
        grade = "contracted" if _grant_holds(target, policies, now) else grade
    return all(GRADES.index(grade) >= GRADES.index(demanded) for demanded in _said(policies, "minimum_grade"))


# --- ZDR5: the model is served, not excluded, and able -------------------------------------------------------------


def served(target, used):
    configuration, entry = target["configuration"], target["entry"]
    if any(re.search(each["matches"], target["model"]) for each in configuration.get("excluded_models", [])):
        return False
    if entry is None:
        return False
    origin = entry.get("origin", "hosted")
    upstream = any(leg["leg"] == "upstream" for leg in configuration.get("legs", []))
    if origin == "unknown" or (origin == "proxied" and not upstream):
        return False
    needed = {NEEDS_CAPABILITY[feature] for feature in used if feature in NEEDS_CAPABILITY}
    return needed <= set(entry.get("features", []))


# --- ZDR6: the request uses nothing that is not covered ------------------------------------------------------------


def covered(target, policies, endpoint, body):
    configuration = target["configuration"]
    conditions = configuration.get("conditions", {})
    used, known = features(endpoint, body)
    if endpoint not in configuration["endpoints"] or not known:
        return False
    if {"set": "store", "to": False} in conditions.get("force", []):
        used = used - {"stored_by_default"}
    if (used & NEEDS_PERMIT) - set(conditions.get("permit", [])):
        return False
    if "labels" in used or ("end_user" in used and "refuse" in _said(policies, "identifiers")):
        return False
    leaving = {**{name: value for name, value in body.items() if name != "provider"}, "model": target["model"]}
    if any(_forbidden(each, leaving) for each in conditions.get("forbid", [])):
        return False
    for path, accepted in conditions.get("allow", {}).items():
        if any(not _in(value, accepted) for value in _values(path, leaving)):
            return False
    return _repeats_what_is_forced(target, policies, body)


def _repeats_what_is_forced(target, policies, body):
    given = {name for name, value in body.items() if value is not None and name not in READ_BY_ROUTER}
    forced = [(each["set"], each["to"]) for each in target["configuration"].get("conditions", {}).get("force", [])]
    if _switched_off(target, policies):
        forced += list(_off_switch(target).items())
    for path, value in forced:
        if path.split(".")[0] in given and not any(_same(each, value) for each in _values(path, body)):
            return False
    return _salted(target, policies) not in given


def _forbidden(forbid, body):
    values = _values(forbid["path"], body)
    if "equals" in forbid:
        return any(_same(value, forbid["equals"]) for value in values)
    if "matches" in forbid:
        return any(not isinstance(value, str) or re.search(forbid["matches"], value) for value in values)
    return bool(values)


def _values(path, body):
    """All non-null values at a path such as `tools[].type`."""
    places = [body]
    for step in path.split("."):
        name, many = step.removesuffix("[]"), step.endswith("[]")
        places = [place[name] for place in places if isinstance(place, dict) and place.get(name) is not None]
        if many:
            places = [each for place in places for each in (place if isinstance(place, list) else [place])]
    return places


def _same(left, right):
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def _in(value, accepted):
    return any(_same(value, each) for each in accepted)


# --- ZDR7: host, region, country, provider, dialect ----------------------------------------------------------------


def in_place(target, policies, dialects):  # noqa: PLR0911 - one return for each reason
    configuration, account = target["configuration"], target["account"]
    if configuration.get("dialect", "openai") not in dialects:
        return False
    if not _host_is_attested(configuration, account.get("base_url")):
        return False
    regions = set(_regions(target))
    for accepted in _said(policies, "regions"):
        if not regions or not regions <= set(accepted):
            return False
    for accepted in _said(policies, "countries"):
        if not _is_self_operated(target) and target["provider"]["country"] not in accepted:
            return False
    names = {target["provider"]["id"], configuration["id"]}
    for demanded in _said(policies, "providers"):
        if names & set(demanded.get("never", [])):
            return False
        if demanded.get("only") is not None and not names & set(demanded["only"]):
            return False
    return True


def _regions(target):
    if _is_self_operated(target):
        return target["account"].get("regions", ["on_premises"])
    return target["configuration"].get("regions", [])


def _host_is_attested(configuration, base_url):
    hosts = configuration.get("hosts", [])
    if base_url is None:
        return len(hosts) == 1
    if hosts:
        return base_url.rstrip("/") in [host.rstrip("/") for host in hosts]
    if "@" in base_url or "?" in base_url or "#" in base_url:
        return False
    if base_url.startswith("https://"):
        return True
    loopback = re.match(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/|$)", base_url)
    return bool(loopback) or (base_url.startswith("http://") and configuration.get("private_network", False))


# --- ZDR8: the request's own preferences ---------------------------------------------------------------------------


def wanted(target, body):
    asked = body.get("provider") or {}
    names = {target["id"], target["configuration"]["id"], target["provider"]["id"]}
    if asked.get("only") is not None and not names & set(asked["only"]):
        return False
    if names & set(asked.get("ignore") or []):
        return False
    price = (target["entry"] or {}).get("price")
    for theirs, ours in (("prompt", "input"), ("completion", "output")):
        limit = (asked.get("max_price") or {}).get(theirs)
        if limit is not None and (price is None or price.get(ours, 0) > limit):
            return False
    regions = asked.get("regions")
    return regions is None or (bool(_regions(target)) and set(_regions(target)) <= set(regions))


# --- what a request uses: the part of the vocabulary that the strategies draw from ---------------------------------


def features(endpoint, body):
    """What the request uses, and whether everything in it is known."""
    used, known = set(), True
    for name, value in body.items():
        if name in PLAIN[endpoint].split() or name == "messages":
            continue
        more = _parameter(endpoint, name, value)
        known = known and more is not None
        used |= more or set()
    for message in body.get("messages") or []:
        more = _message(message)
        known = known and more is not None
        used |= more or set()
    if endpoint == "responses" and body.get("store") is None:
        used.add("stored_by_default")
    return used, known


def _parameter(endpoint, name, value):  # noqa: C901, PLR0911, PLR0912 - a table, written as sentences
    """The features of a top-level parameter; None if it is unknown."""
    chat = endpoint == "chat.completions"
    if name == "user":
        return {"end_user"} if value is not None else set()
    if endpoint == "embeddings":
        return None
    if name == "stream":
        return {"streaming"} if value else set()
    if name == "store":
        return {"store"} if value else set()
    if name == "metadata":
        return {"labels"} if value else set()
    if name == "prompt_cache_key":
        return {"cache_key"} if value is not None else set()
    if name == "prompt_cache_retention":
        return {None: set(), "in_memory": {"memory_cache"}, "24h": {"extended_cache"}}.get(value)
    if name == "previous_response_id" and not chat:
        return {"previous_response"} if value is not None else set()
    if name == "background" and not chat:
        return {"background"} if value else set()
    if not chat:
        return None
    if name == "logprobs":
        return {"log_probabilities"} if value else set()
    if name == "reasoning_effort":
        return {"reasoning"} if value in ("low", "high") else set() if value is None else None
    if name == "web_search_options":
        return {"web_search"} if value is not None else set()
    if name == "modalities":
        if value is None:
            return set()
        return None if set(value) - {"text", "audio"} else {"audio_output"} if "audio" in value else set()
    if name == "response_format":
        return {None: set(), "text": set(), "json_object": {"json_object"}}.get(value and value["type"])
    if name == "tools":
        return _tools(value or [])
    return None


def _tools(tools):
    used = set()
    for tool in tools:
        if tool["type"] not in ("function", "custom") or set(tool) - {"type", "function", "custom"}:
            return None
        used.add(f"{tool['type']}_tools")
    return used


def _message(message):
    if message["role"] not in ("system", "user") or set(message) - {"role", "content", "name", "cache_control"}:
        return None
    used = set()
    if message.get("name") is not None:
        used.add("participant_name")
    if message.get("cache_control") is not None:
        used.add("cache_control")
    for part in message["content"] if isinstance(message["content"], list) else []:
        more = _part(part)
        if more is None:
            return None
        used |= more
    return used


def _part(part):
    if part["type"] == "text":
        return set()
    if part["type"] == "image_url":
        return _address("image", part["image_url"]["url"])
    if part["type"] == "file":
        return {"file_by_id"} if "file_id" in part["file"] else _address("file", part["file"]["file_data"])
    if part["type"] == "input_audio":
        return _address("audio", part["input_audio"]["data"])
    return None


def _address(what, value):
    if value.startswith("data:"):
        return {f"inline_{what}"}
    if value.startswith(("https://", "http://")):
        return {f"remote_{what}"}
    if what == "image" or ":" in value or value.startswith(("/", ".")):
        return None
    return {f"inline_{what}"}
