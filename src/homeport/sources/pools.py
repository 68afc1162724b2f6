"""The built-in services that tell an address, as data.

Each entry says who stands behind it: two services of one operator are one witness, whatever their
names.  In the order of preference; those that ask for few questions come last.  From the services'
own pages and from the code of other clients (read 2026-11-21).

A service that says how often it may be asked is asked that often at most, both families and all uplinks
of this machine together, over restarts too.  One that says nothing is asked `USUAL` at most: the closest
watch that the agent ever keeps is three looks a minute, and those for a few minutes a day.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..core.budget import Budget
from ..core.dns import RRType
from ..wire.dns import AAAA, TXT, A
from ..wire.whoami import CH, IN

V4, V6 = RRType.A, RRType.AAAA
MINUTE, HOUR, DAY = 60, 3600, 86400
USUAL = Budget(300, HOUR)


class Page(NamedTuple):
    """A page that answers with the address alone, or with a Cloudflare trace."""

    name: str
    operator: str
    urls: Mapping[RRType, str]  # all HTTPS: what is not authenticated is no witness
    trace: bool = False
    limit: Budget = USUAL


class Whoami(NamedTuple):
    """A DNS server that answers with the address it was asked from."""

    name: str
    operator: str
    owner: str
    servers: Mapping[RRType, str]  # addresses
    rdtypes: Mapping[RRType, int]
    rdclass: int = IN
    limit: Budget = USUAL


class StunServer(NamedTuple):
    """A public STUN server; its name has addresses of both families."""

    name: str
    operator: str
    host: str
    port: int = 3478
    limit: Budget = USUAL


HTTP = (
    Page(
        "cloudflare",
        "cloudflare",
        dict.fromkeys((V4, V6), "https://api.cloudflare.com/cdn-cgi/trace"),
        True,
    ),
    Page("ipify", "ipify", {V4: "https://api4.ipify.org/", V6: "https://api6.ipify.org/"}),
    Page("ident.me", "ident.me", {V4: "https://v4.ident.me/", V6: "https://v6.ident.me/"}),
    Page("nnev", "nnev", {V4: "https://ip4.nnev.de/", V6: "https://ip6.nnev.de/"}),
    Page("amazon", "amazon", {V4: "https://checkip.amazonaws.com/"}),
    Page("seeip", "seeip", {V4: "https://ipv4.seeip.org/", V6: "https://ipv6.seeip.org/"}),
    Page("icanhazip", "cloudflare", {V4: "https://ipv4.icanhazip.com/", V6: "https://ipv6.icanhazip.com/"}),
    Page(
        "nsupdate.info",
        "nsupdate.info",
        {V4: "https://ipv4.nsupdate.info/myip", V6: "https://ipv6.nsupdate.info/myip"},
    ),
    Page("ifconfig.me", "ifconfig.me", dict.fromkeys((V4, V6), "https://ifconfig.me/ip")),
    Page("ifconfig.io", "ifconfig.io", dict.fromkeys((V4, V6), "https://ifconfig.io/ip")),
    Page("ipinfo", "ipinfo", {V4: "https://ipinfo.io/ip"}, limit=Budget(1000, DAY)),
    Page(
        "desec",
        "desec",
        {V4: "https://checkipv4.dedyn.io/", V6: "https://checkipv6.dedyn.io/"},
        limit=Budget(3, MINUTE),
    ),
    Page(
        "wtfismyip",
        "wtfismyip",
        {V4: "https://ipv4.wtfismyip.com/text", V6: "https://ipv6.wtfismyip.com/text"},
        limit=Budget(1, MINUTE),
    ),
)

# Of pages that are no part of the pool, but that people write: what their operators ask for.
WRITTEN: Mapping[str, Budget] = {
    "checkip.dyndns.com": Budget(1, 10 * MINUTE),
    "checkip.dyndns.org": Budget(1, 10 * MINUTE),
    "checkip.dedyn.io": Budget(3, MINUTE),
    "ifconfig.co": Budget(1, MINUTE),
    "ipinfo.io": Budget(1000, DAY),
    "wtfismyip.com": Budget(1, MINUTE),
}

DNS = (
    Whoami(
        "cloudflare",
        "cloudflare",
        "whoami.cloudflare",
        {V4: "1.1.1.1", V6: "2606:4700:4700::1111"},
        {V4: TXT, V6: TXT},
        CH,
    ),
    Whoami(
        "opendns",
        "cisco",
        "myip.opendns.com",
        {V4: "208.67.222.222", V6: "2620:119:35::35"},
        {V4: A, V6: AAAA},
    ),
    Whoami(
        "google",
        "google",
        "o-o.myaddr.l.google.com",
        {V4: "216.239.32.10", V6: "2001:4860:4802:32::a"},
        {V4: TXT, V6: TXT},
    ),
    Whoami("akamai", "akamai", "whoami.akamai.net", {V4: "193.108.88.1"}, {V4: A}),
)

STUN = (
    StunServer("cloudflare", "cloudflare", "stun.cloudflare.com"),
    StunServer("google", "google", "stun.l.google.com", 19302),
    StunServer("nextcloud", "nextcloud", "stun.nextcloud.com"),
    StunServer("twilio", "twilio", "global.stun.twilio.com"),
)
