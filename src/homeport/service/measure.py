"""What this process takes of the machine, measured cheaply: a tenth of a millisecond on Linux."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import time
from collections import Counter
from typing import Any

from ..core.watch import Sample

LOOKS, APART = 20, 0.05  # at what is running, and seconds between two of them
TYPES = 5  # of objects that are most frequent


def sample(lag: float = 0.0) -> Sample:
    """The process now; within a loop."""
    at, tasks = time.monotonic(), len(asyncio.all_tasks())
    if sys.platform == "linux":
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - a Path costs more than the file
            memory = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        files: int | None = len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 - as above
    else:
        import psutil  # noqa: PLC0415 - Linux has it cheaper

        process: Any = psutil.Process()
        memory = process.memory_info().rss
        files = process.num_handles() if sys.platform == "win32" else process.num_fds()
    return Sample(at, memory, time.process_time(), files, tasks, lag)


def objects() -> str:
    """The most frequent kinds of objects that were made since the start; takes some milliseconds."""
    kinds = Counter(type(one).__qualname__ for one in gc.get_objects())
    return ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(TYPES))


def running(thread: int) -> list[str]:
    """Where a thread is most of the time, innermost first, by looking at it for a second.

    To be called from another thread.
    """
    found: Counter[tuple[str, ...]] = Counter()
    for _ in range(LOOKS):
        frame = sys._current_frames().get(thread)  # noqa: SLF001 - documented, despite its name
        places = []
        while frame is not None:
            places.append(place(frame))
            frame = frame.f_back
        found[tuple(places)] += 1
        threading.Event().wait(APART)
    [(most, times)] = found.most_common(1)
    return [f"in {times} of {LOOKS} looks:", *most]


def stack(task: asyncio.Task[Any]) -> list[str]:
    """Where a task waits: outermost first, along the chain of coroutines."""
    found = []
    work: Any = task.get_coro()
    while work is not None:
        frame = getattr(work, "cr_frame", None) or getattr(work, "gi_frame", None)
        if frame is not None:
            found.append(place(frame))
        work = getattr(work, "cr_await", None) or getattr(work, "gi_yieldfrom", None)
    return found


def place(frame: Any) -> str:
    """A line of a stack.  No values: they might be secret."""
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"
