from __future__ import annotations

import pytest


@pytest.fixture
def inference(configuration):
    rows = configuration["attestation"]["evidence"]
    rows.append({**rows[0], "kind": "inference", "locator": "nothing kept, so nothing to review"})
    return rows[1]


@pytest.mark.parametrize("claim", ["stores_prompts", "stores_outputs", "logs_content"])
def test_an_inference_that_nothing_is_kept_is_an_error(find, inference, line_of, claim):
    inference["about"] = ["human_review", claim]
    (finding,) = find("ZDR911")
    assert (finding.level, finding.sentence) == ("error", f"an inference is to carry {claim}")
    number = int(line_of('"inference"').rpartition(":")[2])
    assert finding.where.rpartition(":")[2] == str(number - 1)


def test_an_inference_of_everything_is_an_error(find, inference):
    assert "about" not in inference
    assert [finding.sentence for finding in find("ZDR911")] == ["an inference names no claims"]


def test_what_follows_from_nothing_being_kept_may_be_inferred(find, inference):
    inference["about"] = ["trains_on_content", "human_review", "shares_or_sells", "cache"]
    assert find("ZDR911") == []
