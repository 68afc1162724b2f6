"""Linux tells when the clock was set, by a person, by NTP, or because the machine has slept.

timerfd_create(2), TFD_TIMER_CANCEL_ON_SET (Linux 3.0): a timer for a moment that never comes is
cancelled when CLOCK_REALTIME jumps.  No timer of ours ticks for it.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sys
import time

from ..core.errors import SourceError
from ..core.hint import Hint, Tell

assert sys.platform == "linux"

_NEVER = 1 << 33  # seconds since 1970: the year 2242
_SLEPT = 1.0  # seconds of sleep from which on it is said


class ClockEvents:
    """Tells that the machine was asleep, or that its clock was set."""

    name = "clock"

    async def run(self, tell: Tell) -> None:
        """See `ears.Listener`.  `SourceError` if the kernel has no such timer."""
        loop = asyncio.get_running_loop()
        try:
            timer = _create()
        except OSError as error:
            raise SourceError(
                f"the kernel does not tell that the clock was set: {error.strerror}"
            ) from error
        slept = _asleep()

        def readable() -> None:
            nonlocal slept
            try:
                os.read(timer, 8)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ECANCELED:
                    raise
            before, slept = slept, _asleep()
            if slept - before >= _SLEPT:
                tell(Hint("resume", "the machine has slept"))
            else:
                tell(Hint("system", "the clock was set"))

        try:
            loop.add_reader(timer, readable)
            await loop.create_future()
        finally:
            loop.remove_reader(timer)
            os.close(timer)


def _asleep() -> float:
    """How many seconds the machine has slept since it was started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


def _create() -> int:
    """The descriptor of the timer, non-blocking.  Raises `OSError`."""
    if sys.version_info >= (3, 13):
        timer = os.timerfd_create(time.CLOCK_REALTIME, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)
        os.timerfd_settime(timer, flags=os.TFD_TIMER_ABSTIME | os.TFD_TIMER_CANCEL_ON_SET, initial=_NEVER)
        return timer
    import ctypes  # noqa: PLC0415 - 0.4 MiB, and from Python 3.13 on not needed

    class Time(ctypes.Structure):  # struct itimerspec; time_t is a long wherever Python runs on Linux
        _fields_ = [("spec", ctypes.c_long * 4)]  # interval and first, each in seconds and nanoseconds

    libc = ctypes.CDLL(None, use_errno=True)
    timer = libc.timerfd_create(time.CLOCK_REALTIME, os.O_NONBLOCK | os.O_CLOEXEC)
    absolute, cancel_on_set = 1, 2
    never = Time((0, 0, _NEVER, 0))
    if timer < 0 or libc.timerfd_settime(timer, absolute | cancel_on_set, ctypes.byref(never), None):
        number = ctypes.get_errno()
        if timer >= 0:
            os.close(timer)
        raise OSError(number, os.strerror(number))
    return int(timer)
