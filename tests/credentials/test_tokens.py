"""A token is fetched once for everybody, in time, and never at the cost of a call that has one."""

from __future__ import annotations

import asyncio
import contextvars

import pytest

from zdr_router.credentials.base import Reply
from zdr_router.credentials.oauth import ask
from zdr_router.credentials.tokens import AHEAD, MARGIN, PATIENCE, REST, TokenSigner
from zdr_router.metadata import Outcome
from zdr_router.policy.signing import Unsigned
from zdr_router.sealed import Sealed

REQUEST = Unsigned("POST", "https://api.p0.example/v1/chat/completions", {}, Sealed((b"{}",)))
HOUR = 3600.0
WHOSE: contextvars.ContextVar[str] = contextvars.ContextVar("whose", default="nobody's")


class Endpoint:
    """A token endpoint: answers `token-1`, `token-2`, … once `open` is set, or what `answers` holds."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()
        self.cancelled = 0
        self.answers: list[Reply | None] = []
        self.contexts: list[str] = []
        self.lifetime = int(HOUR)

    async def __call__(self, errand, *, deadline):
        self.asked += 1
        self.contexts.append(WHOSE.get())
        assert 0 < deadline - asyncio.get_running_loop().time() <= PATIENCE
        assert errand.url == "https://iam.example/token"
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.answers:
            return self.answers.pop(0)
        text = b'{"access_token": "token-%d", "expires_in": %d}' % (self.asked, self.lifetime)
        return Reply(200, Sealed(text))


class Setting:
    """A signer over an endpoint, and the time of day."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.endpoint = Endpoint()
        self.signer = TokenSigner(
            lambda now: ask("https://iam.example/token", at=str(now)), self.endpoint, lambda: self.now
        )

    async def sign(self, patience: float = 10.0):
        deadline = asyncio.get_running_loop().time() + patience
        added = await self.signer.sign(REQUEST, deadline=deadline)
        return added if isinstance(added, Outcome) else added["authorization"]


@pytest.fixture
async def setting():
    made = Setting()
    yield made
    await made.signer.close()


NO = Reply(401, Sealed(b"{}"))


async def test_a_token_that_the_provider_turned_down_is_not_used_again():
    setting = Setting()
    assert await setting.sign() == "Bearer token-1"
    setting.now += REST
    setting.signer.turned_down()
    assert await setting.sign() == "Bearer token-2"


async def test_a_provider_that_turns_down_every_token_does_not_have_one_fetched_for_each_call():
    setting = Setting()
    for _ in range(5):
        await setting.sign()
        setting.signer.turned_down()
    assert setting.endpoint.asked == 1


BUSY = Reply(503, Sealed(b""))


async def test_a_token_is_used_until_it_has_to_be_replaced(setting):
    for _ in range(3):
        assert await setting.sign() == "Bearer token-1"
    setting.now += HOUR - AHEAD - 1
    assert await setting.sign() == "Bearer token-1"
    assert setting.endpoint.asked == 1


async def test_nothing_is_fetched_before_it_is_needed(setting):
    await asyncio.sleep(0)
    assert setting.endpoint.asked == 0


async def test_a_hundred_calls_wait_for_one_token(setting):
    setting.endpoint.open.clear()
    calls = [asyncio.create_task(setting.sign()) for _ in range(100)]
    await asyncio.sleep(0)
    setting.endpoint.open.set()
    assert set(await asyncio.gather(*calls)) == {"Bearer token-1"}
    assert setting.endpoint.asked == 1


async def test_shortly_before_it_lapses_calls_go_on_with_it_while_one_task_fetches_the_next(setting):
    await setting.sign()
    setting.now += HOUR - AHEAD
    setting.endpoint.open.clear()
    for _ in range(10):
        assert await setting.sign() == "Bearer token-1"
        await asyncio.sleep(0)
    assert setting.endpoint.asked == 2
    setting.endpoint.open.set()
    await asyncio.sleep(0.01)
    assert await setting.sign() == "Bearer token-2"


async def test_a_token_that_cannot_be_replaced_is_used_to_its_end_and_the_endpoint_not_pestered(setting):
    await setting.sign()
    setting.endpoint.answers = [BUSY] * 100
    setting.now += HOUR - AHEAD
    for _ in range(20):
        assert await setting.sign() == "Bearer token-1"
        await asyncio.sleep(0)
    assert setting.endpoint.asked == 2
    setting.now += REST
    assert await setting.sign() == "Bearer token-1"
    await asyncio.sleep(0.01)
    assert setting.endpoint.asked == 3
    setting.now += AHEAD - MARGIN - REST - 1
    assert await setting.sign() == "Bearer token-1"
    await asyncio.sleep(0.01)
    setting.now += 1
    assert await setting.sign() is Outcome.TRANSIENT


async def test_a_token_is_not_sent_in_the_last_moments_of_its_life(setting):
    await setting.sign()
    setting.now += HOUR - MARGIN
    assert await setting.sign() == "Bearer token-2"


async def test_a_token_with_a_short_life_is_used_for_most_of_it(setting):
    setting.endpoint.lifetime = 10
    await setting.sign()
    setting.now += 4
    assert await setting.sign() == "Bearer token-1"
    assert setting.endpoint.asked == 1
    setting.now += 5
    assert await setting.sign() == "Bearer token-2"


@pytest.mark.parametrize(
    ("answer", "outcome"), [(NO, Outcome.CREDENTIAL), (BUSY, Outcome.TRANSIENT), (None, Outcome.TRANSIENT)]
)
async def test_a_failure_is_told_to_every_call_that_waited_and_forgotten(setting, answer, outcome):
    setting.endpoint.answers = [answer]
    setting.endpoint.open.clear()
    calls = [asyncio.create_task(setting.sign()) for _ in range(5)]
    await asyncio.sleep(0)
    setting.endpoint.open.set()
    assert set(await asyncio.gather(*calls)) == {outcome}
    assert setting.endpoint.asked == 1
    assert await setting.sign() == "Bearer token-2"


async def test_a_call_that_is_cancelled_leaves_the_token_to_the_others(setting):
    setting.endpoint.open.clear()
    first, second = (asyncio.create_task(setting.sign()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    setting.endpoint.open.set()
    assert await second == "Bearer token-1"
    assert (setting.endpoint.asked, setting.endpoint.cancelled) == (1, 0)


async def test_a_call_waits_no_longer_than_its_deadline_and_the_token_comes_all_the_same(setting):
    setting.endpoint.open.clear()
    assert await setting.sign(patience=0.01) is Outcome.TIMEOUT
    assert await setting.sign(patience=-1.0) is Outcome.TIMEOUT
    setting.endpoint.open.set()
    assert await setting.sign() == "Bearer token-1"
    assert setting.endpoint.asked == 1


async def test_closing_ends_what_is_fetched_and_whoever_waits_is_told(setting):
    setting.endpoint.open.clear()
    call = asyncio.create_task(setting.sign())
    await asyncio.sleep(0.01)
    await setting.signer.close()
    assert await call is Outcome.TRANSIENT
    assert setting.endpoint.cancelled == 1


async def test_what_fetches_knows_nothing_of_the_call_that_was_first(setting):
    WHOSE.set("acme's")
    await setting.sign()
    assert setting.endpoint.contexts == ["nobody's"]


async def test_a_failure_is_logged_without_the_form(setting, caplog):
    setting.endpoint.answers = [NO]
    await setting.sign()
    assert caplog.messages == ["no token endpoint=https://iam.example/token outcome=credential"]
