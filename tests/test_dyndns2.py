"""dyndns2: what a request says, what each answer means, and how services differ."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from homeport.core.dns import IPAddress, Name, RRset, RRType
from homeport.core.errors import (
    AccountRefused,
    BadCredentials,
    Blocked,
    NoAnswer,
    NoSuchName,
    ProviderError,
    Reaction,
    Refused,
    Throttled,
    Unintelligible,
    Unreachable,
)
from homeport.core.secret import Secret
from homeport.driver import Api, Task
from homeport.providers.dyndns2 import DynDNS2
from homeport.wire import dyndns2
from homeport.wire.dyndns2 import MOST_HOSTS, Service, query, verdicts
from homeport.wire.dyndns2_services import GONE, SERVICES
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import Agent, NoDns, Wire, agent, crowd, only, run, want
from tests.fakes import Fake
from tests.fakes import query as asked
from tests.fakes.dyndns2 import FakeDedyn, FakePlain, FakeStrato

PLAIN = Service(title="Test", url="https://dyn.example.net/nic/update", hosts=MOST_HOSTS)
A, B, C = (Name(f"{letter}.example.com") for letter in "abc")
FOUR, SIX = ip_address("192.0.2.1"), ip_address("2001:db8::1")


def one(body: str, service: Service = PLAIN) -> ProviderError | None:
    found = verdicts(body, [A], {FOUR}, service)
    assert found is not None
    return found[A]


MEANINGS: list[tuple[str, type[ProviderError], Reaction, bool]] = [
    ("badauth", BadCredentials, Reaction.HALT, True),
    ("!donator", AccountRefused, Reaction.HALT, True),
    ("notfqdn", NoSuchName, Reaction.HALT, False),
    ("nohost", NoSuchName, Reaction.HALT, False),
    ("!yours", NoSuchName, Reaction.HALT, False),
    ("!active", Refused, Reaction.HALT, False),
    ("disabled", AccountRefused, Reaction.HALT, True),
    ("numhost", Refused, Reaction.HALT, False),
    ("abuse", Blocked, Reaction.BACK_OFF, True),
    ("badagent", AccountRefused, Reaction.HALT, True),
    ("badsys", AccountRefused, Reaction.HALT, True),
    ("badip", Refused, Reaction.HALT, False),
    ("badrequest", Refused, Reaction.HALT, False),
    ("fatal", Refused, Reaction.HALT, False),
    ("dnserr", Throttled, Reaction.BACK_OFF, False),
    ("911", Throttled, Reaction.BACK_OFF, False),
    ("interval", Throttled, Reaction.BACK_OFF, False),
    ("w90s", Throttled, Reaction.BACK_OFF, False),
    ("servererror", Throttled, Reaction.BACK_OFF, False),
    ("unknown", Throttled, Reaction.BACK_OFF, False),
]


@pytest.mark.parametrize(("code", "kind", "reaction", "account"), MEANINGS)
@pytest.mark.parametrize("form", ["{}", "{} 192.0.2.1", "  {}\r\n", "{}\n\n"])
def test_each_code_says_what_the_agent_must_do(
    code: str, kind: type[ProviderError], reaction: Reaction, account: bool, form: str
) -> None:
    for said in code, code.upper():
        error = one(form.format(said))
        assert type(error) is kind
        assert (error.reaction, error.whole_account) == (reaction, account)
        assert code in str(error) and "Test" in str(error) and "a.example.com" in str(error)


def test_the_table_above_is_the_whole_table() -> None:
    assert {code for code, *_ in MEANINGS} | {"good", "nochg"} == dyndns2.CODES | {"w90s"}


@pytest.mark.parametrize(
    ("code", "seconds"),
    [
        ("911", 1800),
        ("servererror", 1800),
        ("unknown", 1800),
        ("dnserr", 1800),
        ("interval", 300),
        ("w30m", 1800),
        ("w02h", 7200),
        ("w45s", 45),
    ],
)
def test_what_asks_for_patience_says_how_long(code: str, seconds: float) -> None:
    error = one(code)
    assert isinstance(error, Throttled) and error.retry_after == seconds


@pytest.mark.parametrize(
    "body",
    [
        "good",
        "good 192.0.2.1",
        "nochg",
        "NOCHG 192.0.2.1\r\n",
        "good 198.51.100.9",
        "good 192.0.2.1,2001:db8::1",
    ],
)
def test_good_and_nochg_are_success_whatever_follows(body: str) -> None:
    assert one(body) is None


def test_good_with_the_loopback_address_means_that_we_are_ignored() -> None:
    assert type(one("good 127.0.0.1")) is AccountRefused
    loopback = ip_address("127.0.0.1")
    assert verdicts("good 127.0.0.1", [A], {loopback}, PLAIN) == {A: None}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\r\n \n",
        "<html>good</html>",
        "<!DOCTYPE html>\ngood\n",
        "all good",
        "goodbye",
        "good: 192.0.2.1",
        "no change",
        '{"status": "good"}',
        "successfully_changed 192.0.2.1",
    ],
)
def test_what_is_no_code_is_no_answer(body: str) -> None:
    assert verdicts(body, [A], {FOUR}, PLAIN) is None


words = st.sampled_from(
    ["good", "nochg", "GOOD", "nohost", "911", "<html>", "goodness", "good,", "192.0.2.1"]
)
lines = st.lists(words | st.text(max_size=8), max_size=4).map(" ".join)
bodies = st.lists(lines, max_size=5).map("\n".join) | st.text(max_size=60)


@given(body=bodies, hosts=st.integers(1, 4), success=st.booleans())
@example(body="nohost\ngood", hosts=1, success=True)
@example(body="<p>\ngood\ngood", hosts=3, success=True)
def test_nothing_is_success_but_a_line_whose_first_word_is_good_or_nochg(
    body: str, hosts: int, success: bool
) -> None:
    names = [A, B, C, Name("d.example.com")][:hosts]
    try:
        found = verdicts(body, names, {FOUR}, PLAIN, success=success) or {}
    except ProviderError:
        return
    said = [line.split() for line in body.splitlines() if line.strip()]
    good = [line[0].lower() in ("good", "nochg") for line in said]
    assert found.keys() <= set(names)
    for name, verdict in found.items():
        if verdict is None:
            assert success and not body.lstrip().startswith("<")
            assert good[names.index(name)] if len(good) > 1 else good == [True]


def test_as_many_lines_as_hosts_are_paired_in_order() -> None:
    found = verdicts("good\nnohost\nnochg", [A, B, C], {FOUR}, PLAIN)
    assert found is not None
    assert (found[A], type(found[B]), found[C]) == (None, NoSuchName, None)
    assert "b.example.com" in str(found[B])


def test_one_line_for_several_hosts_is_for_all_of_them() -> None:
    assert verdicts("good 192.0.2.1", [A, B], {FOUR}, PLAIN) == {A: None, B: None}
    with pytest.raises(BadCredentials, match="1 more"):
        verdicts("badauth", [A, B], {FOUR}, PLAIN)


def test_a_host_without_a_line_is_not_known() -> None:
    found = verdicts("good\nnochg", [A, B, C], {FOUR}, PLAIN)
    assert found == {A: None, B: None}


def test_of_several_lines_for_one_host_all_must_be_good() -> None:
    assert one("good 192.0.2.1\nnochg 2001:db8::1") is None
    assert isinstance(one("good 192.0.2.1\nabuse 2001:db8::1"), Blocked)


def test_words_of_one_service_are_success_only_there() -> None:
    assert one("successfully_changed 192.0.2.1", SERVICES["infomaniak"]) is None
    assert one("no_change 192.0.2.1", SERVICES["infomaniak"]) is None


both: dict[RRType, frozenset[IPAddress]] = {RRType.A: frozenset({FOUR}), RRType.AAAA: frozenset({SIX})}
only4 = {RRType.A: both[RRType.A]}
only6 = {RRType.AAAA: both[RRType.AAAA]}


@pytest.mark.parametrize(
    ("service", "addresses", "said"),
    [
        ("dyn", both, "myip=192.0.2.1,2001:db8::1"),
        ("dyn", only6, "myip=2001:db8::1"),
        ("he", only6, "myip=2001:db8::1"),
        ("dynu", both, "myip=192.0.2.1 myipv6=2001:db8::1"),
        ("dynu", only6, "myip=no myipv6=2001:db8::1"),
        ("dynu", only4, "myip=192.0.2.1 myipv6=no"),
        ("allinkl", both, "myip=192.0.2.1 myip6=2001:db8::1"),
        ("corenetworks", only4, "keepipv6=1 myip=192.0.2.1"),
        ("corenetworks", only6, "keepipv4=1 myip=2001:db8::1"),
        ("desec", only4, "myipv4=192.0.2.1 myipv6=preserve"),
        ("desec", only4 | {RRType.AAAA: frozenset()}, "myipv4=192.0.2.1 myipv6="),
        ("strato", only4 | {RRType.AAAA: frozenset()}, "myip=192.0.2.1"),
        ("ovh", only4, "myip=192.0.2.1 system=dyndns"),
    ],
)
def test_each_service_is_told_the_families_in_its_own_way(service: str, addresses: Any, said: str) -> None:
    told = query(SERVICES[service], ["a.example.com", "b.example.com"], addresses)
    assert told.pop("hostname") == "a.example.com,b.example.com"
    assert " ".join(f"{key}={value}" for key, value in sorted(told.items())) == said


def driver(**settings: Any) -> DynDNS2:
    values: dict[str, Any] = {"password": Secret("p"), "username": "u"} | settings
    return DynDNS2(**values)


def test_an_endpoint_is_used_exactly_as_it_is_written() -> None:
    fake = FakePlain()
    for url in "https://dyn.example.net/nic/update/?system=custom", "http://127.0.0.1:8245/":
        provider = driver(endpoint=url, password=Secret(fake.good), username="me")
        guest = Agent(fake, Wire(fake), provider)
        assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
        [request] = guest.wire.sent
        assert request.url == url.partition("?")[0]
        assert asked(request).get("system", "") == ("custom" if "?" in url else "")


def test_an_endpoint_beside_a_service_is_another_server_of_the_same_kind() -> None:
    fake = FakeStrato()
    provider = replace(fake.driver(fake.good), endpoint="http://127.0.0.1:8245/nic/update")
    guest = Agent(fake, Wire(fake), provider)
    guest.bring_about(want(fake.owner, "192.0.2.1"), want(fake.owner, "2001:db8::1", rrtype=RRType.AAAA))
    [request] = guest.wire.sent
    assert request.url == "http://127.0.0.1:8245/nic/update"
    assert asked(request)["myip"] == "192.0.2.1,2001:db8::1"


def test_an_ipv6_update_goes_where_the_service_wants_it() -> None:
    fake = FakePlain()
    guest = Agent(fake, Wire(fake), driver(service="variomedia", password=Secret(fake.good), username="me"))
    guest.bring_about(want(fake.owner, "192.0.2.1"), want(fake.owner, "2001:db8::1", rrtype=RRType.AAAA))
    assert {r.url: asked(r)["myip"] for r in guest.wire.sent} == {
        "https://dyndns4.variomedia.de/nic/update": "192.0.2.1",
        "https://dyndns6.variomedia.de/nic/update": "2001:db8::1",
    }


def test_the_style_of_an_unknown_server_is_one_family_a_request_unless_said() -> None:
    fake = FakePlain()
    wanted = want(fake.owner, "192.0.2.1"), want(fake.owner, "2001:db8::1", rrtype=RRType.AAAA)
    guest = agent(fake)
    guest.bring_about(*wanted)
    assert [asked(r)["myip"] for r in guest.wire.sent] == ["192.0.2.1", "2001:db8::1"]
    guest = agent(FakeStrato())
    guest.provider = driver(
        endpoint="https://x.test/", ipv6="comma", username="me", password=Secret(fake.good)
    )
    guest.bring_about(*wanted)
    assert [asked(r)["myip"] for r in guest.wire.sent] == ["192.0.2.1,2001:db8::1"]


def test_a_service_without_ipv6_says_so_and_is_not_asked() -> None:
    fake = FakePlain()
    guest = Agent(fake, Wire(fake), driver(service="dnsomatic"))
    refused = only(guest.bring_about(want(fake.owner, "2001:db8::1", rrtype=RRType.AAAA)))
    assert type(refused) is Refused and "IPv4 only" in str(refused)
    assert guest.wire.sent == []


def test_an_address_is_removed_by_silence_only_where_silence_removes() -> None:
    gone = RRset(Name("home.example.com"), RRType.AAAA, frozenset())
    left = want("home.example.com", "192.0.2.1")
    assert FakeStrato().driver("k").cannot(gone, left) is None
    assert FakeStrato().driver("k").cannot(gone, None) is not None
    assert FakeStrato().driver("k").cannot(gone, replace(left, addresses=frozenset())) is not None
    assert FakePlain().driver("k").cannot(gone, left) is not None
    assert driver(service="noip").cannot(gone, left) is not None
    assert FakeDedyn().driver("k").cannot(gone, None) is None


def test_a_label_takes_the_place_of_the_name() -> None:
    fake = FakePlain()
    seen: list[dict[str, str]] = []

    def label(f: Fake, request: Request) -> Reply:
        seen.append(asked(request))
        return Reply(200, b"good 192.0.2.1")

    guest = Agent(fake, Wire(fake, {1: label}), driver(service="hetunnel", hostname="123456"))
    verdicts = guest.bring_about(*(want(name, "192.0.2.1") for name in crowd(fake, 30)))
    assert set(verdicts.values()) == {None}
    assert [said["hostname"] for said in seen] == ["123456"]


def answering(status: int, body: bytes, **settings: Any) -> ProviderError | None:
    fake = FakePlain()
    provider = driver(**({"endpoint": "https://dyn.example.net/nic/update"} | settings))
    guest = Agent(fake, Wire(fake, {1: lambda f, r: Reply(status, body)}), provider)
    return only(guest.bring_about(want(fake.owner, "192.0.2.1")))


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, b"badauth", BadCredentials),
        (401, b"<html>Unauthorized</html>", BadCredentials),
        (401, b"", BadCredentials),
        (403, b"abuse", Blocked),
        (403, b"<html>good</html>", Unintelligible),
        (404, b"nohost", NoSuchName),
        (404, b"<html>good</html>", Unintelligible),
        (500, b"911", Throttled),
        (500, b"<html>oops</html>", Unreachable),
        (500, b"good 192.0.2.1", Unreachable),
        (502, b"", Unreachable),
        (200, b"", NoAnswer),
        (204, b"", NoAnswer),
        (200, b"<html>\ngood\n</html>", Unintelligible),
        (200, b"hello", Unintelligible),
    ],
)
def test_the_body_is_read_whatever_the_status(
    status: int, body: bytes, expected: type[ProviderError]
) -> None:
    error = answering(status, body)
    assert type(error) is expected
    assert status == 401 or expected in (Blocked, NoSuchName) or error.reaction is not Reaction.HALT


def test_no_content_is_no_change_only_where_it_means_that() -> None:
    assert answering(204, b"", service="selfhost") is None


def test_one_line_that_refuses_several_hosts_is_asked_again_host_by_host() -> None:
    fake = FakePlain()
    names = crowd(fake, 8)

    def simple(f: Fake, request: Request) -> Reply:
        return Reply(200, b"notfqdn") if "," in asked(request)["hostname"] else f(request)

    guest = agent(fake, dict.fromkeys(range(30), simple))
    assert set(guest.bring_about(*(want(name, "192.0.2.1") for name in names)).values()) == {None}
    assert len(guest.wire.sent) == 15


def test_after_an_abuse_nothing_is_asked_again() -> None:
    fake = FakePlain()
    guest = agent(fake, {1: lambda f, r: Reply(200, b"abuse")})
    verdicts = guest.bring_about(*(want(name, "192.0.2.1") for name in crowd(fake, 8)))
    assert {type(verdict) for verdict in verdicts.values()} == {Blocked}
    assert len(guest.wire.sent) == 1


def test_an_outage_stops_the_other_requests_of_the_round() -> None:
    fake = FakePlain()
    guest = agent(fake, {1: lambda f, r: Reply(200, b"911")})
    verdicts = guest.bring_about(*(want(name, "192.0.2.1") for name in crowd(fake, 100)))
    assert {type(verdict) for verdict in verdicts.values()} == {Throttled}
    assert len(guest.wire.sent) == 1


def test_a_refresh_is_the_services_unless_it_is_set() -> None:
    assert driver(service="dyfi").refresh_days() == 6
    assert driver(service="dyfi", refresh=0).refresh_days() is None
    assert driver(service="he", refresh=20).refresh_days() == 20
    assert driver(endpoint="https://x.test/").refresh_days() is None


@pytest.mark.parametrize(
    ("settings", "setting", "says"),
    [
        ({}, "service", "noip"),
        ({"service": "no-ip"}, "service", "'noip'"),
        ({"service": "zzz"}, "service", "homeport providers"),
        ({"service": "google"}, "service", "closed"),
        ({"service": "noip", "username": None}, "username", "missing"),
        ({"service": "opendns"}, "hostname", "label"),
        ({"service": "enom"}, "domain", "example.com"),
        ({"service": "enom", "domain": "com"}, "domain", "single label"),
        ({"service": "powerdnsadmin"}, "endpoint", "YOUR-SERVER"),
        ({"endpoint": "dyn.example.net"}, "endpoint", "https://"),
        ({"endpoint": "https://u:p@dyn.example.net/"}, "endpoint", "settings of their own"),
        ({"service": "noip", "refresh": -1}, "refresh", "0 for never"),
    ],
)
def test_mistakes_say_what_to_write(settings: dict[str, Any], setting: str, says: str) -> None:
    [(where, what)] = driver(**settings).mistakes()
    assert where == setting and says in what
    assert "u:p" not in what


def test_a_user_name_is_asked_for_only_where_there_is_one() -> None:
    assert list(driver(service="dynv6", username=None).mistakes()) == []
    assert [where for where, _ in driver(service="mydns", username=None).mistakes()] == ["username"]
    assert GONE.keys().isdisjoint(SERVICES)


def test_a_forgetful_service_is_told_the_sibling_that_is_not_due() -> None:
    fake = FakeStrato()
    guest = agent(fake)
    task = Task(
        want(fake.owner, "192.0.2.1"), (), None, want(fake.owner, "2001:db8::1", rrtype=RRType.AAAA)
    )
    told: list[Any] = []
    api = Api(guest.provider, guest.wire, NoDns(), now=lambda: 0.0)
    run(guest.provider.write(api, [task], told.append))
    assert told == [{(Name(fake.owner), RRType.A): None}]
    assert fake.held(fake.owner, "AAAA") == ["2001:db8::1"]
