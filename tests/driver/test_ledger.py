"""What is written down of a request."""

from __future__ import annotations

from zdr_router.driver.ended import Ended
from zdr_router.driver.ledger import Ledger
from zdr_router.metadata import ErrorCode, Outcome

from deployments import clear, targets  # isort: skip

PRICED = {"models": [{"id": "m", "price": {"input": 3, "output": 15}}]}


class Tokens:
    input_tokens, output_tokens, cached_tokens = 2_000_000, 1_000_000, None


def ledger() -> Ledger:
    return Ledger("r1", 1000.0, 50.0, "chat.completions", "chat", None, None, False, "sha256:p", "sha256:r")  # noqa: FBT003


def test_instants_become_milliseconds_since_the_request_began():
    (target,) = targets(1)
    books = ledger()
    books.attempted(clear(target), Ended(Outcome.OK, "maybe", 200), 50.5, 52.0, 51.0)
    attempt = books.close(200, None, 53.0).attempts[0]
    assert (attempt.started_ms, attempt.duration_ms, attempt.first_chunk_ms) == (500.0, 1500.0, 500.0)
    assert books.close(200, None, 53.0).duration_ms == 3000.0


def test_the_price_is_known_when_tokens_and_price_are():
    books = ledger()
    books.usage = Tokens()
    assert books.close(200, None, 51.0).price is None
    books.answered = targets(1)[0]
    assert books.close(200, None, 51.0).price is None
    books.answered = targets(1, **PRICED)[0]
    assert books.close(200, None, 51.0).price == 21.0
    books.usage = None
    assert books.close(200, None, 51.0).price is None


def test_who_answered_is_written_down_only_when_somebody_did():
    books = ledger()
    metadata = books.close(502, ErrorCode.EXHAUSTED, 51.0)
    assert (metadata.target, metadata.configuration, metadata.model, metadata.attestation) == (None, None, None, None)
    (target,) = targets(1)
    books.answered = target
    metadata = books.close(200, None, 51.0)
    assert (metadata.target, metadata.configuration, metadata.model) == ("a/m", "acme/a", "m")
    assert metadata.attestation == target.digest
