"""From the change of the WAN address to the new answer of BIND, by each way to learn of it.

A home of network namespaces with a real gateway (`tests/lab`); root only.  The clock starts when the
kernel of whoever owns the address has the new one, and stops when BIND at the isp, asked every two
thousandths of a second, answers with it.
"""

from __future__ import annotations

import random
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median, quantiles
from typing import NamedTuple

from homeport.core.dns import Name, RRType
from homeport.wire import dns
from tests.home.agent import ACCOUNT, OWNER, Agent, Zone, running
from tests.lab import ISP, Home

from .measure import table

RTMGRP_IPV4_IFADDR, RTM_NEWADDR = 0x10, 20  # linux/rtnetlink.h
ASK_EVERY = 0.002  # seconds
LATE = 60.0  # seconds after which a change counts as missed
RECORD = f'{ACCOUNT}\n[[record]]\nname = "{OWNER}"\naccount = "ns"\ntype = "A"\n'


class Way(NamedTuple):
    """One way to learn of a change."""

    name: str
    sources: str  # of [uplink.default], as TOML
    host: str = "lan"
    interval: str = "1h"  # so long that the poll finds nothing
    rest: tuple[float, float] = (0.3, 0.8)  # seconds between two changes
    stun: bool = False


WAYS = (
    Way("gateway announces (NAT-PMP)", 'ipv4 = ["gateway:nat-pmp"]\nlisten = ["gateway"]'),
    Way("UPnP event", 'ipv4 = ["gateway:upnp"]\nlisten = ["upnp"]', rest=(2.5, 3.5)),
    Way("the system (netlink)", 'ipv4 = ["interface:wan0"]\nlisten = []', host="gw"),
    Way(
        "STUN alone, with the tripwire",
        f'ipv4 = ["stun:{ISP}:3478"]\nlisten = ["tripwire", "stun"]',
        rest=(4.5, 8.5),
        stun=True,
    ),
    Way(
        "polling a page every 5 s",
        f'ipv4 = ["http:http://{ISP}/"]\nlisten = []',
        interval="5s",
        rest=(0.3, 5.3),
    ),
    Way("all of them, as usual", f'ipv4 = ["gateway", "http:http://{ISP}/"]'),
)


def change(changes: int, idle_seconds: float) -> None:
    """Aims: median 60 ms, 99th percentile 300 ms when told; 6 s by STUN alone at under 3 MB a month."""
    rows = [(way.name, *_delays(way, changes)) for way in WAYS]
    table(("told by", "changes", "median ms", "99 % ms", "longest ms"), rows)
    print(f"\nIdle, {idle_seconds:.0f} s scaled to an hour; the LAN's with all that the gateway says\n")
    head = ("told by", "LAN packets/h", "LAN bytes/h", "WAN packets/h", "WAN bytes/h", "WAN MB/month")
    table(head, _idle(idle_seconds))


@contextmanager
def _agent(way: Way | None) -> Iterator[tuple[Home, Zone, Agent | None]]:
    """A home in which the agent keeps its record; without a way, a home without an agent."""
    with ExitStack() as stack:
        home = stack.enter_context(Home())
        zone = Zone(home, home.bind())
        agent = None
        if way is not None:
            if way.stun:
                home.stun()
            config = f"[uplink.default]\n{way.sources}\nipv6 = []\n{RECORD}"
            interval = f'interval = "{way.interval}"'
            agent = stack.enter_context(running(home, config, host=way.host, agent=interval, log="info"))
            agent.publishes(zone, "45.0.0.10")
            time.sleep(5 if way.stun else 2)  # the tripwire is strung, the subscription made
        yield home, zone, agent


def _delays(way: Way, changes: int) -> tuple[str, ...]:
    chance = random.Random(way.name)
    found: list[float] = []
    missed = 0
    with _agent(way) as (home, _, _):
        for number in range(changes):
            address = f"45.0.{1 + number // 200}.{10 + number % 200}"
            seconds = _once(home, address)
            if seconds is None:
                missed += 1
            else:
                found.append(seconds * 1000)
            time.sleep(chance.uniform(*way.rest))
    if not found:
        return str(changes), "none", "none", "none"
    last = quantiles(found, n=100, method="inclusive")[98] if len(found) > 1 else found[0]
    lost = f" ({missed} not within {LATE:.0f} s)" if missed else ""
    return f"{changes}{lost}", f"{median(found):.0f}", f"{last:.0f}", f"{max(found):.0f}"


def _once(home: Home, address: str) -> float | None:
    """Change the address; seconds from when the gateway had it to when BIND answered with it."""
    began: list[float] = []
    ended: list[float] = []
    with home.inside("gw"):
        link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
        link.bind((0, RTMGRP_IPV4_IFADDR))
    with home.inside("isp"):
        asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        asking.connect((ISP, 53))
    with link, asking:
        asking.settimeout(0.2)
        link.settimeout(LATE)
        threads = [
            threading.Thread(target=_await_address, args=(link, address, began)),
            threading.Thread(target=_await_answer, args=(asking, address, ended)),
        ]
        for thread in threads:
            thread.start()
        home.wan(address)
        for thread in threads:
            thread.join()
    return ended[0] - began[0] if began and ended else None


def _await_address(link: socket.socket, address: str, began: list[float]) -> None:
    octets = socket.inet_aton(address)
    while True:
        try:
            message = link.recv(65536)
        except TimeoutError:
            return
        if struct.unpack_from("=H", message, 4)[0] == RTM_NEWADDR and octets in message:
            began.append(time.perf_counter())
            return


def _await_answer(asking: socket.socket, address: str, ended: list[float]) -> None:
    question = dns.query(1, OWNER, dns.TYPES[RRType.A])
    until = time.perf_counter() + LATE
    while time.perf_counter() < until:
        asking.send(question)
        try:
            found, _ = dns.decode(asking.recv(4096)).addresses(Name(OWNER), RRType.A)
        except TimeoutError:
            continue
        if address in map(str, found):
            ended.append(time.perf_counter())
            return
        time.sleep(ASK_EVERY)


def _idle(seconds: float) -> list[tuple[str, ...]]:
    """What goes over the wires while nothing changes: all ways at once, each in a home of its own."""
    ways: Sequence[Way | None] = (None, *WAYS)
    with ExitStack() as stack:
        homes = [stack.enter_context(_agent(way))[0] for way in ways]
        before = [_counted(home) for home in homes]
        time.sleep(seconds)
        after = [_counted(home) for home in homes]
    rows = []
    for way, old, new in zip(ways, before, after, strict=True):
        hourly = [(b - a) * 3600 / seconds for a, b in zip(old, new, strict=True)]
        megabytes = hourly[3] * 24 * 30.4 / 1e6
        rows.append(
            (way.name if way else "nobody", *(f"{value:.0f}" for value in hourly), f"{megabytes:.2f}")
        )
    return rows


def _counted(home: Home) -> tuple[int, int, int, int]:
    """Packets and bytes of both directions, of the host "lan" and of the gateway's WAN side."""
    return (*_interface(home, "lan", "eth0"), *_interface(home, "gw", "wan0"))


def _interface(home: Home, host: str, name: str) -> tuple[int, int]:
    text = home.run(host, ["ip", "-s", "link", "show", name]).stdout
    counts = re.findall(r"[RT]X:.*\n\s+(\d+)\s+(\d+)", text)
    assert len(counts) == 2, text
    return sum(int(packets) for _, packets in counts), sum(int(octets) for octets, _ in counts)
