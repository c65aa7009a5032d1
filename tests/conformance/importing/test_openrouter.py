from __future__ import annotations

import copy
import datetime as dt
import json
import random

import pytest

from zdr_router.conformance.importing.openrouter import BASE, LASTS, listed
from zdr_router.errors import ConfigError
from zdr_router.registry import Registry
from zdr_router.registry.ladders import FLAGS, GRADES
from zdr_router.registry.loosening import loosened

SHIPPED = Registry.shipped()
SOURCE = SHIPPED.configurations[BASE]
TODAY = SOURCE.attestation.observed

# One entry with every member that the answer is documented to have.
LLAMA = {
    "name": "DeepInfra | meta-llama/llama-3.3-70b-instruct",
    "model_id": "meta-llama/llama-3.3-70b-instruct",
    "model_name": "Meta: Llama 3.3 70B Instruct",
    "context_length": 131072,
    "pricing": {"prompt": "0.00000023", "completion": "0.0000004", "request": "0", "image": "0", "discount": 0.5},
    "provider_name": "DeepInfra",
    "tag": "deepinfra/fp8",
    "quantization": "fp8",
    "max_completion_tokens": 16384,
    "max_prompt_tokens": None,
    "supported_parameters": ["tools", "response_format", "temperature"],
    "supports_tool_choice": {"auto": True},
    "status": 0,
    "uptime_last_5m": 100,
    "uptime_last_30m": 99.5,
    "uptime_last_1d": 99.8,
    "supports_implicit_caching": True,
    "latency_last_30m": {"p50": 0.25},
    "throughput_last_30m": None,
}
CLAUDE = {
    **LLAMA,
    "model_id": "anthropic/claude-sonnet-4.5",
    "provider_name": "Google",
    "tag": "google-vertex/europe",
    "supported_parameters": ["reasoning", "structured_outputs", "logprobs"],
    "pricing": {
        "prompt": "0.000003",
        "completion": "0.000015",
        "overrides": [{"min_prompt_tokens": 200000, "prompt": "0.000006", "completion": "0.0000225"}],
    },
}


def imported(*entries, **options):
    data = json.dumps({"data": list(entries)}).encode()
    settings = {"base": SOURCE, "provider": SHIPPED.providers["openrouter"], "observed": TODAY, **options}
    return listed(data, "list.json", **settings)


def configurations(*entries, **options):
    return imported(*entries, **options).document["configurations"]


def without(entry):
    return [problem.what for problem in imported(LLAMA, entry).left_out]


def test_each_tag_is_a_configuration_of_its_own_with_its_host_and_its_models():
    qwen = {**LLAMA, "model_id": "qwen/qwen3-32b"}
    one, two = configurations(CLAUDE, qwen, LLAMA)
    assert (one["id"], two["id"]) == ("openrouter-listed/deepinfra.fp8", "openrouter-listed/google-vertex.europe")
    assert [model["id"] for model in one["models"]] == ["meta-llama/llama-3.3-70b-instruct", "qwen/qwen3-32b"]
    forced = {each["set"]: each["to"] for each in two["conditions"]["force"]}
    assert forced["provider.zdr"] is True
    assert forced["provider.data_collection"] == "deny"
    assert forced["provider.only"] == ["google-vertex/europe"]
    assert two["conditions"]["response"] == [{"body": "provider", "one_of": ["Google"]}]
    assert [(leg["leg"], leg["operator"]) for leg in two["legs"]] == [("upstream", "Google")]


def test_it_is_claimed_for_thirty_days_and_names_the_bytes_that_were_read():
    (made,) = configurations(LLAMA)
    attestation = made["attestation"]
    assert (attestation["grade"], attestation["observed"]) == ("claimed", str(TODAY))
    assert attestation["expires"] == str(TODAY + LASTS)
    assert dt.timedelta(days=30) >= LASTS
    assert attestation["evidence"][0]["digest"].startswith("sha256:")
    assert attestation["conflicts"]


def test_nothing_that_openrouter_itself_is_held_to_gets_weaker(tmp_path):
    path = tmp_path / "listed.yaml"
    path.write_text(json.dumps(imported(LLAMA, CLAUDE).document), encoding="utf-8")
    registry = Registry.load([path])
    for made in registry.configurations.values():
        # The route to the host is another one, and so are its models; nothing else may be found.
        assert set(loosened(SOURCE, made)) <= {
            "id",
            "conditions.force",
            "conditions.response",
            "models",
            "legs.upstream",
        }
        assert GRADES[made.attestation.grade] <= GRADES[SOURCE.attestation.grade]
        assert all(getattr(made.flags, name) == getattr(SOURCE.flags, name) for name in FLAGS)


