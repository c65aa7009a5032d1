"""The traps of gateways: another party runs the model, and what the gateway promises ends at its own door."""

from __future__ import annotations

import pytest
from providers.support import CONFIGURATIONS, carried, clean, of, refused, serves

from zdr_router.policy.target import exclusion
from zdr_router.registry.ladders import FLAGS

GATEWAYS = of("openrouter", "vercel-ai-gateway", "requesty", "cloudflare")
BY_GATEWAY = [name for name in GATEWAYS if name != "cloudflare/workers-ai"]
LLAMA = "meta-llama/llama-3.3-70b-instruct"
COVERED = ("anthropic/claude-fable-5", "anthropic/claude-mythos-5", "Anthropic/Claude-Fable-5-1")


@pytest.mark.parametrize("name", BY_GATEWAY)
def test_whoever_runs_the_model_is_a_leg_of_its_own(name):
    configuration = CONFIGURATIONS[name]
    assert [leg.leg for leg in configuration.legs] == ["upstream"]
    assert {model.origin for model in configuration.models} == {"proxied"}


@pytest.mark.parametrize("name", GATEWAYS)
def test_a_flag_that_is_no_is_carried_by_a_source_that_was_read(name):
    flags = CONFIGURATIONS[name].flags
    assert {flag for flag in FLAGS if getattr(flags, flag) == "no"} <= carried(name)


@pytest.mark.parametrize("name", GATEWAYS)
@pytest.mark.parametrize("model", COVERED)
def test_a_covered_model_is_served_by_none(name, model):
    assert not serves(name, model)


def test_openrouter_alone_has_a_way_that_clears():
    models = {name: CONFIGURATIONS[name].models[0].id or "qwen/qwen3-32b:free" for name in GATEWAYS}
    assert {name for name, model in models.items() if not refused(name, model, cache="host_memory")} == {
        "openrouter/zdr",
        "openrouter/zdr-us",
        "openrouter/zdr-europe",
    }


def test_openrouter_counts_for_nothing_without_the_setting_of_the_account():
    assert refused("openrouter/zdr", LLAMA, granted=False) == {"ZDR301"}


def test_openrouter_is_somebody_elses_list_until_the_operator_vouches_for_it():
    assert CONFIGURATIONS["openrouter/zdr"].attestation.grade == "claimed"
    assert not refused("openrouter/zdr", LLAMA, minimum_grade="contracted", cache="host_memory")


def test_openrouter_screening_and_sampling_are_for_the_policy_to_tolerate():
    assert refused("openrouter/zdr", LLAMA, tolerate=["csam_screening"]) == {"ZDR204"}
    assert refused("openrouter/zdr", LLAMA, tolerate=["sampling"]) == {"ZDR204"}


def test_openrouter_in_europe_is_wider_than_the_european_union():
    assert not refused("openrouter/zdr-us", LLAMA, regions=["us"], cache="host_memory")
    assert refused("openrouter/zdr-europe", LLAMA, regions=["eu"]) == {"ZDR702"}
    assert refused("openrouter/zdr", LLAMA, regions=["us"]) == {"ZDR702"}


@pytest.mark.parametrize("name", ["openrouter/zdr", "openrouter/zdr-us", "openrouter/zdr-europe"])
def test_openrouter_names_the_hosts_it_asks_for_in_every_region(name):
    conditions, first = CONFIGURATIONS[name].conditions, CONFIGURATIONS["openrouter/zdr"].conditions
    assert (conditions.force, conditions.response) == (first.force, first.response)


def test_openrouter_safety_retention_is_storage_and_no_exception():
    assert CONFIGURATIONS["openrouter/safety-retention"].legs[0].flags.stores_prompts == "yes"
    assert "safety_retention" not in {
        clause.trigger for clause in CONFIGURATIONS["openrouter/safety-retention"].exceptions
    }


def test_openrouter_models_have_no_price_since_the_host_sets_it():
    limit = {"provider": {"max_price": {"prompt": 100, "completion": 100}}}
    assert refused("openrouter/zdr", LLAMA, body=limit) == {"ZDR803"}
    assert all(model.price is None for model in CONFIGURATIONS["openrouter/zdr"].models)


def test_openrouter_models_are_listed_by_name():
    assert all(model.pattern is None for model in CONFIGURATIONS["openrouter/zdr"].models)
    assert not serves("openrouter/zdr", "qwen/some-model-of-next-month")


@pytest.mark.parametrize("name", ["vercel-ai-gateway/zdr", "vercel-ai-gateway/byok", "cloudflare/ai-gateway-zdr"])
def test_a_switch_that_lets_content_through_without_it_never_clears(name):
    assert CONFIGURATIONS[name].mechanism.fail_mode == "open"
    assert "ZDR306" in refused(name, "anthropic/claude-haiku-4.5")


def test_vercel_pages_that_disagree_are_on_record():
    assert CONFIGURATIONS["vercel-ai-gateway/zdr"].attestation.conflicts


def test_cloudflare_zero_retention_says_nothing_about_the_gateways_own_log():
    logging = CONFIGURATIONS["cloudflare/ai-gateway-default"]
    assert logging.flags.stores_prompts == logging.flags.logs_content == "yes"
    assert not clean("cloudflare/ai-gateway-zdr")


@pytest.mark.parametrize("model", ["google-ai-studio/gemini-2.5-pro", "groq/llama-3.3-70b-versatile", "grok/grok-4"])
def test_cloudflare_zero_retention_covers_openai_and_anthropic_alone(model):
    assert not serves("cloudflare/ai-gateway-zdr", model)


@pytest.mark.parametrize("model", ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "google/gemini-2.5-flash"])
def test_cloudflare_partners_models_are_not_workers_ai(model):
    assert exclusion(CONFIGURATIONS["cloudflare/workers-ai"], model)


def test_cloudflare_trains_on_nothing_and_that_is_not_zero_retention():
    flags = CONFIGURATIONS["cloudflare/workers-ai"].flags
    assert (flags.trains_on_content, flags.stores_prompts) == ("no", "unknown")
    assert refused("cloudflare/workers-ai", "@cf/openai/gpt-oss-20b") == {"ZDR201", "ZDR202"}


def test_requesty_is_no_better_than_whoever_stands_behind_it():
    assert CONFIGURATIONS["requesty/default"].flags.stores_prompts == "no"
    assert "ZDR201" in refused("requesty/default", "openai/gpt-4.1")
