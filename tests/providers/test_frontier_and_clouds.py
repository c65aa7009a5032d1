"""The traps of the model makers and of the clouds: what clears, what is refused, and why."""

from __future__ import annotations

import pytest
from providers.support import CONFIGURATIONS, accepts, clean, forbids, refused, shows_beforehand

from zdr_router.policy.conditions import compile_conditions
from zdr_router.policy.target import exclusion, find_model

OURS = (
    "openai",
    "anthropic",
    "azure",
    "aws-bedrock",
    "google-vertex",
    "gemini-developer-api",
    "xai",
    "mistral",
    "cohere",
    "ibm-watsonx",
    "oracle-oci",
    "databricks",
    "snowflake-cortex",
)
GENEROUS = {"minimum_grade": "documented", "cache": "local_encrypted"}
MEMORY = {**GENEROUS, "cache": "host_memory"}
TOLERATES_NOTHING = {"tolerate": [], "human_review_within_exceptions": False}
STRICT = {**MEMORY, **TOLERATES_NOTHING}
AGREED = {"minimum_grade": "contracted", "cache": "none", **TOLERATES_NOTHING}
NO_ABUSE_FLAG = {**GENEROUS, "tolerate": ["csam_screening"]}
IN_IRELAND = {**GENEROUS, "regions": ["eu-west-1"]}

# One model of each way that is meant to be used, with what it costs: the policy that it clears under.
CLEARED = [
    ("openai/zdr", "gpt-5.5", {**GENEROUS, "tolerate": ["csam_screening"]}),
    ("openai/zdr-memory-cache", "gpt-5.1", STRICT),
    ("openai/zdr-residency", "gpt-4.1", GENEROUS),
    ("openai/zdr-safety-retention", "gpt-5.1", GENEROUS),
    ("anthropic/zdr", "claude-opus-5-5", MEMORY),
    ("azure/mam", "gpt-5.1", STRICT),
    ("azure/mam-entra", "gpt-5.1", STRICT),
    ("azure/mam-deployments", "gpt-4.1", STRICT),
    ("aws-bedrock/none", "openai.gpt-oss-120b", STRICT),
    ("aws-bedrock/none-converse", "anthropic.claude-sonnet-4-6", STRICT),
    ("aws-bedrock/none-cross-region", "eu.anthropic.claude-sonnet-4-6", STRICT),
    ("google-vertex/zdr", "google/gemini-3.8-flash", STRICT),
    ("google-vertex/zdr-cache-off", "google/gemini-3.8-flash", AGREED),
    ("google-vertex/zdr-native", "gemini-3.8-flash", STRICT),
    ("google-vertex/zdr-global", "google/gemini-3.8-flash", STRICT),
    ("google-vertex/default", "google/gemini-3.8-flash", GENEROUS),
    ("xai/zdr", "grok-4.7", STRICT),
    ("xai/zdr-us", "grok-4.6", {**STRICT, "regions": ["us"]}),
    ("mistral/zdr", "mistral-medium-2604", AGREED),
]
NEVER = sorted(
    {name for name in CONFIGURATIONS if name.partition("/")[0] in OURS}
    - {name for name, _, _ in CLEARED}
    - {"openai/zdr-us", "openai/zdr-eu", "openai/zdr-embeddings", "azure/mam-embeddings"}
    - {"aws-bedrock/none-responses", "xai/zdr-responses"}
)
COVERED = ("claude-fable-5-1", "claude-mythos-5", "anthropic.claude-fable-5", "us.anthropic.claude-mythos-5-1")


SERVED = (
    *("gpt-5.1", "claude-opus-5-5", "openai.gpt-6-sol", "openai.gpt-oss-120b", "amazon.nova-pro-v1:0", "grok-4.7"),
    *("google/gemini-3.8-flash", "gemini-3.8-flash", "gemini-4-argon", "meta/llama-3.3-70b-instruct-maas"),
    *("labs-leanstral-1-5", "mistral-large-2512", "command-a-03-2025", "deployment/7", "external-chat", "a/b"),
    *("llama-3.3-70b", "meta.llama-3.3-70b", "google.gemini-2.5-pro"),
)


