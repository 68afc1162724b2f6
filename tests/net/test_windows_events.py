"""The listeners to Windows, run by Windows Python (under Wine: scripts/windows-lab)."""

from __future__ import annotations

import asyncio
import sys

import pytest

assert sys.platform == "win32", "elsewhere conftest.py leaves this file out"

from homeport.net import windows_events  # noqa: E402 - a module for one system says so first
from homeport.net.ears import Listener  # noqa: E402
from homeport.net.windows_events import AddressEvents, PowerEvents  # noqa: E402


@pytest.mark.parametrize("make", [AddressEvents, PowerEvents])
def test_what_is_taken_back_writes_into_no_memory_of_others(make: type[Listener]) -> None:
    """Wine writes STATUS_CANCELLED where the request lay; the pieces take the place of what was freed."""

    async def act() -> None:
        for _ in range(40):
            work = asyncio.ensure_future(make().run(lambda hint: None))
            await asyncio.sleep(0.01)
            assert not work.done()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            pieces = [bytearray(size) for size in (32, 40, 48) for _ in range(1000)]
            await asyncio.sleep(0.01)
            assert not any(any(piece) for piece in pieces)

    asyncio.run(act())
    assert windows_events._unfinished == []
