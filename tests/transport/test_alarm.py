"""An alarm ends a wait at its deadline, and never hides that somebody else cancelled."""

from __future__ import annotations

import asyncio
import weakref

import pytest

from zdr_router.transport.alarm import Alarms


def after(seconds):
    return asyncio.get_running_loop().time() + seconds


async def wait(until, alarms=None):
    """Wait for ever under an alarm; whether it was the alarm that ended it."""
    loop = asyncio.get_running_loop()
    alarm = (alarms or Alarms()).set(loop, until)
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
    assert not Alarms().set(asyncio.get_running_loop(), after(0.01)).stop()
    await asyncio.sleep(0.03)


async def test_a_timeout_around_it_is_not_taken_for_its_own():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await wait(after(5))


async def test_each_of_many_rings_at_its_own_deadline():
    alarms, loop, began = Alarms(), asyncio.get_running_loop(), asyncio.get_running_loop().time()

    async def rung_after(seconds):
        assert await wait(began + seconds, alarms)
        return loop.time() - began

    delays = (0.06, 0.02, 0.1, 0.02, 0.04)
    for asked, took in zip(delays, await asyncio.gather(*map(rung_after, delays)), strict=True):
        assert asked <= took < asked + 0.5
    assert await asyncio.wait_for(rung_after(0.12), 1)


async def test_the_order_of_those_that_ring_is_that_of_their_deadlines():
    alarms, began, rung = Alarms(), asyncio.get_running_loop().time(), []

    async def ring(seconds):
        await wait(began + seconds, alarms)
        rung.append(seconds)

    await asyncio.gather(*map(ring, (0.09, 0.03, 0.06)))
    assert rung == [0.03, 0.06, 0.09]


async def test_nothing_is_kept_of_a_call_whose_alarm_was_stopped():
    alarms = Alarms()

    async def answered():
        alarm = alarms.set(asyncio.get_running_loop(), after(60))
        await asyncio.sleep(0)
        return alarm.stop()

    task = asyncio.create_task(answered())
    assert not await task
    gone = weakref.ref(task)
    del task
    await asyncio.sleep(0)  # the loop still has the one that it woke this one for
    assert gone() is None
    alarms.close()


async def test_it_needs_a_task_to_end():
    loop = asyncio.get_running_loop()
    failed = loop.create_future()

    def outside():
        with pytest.raises(RuntimeError, match="task"):
            Alarms().set(loop, loop.time())
        failed.set_result(None)

    loop.call_soon(outside)
    await asyncio.wait_for(failed, 1)
