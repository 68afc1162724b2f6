"""Which address is true: what the views of one look say together, and never more than they hold."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.address import AddressClass, classify
from homeport.core.dns import IPAddress, RRType
from homeport.core.errors import SourceError
from homeport.core.observation import Reading, judge
from homeport.core.rhythm import Sighting
from homeport.core.verdict import WORDS, tunnelled, verdict
from homeport.wire import echo

NOW = 1_763_726_400.0


def said(source: str, *texts: str, operator: str = "", allow: Sequence[str] = ()) -> Reading:
    """A judged reading; each source has an operator of its own unless said otherwise."""
    word = source.partition(":")[0]
    local = word in ("interface", "route")
    operator = operator or ("this machine" if local else source)
    return judge(Reading(source, operator, local, frozenset(map(ip_address, texts))), allow)


def failed(source: str, error: str = "no answer within 5 s") -> Reading:
    return Reading(source, source, False, None, error)


def changes(*addresses: str, every: float = 120.0) -> list[Sighting]:
    """One after the other, the last one just now."""
    first = NOW - every * (len(addresses) - 1)
    return [Sighting(first + every * n, (address,)) for n, address in enumerate(addresses)]


STABLE, TEMPORARY = "2600:1::211:22ff:fe33:4455", "2600:1::a8c1:5cff:9d0e:7788"
HTML = "answered with a web page, not an address (a captive portal?)"
TROUBLE = {
    "html": HTML,
    "302": "redirected to login.hotel.example (not followed)",
    "511": "answered 511",
    "name": "GET https://a.example/: the server's certificate has the wrong name: it is not for a.example",
    "clock": "GET https://a/: the server's certificate is not valid yet; is this machine's clock right?",
    "late": "no answer within 5 s",
}


def look(text: str, allow: Sequence[str] = ()) -> list[Reading]:
    """`http:a=8.8.8.1` said that, `http:b!late` had that trouble, `dns:c@a=8.8.8.1` has the operator a."""
    readings = []
    for word in text.split():
        if "!" in word:
            source, _, trouble = word.partition("!")
            readings.append(failed(source, TROUBLE[trouble]))
        else:
            source, _, address = word.partition("=")
            source, _, operator = source.partition("@")
            readings.append(said(source, *address.split(","), operator=operator, allow=allow))
    return readings


# The verdict (with a question mark if it is not sure), the look, and words that must be said.
CASES = [
    ("direct", "interface=8.8.8.1 http:a=8.8.8.1", ["itself has 8.8.8.1"]),
    ("direct", f"interface={STABLE} http:a={TEMPORARY}", ["temporary", "8981", STABLE]),
    ("direct", "interface=8.8.8.1 gateway=8.9.9.9 dns:a=8.8.8.1", []),  # a routed network
    ("nat", "interface=192.168.1.2 gateway=8.8.8.1 http:a=8.8.8.1", ["the router has 8.8.8.1"]),
    ("nat?", "interface=fd00::1 http:a=2600:1::1", ["fd00::1", "perhaps"]),
    ("cgnat", "interface=192.168.1.2 gateway=100.64.9.9 http:a=8.8.8.1", ["100.64.9.9", "8.8.8.1"]),
    (
        "cgnat",
        "gateway=100.64.9.9 http:a=8.8.8.1 http:b=8.8.8.2",
        ["http:a says 8.8.8.1; http:b says 8.8.8.2"],
    ),
    ("cgnat", "gateway=100.127.255.255 http:a!late", ["100.127.255.255"]),
    ("cgnat", "gateway=192.0.0.2 http:a=8.8.8.1", ["DS-Lite"]),
    ("cgnat", "route=192.0.0.4 http:a=8.8.8.1", ["RFC 7335"]),
    ("cgnat?", "route=100.64.9.9 http:a=8.8.8.1", ["or a VPN"]),
    ("nat", "route=100.64.9.9 gateway=8.8.8.1 http:a=8.8.8.1", []),
    ("alone", "route=100.64.9.9 gateway=8.8.8.1 http:a!late", ["the router has 8.8.8.1"]),
    ("double-nat", "gateway=192.168.178.20 http:a=8.8.8.1", ["192.168.178.20", "another router"]),
    ("double-nat", "gateway=10.0.0.5 http:a!late", ["10.0.0.5", "nobody outside"]),
    ("vpn?", "gateway=8.8.8.1 http:a=9.9.9.9 dns:b=9.9.9.9", ["proxy", "NAT of the provider", "old"]),
    ("vpn?", "interface=2600:1::1 http:a=2600:2::9 http:b=2600:2::9", ["this machine has 2600:1::1"]),
    ("disagreement?", "gateway=8.8.8.1 http:a=9.9.9.9", ["wrong or late"]),
    ("disagreement?", "http:a=8.8.8.1 http:b=9.9.9.9", ["http:a says 8.8.8.1"]),
    ("disagreement?", "static:x=8.8.8.1 http:b=9.9.9.9", ["configuration"]),
    ("agreement", "interface=192.168.1.2 http:a=8.8.8.1 dns:b=8.8.8.1", ["behind a NAT", "does not tell"]),
    ("agreement", "http:a=8.8.8.1 static:x=8.8.8.1", ["http:a, the configuration say"]),
    ("agreement?", "http:a=8.8.8.1 http:b=8.8.8.1 http:c=9.9.9.9", ["http:c says 9.9.9.9 instead"]),
    ("agreement", "http:a=8.8.8.1 dns:b=8.8.8.1 dns:c=10.20.10.22", ["dns:c says 10.20.10.22", "closed"]),
    ("alone", "interface=192.168.1.2 http:a=8.8.8.1 dns:b!late", ["http:a alone"]),
    ("alone", "http:a@c=8.8.8.1 dns:b@c=8.8.8.1", []),
    ("alone", "interface=192.168.1.2 gateway=8.8.8.1 http:a!late", ["the router has 8.8.8.1"]),
    ("alone", "interface=8.8.8.1 http:a!late", ["this machine has 8.8.8.1"]),
    ("alone", "http:a!html http:b!html dns:c=8.8.8.1", []),
    ("given", "static:x=8.8.8.1", ["8.8.8.1"]),
    ("unknown", "interface=192.168.1.2 http:a!late dns:b!late", ["no answer"]),
    ("unknown", "http:a!name", []),
    ("unknown", "http:a!clock http:b!clock", []),
    ("unknown", "", ["no source"]),
    ("captive-portal?", "interface=192.168.1.2 http:a!html http:b!html dns:c!late", ["http:a"]),
    ("captive-portal", "http:a!302 http:b!html", ["login.hotel.example"]),
    ("captive-portal", "http:a!511 http:b!511", []),
    ("captive-portal?", "http:a!html", ["or that page does not tell"]),
    ("captive-portal?", "dns:c=10.0.0.1 http:a!html", ["closed network"]),
    ("captive-portal?", "http:a!name http:b!name", ["perhaps a portal"]),
    (
        "split-horizon",
        "http:a=9.9.9.9 http:b=9.9.9.9 dns:c=8.8.8.1 stun:d=8.8.8.1",
        ["a proxy for web pages"],
    ),
    ("split-horizon?", "http:a=9.9.9.9 stun:b=9.9.9.9 dns:c=8.8.8.1", ["answers DNS questions"]),
    ("split-horizon?", "http:a=9.9.9.9 dns:b=9.9.9.9 stun:c=8.8.8.1", ["STUN"]),
    ("split-horizon?", "http:a=9.9.9.9 dns:b=8.8.8.1 gateway=8.8.8.1", ["the router says 8.8.8.1"]),
]
QUIET = ("direct", "nat", "agreement", "agreement?", "given")  # there is nothing to do


@pytest.mark.parametrize(("word", "text", "words"), CASES)
def test_what_the_views_say_together(word: str, text: str, words: list[str]) -> None:
    found = verdict(look(text), now=NOW)
    assert (found.word, found.sure) == (word.removesuffix("?"), not word.endswith("?")), found
    assert all(part in found.says for part in words), found
    assert bool(found.advice) == (word not in QUIET)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("vpn", "gateway=8.8.8.1 http:a=9.9.9.9"),
        ("vpn", "interface=192.168.1.2 http:a=9.9.9.9"),
        ("vpn", "route=100.64.9.9 http:a=8.8.8.1"),
        ("direct", "route=8.8.8.1 dns:a=8.8.8.1"),
        ("nat", "gateway=8.8.8.1 http:a=8.8.8.1"),  # what leaves by the tunnel was not what asked
        ("double-nat", "gateway=192.168.178.20 http:a=9.9.9.9"),
    ],
)
def test_behind_a_tunnel_its_far_end_is_what_the_internet_sees(word: str, text: str) -> None:
    found = verdict(look(text), tunnel="wg0")
    assert (found.word, found.sure) == (word, True)
    assert ("tunnel wg0" in found.says) == (word in ("vpn", "direct"))


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("nat", "gateway=10.0.0.5 http:a=10.0.0.5"),
        ("nat", "gateway=203.0.113.7 dns:a=203.0.113.7"),
        ("direct", "interface=10.0.0.5 http:a=10.0.0.5"),
        ("double-nat", "gateway=10.0.0.5 http:a=8.8.8.1"),
    ],
)
def test_in_a_closed_network_its_own_addresses_are_as_good_as_public_ones(word: str, text: str) -> None:
    assert verdict(look(text, ["private"])).word == word


def test_no_address_on_purpose_is_not_unknown() -> None:
    found = verdict([said("static:none")])
    assert found.word == "given" and "on purpose" in found.says


def test_the_table_of_cases_knows_every_word_but_flapping_which_needs_a_history() -> None:
    assert {case[0].removesuffix("?") for case in CASES} == WORDS.keys() - {"flapping"}


def test_the_router_that_sees_the_line_is_named_in_the_advice_for_a_split_view() -> None:
    found = verdict(look("http:a=9.9.9.9 dns:b=8.8.8.1 gateway=8.8.8.1"))
    assert found.advice.endswith(": dns")


def test_a_login_page_is_recognised_by_the_words_of_the_reader_of_pages() -> None:
    with pytest.raises(SourceError) as caught:
        echo.plain(b"<!doctype html><html>Please log in: 1.2.1.1", RRType.A)
    assert verdict([failed("http:a", str(caught.value))]).word == "captive-portal"


# -- flapping ------------------------------------------------------------------------------------


ONE = look("gateway=8.8.8.1 http:a=8.8.8.1")


def test_back_and_forth_within_minutes_is_flapping_and_the_advice_names_the_remedies() -> None:
    found = verdict(ONE, changes("8.8.8.1", "9.9.9.9", "8.8.8.1", "9.9.9.9"), now=NOW)
    assert found.word == "flapping" and found.sure
    assert "8.8.8.1 and 9.9.9.9" in found.says and "3 changes" in found.says
    assert all(word in found.advice for word in ("uplink", "agree", "gateway"))


@pytest.mark.parametrize(
    "history",
    [
        [],
        changes("9.9.9.9", "8.8.8.1"),
        changes("8.8.8.1", "9.9.9.9", "8.8.8.1"),  # a fail-over and the way back
        changes("8.8.8.1", "8.8.8.1", "8.8.8.1", "8.8.8.1", "8.8.8.1", "8.8.8.1", "8.8.8.1"),
        changes("8.8.8.1", "9.9.9.9", "8.8.8.1", "9.9.9.9", "8.8.8.1", every=86_400),
        [one._replace(at=one.at + 7200) for one in changes("8.8.8.1", "9.9.9.9", "8.8.8.1", "9.9.9.9")],
        [one._replace(at=one.at - 7200) for one in changes("8.8.8.1", "9.9.9.9", "8.8.8.1", "9.9.9.9")],
    ],
)
def test_what_happens_once_long_ago_or_day_by_day_is_not_flapping(history: list[Sighting]) -> None:
    assert verdict(ONE, history, now=NOW).word == "nat"


def test_a_line_that_reconnects_all_the_time_is_unstable() -> None:
    found = verdict(ONE, changes(*(f"8.8.8.{n}" for n in range(7))), now=NOW)
    assert found.word == "flapping" and "6 changes" in found.says and "router" in found.advice


def test_two_addresses_at_once_that_took_turns_before_are_two_lines_perhaps() -> None:
    both = look("http:a=8.8.8.1 http:b=9.9.9.9")
    found = verdict(both, changes("8.8.8.1", "9.9.9.9"), now=NOW)
    assert found.word == "flapping" and not found.sure and "perhaps" in found.says
    assert verdict(both, changes("8.8.8.1", "8.8.8.9"), now=NOW).word == "disagreement"


def test_carrier_grade_nat_explains_changes_better_than_flapping_does() -> None:
    shared = look("gateway=100.64.9.9 http:a=8.8.8.1")
    assert verdict(shared, changes(*["8.8.8.1", "8.8.8.2"] * 4), now=NOW).word == "cgnat"


@pytest.mark.parametrize(
    ("name", "tunnel"),
    [
        ("wg0", True),
        ("tun1", True),
        ("utun3", True),
        ("tailscale0", True),
        ("ProtonVPN TUN", True),
        ("CloudflareWARP", True),
        ("WireGuard Tunnel", True),
        ("OpenVPN Wintun", True),
        ("ppp0", False),
        ("eth0", False),
        ("wlan0", False),
        ("Ethernet 2", False),
        ("enp3s0", False),
        ("br-lan", False),
    ],
)
def test_a_tunnel_is_known_by_its_name_and_pppoe_is_none(name: str, tunnel: bool) -> None:
    assert tunnelled(name) is tunnel


# -- laws ----------------------------------------------------------------------------------------

LABELS = [
    "interface",
    "route",
    "gateway",
    "http:a",
    "http:b",
    "dns:a",
    "dns:c",
    "stun:d",
    "file:/x",
    "static:y",
]
OPERATORS = {"interface": "here", "route": "here", "http:a": "a", "dns:a": "a"}
V4 = [
    "8.8.8.1",
    "9.9.9.9",
    "192.168.1.2",
    "10.0.0.5",
    "100.64.9.9",
    "192.0.0.2",
    "169.254.1.1",
    "203.0.113.7",
]
V6 = [STABLE, TEMPORARY, "2600:2::1", "fd00::1", "fe80::1", "2001:db8::1", "64:ff9b::808:808"]
ERRORS = [TROUBLE[word] for word in ("html", "late", "302", "511")]


@st.composite
def looks(draw: st.DrawFn) -> list[Reading]:
    pool = draw(st.sampled_from([V4, V4, V6]))
    allow = draw(st.sampled_from([(), (), ("private",), ("cgnat", "private")]))
    readings = []
    for label in draw(st.lists(st.sampled_from(LABELS), unique=True)):
        if draw(st.booleans()):
            texts = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=2, unique=True))
            readings.append(said(label, *texts, operator=OPERATORS.get(label, label), allow=allow))
        else:
            readings.append(failed(label, draw(st.sampled_from(ERRORS))))
    return readings


HISTORIES = st.lists(
    st.builds(Sighting, st.floats(NOW - 7200, NOW + 60), st.sampled_from(V4).map(lambda text: (text,))),
    max_size=8,
    unique_by=lambda one: one.at,
)
TUNNELS = st.sampled_from([None, "wg0"])


def values(readings: Sequence[Reading], *words: str, judged: bool = False) -> set[IPAddress]:
    """Independently of the code under test: what the sources of these kinds said."""
    return {
        address
        for reading in readings
        if reading.source.split(":")[0] in words
        for address in ((reading.addresses or ()) if judged else (reading.addresses or reading.refused))
    }


def near(one: IPAddress, other: IPAddress) -> bool:
    return one == other or (one.version == 6 and other in ip_network(f"{one}/64", strict=False))


@given(looks(), HISTORIES, TUNNELS)
def test_no_verdict_says_more_than_the_views_hold(
    readings: list[Reading], history: list[Sighting], tunnel: str | None
) -> None:
    found = verdict(readings, history, now=NOW, tunnel=tunnel)
    here, router = values(readings, "interface", "route"), values(readings, "gateway")
    outside = values(readings, "http", "dns", "stun", judged=True)
    voices = [r for r in readings if r.source.startswith(("http", "dns", "stun")) and r.addresses]
    match found.word:
        case "direct":
            assert any(near(mine, seen) for mine in here for seen in outside)
        case "nat":
            assert router & outside or (not found.sure and any(mine.version == 6 for mine in here))
        case "cgnat":
            carrier = [ip_network("100.64.0.0/10"), ip_network("192.0.0.0/29")]
            assert any(
                address in net for net in carrier for address in (router if found.sure else here)
            ) or any(address in carrier[1] for address in here)
        case "double-nat":
            assert any(classify(address) is AddressClass.PRIVATE for address in router)
        case "vpn":
            assert outside and not (outside & here and len(outside) == 1)
            assert found.sure is (tunnel is not None) or len({r.addresses for r in voices}) > 1
        case "captive-portal":
            assert not voices
            assert any(r.error in (HTML, *ERRORS[2:]) for r in readings if r.source.startswith("http"))
        case "split-horizon":
            assert (
                len({r.source.split(":")[0] for r in voices}) > 1 and len({r.addresses for r in voices}) > 1
            )
        case "flapping":
            assert len({one.addresses for one in history if one.at <= NOW}) > 1
        case "agreement":
            assert len({r.operator for r in readings if r.addresses or r.refused}) > 1
            if len({r.addresses for r in voices}) > 1:
                assert not found.sure
        case "alone":
            assert len({r.operator for r in voices}) <= 1 or len({r.addresses for r in voices}) > 1
        case "unknown" | "given":
            assert not voices
        case "disagreement":
            assert not found.sure and voices
        case other:
            raise AssertionError(other)


@given(looks(), HISTORIES, TUNNELS)
def test_a_verdict_names_only_addresses_that_somebody_said(
    readings: list[Reading], history: list[Sighting], tunnel: str | None
) -> None:
    found = verdict(readings, history, now=NOW, tunnel=tunnel)
    heard = {str(address) for r in readings for address in (*(r.addresses or ()), *r.refused)}
    heard |= {text for one in history for text in one.addresses}
    named = set(re.findall(r"\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f:]*:[0-9a-f]+", found.says))
    assert named <= heard
    assert found.says and "\n" not in found.says and "frozenset" not in found.says + found.advice


@given(looks(), HISTORIES, TUNNELS, st.randoms(use_true_random=False))
def test_the_order_of_readings_and_of_the_history_changes_nothing(
    readings: list[Reading], history: list[Sighting], tunnel: str | None, chance: Random
) -> None:
    first = verdict(readings, history, now=NOW, tunnel=tunnel)
    chance.shuffle(readings)
    chance.shuffle(history)
    assert verdict(readings, history, now=NOW, tunnel=tunnel) == first


@given(looks())
def test_what_needs_doing_comes_with_advice(readings: list[Reading]) -> None:
    found = verdict(readings)
    quiet = found.word in ("direct", "agreement", "given") or (found.word == "nat" and found.sure)
    assert quiet or found.advice or found.word == "nat"
    assert json.loads(json.dumps(found._asdict())) == found._asdict()
    assert found.word in WORDS
