"""A closed console window: what Windows is kept waiting for."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from homeport.service.windows_console import Console


class Kernel:
    """SetConsoleCtrlHandler, which keeps what it is given."""

    def __init__(self) -> None:
        self.handlers: list[Any] = []

    def SetConsoleCtrlHandler(self, routine: Any, add: bool) -> int:
        self.handlers.append(routine) if add else self.handlers.remove(routine)
        return 1


@pytest.mark.parametrize("kind", [2, 5, 6])
def test_close_logoff_and_shutdown_ask_it_to_end_and_windows_waits(kind: int) -> None:
    kernel, asked, answered = Kernel(), threading.Event(), threading.Event()
    console = Console(kernel, asked.set)
    assert console.listen()

    def windows() -> None:
        kernel.handlers[0](kind)
        answered.set()

    threading.Thread(target=windows, daemon=True).start()
    assert asked.wait(20)
    assert not answered.is_set(), "an answer would be the end of the process"
    console.leave()
    assert not kernel.handlers
    assert not answered.is_set()


def test_ctrl_c_and_ctrl_break_are_left_to_python() -> None:
    asked: list[None] = []
    kernel = Kernel()
    Console(kernel, lambda: asked.append(None)).listen()
    assert [kernel.handlers[0](kind) for kind in (0, 1)] == [0, 0]
    assert not asked


def test_windows_is_not_kept_for_ever() -> None:
    kernel = Kernel()
    console = Console(kernel, lambda: None, patience=0.01)
    console.listen()
    assert kernel.handlers[0](2) == 1