def any_model(name):
    """A model that the configuration lists, or else one that its patterns take."""
    listed = (model.id for model in CONFIGURATIONS[name].models if model.id is not None)
    return next(listed, None) or next(model for model in SERVED if find_model(CONFIGURATIONS[name], model))


def excluded(name, model):
    return exclusion(CONFIGURATIONS[name], model) is not None


@pytest.mark.parametrize(("name", "model", "policy"), CLEARED, ids=[name for name, _, _ in CLEARED])
def test_what_is_meant_to_be_used_clears_under_the_policy_that_it_says(name, model, policy):
    assert refused(name, model, **policy) == frozenset()


@pytest.mark.parametrize(
    ("name", "model", "endpoint"),
    [
        ("openai/zdr-embeddings", "text-embedding-3-small", "embeddings"),
        ("azure/mam-embeddings", "text-embedding-3-large", "embeddings"),
        ("mistral/zdr", "mistral-embed-2312", "embeddings"),
        ("azure/mam", "gpt-5.1", "responses"),
        ("aws-bedrock/none-responses", "openai.gpt-oss-20b", "responses"),
        ("xai/zdr-responses", "grok-4.7", "responses"),
    ],
)
def test_other_endpoints_clear_where_the_sources_name_them(name, model, endpoint):
    assert refused(name, model, endpoint=endpoint, **MEMORY) == frozenset()


@pytest.mark.parametrize("name", [name for name in NEVER if CONFIGURATIONS[name].models])
def test_the_way_next_door_clears_under_no_policy(name):
    endpoint = CONFIGURATIONS[name].endpoints[0]
    assert refused(name, any_model(name), endpoint=endpoint) & {"ZDR201", "ZDR202"}


@pytest.mark.parametrize("name", [name for name, _, _ in CLEARED if name != "google-vertex/default"])
def test_none_of_them_clears_without_a_grant(name):
    model = next(model for each, model, _ in CLEARED if each == name)
    assert "ZDR301" in refused(name, model, granted=False)


@pytest.mark.parametrize("model", COVERED)
def test_a_covered_model_is_served_by_nobody(model):
    names = [name for name in CONFIGURATIONS if name.partition("/")[0] in OURS]
    assert not [name for name in names if find_model(CONFIGURATIONS[name], model) and not excluded(name, model)]


# A setting of one place says nothing about another.


@pytest.mark.parametrize(
    ("name", "model", "scope"),
    [
        ("openai/zdr", "gpt-5.1", "project"),
        ("anthropic/zdr", "claude-opus-5-5", "workspace"),
        ("azure/mam", "gpt-5.1", "subscription"),
        ("aws-bedrock/none", "openai.gpt-oss-120b", "region"),
        ("google-vertex/zdr", "google/gemini-3.8-flash", "project"),
    ],
)
def test_a_grant_that_does_not_name_the_place_is_not_enough(name, model, scope):
    assert CONFIGURATIONS[name].mechanism.scope == scope
    assert refused(name, model, grant_scope={}) == {"ZDR304"}
    assert refused(name, model, grant_scope={scope: "another"}) == {"ZDR304"}


# OpenAI.


def test_private_retention_and_private_safety_processing_are_two_things():
    assert CONFIGURATIONS["openai/private-retention"].flags.logs_content == "yes"
    assert CONFIGURATIONS["openai/zdr-psp"].flags.logs_content != "yes"
    assert CONFIGURATIONS["openai/zdr-psp"].flags.stores_prompts == "yes"


def test_safety_retention_needs_a_policy_that_lets_people_read():
    blind = {**GENEROUS, "human_review_within_exceptions": False}
    assert "ZDR204" in refused("openai/zdr-safety-retention", "gpt-5.1", **NO_ABUSE_FLAG)
    assert "ZDR205" in refused("openai/zdr-safety-retention", "gpt-5.1", **blind)
    assert refused("openai/zdr", "gpt-5.1", **blind) == frozenset()


