"""The event loop of the lab: virtual time, and nothing else.

asyncio's own loop asks the system for sockets, keeps names for debugging and makes three objects for
each thing to do; a life is some ten thousand of these.  Here nothing comes from outside, so a loop is a
queue and a heap.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from heapq import heappop, heappush
from ipaddress import IPv6Address
from typing import Any

from homeport.replay.clock import VirtualLoop

_TICK = 1e-6  # seconds; what is due within one of now is due now


class _Handle:
    """See `asyncio.Handle` and `asyncio.TimerHandle`."""

    __slots__ = ("args", "at", "callback", "context", "gone")

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None, at: float
    ) -> None:
        self.callback, self.args, self.at = callback, args, at
        self.context = copy_context() if context is None else context
        self.gone = False

    def cancel(self) -> None:
        self.gone = True
        self.callback, self.args = print, ()

    def cancelled(self) -> bool:
        return self.gone

    def when(self) -> float:
        return self.at


class QuickLoop(VirtualLoop):
    """A loop without sockets, signals and threads, in which waiting takes no time."""

    def __init__(self) -> None:
        self._now: deque[_Handle] = deque()
        self._later: list[tuple[float, int, _Handle]] = []
        self._number = 0
        super().__init__()

    get_debug: Any = staticmethod(bool)  # no; asked for each future

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]
        handle = _Handle(callback, args, context, self.clock)
        self._now.append(handle)
        return handle

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]
        handle = _Handle(callback, args, context, when)
        self._number += 1
        heappush(self._later, (when, self._number, handle))
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]
        return self.call_at(self.clock + delay, callback, *args, context=context)

    def _run_once(self) -> None:
        """What asyncio's does, for everything that is to be done now."""
        now, later = self._now, self._later
        while later and later[0][2].gone:
            heappop(later)
        if not now:
            assert later, "everything waits, for nothing"
            self.clock = max(self.clock, later[0][0])
        until = self.clock + _TICK
        while later and later[0][0] < until:
            now.append(heappop(later)[2])
        for _ in range(len(now)):
            handle = now.popleft()
            if not handle.gone:
                try:
                    handle.context.run(handle.callback, *handle.args)
                except Exception as error:
                    self.call_exception_handler(
                        {"message": f"Exception in callback {handle.callback!r}", "exception": error}
                    )


@contextmanager
def thrifty() -> Iterator[None]:
    """While the block runs, what a life does ten thousand times over is cheap.

    Cycles are collected when a process ends, which is also the same moment every time.  The text of an
    address is made once.
    """
    texts: dict[int, str] = {}
    make = IPv6Address.__str__

    def text(self: IPv6Address) -> str:
        if self.scope_id is not None:
            return make(self)
        number = int(self)
        if (made := texts.get(number)) is None:
            made = texts[number] = make(self)
        return made

    vars_of: Any = IPv6Address
    vars_of.__str__ = text
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
        vars_of.__str__ = make
