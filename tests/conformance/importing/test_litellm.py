from __future__ import annotations

import dataclasses
import json

import pytest

from zdr_router.conformance.importing.litellm import converted
from zdr_router.conformance.importing.litellm_prefixes import split
from zdr_router.errors import ConfigError
from zdr_router.registry import Registry, shipped_directory
from zdr_router.registry.configuration import Credentials
from zdr_router.registry.strict_yaml import parse

FILES = ("deepseek", "groq", "llama-cpp", "ollama", "openai", "vllm")
SHIPPED = Registry.load([shipped_directory() / f"{name}.yaml" for name in FILES])
SECRET = "sk-9f8e7d6c5b4a"  # made up


def deployment(model, route="r", **parameters):
    return {"model_name": route, "litellm_params": {"model": model, **parameters}}


def imported(*entries, servers=None, **rest):
    text = json.dumps({"model_list": list(entries), **rest}, indent=1)
    return converted(parse(text.encode(), "litellm.yaml"), SHIPPED, servers or {})


def account(*entries, **options):
    """The one account that comes of it."""
    (found,) = imported(*entries, **options).document["accounts"].values()
    return found


def reasons(*entries, **options):
    """Why the first entries are left out; the last one is sound, so that something is left."""
    sound = deployment("groq/llama-3.3-70b-versatile", "sound")
    return [problem.what for problem in imported(*entries, sound, **options).left_out]


GROQ = {"configuration": "groq/zdr", "api_key": {"env": "GROQ_API_KEY"}}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (deployment("groq/llama-3.3-70b-versatile"), GROQ),
        (deployment("openai/llama-3.3-70b-versatile", api_base="https://api.groq.com/openai/v1"), GROQ),
        (deployment("openai/llama-3.3-70b-versatile", base_url="https://api.groq.com"), GROQ),
        (deployment("x/llama", custom_llm_provider="groq"), GROQ),
        (deployment("groq/x", api_key="os.environ/KEY_7"), {"configuration": "groq/zdr", "api_key": {"env": "KEY_7"}}),
        (deployment("gpt-4o"), {"configuration": "openai/zdr", "api_key": {"env": "OPENAI_API_KEY"}}),
        (
            deployment("openai/gpt-4o", api_base="https://eu.api.openai.com/v1/"),
            {"configuration": "openai/zdr-eu", "api_key": {"env": "OPENAI_API_KEY"}},
        ),
        (
            deployment("openai/text-embedding-3-small") | {"model_info": {"mode": "embedding"}},
            {"configuration": "openai/zdr-embeddings", "api_key": {"env": "OPENAI_API_KEY"}},
        ),
        (
            deployment("hosted_vllm/qwen", api_base="http://127.0.0.1:8000/v1"),
            {"configuration": "vllm/self-operated", "base_url": "http://127.0.0.1:8000/v1"},
        ),
        (
            deployment("ollama_chat/llama3.2", api_base="http://localhost:11434"),
            {"configuration": "ollama/local", "base_url": "http://localhost:11434/v1"},
        ),
    ],
)
def test_a_deployment_becomes_an_account_by_its_address_or_its_prefix(entry, expected):
    assert account(entry) == expected


# The same prefix is a hosted service, a server of one's own, or nobody knows whose.
def test_one_prefix_is_hosted_at_one_address_and_self_operated_at_another():
    cloud = deployment("ollama/gpt-oss:120b", api_base="https://ollama.com")
    assert reasons(cloud) == ["what is declared there does not keep nothing: ollama/cloud"]
    elsewhere = deployment("ollama/llama3.2", api_base="https://ollama.example.net")
    assert "may be somebody's service" in reasons(elsewhere)[0]
    assert reasons(deployment("hosted_vllm/m")) == ["names no api_base, so nobody knows who runs the server"]


def test_a_server_on_this_machine_whose_software_nobody_names_is_left_out_until_somebody_does():
    entry = deployment("openai/m", api_base="http://127.0.0.1:9999/v1")
    assert reasons(entry) == ["its api_base is no host that the registry attests for openai"]
    named = account(entry, servers={"127.0.0.1:9999": "llama-cpp/self-operated"})
    assert named == {"configuration": "llama-cpp/self-operated", "base_url": "http://127.0.0.1:9999/v1"}


def test_an_address_that_only_looks_like_an_attested_host_is_none():
    for base in (
        "https://api.groq.com.example.net/openai/v1",
        "https://api.groq.com/other",
        "http://api.groq.com/openai/v1",
    ):
        assert len(reasons(deployment("groq/m", api_base=base))) == 1, base


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (deployment("deepseek/deepseek-chat"), "what is declared there does not keep nothing: deepseek/default"),
        (deployment("xai/grok"), "the registry declares no provider xai"),
        (deployment("nobody/m"), "its provider is none that can be mapped"),
        (deployment("m"), "its provider is none that can be mapped"),
        (deployment("groq/*"), "a wildcard stands for models that nobody lists"),
        (deployment("groq/m", "*"), "a wildcard stands for models that nobody lists"),
        (deployment("os.environ/MODEL"), "its model is read from the environment"),
        (
            deployment("groq/m", api_base="os.environ/BASE"),
            "its api_base is no plain address, but read from the environment",
        ),
        (deployment("groq/m", api_base="https://user:pw@api.groq.com"), "its api_base is no plain address"),
        (deployment("groq/m") | {"model_info": {"mode": "image_generation"}}, "its mode is neither chat nor embedding"),
        ({"model_name": "m"}, "an entry has no `litellm_params`"),
        ({"litellm_params": {"model": "groq/m"}}, "an entry lacks `model_name` or `litellm_params.model`"),
    ],
)
def test_what_cannot_be_mapped_is_said_so_with_its_line(entry, why):
    result = imported(deployment("groq/llama-3.3-70b-versatile", "sound"), entry)
    (problem,) = result.left_out
    assert problem.what == why
    assert problem.line > 8
    assert problem.fix
    assert list(result.document["routes"]) == ["sound"]