@pytest.mark.parametrize("host", CONFIGURATIONS["openai/zdr-residency"].hosts)
def test_residency_beyond_us_and_eu_is_no_place_of_processing(host):
    country = host.removeprefix("https://").partition(".")[0]
    assert country not in {"us", "eu", "api"}
    policy = {"regions": [country]}
    assert refused("openai/zdr-residency", "gpt-4.1", base_url=host, **policy) == {"ZDR702"}


# Claude on other people's clouds.


@pytest.mark.parametrize(
    "name",
    [
        "azure/foundry-claude",
        "google-vertex/claude",
        "google-vertex/claude-anthropic-managed",
        "anthropic/platform-on-aws",
    ],
)
def test_a_clouds_promise_is_not_stretched_to_claude(name):
    assert not clean(name)
    assert not excluded(name, "claude-opus-5-5")
    assert excluded(name, "claude-fable-5")


def test_bedrock_is_the_cloud_that_processes_claude_itself():
    assert not any(leg.leg == "upstream" for leg in CONFIGURATIONS["aws-bedrock/none-converse"].legs)
    assert any(leg.leg == "upstream" for leg in CONFIGURATIONS["azure/foundry-claude"].legs)


# Azure.


@pytest.mark.parametrize("model", ["FW-GLM-5", "Mistral-Large-3", "grok-4.3", "claude-sonnet-4-6", "cohere-command-a"])
def test_azures_exemption_is_for_what_azure_sells(model):
    assert "ZDR502" in refused("azure/mam", model)


def test_azure_stores_no_response_and_keeps_no_prefix_beyond_memory():
    forced = {force.set: force.to for force in CONFIGURATIONS["azure/mam"].conditions.force}
    assert forced == {"store": False, "prompt_cache_retention": "in_memory"}
    assert "ZDR603" in refused("azure/mam", "gpt-5.1", body={"store": True})
    assert "ZDR603" in refused("azure/mam", "gpt-5.1", body={"prompt_cache_retention": "24h"})


def test_azure_images_are_not_offered_before_it_is_known_what_becomes_of_them():
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    assert refused("azure/mam", "gpt-5.1", body={"messages": [{"role": "user", "content": [picture]}]})


def test_an_azure_resource_is_somebodys_own_and_no_other_domain():
    assert (
        refused("azure/mam", "gpt-5.1", base_url="https://acme-prod.openai.azure.com/openai/v1", **GENEROUS)
        == frozenset()
    )
    for url in ("https://acme.openai.azure.com.example.com/openai/v1", "https://acme.services.ai.azure.com/openai/v1"):
        assert "ZDR701" in refused("azure/mam", "gpt-5.1", base_url=url)


def test_hardware_evidence_that_nobody_checks_adds_nothing():
    assert CONFIGURATIONS["azure/confidential-gpu"].attestation.grade == "claimed"
    assert "ZDR201" in refused("azure/confidential-gpu", "llama-3.3-70b")


# Bedrock.


def test_a_bedrock_host_names_the_region_in_which_it_processes():
    host = "https://bedrock-runtime.{}.amazonaws.com/openai/v1"
    for region, refusals in (("eu-west-1", frozenset()), ("us-east-1", {"ZDR702"})):
        found = refused("aws-bedrock/none", "openai.gpt-oss-120b", base_url=host.format(region), **IN_IRELAND)
        assert found == refusals


@pytest.mark.parametrize("model", ["eu.anthropic.claude-sonnet-4-6", "global.anthropic.claude-sonnet-5-5"])
def test_a_bedrock_profile_is_answered_nobody_knows_where(model):
    assert "ZDR502" in refused("aws-bedrock/none-converse", model)
    assert refused("aws-bedrock/none-cross-region", model, **GENEROUS) == frozenset()
    assert "ZDR702" in refused("aws-bedrock/none-cross-region", model, **IN_IRELAND)


def test_an_id_without_prefix_is_not_taken_for_a_profile():
    assert refused("aws-bedrock/none-cross-region", "anthropic.claude-sonnet-4-6") == {"ZDR501"}


