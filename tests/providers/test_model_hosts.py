"""The traps of hosts of models: what clears and what is refused, whoever edits the files."""

from __future__ import annotations

import pytest
from providers.support import CONFIGURATIONS, NOWHERE, cleared, of, refused

from zdr_router.policy.target import exclusion

HOSTS = frozenset(
    {
        "ai21",
        "alibaba-qwen",
        "anyscale",
        "baseten",
        "cerebras",
        "deepinfra",
        "featherless",
        "fireworks",
        "friendli",
        "github-models",
        "huggingface",
        "hyperbolic",
        "inference-net",
        "lambda",
        "minimax",
        "modal",
        "moonshot",
        "nebius",
        "novita",
        "nvidia",
        "parasail",
        "perplexity",
        "replicate",
        "runpod",
        "sambanova",
        "siliconflow",
        "together",
        "zai",
    }
)
GROUP = [each for each in CONFIGURATIONS.values() if each.provider in HOSTS]
PASSING_ON = [each.id for each in GROUP if any(model.origin != "hosted" for model in each.models)]
COVERED = ("claude-fable-5", "anthropic/claude-fable-5-1", "anthropic/claude-mythos-5", "firerouter/Fable-5")


# What holds of the whole group.


def test_every_host_is_declared():
    assert {each.provider for each in GROUP} == HOSTS


@pytest.mark.parametrize("name", PASSING_ON)
@pytest.mark.parametrize("model", COVERED)
def test_a_covered_model_is_excluded_wherever_somebody_else_may_run_it(name, model):
    assert exclusion(CONFIGURATIONS[name], model)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("ai21/studio", "jamba-large-1.7"),
        ("anyscale/endpoints", "meta-llama/Meta-Llama-3-8B-Instruct"),
        ("featherless/default", "Qwen/Qwen3-32B"),
        ("friendli/serverless", "zai-org/GLM-5.2"),
        ("hyperbolic/default", "meta-llama/Llama-3.3-70B-Instruct"),
        ("inference-net/default", "openai/gpt-oss-20b"),
        ("lambda/inference", "llama3.3-70b-instruct-fp8"),
        ("minimax/default", "MiniMax-M3"),
        ("moonshot/international", "kimi-k3"),
        ("novita/default", "openai/gpt-oss-120b"),
        ("sambanova/default", "gpt-oss-120b"),
        ("siliconflow/international", "Qwen/Qwen3-32B"),
        ("zai/international", "glm-5.2"),
    ],
)
def test_what_only_others_say_or_nobody_clears_under_no_policy(name, model):
    hosts = CONFIGURATIONS[name].hosts
    assert "ZDR201" in refused(name, model, base_url=hosts[0])


# DeepInfra: the name of the model decides.


def test_deepinfra_open_models_clear_where_the_sampling_is_tolerated():
    model = "openai/gpt-oss-120b"
    assert refused("deepinfra/open-models", model, cache="host_memory", minimum_grade="documented") == set()
    assert refused("deepinfra/open-models", model, tolerate=["error_debug"]) == {"ZDR204"}
    assert refused("deepinfra/open-models", model, human_review_within_exceptions=False) == {"ZDR205"}


@pytest.mark.parametrize("model", ["google/gemini-3.5-flash", "google/gemma-3-27b-it", "anthropic/claude-opus-4-8"])
def test_deepinfra_passes_google_and_anthropic_models_on(model):
    assert "ZDR502" in refused("deepinfra/open-models", model)
    assert "ZDR201" in refused("deepinfra/proxied-models", model)


def test_deepinfra_keeps_the_images_that_it_makes():
    assert CONFIGURATIONS["deepinfra/images"].flags.stores_outputs == "yes"
    assert "images.generations" not in CONFIGURATIONS["deepinfra/open-models"].endpoints


# Fireworks: the endpoint and the router decide.

OPEN = "accounts/fireworks/models/gpt-oss-20b"