def test_a_literal_key_is_not_copied_and_its_line_is_named():
    result = imported(deployment("groq/m", api_key=SECRET))
    (problem,) = result.left_out
    assert problem.what == "a literal key stands in the file, which is not copied"
    assert problem.line == 7
    assert result.document["accounts"]["groq-zdr"] == GROQ
    assert SECRET not in repr(result)


@pytest.mark.parametrize(
    "name", ["aws_secret_access_key", "azure_ad_token", "vertex_credentials", "client_secret", "s3_password"]
)
def test_no_other_secret_is_copied_either(name):
    result = imported(deployment("groq/m", **{name: SECRET}))
    assert [problem.what for problem in result.left_out] == [
        f"a literal secret stands under {name}, which is not copied"
    ]
    assert SECRET not in repr(result)


def test_deployments_with_the_same_key_and_address_share_an_account_and_others_do_not():
    result = imported(
        deployment("groq/a", "one"),
        deployment("groq/b", "two"),
        deployment("groq/a", "one", api_key="os.environ/OTHER"),
    )
    assert list(result.document["accounts"]) == ["groq-zdr", "groq-zdr-2"]
    assert result.document["routes"]["one"]["targets"] == ["groq-zdr/a", "groq-zdr-2/a"]
    assert result.document["routes"]["two"]["targets"] == ["groq-zdr/b"]
    assert "at random" in result.comments["routes", "one"][0]


def test_no_grant_is_invented_and_each_one_that_is_missing_is_marked():
    result = imported(deployment("gpt-4o"), deployment("hosted_vllm/m", api_base="http://127.0.0.1:1/v1"))
    for name, each in result.document["accounts"].items():
        assert "grant" not in each
        assert "scope" not in each
        assert "STILL TO BE STATED" in result.comments["accounts", name][0]
    assert "{project: …}" in result.comments["accounts", "openai-zdr"][1]


def test_a_name_that_no_route_may_have_is_changed_and_said_so():
    result = imported(deployment("groq/m", "Llama 70B"), deployment("groq/m", "llama/70b"))
    assert list(result.document["routes"]) == ["llama-70b", "llama-70b-2"]
    assert sum("the route is called" in note.what for note in result.notes) == 2


def test_settings_parameters_and_keys_that_are_not_carried_over_are_named():
    entry = deployment("groq/m", rpm=5, temperature=0) | {"tpm_limit": 4}
    result = imported(entry, litellm_settings={"success_callback": ["langfuse"]}, router_settings={})
    named = {note.what.partition(" ")[0] for note in result.notes if note.what.endswith("is not carried over")}
    assert named == {"rpm", "temperature", "tpm_limit", "litellm_settings", "router_settings"}


def test_a_model_that_nothing_declared_there_serves_is_said_so():
    notes = [
        note.what for note in imported(deployment("groq/nobody-knows"), deployment("groq/openai/gpt-oss-20b")).notes
    ]
    assert notes.count("groq/zdr does not serve this model") == 1


def test_credentials_that_are_no_plain_key_are_left_to_be_stated():
    signing = SHIPPED.configurations["groq/zdr"].model_copy(update={"credentials": Credentials(auth="aws_sigv4")})
    registry = dataclasses.replace(SHIPPED, configurations={"groq/zdr": signing})
    document = parse(json.dumps({"model_list": [deployment("groq/m", api_key="os.environ/KEY")]}).encode(), "f")
    result = converted(document, registry, {})
    assert result.document["accounts"] == {"groq-zdr": {"configuration": "groq/zdr"}}
    assert "credentials: STILL TO BE STATED (aws_sigv4)" in result.comments["accounts", "groq-zdr"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("bedrock/converse/us.anthropic.claude-x", ("bedrock", "us.anthropic.claude-x")),
        ("bedrock/anthropic.claude-x", ("bedrock", "anthropic.claude-x")),
        ("groq/openai/gpt-oss-20b", ("groq", "openai/gpt-oss-20b")),
        ("o3-mini", ("openai", "o3-mini")),
        ("claude-sonnet-4-5", ("anthropic", "claude-sonnet-4-5")),
        ("olmo", None),
        ("groq/", None),
    ],
)
def test_a_model_is_read_as_litellm_reads_it(written, read):
    assert split(written) == read


def test_a_choice_among_several_is_said_so():
    notes = [note.what for note in imported(deployment("gpt-4o")).notes]
    assert any(note.startswith("openai/zdr was chosen, and ") for note in notes)


@pytest.mark.parametrize(
    "text", ["model_list: {}", "a: 1", "[]", "model_list: [{model_name: m, litellm_params: {model: x}}]"]
)
def test_where_nothing_is_left_it_is_an_error(text):
    with pytest.raises(ConfigError) as caught:
        converted(parse(text.encode(), "litellm.yaml"), SHIPPED, {})
    assert "nothing of it can be carried over" in str(caught.value)
