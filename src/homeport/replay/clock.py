"""Virtual time: an event loop in which waiting takes none."""

from __future__ import annotations

import asyncio
import selectors


class _Selector(selectors.DefaultSelector):
    """Instead of waiting it moves the clock of its loop."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout == 0:  # something is to be done at once; asking the system as well is dear on Windows
            return []
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everything waits, for nothing"
            self.loop.clock += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which waiting takes no time."""

    def __init__(self) -> None:
        selector = _Selector()
        super().__init__(selector)
        self.clock = 0.0
        self._clock_resolution = 1e-6  # asyncio's own is finer than a float of months can be
        selector.loop = self

    def time(self) -> float:
        return self.clock
