"""The tables of the configuration file, as a person writes them.

Reading, checking and the schema are made from these fields; `model.py` holds what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from ..core.dns import IPAddress, Name, RRType
from ..core.host import HostId
from ..core.settings import MAY_BE_EMPTY, Bounds, Seconds
from .model import Policy, Vanished

Teller = Literal["gateway", "upnp", "tripwire", "stun"]
Allowed = Literal["private", "cgnat", "documentation", "benchmarking"]  # core.address.ALLOWABLE


@dataclass(frozen=True, kw_only=True)
class AgentTable:
    """`[agent]`."""

    interval: Annotated[
        timedelta,
        "time between two looks at the address, for when nothing announces a change",
        Bounds(1, 2_592_000),
    ] = timedelta(minutes=5)
    state_dir: Annotated[
        Path | None, "folder for what the agent remembers; without it, the platform's place for such data"
    ] = None
    verify: Annotated[bool, "ask the zone's name servers whether an update has become visible"] = True
    vanished: Annotated[
        Vanished,
        "what becomes of a name that this file does not have any more: keep leaves it in DNS as it is; "
        "remove takes away the addresses that this agent put there, if they are still the same, as long "
        "as its account is still in the file and no other account keeps the name",
    ] = "keep"


@dataclass(frozen=True, kw_only=True)
class UplinkTable:
    """`[uplink.NAME]`."""

    interface: Annotated[str | None, "network interface that its sources are bound to, such as eth0"] = None
    source_address: Annotated[IPAddress | None, "local address that its sources are bound to"] = None
    ipv4: Annotated[
        tuple[str, ...],
        "sources of the IPv4 address, such as http, dns, stun, gateway, http:URL; [] for no IPv4",
        MAY_BE_EMPTY,
    ] = ("http", "dns")
    ipv6: Annotated[
        tuple[str, ...],
        "sources of the IPv6 address, such as interface, http, dns, interface:eth0; [] for no IPv6",
        MAY_BE_EMPTY,
    ] = ("interface", "http", "dns")
    agree: Annotated[
        int | None,
        "how many independent sources must say the same (never more than there are)",
        Bounds(1, 100),
    ] = None
    allow: Annotated[
        tuple[Allowed, ...],
        "kinds of addresses to publish although the Internet cannot reach them",
        MAY_BE_EMPTY,
    ] = ()
    listen: Annotated[
        tuple[Teller, ...],
        "who may tell of a changed address between two looks: gateway (NAT-PMP and PCP announcements), "
        "upnp (events), tripwire (does the gateway still own our address?), stun (a STUN server of ipv4, "
        "asked now and then); [] for nobody",
        MAY_BE_EMPTY,
    ] = ("gateway", "upnp", "tripwire", "stun")
    probe: Annotated[
        tuple[str, ...],
        "what tells whether the line is up: icmp:HOST, tcp:HOST:PORT, http:URL, with its weight behind "
        'it if that is not 1 ("icmp:1.1.1.1 x2"); without any, the line is taken for up',
        MAY_BE_EMPTY,
    ] = ()
    probe_interval: Annotated[timedelta, "time from one round of probes to the next", Bounds(1, 3600)] = (
        timedelta(seconds=10)
    )
    detect: Annotated[
        timedelta,
        "how long less than half of the probes, by weight, must be answered until the line is down",
        Bounds(1, 86_400),
    ] = timedelta(seconds=30)
    recover: Annotated[
        timedelta,
        "how long two thirds of the probes must be answered until a line that was down is used again",
        Bounds(0, 86_400),
    ] = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class RecordTable:
    """`[[record]]`."""

    name: Annotated[tuple[Name, ...], "the name that shall point at you, or a list of names"]
    account: Annotated[tuple[str, ...], "the account that holds the name, or a list: each of them gets it"]
    type: Annotated[tuple[RRType, ...], "the types to keep: A is IPv4, AAAA is IPv6"] = (
        RRType.A,
        RRType.AAAA,
    )
    ttl: Annotated[
        Seconds | None,
        "how long resolvers may keep the answer, in seconds; without it, what the provider has",
        Bounds(1, 2_147_483_647),  # RFC 2181, 8
    ] = None
    uplink: Annotated[
        tuple[str, ...] | None, "uplinks to take the address from, best first; without it, all of them"
    ] = None
    policy: Annotated[
        Policy, "failover: the address of the first uplink that works; all: those of all uplinks"
    ] = "failover"
    share: Annotated[
        bool,
        "others keep addresses of theirs at the same name: add and remove only those that this agent put "
        "there",
    ] = False
    host: Annotated[
        HostId | None,
        'IPv6 of another machine: its interface id ("::1234"), its MAC address, or "neighbour:MAC" for '
        "what the neighbour table of this machine has, privacy addresses too; with a prefix shorter than "
        '64 bits and several networks, network and id, and how long the prefix is ("0:0:0:5::1234/56")',
    ] = None
    options: Annotated[
        Mapping[str, object], "what only this provider knows, such as { proxied = false }"
    ] = field(default_factory=dict)
