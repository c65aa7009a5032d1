from zdr_router.dialects.base import Decoded, Unusable, Usage
from zdr_router.metadata import Outcome
from zdr_router.sealed import Sealed


def test_a_decoded_answer_can_be_shown_without_showing_content():
    decoded = Decoded(Sealed({"text": "a secret"}), Usage(1, 2, None))
    assert "secret" not in repr(decoded)
    assert (
        repr(decoded) == "Decoded(body=<sealed dict, 1 items>, usage=Usage(input_tokens=1, output_tokens=2, "
        "cached_tokens=None))"
    )


def test_what_is_unusable_says_only_how_the_attempt_ended():
    error = Unusable(Outcome.MALFORMED)
    assert error.outcome is Outcome.MALFORMED
    assert str(error) == "malformed"
