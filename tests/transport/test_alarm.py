"""An alarm ends a wait at its deadline, and never hides that somebody else cancelled."""

from __future__ import annotations

import asyncio

import pytest

from zdr_router.transport.alarm import Alarm


def after(seconds):
    return asyncio.get_running_loop().time() + seconds


async def wait(until):
    """Wait for ever under an alarm; whether it was the alarm that ended it."""
    loop = asyncio.get_running_loop()
    alarm = Alarm(loop, until)
    try:
        await loop.create_future()
    except asyncio.CancelledError:
        if not alarm.stop():
            raise
        return True


async def test_it_ends_a_wait_and_leaves_the_task_as_it_was():
    assert await wait(after(0.01))
    assert asyncio.current_task().cancelling() == 0
    await asyncio.sleep(0)


async def test_cancelling_from_outside_stays_cancelling():
    task = asyncio.create_task(wait(after(5)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_cancelling_at_the_very_deadline_stays_cancelling():
    at = after(0.02)
    task = asyncio.create_task(wait(at))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_at(at, task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_it_does_not_ring_once_stopped():
    assert not Alarm(asyncio.get_running_loop(), after(0.01)).stop()
    await asyncio.sleep(0.03)


async def test_a_timeout_around_it_is_not_taken_for_its_own():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await wait(after(5))


async def test_it_needs_a_task_to_end():
    loop = asyncio.get_running_loop()
    failed = loop.create_future()

    def outside():
        with pytest.raises(RuntimeError, match="task"):
            Alarm(loop, loop.time())
        failed.set_result(None)

    loop.call_soon(outside)
    await asyncio.wait_for(failed, 1)
