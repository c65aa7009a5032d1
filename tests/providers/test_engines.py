"""The traps of servers that an operator runs: a loopback address says nothing about what leaves it or what is kept."""

from __future__ import annotations

import pytest
from providers.support import CONFIGURATIONS, carried, clean, cleared, of, refused, serves

from zdr_router.registry.ladders import FLAGS

ENGINES = ("vllm", "sglang", "tgi", "llama-cpp", "ollama", "lm-studio", "localai", "triton-tensorrt-llm")
NAMES = [name for name in of(*ENGINES) if CONFIGURATIONS[name].self_operated]
CLEAN = [name for name in NAMES if clean(name)]
MODEL = "my-weights-7b"


def flags_of(name):
    engine = CONFIGURATIONS[name].engine
    return set(engine.required_flags), set(engine.forbidden_flags)


def test_every_engine_but_the_one_with_closed_source_has_a_way_that_clears():
    cleared = {name.partition("/")[0] for name in CLEAN if not refused(name, MODEL, cache="host_memory")}
    assert set(ENGINES) - cleared == {"lm-studio"}


@pytest.mark.parametrize("name", NAMES)
def test_a_flag_that_is_no_is_carried_by_a_source_that_was_read(name):
    flags = CONFIGURATIONS[name].flags
    assert {flag for flag in FLAGS if getattr(flags, flag) == "no"} <= carried(name)


@pytest.mark.parametrize("name", CLEAN)
def test_running_it_yourself_is_a_statement_too(name):
    assert refused(name, MODEL, granted=False) == {"ZDR301"}


@pytest.mark.parametrize("name", CLEAN)
def test_nothing_is_both_required_and_forbidden(name):
    required, forbidden = flags_of(name)
    assert not {flag.partition("=")[0] for flag in required if "LOG_LEVEL" not in flag} & forbidden


@pytest.mark.parametrize(("name", "version"), [("vllm/self-operated", "0.9"), ("sglang/self-operated", "0.5.20")])
def test_an_engine_whose_version_was_not_read_is_refused(name, version):
    assert refused(name, MODEL, engine_version=version) == {"ZDR106"}


# What a switch of the server's keeps, the clean configuration forbids.

SWITCHES = {
    "vllm/self-operated": [
        "VLLM_ENABLE_RESPONSES_API_STORE",
        "--enable-log-requests",
        "--kv-transfer-config",
        "--kv-events-config",
        "VLLM_MEDIA_CACHE",
    ],
    "sglang/self-operated": [
        "--log-requests",
        "--crash-dump-folder",
        "--enable-response-store",
        "--hicache-storage-backend",
    ],
    "sglang/host-memory-cache": ["--hicache-storage-backend"],
    "tgi/self-operated": ["LOG_LEVEL=debug"],
    "llama-cpp/self-operated": ["--slot-save-path", "--lookup-cache-dynamic", "--rpc", "--mcp-servers-config"],
    "ollama/local": ["OLLAMA_DEBUG_LOG_REQUESTS", "OLLAMA_REMOTES"],
    "localai/self-operated": ["LOCALAI_ENABLE_TRACING", "LOCALAI_FEDERATED", "LOCALAI_P2P"],
    "triton-tensorrt-llm/trtllm-serve": ["kv_cache_config.disk_cache_path", "kv_cache_config.host_cache_size"],
    "triton-tensorrt-llm/triton": ["--trace-config", "--cache-config"],
}


@pytest.mark.parametrize(("name", "flag"), [(name, flag) for name, flags in SWITCHES.items() for flag in flags])
def test_what_keeps_or_sends_content_is_forbidden(name, flag):
    assert flag in flags_of(name)[1]


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("vllm/self-operated", "VLLM_NO_USAGE_STATS=1"),
        ("tgi/self-operated", "--usage-stats=off"),
        ("ollama/local", "OLLAMA_NO_CLOUD=1"),
        ("localai/self-operated", "LOCALAI_DISABLE_RUNTIME_SETTINGS=true"),
        ("triton-tensorrt-llm/trtllm-serve", "TRTLLM_RESPONSES_API_DISABLE_STORE=1"),
        ("triton-tensorrt-llm/trtllm-serve", "TRTLLM_NO_USAGE_STATS=1"),
    ],
)
def test_what_is_on_unless_told_otherwise_is_told_otherwise(name, flag):
    assert flag in flags_of(name)[0]