def test_fireworks_chat_keeps_nothing_of_open_models():
    assert refused("fireworks/open-models", OPEN, cache="host_memory", minimum_grade="documented") == set()
    assert refused("fireworks/open-models", OPEN, tolerate=["abuse_flag"]) == {"ZDR204"}


def test_fireworks_stores_responses_unless_the_router_says_not_to():
    name = "fireworks/open-models-responses"
    clearance = cleared(name, OPEN, endpoint="responses")
    assert [(each.name, each.value) for each in clearance.forced] == [("store", False)]
    assert "ZDR601" in refused("fireworks/open-models", OPEN, endpoint="responses")
    assert "ZDR201" in refused("fireworks/responses-stored", OPEN, endpoint="responses")


@pytest.mark.parametrize(
    "body",
    [
        {"store": True},
        {"previous_response_id": "resp_1"},
        {"tools": [{"type": "mcp", "server_label": "s", "server_url": "https://example.com"}]},
    ],
)
def test_fireworks_responses_refuse_what_is_kept_or_leaves(body):
    assert refused("fireworks/open-models-responses", OPEN, endpoint="responses", body=body)


@pytest.mark.parametrize(
    "model", ["firerouter/opus", "accounts/fireworks/routers/firerouter/opus", "accounts/fireworks/routers/auto"]
)
def test_a_fireworks_router_may_choose_a_closed_model(model):
    hosted = [name for name in of("fireworks") if CONFIGURATIONS[name].flags.stores_prompts == "no"]
    assert len(hosted) == 3
    for name in hosted:
        endpoint = CONFIGURATIONS[name].endpoints[0]
        assert "ZDR502" in refused(name, model, endpoint=endpoint)


def test_a_fireworks_account_policy_counts_as_an_agreement():
    assert refused("fireworks/zdr-policy", OPEN, minimum_grade="contracted") == set()
    assert "ZDR301" in refused("fireworks/zdr-policy", OPEN, granted=False)
    assert refused("fireworks/open-models", OPEN, minimum_grade="contracted") == {"ZDR401"}


# Baseten: whose code writes the logs.


def test_baseten_caches_in_the_gpu_and_keeps_nothing_else():
    model = "openai/gpt-oss-120b"
    assert refused("baseten/model-apis", model, cache="gpu_memory", tolerate=[], minimum_grade="documented") == set()


def test_a_dedicated_baseten_deployment_needs_its_operators_word():
    host = "https://model-abcd1234.api.baseten.co/environments/production/sync/v1"
    assert refused("baseten/dedicated", "mine", base_url=host, cache="gpu_memory", tolerate=[]) == set()
    assert "ZDR301" in refused("baseten/dedicated", "mine", base_url=host, granted=False)
    assert "ZDR701" in refused("baseten/dedicated", "mine", base_url=NOWHERE)
    assert "ZDR701" in refused("baseten/dedicated", "mine", base_url="https://inference.baseten.co/v1")
    assert "ZDR201" in refused("baseten/dedicated-logging", "mine", base_url=host)


# Cerebras.


def test_cerebras_keeps_prefixes_in_memory_for_an_hour():
    model = "gpt-oss-120b"
    assert refused("cerebras/inference", model, cache="host_memory", tolerate=[], minimum_grade="documented") == set()
    assert refused("cerebras/inference", model, cache="gpu_memory") == {"ZDR202"}


def test_a_dedicated_cerebras_endpoint_is_not_covered_by_the_public_promise():
    assert "ZDR501" in refused("cerebras/inference", "my-org-gpt-oss-120b")
    assert "ZDR201" in refused("cerebras/dedicated", "my-org-gpt-oss-120b")


# Together and Nebius: they store until they are told not to.


def test_together_needs_the_setting_of_the_organisation():
    model = "openai/gpt-oss-120b"
    assert refused("together/zdr", model, minimum_grade="contracted", tolerate=[]) == set()
    assert "ZDR301" in refused("together/zdr", model, granted=False)
    assert refused("together/zdr", model, cache="local_encrypted") == {"ZDR202"}
    assert CONFIGURATIONS["together/default"].flags.stores_prompts == "yes"
    assert CONFIGURATIONS["together/default"].attestation.conflicts


