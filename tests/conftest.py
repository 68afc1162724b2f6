"""What holds for every test, and which are collected on which system."""

import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Nothing here is judged by the clock: a busy machine is no defect.
# Windows' Python under Wine takes fewer examples of the same laws: what it may show is of the platform.
# The same examples each time, so that a change is judged by what it changes; `make laws` looks for others.
settings.register_profile(
    "homeport",
    deadline=None,
    derandomize=True,
    max_examples=25 if sys.platform == "win32" else 100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("others", settings.get_profile("homeport"), derandomize=False, max_examples=2000)
settings.load_profile("homeport")

# Files and folders that only one system can run, each with its reason.  All else runs everywhere: with
# `make test` Windows' Python collects this folder a second time.  A single test carries
# `pytest.mark.linux("why")` or `pytest.mark.posix("why")`.
_OF_LINUX = {
    "crash": "kill -9, strace and BIND; tests/e2e/test_killed.py runs everywhere",
    "faults": "copies the state file while SQLite has it open, which Windows forbids",
    "home": "homes of network namespaces",
    "lab": "network namespaces, and the daemons in them",
    "peers": "BIND, Knot, PowerDNS, miniupnpd and nsupdate.info are programs of Linux",
    "windows": "drives a Windows under Wine from outside",
    "cli/test_kill.py": "kill -9, SIGTERM and SIGINT from another process",
    "net/test_lines.py": "homes of network namespaces",
    "net/test_neighbours.py": "neighbours in network namespaces",
    "net/test_system_events.py": "rtnetlink and timerfd",
    "net/test_tripwire.py": "homes of network namespaces",
    "test_supply.py": "builds the wheel and the bill of materials, as make does",
}
_OF_WINDOWS = {
    "net/test_windows_clock.py": "functions of Windows' DLLs",
    "net/test_windows_events.py": "functions of Windows' DLLs",
    "service/test_windows_session.py": "functions of Windows' DLLs",
}

collect_ignore = [
    *(_OF_LINUX if sys.platform != "linux" else ()),
    *(_OF_WINDOWS if sys.platform != "win32" else ()),
]
_HERE = Path(__file__).parent
_MADE_ON_LINUX = {"certificates": "made by the command openssl"}  # fixtures
_ELSEWHERE = {"linux": sys.platform != "linux", "posix": sys.platform == "win32"}


# A file goes to one worker; these begin, as they take the longest and wait the most.
_FIRST = ("windows", "home", "peers", "faults", "days", "e2e", "canary", "net", "crash", "contract")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that this system cannot run, and put the long ones first."""
    _leave_out(config, items)
    turns = {folder: turn for turn, folder in enumerate(_FIRST)}
    items.sort(key=lambda item: turns.get(item.path.relative_to(_HERE).parts[0], len(turns)))


def _leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is left out, pytest counts as deselected."""
    out = [
        item
        for item in items
        if any(away and item.get_closest_marker(name) for name, away in _ELSEWHERE.items())
        or (
            sys.platform != "linux"
            and not _MADE_ON_LINUX.keys().isdisjoint(getattr(item, "fixturenames", ()))
        )
    ]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in set(out)]


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """A command that ran in this process set up its log; the next test sees the log as if it had not."""
    logs = [logging.getLogger(name) for name in ("homeport", "asyncio")]
    before = [(log.handlers[:], log.level, log.propagate) for log in logs]
    hook = sys.excepthook
    yield
    sys.excepthook = hook
    for log, (handlers, level, propagate) in zip(logs, before, strict=True):
        for handler in log.handlers:
            if handler not in handlers:
                handler.close()
        log.handlers[:] = handlers
        log.setLevel(level)
        log.propagate = propagate


@pytest.fixture
def clock_of_the_machine() -> Iterator[None]:
    """For who sets it, and for who minds that it is set: one at a time, of all workers."""
    import fcntl

    with (Path(tempfile.gettempdir()) / "homeport-clock.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
