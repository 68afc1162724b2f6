"""Two lines with real gateways: one is lost upstream, and the name follows the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import dns.message
import dns.query
import pytest

from homeport.agent.loop import Agent
from homeport.cli.setup import setup, world
from homeport.config.load import load
from homeport.core.health import Terms
from homeport.core.hint import Hint
from homeport.core.probe import parse
from homeport.net.health import Monitor
from homeport.net.probe import Prober
from homeport.net.uplink import UplinkNet
from homeport.net.world import RealWorld
from homeport.state.store import Store
from tests.lab import ISP, KEY_NAME, KEY_SECRET, Home
from tests.peers.servers import Server

DEADLINE = 30.0  # seconds; what is waited for comes within one
QUICK = Terms(interval=0.2, detect=0.4, recover=0.4)
FIBER, LTE = "45.0.0.10", "62.0.0.10"
PROBES = (f"icmp:{ISP} x2", f"tcp:{ISP}:80", f"http:http://{ISP}/")
CONFIG = f"""
[agent]
interval = "1d"
state_dir = "state"
verify = false

[uplink.fiber]
interface = "eth0"
ipv4 = "static:{FIBER}"
ipv6 = []
probe = ["icmp:{ISP} x2", "tcp:{ISP}:80"]

[uplink.lte]
interface = "eth1"
ipv4 = "static:{LTE}"
ipv6 = []
probe = ["icmp:{ISP} x2", "tcp:{ISP}:80"]

[account.office]
provider = "rfc2136"
server = "{ISP}"
tsig_name = "{KEY_NAME}"
tsig_key = "env:KEY"

[[record]]
name = "home.example.com"
account = "office"
uplink = ["fiber", "lte"]
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with Home(lines=("fiber", "lte"), miniupnpd=False) as found:
        # The provider is reached over the line that stays; the probes are bound to theirs.
        found.network.ip("lan", f"route add {ISP}/32 via 192.168.78.1 dev eth1")
        yield found


@pytest.fixture
def server(home: Home) -> Iterator[Server]:
    found = home.bind()
    yield found
    home.mend("fiber")
    home.mend("lte")


class Ear:
    """Hears hints, and waits for one."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Hint] = asyncio.Queue()

    def __call__(self, hint: Hint) -> None:
        self.heard.put_nowait(hint)

    async def next(self) -> Hint:
        async with asyncio.timeout(DEADLINE):
            return await self.heard.get()


def in_the_lan(home: Home, work: Callable[[AsyncExitStack], Awaitable[None]]) -> None:
    async def go() -> None:
        async with AsyncExitStack() as stack:
            await work(stack)

    with home.inside("lan"):
        asyncio.run(go())


async def running(stack: AsyncExitStack, work: Sequence[Awaitable[None]]) -> None:
    tasks = [asyncio.ensure_future(one) for one in work]

    async def end() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    stack.push_async_callback(end)


@pytest.mark.parametrize("word", PROBES)
def test_every_probe_knows_its_line_from_the_other(home: Home, word: str) -> None:
    async def work(stack: AsyncExitStack) -> None:
        ear = Ear()
        monitors = {}
        for line, interface in (("fiber", "eth0"), ("lte", "eth1")):
            net = UplinkNet(user_agent="test", interface=interface)
            stack.push_async_callback(net.aclose)
            monitors[line] = Monitor(line, [parse(word)], QUICK, Prober(net))
        for monitor in monitors.values():
            await monitor.proved()
        assert all(monitor.healthy for monitor in monitors.values())
        await running(stack, [monitor.run(ear) for monitor in monitors.values()])
        home.cut("fiber")
        down = await ear.next()
        assert (down.origin, down.uplink) == ("health", "fiber")
        assert [monitors[line].healthy for line in ("fiber", "lte")] == [False, True]
        home.mend("fiber")
        assert (await ear.next()).says == "fiber is up again"
        assert ear.heard.empty()

    in_the_lan(home, work)


def shown(home: Home) -> list[str]:
    with home.inside("isp"):
        answer = dns.query.tcp(dns.message.make_query("home.example.com", "A"), ISP, 5)
    return sorted(rdata.to_text() for rrset in answer.answer for rdata in rrset)


def test_the_name_follows_the_line_that_works_and_falls_back(
    home: Home, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("homeport.toml").write_text(CONFIG)
    config = load(Path("homeport.toml"), {"KEY": KEY_SECRET})
    quick = {name: uplink._replace(terms=QUICK) for name, uplink in config.uplinks.items()}
    config = config._replace(uplinks=quick)

    async def work(stack: AsyncExitStack) -> None:
        ear = Ear()
        rounds: asyncio.Queue[list[str]] = asyncio.Queue()
        real: RealWorld = world(config)
        stack.push_async_callback(real.rest)
        store = stack.enter_context(Store(None, pytest.fail))
        agent = Agent(setup(config, b""), real, store, lambda _: rounds.put_nowait(shown(home)), ear_proof)

        def tell(hint: Hint) -> None:
            ear(hint)
            real.wake(hint)

        async def published(*addresses: str) -> None:
            async with asyncio.timeout(DEADLINE):
                while await rounds.get() != sorted(addresses):
                    pass

        await running(stack, [agent.run(), *(one.run(tell) for one in real.monitors.values())])
        await published(FIBER)
        home.cut("fiber")
        assert (await ear.next()).uplink == "fiber"
        await published(LTE)
        home.cut("lte")
        assert (await ear.next()).uplink == "lte"
        await published(LTE)
        home.mend("lte")
        assert (await ear.next()).says == "lte is up again"
        home.mend("fiber")
        assert (await ear.next()).says == "fiber is up again"
        await published(FIBER)

    in_the_lan(home, work)


def ear_proof(_: object) -> None:
    """Nothing is verified here."""
