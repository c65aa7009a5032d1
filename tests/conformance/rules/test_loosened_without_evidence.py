from __future__ import annotations

import copy
import json

import pytest

from zdr_router.registry import Registry


@pytest.fixture
def compared(tmp_path, registry, find):
    """The findings after `configuration` was changed since it looked as it does when this is asked for."""
    folder = tmp_path / "before"
    folder.mkdir()
    text = registry().read_text(encoding="utf-8")

    def run(change=None):
        file = json.loads(text)
        if change is not None:
            change(file["configurations"][0])
        (folder / "example.yaml").write_text(json.dumps(file), encoding="utf-8")
        return find("ZDR950", before=Registry.load([folder]))

    return run


def weaker(configuration):
    configuration["flags"]["human_review"] = "unknown"


def test_a_flag_that_is_loosened_on_the_same_evidence_is_an_error_at_the_flag(compared, line_of):
    (finding,) = compared(weaker)
    assert finding.level == "error"
    assert finding.sentence == "flags.human_review is weaker than before, and no new evidence is about it"
    assert finding.where == line_of('"human_review"')


def test_the_flag_of_a_leg_counts_as_much(compared, configuration):
    configuration["legs"] = [{"leg": "gateway", "flags": dict(configuration["flags"])}]
    before = copy.deepcopy(configuration)
    weaker(before["legs"][0])
    (finding,) = compared(lambda known: known.update(legs=before["legs"]))
    assert (finding.level, finding.sentence.split()[0]) == ("error", "legs.gateway.human_review")


@pytest.mark.parametrize(
    "row", [{"locator": "section 5"}, {"url": "https://example.com/new"}, {"digest": "sha256:1"}, {"kind": "contract"}]
)
def test_new_evidence_carries_it(compared, configuration, row):
    rows = configuration["attestation"]["evidence"]
    new = rows[0] | row
    before = copy.deepcopy(rows)

    def change(known):
        weaker(known)
        known["attestation"]["evidence"] = before

    rows.append(new | {"about": ["human_review"]})
    assert compared(change) == []
    rows[-1] = new
    assert compared(change) == []


@pytest.mark.parametrize(
    "row",
    [
        {"observed": "2026-12-19"},
        {"locator": "section 5", "about": ["stores_prompts"]},
        {"locator": "section 5", "kind": "secondary"},
        {"locator": "section 5", "confidence": "low"},
    ],
)
def test_a_later_date_another_claim_or_a_weak_source_does_not(compared, configuration, row):
    rows = configuration["attestation"]["evidence"]
    before = copy.deepcopy(rows)

    def change(known):
        weaker(known)
        known["attestation"]["evidence"] = before

    rows.append(rows[0] | row)
    assert len(compared(change)) == 1


def test_every_other_fact_is_warned_of(compared, line_of):
    (finding,) = compared(lambda known: known.update(cache={"medium": "disk"}))
    assert (finding.level, finding.where) == ("warning", line_of('"medium"'))


def test_how_a_server_is_spoken_to_is_no_fact(compared):
    assert compared(lambda known: known.update(dialect="litellm:groq", credentials={"auth": "api-key"})) == []


def test_what_is_unchanged_tightened_or_new_is_right(compared, configuration):
    assert compared() == []
    assert compared(lambda known: known.update(id="example/other")) == []
    configuration["flags"]["human_review"] = "yes"
    assert compared(weaker) == []


def test_without_an_earlier_state_nothing_is_compared(find):
    assert find("ZDR950") == []
