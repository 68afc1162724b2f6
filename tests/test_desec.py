"""deSEC counts what an account does, and what it does to each domain: both budgets hold, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest

from homeport.agent.guard import Guard
from homeport.agent.work import Guarded
from homeport.agent.world import Account
from homeport.core.budget import Budget
from homeport.core.dns import Name
from homeport.core.errors import NotSent
from homeport.core.secret import Secret
from homeport.driver import Provider
from homeport.providers.desec import DeSEC
from homeport.providers.dyndns2 import DynDNS2
from homeport.state.store import Store
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import agent, want
from tests.days.world import DAY, Wire, World, live, quiet
from tests.fakes import query
from tests.fakes.dyndns2 import FakeDedyn

API = "https://desec.io/api/v1/domains"
DYN = "https://update.dedyn.io/"
A_DAY = Budget(2000, 86_400)


def reads() -> Request:
    return Request("GET", f"{API}/example.com/rrsets/", {"subname": "home"})


def writes(domain: str) -> Request:
    return Request("PUT", f"{API}/{domain}/rrsets/")


def update(*names: str) -> Request:
    return Request("GET", DYN, {"hostname": ",".join(names)})


def when(
    provider: Provider, requests: Sequence[Request], *, store: Store, start: float = 0.0
) -> list[float]:
    """When each of them went out, if each is tried again as soon as we are told to."""
    world, wire = World({}), Wire(lambda request: Reply(200, b"good"))
    world.jump = start
    times: list[float] = []

    async def go() -> None:
        guard = Guard(store, world.now, world.elapsed)
        transport = Guarded(wire, Account("d", provider, "d"), guard)
        for request in requests:
            while True:
                try:
                    await transport.send(request)
                except NotSent as error:
                    assert error.retry_after
                    await asyncio.sleep(error.retry_after)
                else:
                    break
            times.append(world.now())
        guard.settle()

    live(go())
    return times


def fits(times: Sequence[float], budget: Budget) -> bool:
    return all(
        later - at > budget.seconds for at, later in zip(times, times[budget.requests :], strict=False)
    )


DESEC = DeSEC(token=Secret("t"))
DEDYN = DynDNS2(service="desec", username="u", password=Secret("t"))


def test_the_changes_of_a_domain_keep_to_all_four_of_its_limits() -> None:
    times = when(DESEC, [writes("example.com")] * 320, store=Store(None, quiet))

    for budget in (Budget(2, 1), Budget(15, 60), Budget(100, 3600), Budget(300, 86_400)):
        assert fits(times, budget)
        assert (
            not fits(times, Budget(max(1, budget.requests * 8 // 10), budget.seconds))
            or budget.requests < 9
        )
    assert times[299] - times[0] < DAY / 4


def test_another_domain_has_limits_of_its_own() -> None:
    requests = [writes(f"{letter}.example") for letter in "abcdefghij" for _ in range(15)]
    times = when(DESEC, requests, store=Store(None, quiet))

    assert times[-1] - times[0] < 100
    assert fits(times, A_DAY)


def test_reads_keep_to_theirs_and_do_not_use_up_what_changes_need() -> None:
    store = Store(None, quiet)
    times = when(DESEC, [reads()] * 100, store=store)

    assert fits(times, Budget(10, 1))
    assert fits(times, Budget(50, 60))
    [at] = when(DESEC, [writes("example.com")], store=store, start=times[-1] - times[0])
    assert at - times[-1] < 3


def test_all_that_an_account_does_in_a_day_is_limited_too() -> None:
    requests = [reads() if n % 2 else writes(f"{n % 40}.example") for n in range(2100)]

    assert fits(when(DESEC, requests, store=Store(None, quiet)), A_DAY)


def test_a_restart_and_another_name_of_the_account_forget_none_of_it() -> None:
    store = Store(None, quiet)
    first = when(DESEC, [writes("example.com")] * 15, store=store)
    second = when(DESEC, [writes("example.com")], store=store, start=first[-1] - first[0] + 1)

    assert second[0] - first[0] > 60


def test_what_waits_is_named_and_another_domain_does_not_wait_with_it() -> None:
    world, wire = World({}), Wire(lambda request: Reply(200, b"good"))

    async def go() -> None:
        transport = Guarded(
            wire, Account("d", DEDYN, "d"), Guard(Store(None, quiet), world.now, world.elapsed)
        )
        await transport.send(update("a.example.com", "b.example.com"))
        said = r"takes 1 in 60 s \(updates of example\.com\) from one account; it goes on in 6\d s"
        with pytest.raises(NotSent, match=said):
            await transport.send(update("c.example.com"))
        await transport.send(update("home.dedyn.io"))
        await transport.send(update("other.dedyn.io"))

    live(go())
    assert len(wire.sent) == 3


def test_dynamic_updates_of_a_domain_come_once_a_minute_and_hold_no_name_of_another() -> None:
    times = when(DEDYN, [update("home.dedyn.io")] * 5, store=Store(None, quiet))
    assert all(later - at > 60 for at, later in pairwise(times))

    fake = FakeDedyn()
    guest = agent(fake)
    names = ["a.one.example", "b.one.example", "x.home.dedyn.io", "other.dedyn.io"]
    guest.bring_about(*(want(name, "192.0.2.1") for name in names))
    assert sorted(query(request)["hostname"] for request in guest.wire.sent) == [
        "a.one.example,b.one.example",
        "other.dedyn.io",
        "x.home.dedyn.io",
    ]
    assert DEDYN.apart(Name("a.one.example")) == "one.example"
