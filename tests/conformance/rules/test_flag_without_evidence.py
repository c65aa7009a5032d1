from __future__ import annotations

import pytest

ROW = {
    "kind": "policy_page",
    "url": "https://example.com/retention",
    "locator": "table 2",
    "observed": "2026-12-20",
    "confidence": "high",
}
KEPT = ["stores_prompts", "stores_outputs", "logs_content"]
REST = ["trains_on_content", "human_review", "shares_or_sells"]


@pytest.fixture
def evidence(configuration):
    rows = configuration["attestation"]["evidence"]
    rows[:] = [{**ROW, "about": [*KEPT, *REST]}]
    return rows


def test_a_flag_that_no_row_is_about_is_an_error_at_the_flag(find, evidence, line_of):
    evidence[0]["about"].remove("human_review")
    (finding,) = find("ZDR910")
    assert (finding.level, finding.sentence) == ("error", "no evidence carries that it is no: human_review")
    assert finding.where == line_of('"human_review"')


@pytest.mark.parametrize("weaker", [{"kind": "secondary"}, {"confidence": "low"}])
def test_a_weak_row_carries_nothing(find, evidence, weaker):
    evidence[0] |= weaker
    (finding,) = find("ZDR910")
    assert finding.sentence.endswith(": " + ", ".join([*KEPT, *REST]))
    evidence.append(dict(ROW))
    assert find("ZDR910") == []


def test_a_row_about_nothing_in_particular_carries_the_whole(find, evidence):
    del evidence[0]["about"]
    assert find("ZDR910") == []


def test_an_inference_carries_what_it_names_and_never_that_nothing_is_kept(find, evidence):
    evidence[:] = [{**ROW, "about": KEPT}, {**ROW, "kind": "inference", "about": REST}]
    assert find("ZDR910") == []
    evidence[:] = [{**ROW, "about": REST}, {**ROW, "kind": "inference", "about": KEPT}]
    (finding,) = find("ZDR910")
    assert finding.sentence.endswith(": " + ", ".join(KEPT))
    evidence[:] = [{**ROW, "kind": "inference"}]
    assert len(find("ZDR910")) == 1


def test_the_flags_of_a_leg_are_carried_by_a_row_about_legs(find, configuration, evidence, line_of):
    configuration["legs"] = [{"leg": "gateway", "flags": dict(configuration["flags"])}]
    (finding,) = find("ZDR910")
    assert finding.sentence.endswith("gateway leg.shares_or_sells")
    assert finding.where == line_of('"flags"', after='"legs"')
    evidence.append({**ROW, "about": ["legs"]})
    assert find("ZDR910") == []


def test_only_a_no_needs_evidence(find, configuration, evidence):
    evidence[0]["about"] = KEPT
    configuration["flags"] |= dict.fromkeys(REST, "unknown")
    assert find("ZDR910") == []


@pytest.mark.parametrize("change", [{"grade": "claimed"}, {"flag": "yes"}])
def test_what_is_not_cleared_as_documented_is_warned_of(find, configuration, evidence, change):
    evidence[0]["about"].remove("human_review")
    if "grade" in change:
        configuration["attestation"]["grade"] = "claimed"
    else:
        configuration["flags"]["stores_prompts"] = "yes"
    assert [finding.level for finding in find("ZDR910")] == ["warning"]