@pytest.mark.parametrize("model", ["anthropic/claude-opus-5", "openai/gpt-5.4", "google/gemini-3.5-flash"])
def test_together_passthrough_models_need_stored_prompts(model):
    assert "ZDR502" in refused("together/zdr", model)


def test_nebius_stores_and_trains_until_zero_retention_is_on():
    flags = CONFIGURATIONS["nebius/default"].flags
    assert {flags.stores_prompts, flags.stores_outputs, flags.logs_content, flags.trains_on_content} == {"yes"}


def test_nebius_clears_nobody_while_no_page_says_where_it_caches():
    model, scope = "openai/gpt-oss-120b", {"project": "p"}
    assert refused("nebius/zdr", model, scope=scope) == {"ZDR202"}
    assert refused("nebius/zdr", model, scope={}) == {"ZDR202", "ZDR304"}


def test_nebius_is_not_asked_at_its_old_address():
    old = "https://api.studio.nebius.ai/v1"
    assert "ZDR701" in refused("nebius/zdr", "openai/gpt-oss-120b", base_url=old)


# Parasail and Replicate: what the words cover.


def test_parasail_speaks_of_input_only_so_its_answers_are_unknown():
    flags = CONFIGURATIONS["parasail/serverless"].flags
    assert (flags.stores_prompts, flags.stores_outputs, flags.trains_on_content) == ("no", "unknown", "unknown")
    assert "ZDR201" in refused("parasail/serverless", "parasail-llama-33-70b-fp8")
    assert CONFIGURATIONS["parasail/batch"].flags.stores_prompts == "yes"
    assert [(each.set, each.to) for each in CONFIGURATIONS["parasail/serverless-responses"].conditions.force] == [
        ("store", False)
    ]


def test_an_hour_at_replicate_is_not_zero_and_its_models_may_be_others():
    assert "ZDR201" in refused("replicate/predictions", "meta/meta-llama-3-70b-instruct")
    assert "ZDR502" in refused("replicate/predictions", "anthropic/claude-4.5-sonnet")


# Hugging Face: who runs the model.


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("huggingface/router-fireworks", "openai/gpt-oss-20b:fireworks-ai"),
        ("huggingface/router-cerebras", "openai/gpt-oss-120b:cerebras"),
    ],
)
def test_a_pinned_model_clears_and_its_answer_has_to_name_the_host(name, model):
    assert refused(name, model, minimum_grade="documented", cache="host_memory") == set()
    (proof,) = CONFIGURATIONS[name].conditions.response
    assert (proof.header, proof.equals) == ("x-inference-provider", model.partition(":")[2])


@pytest.mark.parametrize(
    "model",
    [
        "openai/gpt-oss-20b",
        "openai/gpt-oss-20b:fastest",
        "openai/gpt-oss-20b:cheapest",
        "openai/gpt-oss-20b:auto",
        "openai/gpt-oss-20b:novita",
        "openai/gpt-oss-20b:fireworks-ai:fastest",
    ],
)
def test_a_model_that_is_not_pinned_goes_to_whoever_is_chosen(model):
    assert "ZDR501" in refused("huggingface/router-fireworks", model)
    assert "ZDR501" in refused("huggingface/router-cerebras", model)
    assert "ZDR201" in refused("huggingface/router-any", model)


def test_an_inference_endpoint_needs_its_operators_word_and_names_its_region():
    host = "https://abc123.eu-west-1.aws.endpoints.huggingface.cloud/v1"
    assert refused("huggingface/endpoint", "mine", base_url=host, tolerate=[], regions=["eu-west-1"]) == set()
    assert "ZDR702" in refused("huggingface/endpoint", "mine", base_url=host, regions=["us-east-1"])
    assert "ZDR301" in refused("huggingface/endpoint", "mine", base_url=host, granted=False)
    assert "ZDR701" in refused("huggingface/endpoint", "mine", base_url="https://router.huggingface.co/v1")
    assert "ZDR201" in refused("huggingface/endpoint-logging", "mine", base_url=host)


