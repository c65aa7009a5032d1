"""What the shipped registry has to be true of, whoever edits it: dates, sources, words, and each provider's trap."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import urlsplit

import pytest

from zdr_router.policy.conditions import compile_conditions
from zdr_router.policy.target import exclusion, find_model
from zdr_router.registry import Registry, shipped_directory
from zdr_router.registry.facts import LIFETIME
from zdr_router.registry.hosts import is_loopback
from zdr_router.registry.ladders import FLAGS, GRADES, MEDIA
from zdr_router.registry.vocabulary import ENDPOINTS, FEATURES, REQUESTS

REGISTRY = Registry.shipped()
CONFIGURATIONS = REGISTRY.configurations
SHIPPED = {"openai", "anthropic", "groq", "deepseek", "openrouter", "ollama", "vllm", "llama-cpp"}
each_provider = pytest.mark.parametrize("provider", sorted(REGISTRY.providers))
each_configuration = pytest.mark.parametrize("configuration", CONFIGURATIONS.values(), ids=list(CONFIGURATIONS))
COVERED = ("claude-fable-5", "claude-fable-5-1", "claude-mythos-5", "anthropic/claude-fable-5", "Claude-Mythos-5-1")

VOIDS = {
    "a container": {"container": {"id": "c"}},
    "a hosted MCP server": {"mcp_servers": [{"url": "https://example.com"}]},
    "an MCP toolset": {"tools": [{"type": "mcp_toolset"}]},
    "hosted code": {"tools": [{"type": "code_execution_20250825"}]},
    "a filtering search": {"tools": [{"type": "web_search_20260209"}]},
    "a later filtering fetch": {"tools": [{"type": "web_fetch_20261101"}]},
    "a filtering search of next year": {"tools": [{"type": "web_search_20270101"}]},
    "programmatic calls": {"tools": [{"name": "f", "allowed_callers": ["code_execution_20250825"]}]},
    "an upload to a container": {"messages": [{"role": "user", "content": [{"type": "container_upload"}]}]},
    "a file by id": {"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "file"}}]}]},
    "a schema": {"output_config": {"format": {"type": "json_schema"}}},
    "a strict tool": {"tools": [{"name": "f", "strict": True}]},
    "a schema in the caller's words": {"response_format": {"type": "json_schema"}},
    "cache diagnostics": {"diagnostics": {"previous_message_id": "m"}},
}
HARMLESS = {
    "text": {"messages": [{"role": "user", "content": "hello"}]},
    "an inline image": {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "base64"}}]}]},
    "a function": {"tools": [{"type": "function", "function": {"name": "f"}}]},
    "the basic search": {"tools": [{"type": "web_search_20250305"}]},
}


def clean(configuration):
    parties = [configuration.flags, *(leg.flags for leg in configuration.legs)]
    return all(getattr(flags, name) == "no" for flags in parties for name in FLAGS)


def of(provider):
    return [configuration for configuration in CONFIGURATIONS.values() if configuration.provider == provider]


def triggers(name):
    return {(clause.trigger, clause.when) for clause in CONFIGURATIONS[name].exceptions}


def forced(name):
    return {force.set: force.to for force in CONFIGURATIONS[name].conditions.force}


def serves(name, model):
    configuration = CONFIGURATIONS[name]
    return find_model(configuration, model) is not None and exclusion(configuration, model) is None


def forbids(name, body):
    return any(check.fails(body) for check in compile_conditions(CONFIGURATIONS[name].conditions).checks)


# Every file.


def test_the_shipped_registry_loads_with_every_provider():
    assert set(REGISTRY.providers) >= SHIPPED
    assert REGISTRY.unsafe == {}


@pytest.mark.parametrize("file", sorted(shipped_directory().glob("*.yaml")), ids=lambda file: file.stem)
def test_a_provider_file_is_named_for_its_provider_and_opens_with_the_trap(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    comment = lines[: next(number for number, line in enumerate(lines) if not line.startswith("#"))]
    assert file.stem in REGISTRY.providers
    assert 2 <= len(comment) <= 4
    assert comment[0].startswith("# The trap:")


@each_provider
def test_a_provider_has_a_way_that_keeps_nothing_or_its_file_says_so_on_top(provider):
    text = (shipped_directory() / f"{provider}.yaml").read_text(encoding="utf-8").partition("schema:")[0]
    says_so = "no clean configuration here" in " ".join(text.split()).replace(" # ", " ")
    assert says_so != any(clean(configuration) for configuration in of(provider))


@each_provider
def test_a_provider_has_a_way_that_keeps_something_or_does_not_say(provider):
    assert any(not clean(configuration) for configuration in of(provider))


@each_configuration
def test_nothing_shipped_is_above_documented(configuration):
    assert GRADES[configuration.attestation.grade] <= GRADES["documented"]


@each_configuration
def test_a_hosted_configuration_lapses_within_ninety_days_and_a_self_operated_one_with_its_versions(configuration):
    attestation = configuration.attestation
    if configuration.self_operated:
        assert attestation.expires is None
        assert configuration.engine.versions
        assert configuration.hosts == []
        assert configuration.regions == []
    else:
        assert attestation.observed < attestation.expires <= attestation.observed + LIFETIME
        assert all(is_loopback(urlsplit(host).hostname) or host.startswith("https://") for host in configuration.hosts)


@each_configuration
def test_evidence_has_an_address_and_a_place_on_it_and_an_inference_says_what_it_is_about(configuration):
    for evidence in configuration.attestation.evidence:
        assert evidence.about if evidence.kind == "inference" else evidence.url.startswith("https://")
        assert len(evidence.locator) > 8


@each_configuration
def test_what_only_others_say_is_no_more_than_claimed(configuration):
    sound = [
        each for each in configuration.attestation.evidence if each.confidence != "low" and each.kind != "secondary"
    ]
    assert sound or configuration.attestation.grade == "claimed"


@each_configuration
def test_endpoints_and_permits_are_words_of_the_vocabulary(configuration):
    assert set(configuration.endpoints) <= set(ENDPOINTS)
    assert set(configuration.conditions.permit) <= set(FEATURES)
    assert all(ENDPOINTS[name].feature in {"answers", "model_list"} for name in configuration.endpoints)


@each_configuration
def test_a_permit_is_never_for_what_needs_none(configuration):
    assert all(FEATURES[name].effect not in {"inference", "router"} for name in configuration.conditions.permit)


@each_configuration
def test_a_forced_parameter_exists_at_every_endpoint_of_the_configuration(configuration):
    places = {force.set.partition(".")[0] for force in configuration.conditions.force}
    for endpoint in configuration.endpoints if places else ():
        assert places <= set(REQUESTS[endpoint].keys)


@each_configuration
def test_a_clean_configuration_rests_on_a_grant_or_on_a_default_that_was_read(configuration):
    if clean(configuration) and configuration.mechanism.kind in {"default", "request_parameter"}:
        read = [each for each in configuration.attestation.evidence if each.kind not in {"secondary", "inference"}]
        assert any("mechanism" in each.about and each.confidence != "low" for each in read)
    elif clean(configuration):
        assert configuration.mechanism.fail_mode == "closed"


@each_configuration
def test_what_to_do_is_always_said(configuration):
    assert configuration.mechanism.how
    if not clean(configuration):
        others = {name for name in CONFIGURATIONS if name != configuration.id and clean(CONFIGURATIONS[name])}
        named = set(re.findall(r"[a-z-]+/[a-z-]+", configuration.mechanism.how))
        assert named <= others


@each_configuration
def test_a_model_that_is_listed_is_not_excluded_as_well(configuration):
    listed = [model.id for model in configuration.models if model.id is not None]
    assert [name for name in listed if exclusion(configuration, name)] == []
    assert len(listed) == len(set(listed))


@each_configuration
def test_a_proxied_model_has_an_upstream_that_is_attested(configuration):
    if any(model.origin != "hosted" for model in configuration.models):
        assert "upstream" in {leg.leg for leg in configuration.legs}


# OpenAI.


def test_openai_zero_retention_is_a_matter_of_the_project_not_of_the_organisation():
    hosted = [name for name in CONFIGURATIONS if name.startswith("openai/") and clean(CONFIGURATIONS[name])]
    assert {CONFIGURATIONS[name].mechanism.scope for name in hosted} == {"project"}
    assert {CONFIGURATIONS[name].mechanism.kind for name in hosted} == {"project_setting"}


def test_openai_modified_abuse_monitoring_is_not_zero_retention():
    flags = CONFIGURATIONS["openai/mam"].flags
    assert flags.logs_content == "no"
    assert flags.stores_prompts == flags.stores_outputs == "yes"


def test_openai_stores_nothing_because_the_router_says_so_on_every_request():
    for name in ("openai/zdr", "openai/zdr-memory-cache", "openai/zdr-us", "openai/zdr-eu"):
        assert forced(name)["store"] is False


def test_openai_embeddings_are_not_sent_a_parameter_that_they_do_not_know():
    assert "embeddings" not in CONFIGURATIONS["openai/zdr"].endpoints
    assert CONFIGURATIONS["openai/zdr-embeddings"].endpoints == ["embeddings"]
    assert forced("openai/zdr-embeddings") == {}


def test_openai_images_and_files_are_screened_and_text_is_not():
    assert triggers("openai/zdr") == {("csam_screening", "images"), ("csam_screening", "files")}


def test_openai_safety_retention_is_a_configuration_of_its_own():
    assert ("safety_retention", "all") in triggers("openai/zdr-safety-retention")
    assert not clean(CONFIGURATIONS["openai/zdr-psp"])


def test_openai_prompt_cache_outlives_memory_unless_it_is_told_otherwise():
    assert MEDIA[CONFIGURATIONS["openai/zdr"].cache.medium] == MEDIA["local_encrypted"]
    assert MEDIA[CONFIGURATIONS["openai/zdr-memory-cache"].cache.medium] <= MEDIA["host_memory"]
    assert forced("openai/zdr-memory-cache")["prompt_cache_retention"] == "in_memory"


def test_openai_cache_keys_steer_routing_and_keep_no_tenants_apart():
    caches = [configuration.cache for configuration in of("openai")]
    assert {cache.isolation for cache in caches} == {None}


@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-5.5-2026-04-23", "gpt-5.6", "gpt-5.10", "gpt-6"])
def test_openai_models_that_refuse_the_memory_cache_are_not_offered_with_it(model):
    assert not serves("openai/zdr-memory-cache", model)


@pytest.mark.parametrize("model", ["gpt-5.6", "gpt-5.6-sol", "gpt-5.10", "gpt-6"])
def test_openai_models_whose_cache_has_no_documented_end_are_not_offered(model):
    assert not any(serves(name, model) for name in CONFIGURATIONS if name.startswith("openai/zdr"))


@pytest.mark.parametrize(
    "model", ["gpt-4o-search-preview", "gpt-5-search-api", "o4-mini-deep-research", "gpt-realtime"]
)
def test_openai_models_that_search_or_speak_are_excluded(model):
    assert exclusion(CONFIGURATIONS["openai/zdr"], model)


@pytest.mark.parametrize("model", ["gpt-5.4", "gpt-5.4-2026-03-05", "gpt-4.1-mini"])
def test_openai_text_models_are_served_with_either_cache(model):
    assert serves("openai/zdr", model)
    assert serves("openai/zdr-memory-cache", model)


def test_openai_regions_have_hosts_of_their_own():
    assert CONFIGURATIONS["openai/zdr"].regions == []
    assert CONFIGURATIONS["openai/zdr-eu"].hosts == ["https://eu.api.openai.com/v1"]
    assert CONFIGURATIONS["openai/zdr-us"].regions == ["us"]


def test_openai_images_need_the_enhanced_setting_outside_the_united_states():
    assert not any("images" in model.features for model in CONFIGURATIONS["openai/zdr-eu"].models)


# Anthropic.


@pytest.mark.parametrize("model", COVERED)
def test_covered_anthropic_models_are_excluded_everywhere(model):
    resellers = [name for name in CONFIGURATIONS if name.partition("/")[0] in {"anthropic", "openrouter"}]
    assert len(resellers) >= 5
    assert all(exclusion(CONFIGURATIONS[name], model) for name in resellers)
    assert not any(clean(CONFIGURATIONS[name]) and serves(name, model) for name in resellers)


def test_an_anthropic_workspace_can_be_opted_out_so_the_grant_names_it():
    mechanism = CONFIGURATIONS["anthropic/zdr"].mechanism
    assert (mechanism.kind, mechanism.scope) == ("contract", "workspace")


def test_anthropic_keeps_what_is_flagged_even_under_zero_retention():
    assert ("abuse_flag", "all") in triggers("anthropic/zdr")
    assert CONFIGURATIONS["anthropic/zdr"].exceptions[0].human_review == "yes"


@pytest.mark.parametrize("feature", VOIDS)
def test_anthropic_does_not_block_what_voids_so_the_conditions_do(feature):
    assert forbids("anthropic/zdr", VOIDS[feature])


@pytest.mark.parametrize("feature", HARMLESS)
def test_anthropic_conditions_leave_ordinary_requests_alone(feature):
    assert not forbids("anthropic/zdr", HARMLESS[feature])


# Groq.


def test_groq_without_the_setting_logs_failed_and_suspicious_requests():
    assert CONFIGURATIONS["groq/default"].flags.logs_content == "yes"
    assert triggers("groq/default") == {("error_debug", "all"), ("abuse_flag", "all")}
    assert triggers("groq/zdr") == set()


@pytest.mark.parametrize("model", ["groq/compound", "groq/compound-mini", "compound-beta"])
def test_a_groq_compound_system_is_not_a_model(model):
    assert exclusion(CONFIGURATIONS["groq/zdr"], model)
    assert not serves("groq/default", model)


def test_groq_does_not_say_where_a_request_is_processed():
    assert CONFIGURATIONS["groq/zdr"].regions == []


# DeepSeek.


def test_deepseek_caches_every_prompt_on_disk_and_has_no_clean_way():
    assert [configuration.id for configuration in of("deepseek")] == ["deepseek/default"]
    cache = CONFIGURATIONS["deepseek/default"].cache
    assert (cache.medium, cache.can_disable) == ("disk", False)
    assert CONFIGURATIONS["deepseek/default"].flags.trains_on_content == "unknown"


def test_deepseek_is_asked_at_its_own_host_and_not_at_the_beta_path():
    assert CONFIGURATIONS["deepseek/default"].hosts == ["https://api.deepseek.com"]


# OpenRouter.


def test_openrouter_needs_the_account_setting_and_the_parameter():
    assert CONFIGURATIONS["openrouter/zdr"].mechanism.kind == "org_setting"
    assert forced("openrouter/zdr")["provider.zdr"] is True
    assert forced("openrouter/zdr")["provider.data_collection"] == "deny"


def test_openrouter_answers_only_count_from_the_hosts_that_were_asked_for():
    proof = CONFIGURATIONS["openrouter/zdr"].conditions.response[0]
    asked = {re.sub("[^a-z]", "", host.lower()) for host in forced("openrouter/zdr")["provider.only"]}
    assert proof.body == "provider"
    assert {re.sub("[^a-z]", "", name.lower()) for name in proof.one_of} == asked


@pytest.mark.parametrize(
    "model",
    ["qwen/qwen3-32b:free", "openrouter/auto", "openrouter/sonoma-sky-alpha", "qwen/qwen3-32b:online", "@preset/mine"],
)
def test_openrouter_variants_that_pick_or_hide_their_host_are_excluded(model):
    assert exclusion(CONFIGURATIONS["openrouter/zdr"], model)


@pytest.mark.parametrize("parameter", ["plugins", "models", "preset", "transforms", "route"])
def test_openrouter_parameters_that_widen_are_unknown_to_the_vocabulary(parameter):
    assert parameter not in REQUESTS["chat.completions"].keys


def test_openrouter_with_a_key_of_your_own_follows_your_own_agreement():
    byok = CONFIGURATIONS["openrouter/byok"]
    assert byok.credential_mode == "byok"
    assert byok.legs[0].flags.stores_prompts == "unknown"


def test_openrouter_screens_every_request_and_samples_some():
    assert {("csam_screening", "all"), ("sampling", "all")} <= triggers("openrouter/zdr")


def test_openrouter_only_repeats_what_hosts_say_and_is_read_again_every_month():
    attestation = CONFIGURATIONS["openrouter/zdr"].attestation
    assert attestation.grade == "claimed"
    assert attestation.conflicts
    assert attestation.expires - attestation.observed <= dt.timedelta(days=31)


# Ollama.


@pytest.mark.parametrize("model", ["gpt-oss:120b-cloud", "gemma4:cloud", "qwen3-coder:480b-CLOUD", "me/alias-cloud"])
def test_an_ollama_cloud_name_is_excluded_from_the_local_configuration(model):
    assert exclusion(CONFIGURATIONS["ollama/local"], model)


@pytest.mark.parametrize("model", ["gemma3:270m", "llama3.3", "cloudy:7b", "nimbus-cloud:7b"])
def test_an_ollama_local_name_is_served(model):
    assert serves("ollama/local", model)


def test_an_ollama_server_is_told_to_stay_offline():
    assert "OLLAMA_NO_CLOUD=1" in CONFIGURATIONS["ollama/local"].engine.required_flags


def test_ollama_cloud_no_longer_says_that_it_stores_nothing():
    assert CONFIGURATIONS["ollama/cloud"].flags.stores_prompts == "unknown"
    assert CONFIGURATIONS["ollama/cloud"].attestation.conflicts


# vLLM and llama.cpp.


def test_a_vllm_response_store_is_not_zero():
    assert CONFIGURATIONS["vllm/response-store"].flags.stores_outputs == "yes"
    for name in ("vllm/self-operated", "vllm/host-memory-offload"):
        assert "VLLM_ENABLE_RESPONSES_API_STORE" in CONFIGURATIONS[name].engine.forbidden_flags


def test_a_vllm_kv_connector_may_persist_so_its_cache_is_unknown():
    assert CONFIGURATIONS["vllm/kv-connector"].cache.medium == "unknown"
    assert "--kv-transfer-config" in CONFIGURATIONS["vllm/self-operated"].engine.forbidden_flags


def test_vllm_keeps_tenants_apart_by_a_salt():
    assert CONFIGURATIONS["vllm/self-operated"].cache.isolation.parameter == "cache_salt"


def test_llama_cpp_caches_in_memory_and_can_be_told_not_to():
    cache = CONFIGURATIONS["llama-cpp/self-operated"].cache
    assert (cache.medium, cache.can_disable) == ("host_memory", True)
    assert cache.isolation.off == {"cache_prompt": False}


def test_llama_cpp_that_may_save_slots_is_not_zero():
    saving = CONFIGURATIONS["llama-cpp/slot-save"]
    assert saving.cache.medium == "disk"
    assert saving.flags.stores_prompts == "yes"
    assert "--slot-save-path" in CONFIGURATIONS["llama-cpp/self-operated"].engine.forbidden_flags