@pytest.mark.parametrize(
    ("name", "route"),
    [
        ("vllm/self-operated", "/invocations"),
        ("sglang/self-operated", "/configure_logging"),
        ("sglang/self-operated", "/hicache/storage-backend"),
        ("llama-cpp/self-operated", "/slots"),
        ("ollama/local", "/api/create"),
        ("localai/self-operated", "/api/settings"),
        ("triton-tensorrt-llm/trtllm-serve", "/kv_cache_events"),
    ],
)
def test_what_a_caller_could_switch_on_is_out_of_reach(name, route):
    assert route in CONFIGURATIONS[name].engine.blocked_routes


@pytest.mark.parametrize(
    "name",
    [
        "vllm/response-store",
        "vllm/request-logging",
        "sglang/response-store",
        "sglang/storage-backend",
        "sglang/request-logging",
        "tgi/debug-logging",
        "llama-cpp/slot-save",
        "lm-studio/responses",
        "localai/tracing",
        "triton-tensorrt-llm/trtllm-serve-default",
        "triton-tensorrt-llm/triton-tracing",
    ],
)
def test_a_server_run_the_other_way_keeps_something_and_is_refused(name):
    flags = CONFIGURATIONS[name].flags
    assert "yes" in {flags.stores_prompts, flags.logs_content}
    assert "ZDR201" in refused(name, MODEL)


# Caches.


@pytest.mark.parametrize("name", ["vllm/self-operated", "sglang/self-operated", "triton-tensorrt-llm/trtllm-serve"])
def test_a_salt_keeps_tenants_apart(name):
    forced = {each.name for each in cleared(name, MODEL, shared=True).forced}
    assert "cache_salt" in forced


def test_text_generation_inference_shares_its_cache_unless_it_has_none():
    assert refused("tgi/self-operated", MODEL, shared=True) == {"ZDR203"}
    assert not refused("tgi/no-prefix-cache", MODEL, shared=True, cache="none")
    assert "PREFIX_CACHING=0" in flags_of("tgi/no-prefix-cache")[0]


@pytest.mark.parametrize("name", ["vllm/host-memory-offload", "sglang/host-memory-cache", "localai/self-operated"])
def test_a_cache_in_the_hosts_memory_is_more_durable_than_one_on_the_card(name):
    assert refused(name, MODEL, cache="gpu_memory") == {"ZDR202"}


# Models that run elsewhere.


@pytest.mark.parametrize("model", ["gpt-oss:120b-cloud", "qwen3-coder:480b-CLOUD", "gemma4:cloud"])
def test_an_ollama_cloud_name_on_loopback_leaves_the_machine(model):
    assert not serves("ollama/local", model)
    assert serves("ollama/local-with-cloud", model)
    assert "ZDR201" in refused("ollama/local-with-cloud", model)


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-5", "gemini-3-pro", "openai/o3", "my-gpt-5-proxy"])
def test_a_closed_model_on_localai_is_somebody_elses(model):
    assert not serves("localai/self-operated", model)
    assert "ZDR201" in refused("localai/cloud-proxy", model)


@pytest.mark.parametrize("model", ["gpt-oss-20b", "llama-3.3-70b", "gemma-3-270m", "qwen3-8b"])
def test_open_weights_on_localai_are_served(model):
    assert not refused("localai/self-operated", model, cache="host_memory")


@pytest.mark.parametrize("name", ["ollama/local-with-cloud", "localai/cloud-proxy", "lm-studio/lm-link"])
def test_what_answers_from_elsewhere_has_an_upstream_that_nobody_attests(name):
    configuration = CONFIGURATIONS[name]
    assert [leg.leg for leg in configuration.legs] == ["upstream"]
    assert configuration.legs[0].flags.stores_prompts == "unknown"
    assert {model.origin for model in configuration.models} == {"proxied"}


# Stores of responses.


def test_localai_responses_are_told_not_to_be_stored():
    clearance = cleared("localai/responses", MODEL)
    assert {(forced.name, forced.value) for forced in clearance.forced} == {("store", False)}
    assert "responses" not in CONFIGURATIONS["localai/self-operated"].endpoints


def test_a_failure_of_tensorrt_llm_may_quote_the_request_in_its_log():
    assert refused("triton-tensorrt-llm/trtllm-serve", MODEL, tolerate=[]) == {"ZDR204"}


def test_lm_studio_is_refused_for_the_log_that_nobody_has_read():
    assert refused("lm-studio/chat-completions", MODEL) == {"ZDR201"}
    assert CONFIGURATIONS["lm-studio/chat-completions"].flags.logs_content == "unknown"