@pytest.mark.parametrize("model", ["openai.gpt-5.5", "openai.gpt-6-sol", "us.openai.gpt-5.4"])
def test_openais_closed_models_on_bedrock_need_an_exemption_of_their_own(model):
    for name in ("aws-bedrock/none", "aws-bedrock/none-responses", "aws-bedrock/none-converse", "aws-bedrock/default"):
        assert excluded(name, model)
    exempted = CONFIGURATIONS["aws-bedrock/openai-zdr"]
    assert (exempted.mechanism.kind, exempted.cache.medium) == ("contract", "unknown")


def test_claude_on_bedrock_is_sent_no_schema_because_its_maker_keeps_them():
    schema = {"type": "json_schema", "json_schema": {"name": "s", "schema": {}}}
    for name, model in (
        ("aws-bedrock/none-converse", "anthropic.claude-opus-5-5"),
        ("aws-bedrock/none-cross-region", "global.anthropic.claude-opus-5-5"),
    ):
        assert refused(name, model, body={"response_format": schema}) == {"ZDR503"}


def test_bedrock_without_a_mode_follows_each_model_and_nobody_says_where_it_caches():
    assert refused("aws-bedrock/default", "amazon.nova-pro-v1:0") == {"ZDR201", "ZDR202"}
    assert CONFIGURATIONS["aws-bedrock/default-responses"].flags.stores_prompts == "yes"


# Google.


def test_vertex_under_the_online_terms_keeps_what_looks_suspicious():
    assert refused("google-vertex/default", "google/gemini-3.8-flash", **GENEROUS) == frozenset()
    assert refused("google-vertex/default", "google/gemini-3.8-flash", **NO_ABUSE_FLAG) == {"ZDR204"}
    assert refused("google-vertex/zdr", "google/gemini-3.8-flash", **NO_ABUSE_FLAG) == frozenset()


@pytest.mark.parametrize("tool", ["googleSearch", "googleSearchRetrieval", "googleMaps", "urlContext", "codeExecution"])
def test_grounding_never_leaves_for_vertex(tool):
    assert forbids("google-vertex/zdr-native", {"tools": [{tool: {}}]})
    assert not forbids("google-vertex/zdr-native", {"tools": [{"functionDeclarations": [{"name": "f"}]}]})


def test_an_explicit_context_cache_never_leaves_for_vertex():
    assert forbids("google-vertex/zdr-native", {"cachedContent": "projects/p/cachedContents/1"})
    body = {"messages": [{"role": "user", "content": "hello", "cache_control": {"type": "ephemeral"}}]}
    assert refused("google-vertex/zdr-native", "gemini-3.8-flash", body=body) == {"ZDR603", "ZDR607"}


@pytest.mark.parametrize("model", ["gemini-3.8-flash-cyber", "gemini-4-argon", "gemini-3.1-pro-preview"])
def test_vertex_models_with_further_terms_are_not_offered(model):
    assert "ZDR502" in refused("google-vertex/zdr-native", model)
    assert "ZDR502" in refused("google-vertex/zdr", f"google/{model}")


def test_the_global_location_is_no_region():
    model, policy = "google/gemini-3.8-flash", {"regions": ["eu-west-1", "global"]}
    assert refused("google-vertex/zdr", model, **policy) == frozenset()
    assert refused("google-vertex/zdr-global", model, **policy) == {"ZDR702"}
    everywhere = "https://aiplatform.googleapis.com/v1/projects/p/locations/global/endpoints/openapi"
    assert "ZDR701" in refused("google-vertex/zdr", model, base_url=everywhere)


def test_two_copies_that_disagree_make_no_zero_retention():
    zdr = CONFIGURATIONS["gemini-developer-api/zdr-project"]
    assert zdr.attestation.conflicts
    assert zdr.flags.logs_content == "unknown"
    assert not any(clean(name) for name in CONFIGURATIONS if name.startswith("gemini-developer-api/"))


# xAI.


@pytest.mark.parametrize("name", ["xai/zdr", "xai/zdr-responses", "xai/zdr-us"])
def test_an_xai_answer_has_to_say_that_it_held(name):
    assert accepts(name, {"x-zero-data-retention": "true"})
    assert not accepts(name, {"x-zero-data-retention": "false"})
    assert not accepts(name, {})


