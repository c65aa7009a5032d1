import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.dialects.openai_errors import classify_error, classify_error_object
from zdr_router.metadata import Outcome

BY_STATUS = {
    202: Outcome.MALFORMED,
    301: Outcome.REDIRECTED,
    304: Outcome.REDIRECTED,
    307: Outcome.REDIRECTED,
    400: Outcome.CALLER_FAULT,
    401: Outcome.CREDENTIAL,
    402: Outcome.QUOTA,
    403: Outcome.CREDENTIAL,
    404: Outcome.MODEL_GONE,
    405: Outcome.MODEL_GONE,
    407: Outcome.UNREACHABLE,
    408: Outcome.TRANSIENT,
    409: Outcome.TRANSIENT,
    410: Outcome.MODEL_GONE,
    411: Outcome.MALFORMED,
    413: Outcome.CONTEXT_TOO_LONG,
    415: Outcome.MALFORMED,
    418: Outcome.CALLER_FAULT,
    422: Outcome.CALLER_FAULT,
    425: Outcome.TRANSIENT,
    429: Outcome.RATE_LIMITED,
    451: Outcome.REGION_BLOCKED,
    500: Outcome.TRANSIENT,
    501: Outcome.MODEL_GONE,
    502: Outcome.TRANSIENT,
    503: Outcome.TRANSIENT,
    504: Outcome.TRANSIENT,
    529: Outcome.TRANSIENT,
    600: Outcome.MALFORMED,
    0: Outcome.MALFORMED,
}
# Words of every category, as an echoed prompt may hold them.
ECHOES = (
    "rate limit rate_limit_exceeded context_length_exceeded content_filter insufficient_quota invalid_api_key "
    "model_not_found unsupported_country_region_territory server_error maximum context length quota 429 500"
)


@pytest.mark.parametrize(("status", "outcome"), BY_STATUS.items())
def test_the_status_decides_where_no_code_speaks(status, outcome):
    for payload in (b"", b"<html>502 Bad Gateway: rate limit</html>", b"[]", b"null", b'{"error": null}', b"\xff"):
        assert classify_error(status, payload) is outcome


def test_the_first_of_several_errors_speaks():
    def classified(*errors):
        return classify_error(400, json.dumps({"errors": errors, "trace": "x", "status_code": 400}).encode())

    assert classified({"code": "model_not_found"}, {"code": "invalid_api_key"}) is Outcome.MODEL_GONE
    assert classified() is classified("model_not_found") is Outcome.CALLER_FAULT


@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [
        (400, {"code": "context_length_exceeded", "type": "invalid_request_error"}, Outcome.CONTEXT_TOO_LONG),
        (400, {"code": 400, "type": "exceed_context_size_error", "n_ctx": 8192}, Outcome.CONTEXT_TOO_LONG),
        (400, {"code": "content_filter", "innererror": {"code": "X"}, "status": 400}, Outcome.PROVIDER_REFUSAL),
        (400, {"code": "400", "innererror": {"code": "ResponsibleAIPolicyViolation"}}, Outcome.PROVIDER_REFUSAL),
        (400, {"code": "content_policy_violation", "type": "image_generation_user_error"}, Outcome.PROVIDER_REFUSAL),
        (400, {"code": "invalid_prompt", "type": "invalid_request_error"}, Outcome.PROVIDER_REFUSAL),
        (400, {"code": "model_decommissioned", "type": "invalid_request_error"}, Outcome.MODEL_GONE),
        (400, {"code": "unsupported_parameter", "type": "invalid_request_error"}, Outcome.CALLER_FAULT),
        (400, {"code": "rate_limit_exceeded"}, Outcome.CALLER_FAULT),
        (401, {"code": "insufficient_quota"}, Outcome.CREDENTIAL),
        (403, {"code": "unsupported_country_region_territory", "type": "request_forbidden"}, Outcome.REGION_BLOCKED),
        (403, {"code": "model_not_found", "type": "invalid_request_error"}, Outcome.MODEL_GONE),
        (403, {"code": 403, "metadata": {"reasons": ["violence"], "flagged_input": "…"}}, Outcome.PROVIDER_REFUSAL),
        (403, {"code": "context_length_exceeded"}, Outcome.CREDENTIAL),
        (413, {"code": "rate_limit_exceeded", "type": "tokens"}, Outcome.CONTEXT_TOO_LONG),
        (429, {"code": "rate_limit_exceeded", "type": "requests"}, Outcome.RATE_LIMITED),
        (429, {"code": "insufficient_quota", "type": "insufficient_quota"}, Outcome.QUOTA),
        (429, {"code": None, "type": "exceeded_current_quota_error"}, Outcome.QUOTA),
        (500, {"code": "content_filter"}, Outcome.PROVIDER_REFUSAL),
        (500, {"code": "insufficient_quota"}, Outcome.TRANSIENT),
    ],
)
def test_a_machine_code_refines_what_its_status_leaves_open(status, error, outcome):
    for body in ({"error": error}, [{"error": error}], error):
        assert classify_error(status, json.dumps(body).encode()) is outcome


