"""Fewer wakings for many small pieces of a stream."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

# The longest rest in which blocks gather: by itself, beside the time that the stream has taken, and
# in blocks that come meanwhile (more small ones than this may not fit between server and client).
REST_SECONDS = 0.05
REST_SHARE = 0.01
REST_BLOCKS = 8
# A block that took this long to come was not there yet.
WAITED_SECONDS = 0.0002


async def gathered(
    blocks: AsyncIterator[bytes],
    clock: Callable[[], float] = time.monotonic,
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[bytes, None]:
    """The blocks of a stream. Where they come one by one in quick succession, a few others gather
    in a short rest after each that had to be waited for: to be woken costs more than to read.

    A rest is no longer than a few blocks take to come, so that the server never waits for us, and
    short beside the time that the stream has taken: it can add no more than that.
    """
    began = asked = clock()
    came = 0
    async for block in blocks:
        now = clock()
        began = began if came else now  # Before that the prompt was read.
        came += 1
        yield block
        waited, asked = now - asked > WAITED_SECONDS, clock()
        pace = (now - began) / came
        longest = min(REST_SECONDS, REST_SHARE * (now - began), REST_BLOCKS * pace)
        if waited and longest > pace:
            await rest(longest)
            asked = math.inf  # What gathered is there, however long it takes to be fetched.