@pytest.mark.parametrize("name", ["xai/zdr", "xai/zdr-responses", "xai/zdr-us"])
def test_xai_is_asked_whether_it_holds_before_content_leaves(name):
    assert shows_beforehand(name, "/models", {"x-zero-data-retention": "true"})
    assert not shows_beforehand(name, "/models", {"x-zero-data-retention": "false"})
    assert not shows_beforehand(name, "/models", {})


def test_who_serves_is_known_once_somebody_has_and_is_not_asked_beforehand():
    asked = {name for name, each in CONFIGURATIONS.items() if compile_conditions(each.conditions).preflight}
    assert asked == {"xai/zdr", "xai/zdr-responses", "xai/zdr-us"}


def test_xai_in_the_united_states_serves_one_model_and_has_a_host_of_its_own():
    assert "ZDR501" in refused("xai/zdr-us", "grok-4.7")
    assert "ZDR701" in refused("xai/zdr", "grok-4.6", base_url="https://us.api.x.ai/v1")


def test_xai_responses_are_told_not_to_be_stored_and_chat_is_not_told_what_it_does_not_know():
    assert [force.set for force in CONFIGURATIONS["xai/zdr-responses"].conditions.force] == ["store"]
    assert CONFIGURATIONS["xai/zdr"].conditions.force == []


def test_xai_agents_of_several_models_are_not_offered():
    assert "ZDR502" in refused("xai/zdr", "grok-4.20-multi-agent")


# Mistral and Cohere.


@pytest.mark.parametrize("model", ["labs-leanstral-1-5", "zai-glm-5-3", "mistral-vibe-cli-latest"])
def test_mistrals_grant_leaves_labs_and_other_makers_out(model):
    assert "ZDR502" in refused("mistral/zdr", model)


def test_mistral_caches_only_for_requests_that_are_refused():
    assert CONFIGURATIONS["mistral/zdr"].cache.medium == "none"
    assert refused("mistral/zdr", "mistral-medium-2604", body={"prompt_cache_key": "k"}) == {"ZDR603"}


def test_cohere_trains_by_default_and_its_agreement_was_not_read():
    assert CONFIGURATIONS["cohere/default"].flags.trains_on_content == "yes"
    assert CONFIGURATIONS["cohere/no-training"].flags.logs_content == "yes"
    assert CONFIGURATIONS["cohere/zdr"].attestation.grade == "claimed"


# The clouds of databases and of enterprises.


@pytest.mark.parametrize(
    ("name", "model"),
    [("ibm-watsonx/inference", "ibm/granite-4-h-small"), ("oracle-oci/inference", "openai.gpt-oss-120b")],
)
def test_clean_on_paper_is_not_enough_while_nobody_says_where_prefixes_are_cached(name, model):
    assert clean(name)
    # watsonx.ai also wants to be told the account's project, which this account does not name.
    assert refused(name, model) - {"ZDR607"} == {"ZDR202"}


@pytest.mark.parametrize("model", ["google.gemini-2.5-pro", "xai.grok-4", "openai.gpt-5"])
def test_models_that_others_may_run_are_not_taken_for_oracles_own(model):
    assert "ZDR502" in refused("oracle-oci/inference", model)
    assert "ZDR201" in refused("oracle-oci/external-models", model)


@pytest.mark.parametrize("name", [name for name in CONFIGURATIONS if name.startswith(("databricks/", "snowflake"))])
def test_staying_within_a_platform_is_not_taken_for_keeping_nothing(name):
    assert CONFIGURATIONS[name].flags.stores_prompts == CONFIGURATIONS[name].flags.logs_content == "unknown"


# Tenants.


@pytest.mark.parametrize("name", ["azure/mam", "aws-bedrock/none", "google-vertex/zdr", "xai/zdr"])
def test_a_cache_in_memory_is_shared_by_the_tenants_of_an_account(name):
    model = next(model for each, model, _ in CLEARED if each == name)
    assert refused(name, model, shared=True) == {"ZDR203"}


def test_without_a_cache_tenants_may_share():
    assert refused("google-vertex/zdr-cache-off", "google/gemini-3.8-flash", shared=True, **GENEROUS) == frozenset()