def test_a_tightened_source_tightens_what_is_made_of_it():
    stricter = SOURCE.model_copy(update={"flags": SOURCE.flags.model_copy(update={"logs_content": "unknown"})})
    (made,) = configurations(LLAMA, base=stricter)
    assert made["flags"].get("logs_content", "unknown") == "unknown"


def test_features_and_context_come_from_the_entry():
    one, two = configurations(LLAMA, CLAUDE)
    assert one["models"][0]["features"] == ["stream", "tools", "json"]
    assert two["models"][0]["features"] == ["stream", "json", "logprobs", "reasoning"]
    assert one["models"][0]["context"] == 131072
    assert one["models"][0]["origin"] == "proxied"


@pytest.mark.parametrize(
    ("pricing", "price"),
    [
        (LLAMA["pricing"], {"input": 0.23, "output": 0.4}),
        (CLAUDE["pricing"], {"input": 6.0, "output": 22.5}),
        ({"prompt": "-1", "completion": "-1"}, None),
        ({"prompt": "0.1"}, None),
        ({"prompt": "0", "completion": "0", "request": "0.01"}, None),
        ({"prompt": "NaN", "completion": "1"}, None),
        ({"prompt": 1, "completion": "1"}, None),
        (None, None),
    ],
)
def test_a_price_is_the_dearest_that_is_named_or_none(pricing, price):
    (made,) = configurations({**LLAMA, "pricing": pricing})
    assert made["models"][0].get("price") == price


def test_the_order_of_the_list_changes_nothing_but_the_digest():
    entries = [{**entry, "model_id": f"m/{number}"} for number in range(6) for entry in (LLAMA, CLAUDE)]
    sorted_out = copy.deepcopy(imported(*entries).document)
    random.Random(7).shuffle(entries)  # noqa: S311 - an order, no secret
    shuffled = imported(*entries).document
    for document in (sorted_out, shuffled):
        for each in document["configurations"]:
            del each["attestation"]["evidence"][0]["digest"]
    assert shuffled == sorted_out


def test_an_unknown_member_leaves_the_entry_out_until_somebody_has_looked_it_up():
    odd = {**CLAUDE, "retention_tier": "safety"}
    result = imported(LLAMA, odd)
    (problem,) = result.left_out
    assert problem.file == "list.json: data[1]"
    assert problem.what == "has members that nobody knows: retention_tier"
    assert "--ignore" in problem.fix
    assert len(result.document["configurations"]) == 1
    again = imported(LLAMA, odd, ignored=["retention_tier"])
    assert again.left_out == ()
    assert any("retention_tier" in note.what for note in again.notes)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({**LLAMA, "model_id": "x/y:free"}, "openrouter/zdr does not cover this model"),
        ({**LLAMA, "model_id": "anthropic/claude-fable-5"}, "openrouter/zdr does not cover this model"),
        ({**LLAMA, "tag": "a b"}, "is not a name"),
        ({**LLAMA, "provider_name": "a\nb"}, "is not a name"),
        ({**LLAMA, "model_id": " "}, "is not a name"),
        ({"model_id": "x"}, "lacks one of"),
        ("x", "lacks one of"),
    ],
)
def test_what_cannot_be_carried_over_is_said_so(entry, why):
    (what,) = without(entry)
    assert why in what


def test_what_is_beside_the_point_is_named_once():
    (note,) = imported(LLAMA, CLAUDE).notes
    assert set(note.what.partition(": ")[2].split(", ")) == set(LLAMA) - {
        "model_id",
        "tag",
        "provider_name",
        "context_length",
        "pricing",
        "supported_parameters",
    }


def test_tags_that_would_have_one_name_get_two():
    one, two = configurations({**LLAMA, "tag": "a/b"}, {**LLAMA, "tag": "a.b"})
    assert {one["id"], two["id"]} == {"openrouter-listed/a.b", "openrouter-listed/a.b-2"}


def test_a_model_that_is_listed_twice_is_carried_once_and_said_so():
    again = {**LLAMA, "context_length": 1024}
    result = imported(LLAMA, again)
    assert len(result.document["configurations"][0]["models"]) == 1
    assert any("serves a model again" in note.what for note in result.notes)


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b'{"data": {}}', b'{"data": [], "data": []}', b'{"data": [NaN]}', b'{"data": []}', b"[" * 100000],
)
def test_another_file_is_no_answer(data):
    with pytest.raises(ConfigError):
        listed(data, "f", base=SOURCE, provider=SHIPPED.providers["openrouter"], observed=TODAY)


def test_a_list_older_than_what_it_rests_on_is_refused():
    with pytest.raises(ConfigError, match="was read before"):
        imported(LLAMA, observed=TODAY - dt.timedelta(days=1))
