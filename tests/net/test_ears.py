"""The listeners are kept running, whatever becomes of them, in virtual time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from homeport.core.errors import SourceError
from homeport.core.hint import Hint, Tell
from homeport.net.ears import SETTLE, WAITS, Ears
from tests.days.world import HOUR, live

CHANGE = Hint("nat-pmp", "the gateway announces 9.9.9.9")
MOVE = Hint("system", "eth0 has got 192.168.1.7")


class Scripted:
    """A listener that does at each of its starts what the script says; the last line holds for ever."""

    def __init__(self, *script: Callable[[Tell], object], name: str = "scripted") -> None:
        self.name, self._script = name, list(script)
        self.starts: list[float] = []
        self.ends: list[float] = []
        self.asked = 0

    async def run(self, tell: Tell) -> None:
        clock = asyncio.get_running_loop().time
        self.starts.append(clock())
        step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        try:
            done = step(tell)
            if asyncio.iscoroutine(done):
                await done
        finally:
            self.ends.append(clock())


class Subscribed(Scripted):
    def again(self) -> None:
        self.asked += 1


def deaf(why: str = "UDP port 5350: address already in use") -> Callable[[Tell], object]:
    def step(_: Tell) -> object:
        raise SourceError(why)

    return step


async def hear_nothing(_: Tell) -> None:
    await asyncio.Event().wait()


def after(seconds: float, *hints: Hint) -> Callable[[Tell], object]:
    async def step(tell: Tell) -> None:
        await asyncio.sleep(seconds)
        for hint in hints:
            tell(hint)
        await asyncio.Event().wait()

    return step


def lived(ears: Ears, seconds: float) -> None:
    async def life() -> None:
        task = asyncio.ensure_future(ears.run())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    live(life())


def test_what_a_listener_hears_is_told() -> None:
    heard: list[Hint] = []
    lived(Ears([], [Scripted(after(1, CHANGE))], heard.append), 10)

    assert heard == [CHANGE]


def test_one_that_cannot_listen_is_tried_again_ever_more_seldom_and_its_trouble_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    one = Scripted(deaf())
    with caplog.at_level(logging.INFO):
        lived(Ears([], [one], lambda _: None), HOUR)

    pauses = [later - sooner for sooner, later in zip(one.starts, one.starts[1:], strict=False)]
    assert pauses[:4] == pytest.approx(list(WAITS[:4]))
    assert len(one.starts) < 12
    [said] = [record.getMessage() for record in caplog.records]
    assert "address already in use" in said


def test_another_trouble_is_said_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        lived(Ears([], [Scripted(deaf("one"), deaf("two"), deaf("two"))], lambda _: None), 200)

    assert [record.getMessage().split(";")[0] for record in caplog.records] == [
        "scripted: one",
        "scripted: two",
    ]


def test_a_bug_in_a_listener_is_its_own_end_and_no_other_s(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Tell) -> object:
        raise ZeroDivisionError

    heard: list[Hint] = []
    with caplog.at_level(logging.INFO):
        lived(Ears([], [Scripted(broken, hear_nothing), Scripted(after(5, CHANGE))], heard.append), 60)

    assert heard == [CHANGE]
    assert "a bug in Homeport" in caplog.text


@pytest.mark.parametrize("broken", [lambda _: 1 / 0, lambda _: None], ids=["raises", "ends"])
def test_a_bug_that_stays_does_not_fill_the_log(
    broken: Callable[[Tell], object], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        lived(Ears([], [Scripted(broken)], lambda _: None), HOUR)

    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert caplog.records[0].exc_info is not None


def test_after_a_move_those_of_the_neighbourhood_begin_anew_and_those_of_this_machine_stay() -> None:
    inner, outer = Scripted(after(100, MOVE)), Scripted(hear_nothing)
    lived(Ears([inner], [outer], lambda _: None), 150)

    assert inner.starts == [0]
    assert outer.starts == pytest.approx([0, 100 + SETTLE])
    assert outer.ends[0] == pytest.approx(100)


def test_a_move_is_a_new_chance_for_all_that_could_not_listen() -> None:
    outer, inner = (Scripted(deaf("no address found"), hear_nothing) for _ in range(2))
    lived(Ears([Scripted(after(3, MOVE)), inner], [outer], lambda _: None), 9)

    assert outer.starts == inner.starts == pytest.approx([0, 3 + SETTLE])


def test_a_gateway_that_announces_itself_is_asked_whether_it_still_knows_us() -> None:
    subscriber = Subscribed(hear_nothing)
    lived(Ears([], [Scripted(after(1, CHANGE)), subscriber], lambda _: None), 5)

    assert subscriber.asked == 1
    assert subscriber.starts == [0]


def test_all_have_ended_when_the_ears_have() -> None:
    ones = [Scripted(hear_nothing), Scripted(hear_nothing), Scripted(deaf())]
    lived(Ears(ones[:1], ones[1:], lambda _: None), 1)

    assert [len(one.ends) for one in ones] == [1, 1, 1]