@pytest.mark.parametrize("status", BY_STATUS)
def test_the_text_of_an_error_changes_nothing(status):
    for body in (
        {"error": {"message": ECHOES, "param": ECHOES, "type": "invalid_request_error", "code": None}},
        {"error": {"message": "content_filter", "code": f"x {ECHOES}"}},
        {"error": "content_filter"},
        {"message": "content_filter", "detail": [{"type": "content_filter", "input": ECHOES}]},
    ):
        assert classify_error(status, json.dumps(body).encode()) is BY_STATUS[status]


@given(st.integers(100, 599), st.text() | st.sampled_from(ECHOES.split()))
def test_no_text_of_an_error_changes_how_it_is_classified(status, text):
    error = {"message": text, "param": text, "failed_generation": text}
    assert classify_error(status, json.dumps({"error": error}).encode()) is classify_error(status, b"")
    assert classify_error_object({"error": error}) is Outcome.TRANSIENT
    assert classify_error_object({"error": text}) is Outcome.TRANSIENT


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(ECHOES.split()),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text() | st.sampled_from(["error", "code", "type", "status", "innererror", "metadata", "reasons"]), inner
        )
    ),
)


@given(st.integers(), st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_error_is_some_outcome_and_never_success(status, payload):
    assert classify_error(status, payload) not in {Outcome.OK, None}


@given(JSON)
def test_any_error_within_a_200_is_some_outcome_and_never_success(body):
    assert isinstance(classify_error_object(body), Outcome)
    assert classify_error_object(body) is not Outcome.OK


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"error": {"code": 429, "message": "busy"}}, Outcome.RATE_LIMITED),
        ({"error": {"code": "502", "message": "down"}}, Outcome.TRANSIENT),
        ({"error": {"code": 400, "type": "BadRequestError"}}, Outcome.CALLER_FAULT),
        ({"error": {"code": 403, "metadata": {"reasons": []}}}, Outcome.PROVIDER_REFUSAL),
        ({"object": "error", "type": "NotFoundError", "code": 404}, Outcome.MODEL_GONE),
        ({"error": {"code": "context_length_exceeded", "type": "server_error"}}, Outcome.CONTEXT_TOO_LONG),
        ({"error": {"code": "content_filter"}}, Outcome.PROVIDER_REFUSAL),
        ({"error": {"code": "rate_limit_exceeded"}}, Outcome.RATE_LIMITED),
        ({"error": {"type": "invalid_request_error"}}, Outcome.CALLER_FAULT),
        ({"error": {"type": "overloaded_error"}}, Outcome.TRANSIENT),
        ({"error": "out of memory", "error_type": "overloaded"}, Outcome.TRANSIENT),
        ({"error": {"code": 200}}, Outcome.TRANSIENT),
        ({"error": {"code": True}}, Outcome.TRANSIENT),
        ({"error": {"code": "4" * 5000}}, Outcome.TRANSIENT),
        ({"error": {"code": "1300", "type": "rate_limited"}}, Outcome.TRANSIENT),
    ],
)
def test_an_error_within_a_200_is_classified_by_its_codes(body, outcome):
    assert classify_error_object(body) is outcome
