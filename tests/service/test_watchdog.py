"""The watchdog barks at an agent that says nothing, and at no other."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from homeport.service.host import Nobody
from homeport.service.watchdog import PATIENCE, TICK, Watchdog


class Life:
    """Stands for the time that passes: each tick something may happen; after the last one all is over."""

    def __init__(self, ticks: int, happens: Callable[[int], None] = lambda _: None) -> None:
        self.ticks, self.happens = ticks, happens
        self.barked = 0
        self.over = threading.Event()
        self.host = Host()
        self.dog = Watchdog(self.host, self.bark, self.wait)

    def bark(self) -> None:
        self.barked += 1
        self.over.set()

    def wait(self, seconds: float) -> bool:
        assert seconds == TICK
        self.ticks -= 1
        if self.ticks < 0:
            self.over.set()
            return True
        self.happens(self.ticks)
        return False

    def lived(self) -> int:
        self.dog.begin(lambda: None, lambda: None)
        assert self.over.wait(60)
        return self.barked


class Host(Nobody):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def begin(self, stop: Callable[[], None], reload: Callable[[], None]) -> None:
        self.heard.append("begin")

    def ready(self) -> None:
        self.heard.append("ready")

    def reloading(self) -> None:
        self.heard.append("reloading")

    def alive(self) -> None:
        self.heard.append("alive")

    def stopping(self) -> None:
        self.heard.append("stopping")


def test_silence_is_borne_for_three_minutes_and_no_longer() -> None:
    assert TICK * PATIENCE == 180
    assert Life(PATIENCE).lived() == 0
    assert Life(PATIENCE + 1).lived() == 1
    assert Life(PATIENCE * 9).lived() == 1


def test_each_sign_of_life_begins_the_count_anew() -> None:
    def alive(left: int) -> None:
        if left % PATIENCE == 0:
            life.dog.alive()

    life = Life(PATIENCE * 9, alive)
    assert life.lived() == 0
    assert life.host.heard == ["begin"] + ["alive"] * 9


@pytest.mark.timeout(60)
def test_when_it_ends_nobody_watches_any_more_and_all_is_passed_on() -> None:
    host, before = Host(), threading.active_count()
    dog = Watchdog(host, lambda: pytest.fail("it barked"))
    dog.begin(lambda: None, lambda: None)
    for tell in (dog.ready, dog.reloading, dog.ready, dog.alive, dog.stopping):
        tell()
    assert host.heard == ["begin", "ready", "reloading", "ready", "alive", "stopping"]
    for thread in threading.enumerate():
        if thread.name == "watchdog":
            thread.join()
    assert threading.active_count() <= before
