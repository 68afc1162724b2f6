"""`homeport demo`: the main job, really happening, with no Internet, no root and no configuration.

A home line changes its address.  The agent, the same as in `homeport run`, is told, asks the page that
shows the address, updates an authoritative name server by RFC 2136 with TSIG, and verifies.  The
demo itself only watches that server and stops the time.
"""

from __future__ import annotations

import asyncio
import secrets
import statistics
import sys
import tempfile
import time
from base64 import b64encode
from ipaddress import IPv4Address
from pathlib import Path

from .. import USER_AGENT
from ..agent.loop import Agent
from ..agent.verify import Proof
from ..agent.world import Account, Setup, Uplink
from ..core.dns import Name, RRType, Server
from ..core.errors import ConfigError, ProviderError
from ..core.hint import Hint
from ..core.report import Outcome, Report
from ..core.schedule import Target
from ..core.secret import Secret
from ..core.wish import Rule
from ..demo.home import Line, line
from ..demo.nameserver import Nameserver
from ..net.http import HttpTransport
from ..net.uplink import UplinkNet
from ..net.world import RealWorld
from ..providers.rfc2136 import RFC2136
from ..sources.spec import parse
from ..state.store import Store
from .exits import INTERRUPTED, NOT_RIGHT, RIGHT
from .term import paint

ZONE, OWNER = "demo.example", Name("home.demo.example")
PAUSE = 0.8  # seconds between two changes, so that a person can follow
PATIENCE = 5.0  # seconds until a change that nobody sees is a failure


def demo(changes: int | None) -> int:
    """Show `changes` changes, or go on until Ctrl-C."""
    if changes is not None and changes < 1:
        raise ConfigError("--changes must be at least 1")
    try:
        return asyncio.run(_demo(changes))
    except KeyboardInterrupt:
        print()
        return RIGHT if changes is None else INTERRUPTED


async def _demo(changes: int | None) -> int:
    key = secrets.token_bytes(32)
    async with line() as home, Nameserver.serving(ZONE, tsig_name="demo-key", tsig_key=key) as server:
        with tempfile.TemporaryDirectory(prefix="homeport-demo-") as folder:
            return await _show(home, server, key, Path(folder), changes)


async def _show(home: Line, server: Nameserver, key: bytes, folder: Path, changes: int | None) -> int:
    provider = RFC2136(
        server=server.host,
        port=server.port,
        tsig_name="demo-key",
        tsig_key=Secret(b64encode(key).decode()),
    )
    target = Target(OWNER, RRType.A, "demo")
    sources = {RRType.A: parse(f"http:{home.url}", RRType.A)}
    setup = Setup(
        rules=(Rule(target, ("line",), ttl=60),),
        uplinks={"line": Uplink(name="line", sources=sources, allow=("documentation",))},
        accounts={"demo": Account(name="demo", provider=provider, fingerprint="demo")},
        interval=3600.0,
    )
    world = RealWorld(
        {"line": UplinkNet(user_agent=USER_AGENT, interface=None, source_address=None)},
        {"demo": HttpTransport(user_agent=USER_AGENT)},
    )
    print(f"name server  {server.host} port {server.port}, zone {ZONE}, RFC 2136 with TSIG")
    print(f"home line    {home.url} tells its address")
    print(f"agent        keeps {OWNER} A at the line's address\n")
    times: list[float] = []
    with Store.open(folder, _tell) as store:
        agent = asyncio.ensure_future(Agent(setup, world, store, _report, _nothing).run())
        try:
            while changes is None or len(times) < changes:
                if times:
                    home.reconnect()
                    world.wake(Hint("demo", "the line has another address"))
                began = time.perf_counter()
                print(
                    f"  {time.strftime('%H:%M:%S')}  the line has {home.address!s:15}", end="", flush=True
                )
                if not await _visible(server, home.address):
                    print(paint(f"  not seen within {PATIENCE:.0f} s", "red"))
                    return NOT_RIGHT
                times.append(time.perf_counter() - began)
                print("  " + paint(f"{OWNER} answers so after {times[-1] * 1000:4.0f} ms", "green"))
                await asyncio.sleep(PAUSE)
        finally:
            agent.cancel()
            await asyncio.gather(agent, return_exceptions=True)
            await world.rest()
    median = statistics.median(times) * 1000
    print(f"\n{len(times)} changes, {server.updates} updates; median from change to answer {median:.0f} ms")
    return RIGHT


async def _visible(server: Nameserver, address: IPv4Address) -> bool:
    """Wait until the authoritative answer is `address`."""
    watched = Server("demo", server.host, server.port)
    world = RealWorld({}, {})
    deadline = time.perf_counter() + PATIENCE
    while time.perf_counter() < deadline:
        try:
            if await world.authoritative(watched, OWNER, RRType.A) == {address}:
                return True
        except ProviderError:
            return False
        await asyncio.sleep(0.001)
    return False


def _report(report: Report) -> None:
    for one in report.targets:
        if one.outcome not in (Outcome.UPDATED, Outcome.UNCHANGED):
            _tell(f"{one.target}: {one.outcome}: {one.error}")


def _nothing(_: Proof) -> None:
    """The demo watches the name server itself."""


def _tell(text: str) -> None:
    print(f"\nhomeport: {text}", file=sys.stderr)