# NVIDIA, Modal, Runpod: whose machine it is.


def test_a_nim_container_and_the_hosted_trial_are_told_apart_by_their_address():
    trial, container = CONFIGURATIONS["nvidia/hosted-trial"], CONFIGURATIONS["nvidia/nim"]
    assert (trial.tier, trial.self_operated, container.self_operated) == ("trial", False, True)
    assert "NIM_LOG_LEVEL=DEBUG" in container.engine.forbidden_flags
    assert "ZDR201" in refused("nvidia/nim", "meta/llama-3.1-8b-instruct", base_url="http://127.0.0.1:8000/v1")
    assert "ZDR201" in refused("nvidia/hosted-trial", "meta/llama-3.1-8b-instruct")


def test_a_queue_always_keeps():
    host = "https://api.runpod.ai/v2/abc123/openai/v1"
    assert CONFIGURATIONS["runpod/queue"].flags.stores_outputs == "yes"
    assert "ZDR201" in refused("runpod/queue", "mine", base_url=host)
    assert "ZDR701" in refused("runpod/load-balancer", "mine", base_url=host)
    assert "ZDR201" in refused("modal/web-endpoint", "mine", base_url="https://me--app-serve.modal.run/v1")


# Perplexity: a promise whose endpoint is gone.


def test_perplexity_offers_nothing_under_a_promise_that_named_sonar():
    assert {"ZDR201", "ZDR501"} <= refused("perplexity/sonar", "sonar-pro")
    assert "ZDR201" in refused("perplexity/agent", "perplexity/sonar", endpoint="responses")
    assert {leg.leg for leg in CONFIGURATIONS["perplexity/agent"].legs} == {"upstream", "tools"}


# Qwen: the address decides, and the country of the group.

INTERNATIONAL = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"


def test_qwen_clears_by_chat_outside_mainland_china_only():
    name, model = "alibaba-qwen/international", "qwen3.8-flash"
    demands = {"minimum_grade": "documented", "cache": "host_memory", "tolerate": ["abuse_flag"]}
    assert refused(name, model, base_url=INTERNATIONAL, **demands) == set()
    assert "ZDR701" in refused(name, model, base_url="https://dashscope.aliyuncs.com/compatible-mode/v1")
    assert "ZDR601" in refused(name, model, base_url=INTERNATIONAL, endpoint="responses")
    assert "ZDR201" in refused("alibaba-qwen/responses", model, base_url=INTERNATIONAL, endpoint="responses")
    assert "ZDR201" in refused("alibaba-qwen/china", model)


def test_qwen_is_ruled_out_by_a_policy_on_countries_or_regions():
    name, model = "alibaba-qwen/international", "qwen3.8-flash"
    assert refused(name, model, base_url=INTERNATIONAL, countries=["US", "SG"]) == {"ZDR703"}
    assert refused(name, model, base_url=INTERNATIONAL, regions=["sg"]) == {"ZDR702"}


@pytest.mark.parametrize("model", ["deepseek-v4-pro", "glm-5.2", "kimi-k2.7-code", "qwen-deep-research"])
def test_what_qwen_serves_of_others_or_searches_with_is_not_covered(model):
    assert "ZDR502" in refused("alibaba-qwen/international", model, base_url=INTERNATIONAL)


@pytest.mark.parametrize("provider", ["siliconflow", "zai", "moonshot", "alibaba-qwen"])
def test_a_platform_in_china_is_a_configuration_of_its_own(provider):
    china = CONFIGURATIONS[f"{provider}/china"]
    others = {host for name in of(provider) if name != china.id for host in CONFIGURATIONS[name].hosts}
    assert china.regions in (["cn"], ["cn-beijing"])
    assert not others & set(china.hosts)
