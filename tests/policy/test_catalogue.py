"""Every rule by itself: one thing is wrong, exactly one refusal says so, with its fix and its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from zdr_router.policy.clearance import Clearance

if TYPE_CHECKING:
    from pathlib import Path

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}


@pytest.fixture
def only(clear, tmp_path: Path):
    """Asserts that `rule` alone refuses, with a fix, and gives the line that it points to."""

    def only_it(rule: str, *, operators: bool = False) -> str:
        verdict = clear()
        assert not isinstance(verdict, Clearance), "cleared"
        assert {refusal.id for refusal in verdict} == {rule}, [str(refusal) for refusal in verdict]
        for refusal in verdict:
            assert refusal.sentence
            assert refusal.fix
            assert (refusal.target, refusal.configuration) == ("main/small", "p0/c0")
        if operators:
            assert verdict[0].where == "zdr.yaml:1"
            return ""
        place = re.fullmatch(r"(.*):([0-9]+)", verdict[0].where)
        assert place
        assert place[1] == str(tmp_path / "p0.yaml")
        return (tmp_path / "p0.yaml").read_text(encoding="utf-8").splitlines()[int(place[2]) - 1].strip()

    return only_it


def test_a_sound_target_is_cleared(cleared):
    assert cleared().target.id == "main/small"


# --- 1: attestation and trust --------------------------------------------------------------------------------------


def test_zdr101_its_attestation_expired(only, configuration):
    configuration["attestation"].update(observed="2026-10-01", expires="2026-11-21")
    configuration["attestation"]["evidence"][0]["observed"] = "2026-10-01"
    assert only("ZDR101").startswith("expires")


def test_zdr102_its_attestation_is_dated_in_the_future(only, configuration):
    configuration["attestation"]["observed"] = "2026-11-23"
    assert only("ZDR102").startswith("observed")


def test_zdr103_its_attestation_is_older_than_the_policy_accepts(only, case):
    case.operator["policy"]["max_attestation_age"] = "20d"
    assert only("ZDR103").startswith("observed")


@pytest.mark.parametrize("subject", ["provider:p0", "configuration:p0/c0", "account:main", "target:main/small"])
def test_zdr104_it_was_revoked(only, case, subject):
    case.trust["revoked"][subject] = "an incident"
    only("ZDR104", operators=True)


def test_zdr105_the_trust_state_cannot_be_read(only, case):
    case.trust = None
    only("ZDR105", operators=True)


@pytest.mark.parametrize("as_of", [-60.001, float("nan"), float("-inf")])
def test_zdr105_the_trust_state_is_too_old_or_of_no_known_age(only, case, as_of):
    case.trust["as_of"] = case.now + as_of
    only("ZDR105", operators=True)


def test_a_trust_state_as_old_as_the_policy_accepts_will_do(cleared, case):
    case.trust["as_of"] = case.now - 60.0
    cleared()


@pytest.mark.parametrize("version", ["b3999", "9000", "nightly", "4000-custom-build"])
def test_zdr106_its_engine_is_outside_the_range_that_was_read(only, configuration, account, version):
    configuration["engine"] = {"name": "engine", "versions": ">=4000,<9000"}
    account["engine_version"] = version
    assert only("ZDR106").startswith("versions")


@pytest.mark.parametrize("ahead", [1.001, 86400.0])
def test_zdr107_its_trust_state_was_changed_at_a_time_to_come(only, case, ahead):
    case.trust["changed"] = case.now + ahead
    only("ZDR107", operators=True)


def test_a_second_is_let_pass_between_two_clocks(cleared, case):
    case.trust["changed"] = case.now + 1.0
    cleared()


# --- 2: what is kept -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["yes", "unknown", None])
@pytest.mark.parametrize("flag", ["stores_prompts", "shares_or_sells", "human_review"])
def test_zdr201_a_flag_is_not_no(only, configuration, flag, word):
    configuration["flags"][flag] = word
    if word is None:
        del configuration["flags"][flag]
        assert only("ZDR201").startswith("flags")
    else:
        assert only("ZDR201").startswith(flag)


@pytest.mark.parametrize("leg", ["gateway", "upstream", "tools"])
def test_zdr201_a_flag_of_any_leg_is_not_no(only, configuration, leg):
    flags = {**configuration["flags"], "logs_content": "unknown"}
    configuration["legs"].append({"leg": leg, "flags": flags})
    assert only("ZDR201").startswith("legs")


def test_zdr202_it_caches_in_a_more_durable_medium_than_the_policy_accepts(only, configuration):
    configuration["cache"]["medium"] = "host_memory"
    assert only("ZDR202").startswith("medium")


def test_zdr202_an_unknown_medium_passes_under_no_policy(only, case, configuration):
    case.operator["policy"]["cache"] = "unknown"
    configuration["cache"]["medium"] = "unknown"
    assert only("ZDR202").startswith("medium")


def test_zdr203_its_cache_is_shared_by_tenants(only, case):
    case.operator["tenants"]["acme"] = {"accounts": []}
    assert only("ZDR203").startswith("cache")


@pytest.mark.parametrize("trigger", ["abuse_flag", "legal_hold"])
def test_zdr204_it_keeps_content_on_a_trigger_that_the_policy_does_not_tolerate(only, configuration, trigger):
    configuration["exceptions"] = [{"trigger": trigger, "human_review": "no"}]
    assert only("ZDR204").startswith("- trigger")


def test_zdr204_an_exception_on_images_refuses_a_request_with_an_image(only, case, configuration):
    configuration["exceptions"] = [{"trigger": "csam_screening", "when": "images", "human_review": "no"}]
    case.body["messages"][0]["content"] = [PICTURE]
    assert only("ZDR204").startswith("- trigger")


def test_an_exception_on_images_does_not_touch_a_text_request(cleared, configuration):
    configuration["exceptions"] = [{"trigger": "csam_screening", "when": "images", "human_review": "no"}]
    cleared()


@pytest.mark.parametrize("word", ["yes", "unknown"])
def test_zdr205_people_may_read_what_it_keeps(only, case, configuration, word):
    configuration["exceptions"] = [{"trigger": "abuse_flag", "human_review": word}]
    case.operator["policy"]["tolerate"] = ["abuse_flag"]
    assert only("ZDR205").startswith("- trigger")


@pytest.mark.parametrize("trigger", ["csam_screening", "legal_hold"])
def test_review_is_inherent_in_screening_and_legal_holds_once_those_are_tolerated(
    cleared, case, configuration, trigger
):
    configuration["exceptions"] = [{"trigger": trigger, "human_review": "yes"}]
    case.operator["policy"]["tolerate"] = [trigger]
    cleared()


# --- 3: mechanism, grant, tenant -----------------------------------------------------------------------------------

GRANTLESS = {"minimum_grade": "documented", "cache": "gpu_memory"}


def test_zdr301_the_account_holds_no_grant(only, case, account):
    case.operator["policy"] = GRANTLESS
    del account["grant"]
    assert only("ZDR301").startswith("kind: org_setting")


def test_zdr302_the_grant_has_another_basis(only, case, account):
    case.operator["policy"] = GRANTLESS
    account["grant"]["basis"] = "contract"
    only("ZDR302", operators=True)


@pytest.mark.parametrize("period", [("2026-11-23", "2026-12-31"), ("2026-11-01", "2026-11-21")])
def test_zdr303_the_grant_does_not_count_yet_or_any_more(only, case, account, period):
    case.operator["policy"] = GRANTLESS
    account["grant"].update(since=period[0], until=period[1])
    only("ZDR303", operators=True)


@pytest.mark.parametrize("scope", [{}, {"organization": "theirs"}, {"project": "ours"}])
def test_zdr304_the_account_is_not_within_the_scope_of_the_grant(only, case, account, scope):
    case.operator["policy"] = GRANTLESS
    account["scope"] = scope
    only("ZDR304", operators=True)


@pytest.mark.parametrize("kind", ["project", "workspace", "subscription", "region"])
@pytest.mark.parametrize("silent", ["account", "grant", "both"])
def test_zdr304_a_narrow_mechanism_is_named_on_both_sides(only, case, configuration, kind, silent):
    case.operator["policy"] = GRANTLESS
    account = case.operator["accounts"]["main"]
    configuration["mechanism"]["scope"] = kind
    account["scope"] = {} if silent in ("account", "both") else {kind: "ours"}
    account["grant"]["scope"] = {} if silent in ("grant", "both") else {kind: "ours"}
    only("ZDR304", operators=True)


def test_a_narrow_mechanism_that_both_sides_name_is_satisfied(cleared, configuration, account):
    configuration["mechanism"]["scope"] = "project"
    account["scope"] = account["grant"]["scope"] = {"project": "ours"}
    cleared()


def test_zdr305_the_grant_was_made_for_another_credential(only, case):
    case.operator["policy"] = GRANTLESS
    case.credentials["main"] = "sk-rotated"
    only("ZDR305", operators=True)


def test_zdr305_the_grant_is_not_bound_to_the_credential(only, case, account):
    case.operator["policy"] = GRANTLESS
    del account["grant"]["credential"]
    only("ZDR305", operators=True)


def test_an_unbound_grant_counts_where_the_policy_does_not_bind_credentials(cleared, case, account):
    case.operator["policy"]["bind_credentials"] = False
    del account["grant"]["credential"]
    cleared()


@pytest.mark.parametrize("kind", ["org_setting", "default"])
def test_zdr306_an_open_mechanism_never_clears(only, case, configuration, kind):
    case.operator["policy"] = GRANTLESS
    configuration["mechanism"].update(kind=kind, fail_mode="open")
    assert only("ZDR306").startswith("fail_mode")


@pytest.mark.parametrize("kind", ["org_setting", "request_parameter", "contract", "gateway_agreement", "enclave"])
def test_zdr306_a_mechanism_of_unknown_fail_mode_never_clears(only, case, configuration, account, kind):
    case.operator["policy"] = GRANTLESS
    configuration["mechanism"]["kind"] = account["grant"]["basis"] = kind
    del configuration["mechanism"]["fail_mode"]
    assert only("ZDR306").startswith("mechanism")


def test_zdr307_its_account_belongs_to_another_tenant(only, case):
    case.operator["tenants"] = {"acme": {"accounts": ["main"]}, "beta": {"accounts": []}}
    case.tenant = "beta"
    only("ZDR307", operators=True)
    case.tenant = None
    only("ZDR307", operators=True)


def test_a_tenant_reaches_its_own_account(cleared, case):
    case.operator["tenants"] = {"acme": {"accounts": ["main"]}}
    case.tenant = "acme"
    cleared()


def test_zdr308_its_mechanism_takes_effect_later(only, configuration):
    configuration["mechanism"]["effective_from"] = "2026-11-23"
    assert only("ZDR308").startswith("effective_from")


def test_zdr309_its_credential_is_not_there(only, case):
    case.operator["policy"] = GRANTLESS
    del case.credentials["main"]
    only("ZDR309", operators=True)


def test_zdr310_a_request_parameter_that_nobody_forces(only, case, configuration):
    case.operator["policy"] = GRANTLESS
    configuration["mechanism"]["kind"] = "request_parameter"
    configuration["conditions"] = {}
    assert only("ZDR310").startswith("conditions")


# --- 4: grade ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("demanded", ["verified", "enclave"])
def test_zdr401_nothing_reaches_the_grades_without_a_source(only, case, demanded):
    case.operator["policy"]["minimum_grade"] = demanded
    assert only("ZDR401").startswith("attestation")


def test_zdr401_documents_are_not_a_contract(only, configuration):
    configuration["mechanism"]["kind"] = "default"
    assert only("ZDR401").startswith("attestation")


def test_zdr401_a_claim_is_not_a_document(only, case, configuration):
    case.operator["policy"] = GRANTLESS
    configuration["mechanism"]["kind"] = "default"
    configuration["attestation"]["grade"] = "claimed"
    assert only("ZDR401").startswith("attestation")


@pytest.mark.parametrize("subject", ["provider:p0", "configuration:p0/c0", "account:main", "target:main/small"])
def test_zdr402_an_answer_contradicted_its_attestation(only, case, subject):
    case.trust["contradicted"][subject] = "served by another"
    only("ZDR402", operators=True)


# --- 5: model ------------------------------------------------------------------------------------------------------


def test_zdr501_the_configuration_does_not_serve_the_model(refusals, configuration):
    configuration["models"] = []
    assert refusals() == ["ZDR501"]


def test_zdr502_the_configuration_does_not_cover_the_model(only, configuration):
    configuration["excluded_models"] = [{"matches": "^sm", "why": "a preview"}]
    assert only("ZDR502").startswith("excluded_models")


def test_zdr503_the_model_is_not_declared_to_support_it(only, case):
    case.body["reasoning_effort"] = "low"
    assert only("ZDR503").startswith("models")


def test_zdr503_streaming_is_a_capability_too(only, case, configuration):
    configuration["models"][0]["features"].remove("stream")
    case.body["stream"] = True
    assert only("ZDR503").startswith("models")


def test_zdr504_nobody_attests_the_upstream_of_a_proxied_model(only, configuration):
    configuration["models"][0]["origin"] = "proxied"
    assert only("ZDR504").startswith("models")


def test_a_proxied_model_with_an_attested_upstream_is_served(cleared, configuration):
    configuration["models"][0]["origin"] = "proxied"
    configuration["legs"].append({"leg": "upstream", "flags": dict(configuration["flags"])})
    cleared()


def test_zdr504_a_model_of_unknown_origin_is_refused_whoever_is_attested(only, configuration):
    configuration["models"][0]["origin"] = "unknown"
    configuration["legs"].append({"leg": "upstream", "flags": dict(configuration["flags"])})
    assert only("ZDR504").startswith("models")


# --- 6: request ----------------------------------------------------------------------------------------------------


def test_zdr601_the_configuration_does_not_cover_the_endpoint(only, configuration):
    configuration["endpoints"] = ["embeddings"]
    assert only("ZDR601").startswith("endpoints")


def test_zdr602_the_request_has_something_that_the_vocabulary_does_not_know(only, case):
    case.body["a_new_parameter"] = None
    only("ZDR602")


def test_zdr603_the_request_uses_something_that_is_not_covered(only, case):
    case.body["user"] = "somebody"
    assert only("ZDR603").startswith("conditions")


def test_what_a_configuration_permits_is_covered(cleared, case, configuration):
    case.body["prompt_cache_key"] = "k"
    configuration["conditions"]["permit"] = ["cache_key"]
    cleared()


def test_zdr604_the_request_does_what_voids_zero_retention(only, case, configuration):
    case.body["temperature"] = 1
    configuration["conditions"]["forbid"] = [{"path": "temperature", "equals": 1, "why": "for the test"}]
    assert only("ZDR604").startswith("- path")


def test_zdr604_a_forbidden_model_is_that_of_the_target(only, case, configuration):
    case.body["model"] = "assistant"
    configuration["conditions"]["forbid"] = [{"path": "model", "matches": "^small"}]
    assert only("ZDR604").startswith("- path")


def test_zdr605_the_request_has_a_value_that_is_not_attested(only, case, configuration):
    case.body["tools"] = [{"type": "custom", "custom": {"name": "c"}}]
    configuration["conditions"]["allow"] = {"tools[].type": ["function"]}
    assert only("ZDR605").startswith("tools[].type")


@pytest.mark.parametrize(("parameter", "feature"), [("user", "end_user"), ("metadata", "labels")])
def test_zdr608_the_policy_lets_no_such_identifier_leave(only, case, configuration, parameter, feature):
    case.body[parameter] = {"team": "a"} if parameter == "metadata" else "somebody"
    configuration["conditions"]["permit"] = [feature]
    only("ZDR608", operators=True)


def test_zdr606_the_request_sets_what_the_router_sets_otherwise(only, case, configuration):
    configuration["conditions"]["force"] = [{"set": "temperature", "to": 0}]
    case.body["temperature"] = 1
    assert only("ZDR606").startswith("force")


def test_a_request_may_repeat_what_the_router_sets(cleared, case):
    case.body["store"] = False
    cleared()


def test_zdr606_the_request_sets_the_salt(only, case, configuration):
    case.operator["tenants"]["acme"] = {"accounts": []}
    configuration["cache"]["isolation"] = {"parameter": "prompt_cache_key"}
    configuration["conditions"]["permit"] = ["cache_key"]
    case.body["prompt_cache_key"] = "mine"
    assert only("ZDR606").startswith("isolation")


def test_zdr607_its_format_cannot_carry_the_request(only, case, configuration):
    configuration["dialect"] = "litellm:gemini"
    case.dialects = frozenset({"litellm:gemini"})
    case.body["user"] = None
    case.body["parallel_tool_calls"] = True
    assert only("ZDR607").startswith("dialect")


# --- 7: place ------------------------------------------------------------------------------------------------------


def test_zdr701_its_host_is_not_attested(only, account):
    account["base_url"] = "https://api.p0.example/v2"
    assert only("ZDR701").startswith("hosts")


def test_zdr701_nobody_says_at_which_host(only, configuration):
    configuration["hosts"].append("https://eu.p0.example/v1")
    only("ZDR701", operators=True)


@pytest.mark.parametrize("policy", [["eu"], ["on_premises"]])
def test_zdr702_it_processes_elsewhere(only, case, policy):
    case.operator["policy"]["regions"] = policy
    assert only("ZDR702").startswith("regions")


def test_zdr702_one_region_too_many_is_elsewhere_too(only, case, configuration):
    configuration["regions"] = ["us", "eu"]
    case.operator["policy"]["regions"] = ["us", "on_premises"]
    assert only("ZDR702").startswith("regions")


def test_zdr702_an_unknown_region_is_nowhere(only, case, configuration):
    configuration["regions"] = []
    case.operator["policy"]["regions"] = ["us"]
    assert only("ZDR702").startswith("regions")


@pytest.mark.parametrize("country", ["CN", "unknown"])
def test_zdr703_its_operator_is_in_another_country(only, case, country):
    case.operator["policy"]["countries"] = ["US", "DE"]
    case.provider_files[0]["provider"]["country"] = country
    only("ZDR703", operators=True)


def _self_operated(configuration, account, base_url):
    configuration["mechanism"] = {"kind": "self_operated"}
    configuration["engine"] = {"name": "engine", "versions": ">=1"}
    configuration["hosts"] = []
    account["grant"]["basis"] = "self_operated"
    account["base_url"] = base_url


@pytest.mark.parametrize(
    "base_url", ["http://llm.internal/v1", "https://u:p@llm.internal/v1", "https://llm.internal/v1?key=1", "llm"]
)
def test_zdr704_its_address_does_not_do(only, configuration, account, base_url):
    _self_operated(configuration, account, base_url)
    only("ZDR704", operators=True)


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8081/v1", "https://llm.internal/v1", "http://[::1]:1/v1/"])
def test_a_server_of_ones_own_is_reached_by_loopback_or_tls(cleared, configuration, account, base_url):
    _self_operated(configuration, account, base_url)
    assert cleared().target.base_url == base_url.rstrip("/")


def test_plain_http_is_for_networks_that_the_configuration_calls_private(cleared, configuration, account):
    _self_operated(configuration, account, "http://10.1.2.3/v1")
    configuration["private_network"] = True
    cleared()


def test_a_server_of_ones_own_is_in_no_foreign_country(cleared, case, configuration, account):
    _self_operated(configuration, account, "http://127.0.0.1:8081/v1")
    case.operator["policy"].update(countries=["FR"], regions=["on_premises"])
    cleared()


def test_zdr705_this_build_does_not_speak_its_dialect(only, configuration):
    configuration["dialect"] = "litellm:bedrock"
    assert only("ZDR705").startswith("dialect")


@pytest.mark.parametrize(
    "providers", [{"never": ["p0"]}, {"never": ["p0/c0"]}, {"only": ["p1"]}, {"only": []}, {"only": ["p0/c1"]}]
)
def test_zdr706_the_policy_rules_the_provider_out(only, case, providers):
    case.operator["policy"]["providers"] = providers
    only("ZDR706", operators=True)


# --- 8: the request's own wishes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [[], ["p1"], ["p0/c1"], ["main"], ["P0"]])
def test_zdr801_the_request_asks_for_other_providers_only(only, case, names):
    case.body["provider"] = {"only": names}
    only("ZDR801", operators=True)


@pytest.mark.parametrize("name", ["p0", "p0/c0", "main/small"])
def test_zdr802_the_request_asks_to_ignore_it(only, case, name):
    case.body["provider"] = {"ignore": [name]}
    only("ZDR802", operators=True)


@pytest.mark.parametrize("limit", [{"prompt": 0.99}, {"completion": 1.99}, {"prompt": 1, "completion": 0}])
def test_zdr803_its_price_is_above_the_limit(only, case, limit):
    case.body["provider"] = {"max_price": limit}
    assert only("ZDR803").startswith("models")


def test_zdr803_a_price_that_nobody_knows_is_above_every_limit(only, case, configuration):
    del configuration["models"][0]["price"]
    case.body["provider"] = {"max_price": {"prompt": 1000}}
    assert only("ZDR803").startswith("models")


def test_a_price_at_the_limit_will_do(cleared, case):
    case.body["provider"] = {"max_price": {"prompt": 1, "completion": 2}, "only": ["p0/c0"], "regions": ["us", "eu"]}
    cleared()


@pytest.mark.parametrize("regions", [[], ["eu"]])
def test_zdr804_it_processes_outside_the_regions_that_the_request_asks_for(only, case, regions):
    case.body["provider"] = {"regions": regions}
    assert only("ZDR804").startswith("regions")


def test_zdr804_an_unknown_region_is_outside_all(only, case, configuration):
    configuration["regions"] = []
    case.body["provider"] = {"regions": ["us", "eu"]}
    assert only("ZDR804").startswith("regions")


@pytest.mark.parametrize("wish", [{"zdr": False}, {"data_collection": "allow"}, {"order": ["p1"]}, {}])
def test_a_wish_for_less_changes_nothing(cleared, case, wish):
    case.body["provider"] = wish
    cleared()
