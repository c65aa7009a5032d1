"""Enclave services: what nobody checks clears nobody, and what a proxy on this machine checks clears with a grant."""

from __future__ import annotations

from pathlib import Path

import pytest
from providers.support import CONFIGURATIONS, REGISTRY, carried, cleared, of, refused, serves

from zdr_router.policy.target import exclusion
from zdr_router.registry.ladders import FLAGS

PAGE = (Path(__file__).parents[2] / "docs" / "attestation.md").read_text(encoding="utf-8")
SERVICES = ("tinfoil", "privatemode", "near-ai", "phala", "chutes", "venice")
NAMES = of(*SERVICES)
ENCLAVES = [name for name in CONFIGURATIONS if CONFIGURATIONS[name].mechanism.kind == "enclave"]
VERIFYING = {"tinfoil/verifying-proxy": "gpt-oss-120b", "privatemode/proxy": "gpt-oss-120b"}
proxies = pytest.mark.parametrize(("name", "model"), VERIFYING.items())


def some_model(name):
    listed = CONFIGURATIONS[name].models[0]
    return listed.id or {"venice/enclave": "e2ee-glm-5-1", "phala/redpill": "phala/qwen3.5-27b"}.get(
        name, "openai/gpt-oss-120b"
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_flag_that_is_no_is_carried_by_a_source_that_was_read(name):
    flags = CONFIGURATIONS[name].flags
    assert {flag for flag in FLAGS if getattr(flags, flag) == "no"} <= carried(name)


def test_only_what_a_proxy_checks_clears():
    assert set(ENCLAVES) > set(VERIFYING)
    assert {name for name in ENCLAVES if not refused(name, some_model(name), cache="host_memory")} == set(VERIFYING)


@proxies
def test_a_proxy_that_checks_needs_a_grant_that_says_so(name, model):
    assert refused(name, model, granted=False) == {"ZDR301"}


@proxies
def test_a_checked_enclave_is_contracted_and_never_more(name, model):
    assert not refused(name, model, minimum_grade="contracted", cache="host_memory")
    assert refused(name, model, minimum_grade="verified") == {"ZDR401"}
    assert refused(name, model, minimum_grade="enclave") == {"ZDR401"}


@proxies
def test_a_checked_enclave_is_reached_through_this_machine_alone(name, model):
    assert refused(name, model, base_url="https://inference.example.com/v1") == {"ZDR701"}


@proxies
def test_an_older_proxy_is_outside_what_was_read(name, model):
    assert not refused(
        name, model, engine_version="1.41" if name.startswith("privatemode") else "0.2.1", cache="host_memory"
    )
    assert refused(name, model, engine_version="0.1") == {"ZDR106"}


@pytest.mark.parametrize("name", [name for name in ENCLAVES if name not in VERIFYING])
def test_an_enclave_that_nobody_checks_is_refused_for_what_it_is(name):
    assert {"ZDR201", "ZDR306"} & refused(name, some_model(name))


@pytest.mark.parametrize("name", ENCLAVES)
def test_an_enclave_asked_over_the_network_never_fails_closed(name):
    checked_here = any("127.0.0.1" in host for host in CONFIGURATIONS[name].hosts)
    assert checked_here or CONFIGURATIONS[name].mechanism.fail_mode != "closed"


def test_privatemode_takes_any_manifest_unless_one_is_pinned():
    assert "--manifestPath" in CONFIGURATIONS["privatemode/proxy"].engine.required_flags
    assert CONFIGURATIONS["privatemode/unpinned-proxy"].mechanism.fail_mode == "open"


def test_privatemode_may_write_requests_to_the_operators_own_disk():
    assert "--dumpRequests" in CONFIGURATIONS["privatemode/proxy"].engine.forbidden_flags
    assert CONFIGURATIONS["privatemode/dumping-proxy"].flags.stores_prompts == "yes"


def test_privatemode_keeps_tenants_apart_by_a_salt_and_tinfoil_cannot():
    clearance = cleared("privatemode/proxy", "gpt-oss-120b", shared=True)
    (salt,) = [forced.value for forced in clearance.forced if forced.name == "cache_salt"]
    assert len(salt) >= 32  # a shorter one is an error of the proxy's
    assert refused("tinfoil/verifying-proxy", "gpt-oss-120b", shared=True) == {"ZDR203"}


def test_privatemode_names_that_move_are_excluded():
    assert exclusion(CONFIGURATIONS["privatemode/proxy"], "kimi-latest")


def test_tinfoil_serves_only_the_models_whose_settings_were_read():
    assert not serves("tinfoil/verifying-proxy", "llama3-3-70b")
    assert all(model.pattern is None for model in CONFIGURATIONS["tinfoil/verifying-proxy"].models)


@pytest.mark.parametrize("model", ["anthropic/claude-opus-4-7", "openai/gpt-5.5", "google/gemini-3-pro", "openai/o3"])
def test_near_ai_passes_closed_models_on(model):
    assert not serves("near-ai/enclave", model)
    assert serves("near-ai/third-party", model)
    assert "ZDR201" in refused("near-ai/third-party", model)


def test_near_ai_open_weights_are_not_taken_for_somebody_elses():
    assert serves("near-ai/enclave", "openai/gpt-oss-120b")
    assert not serves("near-ai/third-party", "openai/gpt-oss-120b")


@pytest.mark.parametrize("model", ["openai/gpt-oss-120b", "z-ai/glm-5", "anthropic/claude-sonnet-4.5"])
def test_phala_a_name_of_somebody_elses_says_nothing_about_the_enclave(model):
    assert not serves("phala/confidential", model)
    assert serves("phala/routed", model)


def test_chutes_enclaves_are_told_by_the_end_of_the_name():
    assert serves("chutes/tee", "zai-org/GLM-5-TEE")
    assert not serves("chutes/default", "zai-org/GLM-5-TEE")
    assert not serves("chutes/tee", "zai-org/GLM-5")


@pytest.mark.parametrize("model", ["claude-sonnet-4-6", "openai-gpt-54", "z-ai-glm-5-3", "deepseek-v4-flash"])
def test_venice_passes_models_on_without_a_name_and_that_is_not_private(model):
    assert not serves("venice/private", model)
    assert serves("venice/anonymized", model)
    assert "ZDR201" in refused("venice/anonymized", model)


@pytest.mark.parametrize("model", ["zai-org-glm-5-2:enable_web_search=on", "llama-3.3-70b:enable_web_scraping=true"])
def test_venice_suffixes_that_switch_features_on_are_excluded(model):
    assert not serves("venice/private", model)


def test_venice_private_models_are_refused_for_the_cache_that_nobody_places():
    assert refused("venice/private", "llama-3.3-70b") == {"ZDR202"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("model", ["claude-fable-5", "anthropic/claude-mythos-5"])
def test_a_covered_model_is_served_by_none(name, model):
    assert not serves(name, model)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_about_evidence_names_every_configuration(name):
    assert f"`{name}`" in PAGE


def test_the_page_about_evidence_names_no_configuration_that_is_not_there():
    services = {word for word in PAGE.split("`")[1::2] if word.partition("/")[0] in SERVICES and "/" in word}
    assert services <= set(CONFIGURATIONS)


def test_apples_cloud_has_no_api_and_so_no_file():
    assert not [name for name in REGISTRY.providers if "apple" in name]
    assert "Private Cloud Compute" in PAGE
