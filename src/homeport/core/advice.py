"""What a verdict is made of: its words, and what a person can do about each.  Pure."""

from __future__ import annotations

from typing import NamedTuple

WORDS: dict[str, str] = {
    "agreement": "independent views name one address",
    "direct": "this machine has the public address itself",
    "nat": "the router has the public address and translates",
    "cgnat": "the provider shares one public address between customers",
    "double-nat": "two routers translate, one behind the other",
    "vpn": "the Internet sees the far end of a tunnel or a proxy",
    "captive-portal": "a login page stands in the way",
    "split-horizon": "web pages, DNS and STUN servers do not see the same address",
    "flapping": "the address changes again and again",
    "disagreement": "the views contradict each other",
    "alone": "one view only, which nothing confirms",
    "given": "a person wrote it, or their program said it",
    "unknown": "nobody could tell",
}
SHARED = (
    "over IPv4 nobody can open a connection to you; ask the provider for a public IPv4 address, "
    "publish IPv6 (AAAA), or use a tunnel that has a public address"
)
TWICE = (
    "if the other router is yours, set it to bridge mode or forward the ports on both; "
    "if it is the provider's, ask for a public IPv4 address, or publish IPv6 (AAAA)"
)
LINES = (
    "if there are several lines, give each a table [uplink.NAME] with its interface; if not, keep only a "
    'source that sees the right one, such as "gateway" or "interface", or ask for more agreement: agree = 3'
)
BIND = (
    "if the line's own address is to be published, bind the uplink to the line's interface, or keep only "
    'a source that sees it, such as "gateway" or "interface"; if the tunnel\'s is, there is nothing to do'
)
MORE = 'add a source of another operator, such as "http", "dns" or "gateway"'


class Verdict(NamedTuple):
    """What is the matter with one line and family.  All values are plain."""

    word: str  # one of `WORDS`
    says: str  # what was seen
    advice: str = ""  # what the person can do; empty if nothing needs doing
    sure: bool = True  # does the evidence prove it?
