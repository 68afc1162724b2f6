"""The agent as the service control manager sees it: every status that it is told, in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from homeport.service import scm
from homeport.service.scm import Refused
from homeport.service.windows_host import ServiceHost

PATIENCE = 20.0


class Dispatcher:
    """The dispatcher of advapi32: it calls the main function, and the handler when the test says so."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int, int, int, int, int]] = []
        self.handler: Callable[..., int] | None = None
        self.refuses = 0
        self.news = threading.Condition()
        self.RegisterServiceCtrlHandlerExW = self._Register()
        self.RegisterServiceCtrlHandlerExW.system = self

    class _Register:
        system: Dispatcher
        restype: Any = None

        def __call__(self, name: str, handler: Any, context: Any) -> int:
            assert name == "Homeport"
            self.system.handler = handler
            return 0x7FFF_0000_0001

    def StartServiceCtrlDispatcherW(self, table: Any) -> int:
        if self.refuses:
            return 0
        assert table[0].name == "Homeport" and table[1].name is None
        table[0].main(0, None)
        return 1

    def SetServiceStatus(self, handle: Any, status: Any) -> int:
        assert handle.value == 0x7FFF_0000_0001
        now = status._obj
        assert now.type == scm.OWN_PROCESS
        with self.news:
            facts = (now.accepted, now.exit_code, now.specific_code, now.checkpoint, now.wait_hint)
            self.told.append((now.state, *facts))
            self.news.notify_all()
        return 1

    def states(self) -> list[int]:
        return [one[0] for one in self.told]

    def control(self, code: int) -> int:
        assert self.handler is not None
        return self.handler(code, 0, None, None)


@contextmanager
def connected(
    system: Dispatcher, clock_was_set: Callable[[], None] = lambda: None
) -> Iterator[ServiceHost]:
    host = ServiceHost(system, lambda: system.refuses, "Homeport", clock_was_set)
    host.connect()
    try:
        yield host
    finally:
        host.ended(0)


def test_it_is_running_only_when_it_is_ready_and_stopped_when_it_has_ended() -> None:
    system = Dispatcher()
    with connected(system) as host:
        assert system.states() == [scm.START_PENDING]
        assert system.told[0][1] == 0, "it takes no stop before it can"
        host.begin(lambda: None, lambda: None)
        host.ready()
        host.stopping()
    assert system.states() == [scm.START_PENDING, scm.RUNNING, scm.STOP_PENDING, scm.STOPPED]
    stop_shutdown_preshutdown_paramchange_timechange = 0x1 | 0x4 | 0x100 | 0x8 | 0x200
    assert system.told[1][1:] == (stop_shutdown_preshutdown_paramchange_timechange, 0, 0, 0, 0)
    assert system.told[-1][1:] == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("control", [scm.CONTROL_STOP, scm.CONTROL_SHUTDOWN, scm.CONTROL_PRESHUTDOWN])
def test_stop_and_both_shutdowns_end_it_and_are_answered_at_once(control: int) -> None:
    system, asked = Dispatcher(), threading.Event()
    with connected(system) as host:
        host.begin(asked.set, lambda: None)
        host.ready()
        assert system.control(control) == 0
        assert asked.is_set()
        assert system.states()[-1] == scm.STOP_PENDING
        assert system.told[-1][5] >= 1000, "a hint how long it may take"
        host.ready()  # said too late: there is no way back
        assert system.states()[-1] == scm.STOP_PENDING


def test_a_stop_that_comes_before_the_loop_runs_is_not_lost() -> None:
    system, asked = Dispatcher(), threading.Event()
    with connected(system) as host:
        system.control(scm.CONTROL_SHUTDOWN)
        host.begin(asked.set, lambda: None)
        assert asked.is_set()


def test_paramchange_reloads_timechange_wakes_interrogate_is_answered_and_nothing_else() -> None:
    system, heard = Dispatcher(), []
    with connected(system, lambda: heard.append("clock")) as host:
        host.begin(lambda: heard.append("stop"), lambda: heard.append("reload"))
        host.ready()
        assert system.control(scm.CONTROL_PARAMCHANGE) == 0
        assert system.control(scm.CONTROL_TIMECHANGE) == 0
        assert system.control(scm.CONTROL_INTERROGATE) == 0
        assert system.control(200) == scm.CALL_NOT_IMPLEMENTED
        assert heard == ["reload", "clock"]
        assert system.states()[-1] == scm.RUNNING


def test_while_it_starts_slowly_it_says_that_it_gets_further() -> None:
    system = Dispatcher()
    with connected(system), system.news:
        assert system.news.wait_for(lambda: len(system.told) >= 3, PATIENCE)
    steps = [one[4] for one in system.told if one[0] == scm.START_PENDING]
    assert steps == list(range(1, len(steps) + 1))


def test_a_failure_ends_with_its_own_number() -> None:
    system = Dispatcher()
    host = ServiceHost(system, lambda: 0, "Homeport")
    host.connect()
    host.ended(2)
    assert system.told[-1][:4] == (scm.STOPPED, 0, scm.SPECIFIC_ERROR, 2)


def test_what_no_manager_has_started_is_told_so() -> None:
    system = Dispatcher()
    system.refuses = scm.NOT_CONNECTED
    with pytest.raises(Refused) as caught:
        ServiceHost(system, lambda: system.refuses, "Homeport").connect()
    assert caught.value.code == 1063
