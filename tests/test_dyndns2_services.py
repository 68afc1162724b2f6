"""Every row of the table of services: what it says to its service, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from homeport.core.dns import Name, RRType
from homeport.core.errors import (
    AccountRefused,
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Throttled,
)
from homeport.core.secret import Secret
from homeport.providers.dyndns2 import DynDNS2
from homeport.wire.dyndns2 import _FAILURES, CODES, MOST_HOSTS, Service, read
from homeport.wire.dyndns2_services import GONE, SERVICES
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import Agent, Wire, crowd, forms, only, quoted, want
from tests.fakes import Fake, shown
from tests.fakes.dyndns2 import FakeRow, answer, sample

every_row = pytest.mark.parametrize("name", SERVICES)
HERE4, HERE6 = "192.0.2.1", "2001:db8::1"
HOME = Name("home.example.com")
BY_STATUS_ALONE = {name for name, row in SERVICES.items() if 200 in row.statuses}


def fake_of(name: str) -> FakeRow:
    make: type[FakeRow] = type(f"Fake_{name}", (FakeRow,), {"service": name})
    return make()


def guest_of(name: str, reply: Reply | None = None, *, key: str | None = None) -> Agent:
    """An agent at that service; with `reply`, the service answers that to everything."""
    fake = fake_of(name)
    faults = {} if reply is None else dict.fromkeys(range(50), lambda f, r: reply)
    return Agent(fake, Wire(fake, faults), fake.driver(fake.good if key is None else key))


def answered(name: str, reply: Reply) -> ProviderError | None:
    guest = guest_of(name, reply)
    return only(guest.bring_about(want(guest.fake.owner, HERE4)))


def said(request: Request) -> dict[str, str]:
    return {key: shown(value) for key, value in request.query.items()} | dict(
        parse_qsl(request.body.decode(), keep_blank_values=True)
    )


@every_row
def test_a_row_is_whole(name: str) -> None:
    row = SERVICES[name]
    assert row.title and name.isalnum() and name == name.lower()
    for url in filter(None, [row.url, row.url6]):
        assert urlsplit(url).scheme == "https" and urlsplit(url).path and not urlsplit(url).query
    assert row.url or "endpoint" in row.notes
    assert row.url6 is None or row.ipv6 == "separate"
    assert urlsplit(row.doc).scheme in ("http", "https")
    assert 1 <= row.hosts <= MOST_HOSTS and (row.hosts == 1 or not row.words)
    assert not (row.by_label or row.zone or row.own_name or row.key_in) or row.notes or row.user_in
    assert row.key_in or not row.user_in
    assert list(fake_of(name).driver("k").mistakes()) == []


@every_row
def test_success_is_an_explicit_rule_of_the_row(name: str) -> None:
    row = SERVICES[name]
    rules = {**row.words, **{str(status): code for status, code in row.statuses.items()}}
    assert set(rules.values()) <= CODES
    assert row.speaks_codes or {"good", "nochg"} & set(rules.values())
    for words, code in row.words.items():
        assert words == words.strip() and (code not in ("good", "nochg") or "{any}" not in words)
    for status, code in row.statuses.items():
        assert code not in ("good", "nochg") or 200 <= status < 300
        assert 200 <= status < 300 or code not in ("good", "nochg")


@every_row
def test_a_row_says_each_family_and_both(name: str) -> None:
    row = SERVICES[name]
    wanted = {"A": want(fake_of(name).owner, HERE4)}
    wanted["AAAA"] = want(fake_of(name).owner, HERE6, rrtype=RRType.AAAA)
    for types in ["A"], ["AAAA"], ["A", "AAAA"]:
        guest = guest_of(name)
        found = guest.bring_about(*(wanted[rrtype] for rrtype in types))
        if row.ipv6 == "none":
            refused = found.pop((wanted["AAAA"].owner, RRType.AAAA), None)
            assert isinstance(refused, Refused) == ("AAAA" in types)
        assert set(found.values()) <= {None}
        told = [rrtype for rrtype in types if rrtype == "A" or row.ipv6 != "none"]
        assert len(guest.wire.sent) == (1 if row.ipv6 in ("comma", "params") and told else len(told))
        for rrtype, address in ("A", HERE4), ("AAAA", HERE6):
            if row.myip:
                assert guest.fake.held(guest.fake.owner, rrtype) == ([address] if rrtype in told else [])
        for request in guest.wire.sent:
            assert row.myip == "" or any(a in " ".join(said(request).values()) for a in (HERE4, HERE6))


@every_row
def test_the_second_time_nothing_is_sent(name: str) -> None:
    guest = guest_of(name)
    for _ in range(2):
        assert only(guest.bring_about(want(guest.fake.owner, HERE4))) is None
    assert len(guest.wire.sent) == 1


@every_row
def test_the_login_goes_where_the_row_says_and_nowhere_else(name: str) -> None:
    row, guest = SERVICES[name], guest_of(name)
    guest.bring_about(want(guest.fake.owner, HERE4))
    [request] = guest.wire.sent
    secret = guest.fake.good
    assert secret not in request.url + repr(request) + str(request)
    assert ("authorization" in request.headers) is not bool(row.key_in)
    assert [key for key, value in said(request).items() if secret in value] == [row.key_in] * bool(
        row.key_in
    )
    hidden = [value for value in request.query.values() if shown(value) == secret]
    assert all(isinstance(value, Secret) for value in hidden)


def rules() -> Iterator[Any]:
    for name, row in SERVICES.items():
        for words, code in row.words.items():
            yield pytest.param(name, sample(row, words), code, id=f"{name}-{words}")
        for status, code in row.statuses.items():
            yield pytest.param(name, Reply(status), code, id=f"{name}-{status}")
        if row.speaks_codes:
            for code in sorted(CODES):
                reply = answer(row, code, "home.example.com", HERE4) if row.header else None
                reply = reply or Reply(200, f"{code} {HERE4}\r\n".encode())
                yield pytest.param(name, reply, code, id=f"{name}-{code}")


@pytest.mark.parametrize(("name", "reply", "code"), list(rules()))
def test_each_answer_means_what_the_row_says(name: str, reply: Reply, code: str) -> None:
    error = answered(name, reply)
    if code in ("good", "nochg"):
        assert error is None
    else:
        kind, meaning = _FAILURES[code]
        assert type(error) is kind
        assert SERVICES[name].title in str(error) and meaning in str(error)
        if isinstance(error, Throttled):
            assert error.retry_after


@every_row
def test_words_of_success_are_no_success_with_an_error_status(name: str) -> None:
    row = SERVICES[name]
    for words, code in row.words.items():
        if code in ("good", "nochg"):
            for status in 400, 403, 500:
                reply = sample(row, words)
                assert answered(name, Reply(status, reply.body, reply.headers)) is not None


@every_row
def test_a_web_page_is_never_success(name: str) -> None:
    row = SERVICES[name]
    words = [w for w, code in row.words.items() if code in ("good", "nochg")]
    text = " ".join([*words, "good", "nochg", "OK", "success", HERE4]).replace("{", "").replace("}", "")
    for start in "<!DOCTYPE html>", "<html>", "<HTML>\n", "<head>", "<!-- x --><body>", "<p>":
        assert answered(name, Reply(200, f"{start}Sign in to the wifi, it is {text}</html>".encode()))
        if row.answers != "page":
            lines = "\n".join(text.split())
            assert answered(name, Reply(200, f"{start}\n{lines}\n</html>".encode())) is not None
    for status in 401, 403, 404, 500, 502:
        assert answered(name, Reply(status, b"<html>good\nOK\nsuccess</html>")) is not None


@every_row
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"all good",
        b"goodbye",
        b"not OK",
        b"OKAY",
        b"unsuccessful",
        b'{"a": [1]}',
        b"[1]",
        b"null",
        b'{"error": "OK good success"}',
        b"\xff\xfe\x00",
        b"<r><x>OK good 200</x></r>",
    ],
)
def test_what_no_rule_names_is_no_success(name: str, body: bytes) -> None:
    if name not in BY_STATUS_ALONE:
        assert answered(name, Reply(200, body)) is not None


@every_row
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 429, 500])
def test_no_answer_brings_a_secret_into_a_message(name: str, status: int) -> None:
    fake = fake_of(name)

    def quoting(f: Fake, request: Request) -> Reply:
        form = "&".join(said(request).values()).encode()
        return Reply(status, quoted(request) + form + request.body)

    guest = Agent(fake, Wire(fake, {1: quoting}), fake.driver(fake.good))
    error = only(guest.bring_about(want(fake.owner, HERE4)))
    assert error is not None or (name in BY_STATUS_ALONE and status == 200)
    assert all(form not in f"{error} {error!r}" for form in forms(fake) if form)


@every_row
def test_a_wrong_login_stops_the_account_where_the_service_says_so(name: str) -> None:
    row = SERVICES[name]
    guest = guest_of(name, key="wrong-key")
    verdicts = guest.bring_about(*(want(owner, HERE4) for owner in owners(name, 30)))
    assert None not in verdicts.values() and guest.fake.rows == []
    if answer(row, "badauth", "", "") is not None:
        assert {type(error) for error in verdicts.values()} == {BadCredentials}
        assert len(guest.wire.sent) == 1


def owners(name: str, size: int) -> list[str]:
    fake = fake_of(name)
    return [fake.owner] if SERVICES[name].own_name else crowd(fake, size)


@pytest.mark.parametrize(
    "name", [n for n, row in SERVICES.items() if not (row.by_label or row.one_host or row.own_name)]
)
def test_a_name_that_is_not_there_does_not_spoil_the_others(name: str) -> None:
    row = SERVICES[name]
    guest = guest_of(name)
    bad, *others = owners(name, 5)
    guest.fake.refused = {bad}
    verdicts = guest.bring_about(*(want(owner, HERE4) for owner in [bad, *others]))
    [refused] = [error for error in verdicts.values() if error is not None]
    assert not refused.whole_account
    if answer(row, "nohost", "", "") is not None:
        assert type(refused) is NoSuchName
    assert row.myip == "" or all(guest.fake.held(owner, "A") == [HERE4] for owner in others)


@every_row
def test_an_endpoint_takes_the_place_of_the_service(name: str) -> None:
    fake = fake_of(name)
    provider = fake.driver(fake.good)
    values = {field: getattr(provider, field) for field in ("username", "hostname", "domain")}
    other = DynDNS2(service=name, password=Secret("k"), endpoint="http://127.0.0.1:9/x", **values)
    guest = Agent(fake, Wire(fake, dict.fromkeys(range(9), lambda f, r: Reply(500))), other)
    guest.bring_about(want(fake.owner, HERE4), want(fake.owner, HERE6, rrtype=RRType.AAAA))
    assert {request.url for request in guest.wire.sent} == {"http://127.0.0.1:9/x"}


@pytest.mark.parametrize("name", GONE)
def test_a_service_that_has_closed_says_what_to_do(name: str) -> None:
    [(setting, what)] = DynDNS2(service=name, password=Secret("k")).mistakes()
    assert setting == "service" and name not in SERVICES
    assert "clos" in what or name == "dhis"


def test_the_login_of_one_host_is_refused_for_another() -> None:
    guest = guest_of("dnshome")
    verdict = only(guest.bring_about(want("other.example.com", HERE4)))
    assert type(verdict) is Refused and "one account for each name" in str(verdict)
    assert guest.wire.sent == []


def test_a_registered_domain_by_itself() -> None:
    for owner, label in ("a.b.example.com", "a.b"), ("example.com", "@"), ("*.example.com", "*"):
        guest = guest_of("enom")
        assert only(guest.bring_about(want(owner, HERE4))) is None
        assert {"HostName": label, "Zone": "example.com"}.items() <= said(guest.wire.sent[0]).items()
    verdict = only(guest_of("enom").bring_about(want("home.example.org", HERE4)))
    assert type(verdict) is Refused and "example.com" in str(verdict)


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("dnsmadeeasy", b"error-auth-suspend", "Blocked"),
        ("dnsmadeeasy", b"error-auth", "BadCredentials"),
        ("dnsmadeeasy", b"error-record-ip-same", "None"),
        ("dnsexit", b"HTTP/1.1 200 OK\n11=fail to find the domain", "NoSuchName"),
        ("dnsexit", b"HTTP/1.1 200 OK\n0=Success", "None"),
        ("dnsexit", b" HTTP/1.1 200 OK\n", "Unintelligible"),
        ("keysystems", b"[RESPONSE]\ncode = 200\ndescription = OK\nEOF\n", "None"),
        ("keysystems", b"[RESPONSE]\ncode = 2000\nEOF\n", "Unintelligible"),
        ("keysystems", b"[RESPONSE]\ncode=547\ndescription = abuse prevention triggered", "Throttled"),
        ("zoneedit", b'<SUCCESS CODE="200" TEXT="home updated" ZONE="x" IP="192.0.2.1">', "None"),
        ("zoneedit", b'<ERROR CODE="702" TEXT="Minimum 600 seconds between requests">', "Throttled"),
        ("zoneedit", b'<ERROR CODE="999" TEXT="CODE = 200">', "Unintelligible"),
        ("regfish", b"success|100|update succeeded!", "None"),
        ("regfish", b"failed|401|authentication failed", "BadCredentials"),
        ("goip", b"home.example.com (192.0.2.1) wurde aktualisiert", "None"),
        ("goip", b"home.example.com (192.0.2.9) wurde aktualisiert", "Unintelligible"),
        ("goip", b"other.example.com (192.0.2.1)", "Unintelligible"),
        ("dinahosting", b'{"responseCode":1000,"message":"Success.","data":true}', "None"),
        ("dinahosting", b'{"responseCode":10001}', "Refused"),
        ("1984", b'{"ok": true, "msg": "unaltered", "ip": "192.0.2.1"}', "None"),
        ("1984", b'{"ok": "nothing is ok = true"}', "Unintelligible"),
        ("mydns", b"<html><BODY>\nLogin and IP address notify OK.<BR>\n</html>", "None"),
        ("mydns", b"<html><BODY>\nlogin_status = 0.<BR></html>", "BadCredentials"),
        ("duiadns", b"<html><p>Hostname x.duia.eu</p><p>Ipv4 192.0.2.1</p></html>", "None"),
        ("duiadns", b"<html><p>Ipv4 192.0.2.10</p></html>", "Unintelligible"),
        ("enom", b"<?xml version='1.0' encoding='utf-16'?><r><ErrCount>0</ErrCount></r>", "None"),
        (
            "enom",
            b"<r><ErrCount>1</ErrCount><ResponseNumber>304155</ResponseNumber></r>",
            "BadCredentials",
        ),
        ("dnsever", b'<dnsever><result type="update.host" code="700" msg="Success"/></dnsever>', "None"),
    ],
)
def test_answers_as_they_were_seen(name: str, body: bytes, expected: str) -> None:
    error = answered(name, Reply(200, body))
    assert (type(error).__name__ if error else "None") == expected


def test_a_service_that_is_told_by_its_status_alone_is_not_told_by_a_page() -> None:
    assert {"ddnsfm", "mythicbeasts"} == BY_STATUS_ALONE
    for name in BY_STATUS_ALONE:
        assert answered(name, Reply(200, b"anything")) is None
        assert answered(name, Reply(200, b"<html>anything")) is not None


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("1984", b'{"a":' * 900 + b"1" + b"}" * 900),
        ("1984", b'{"a":' * 90_000),
        ("zoneedit", b"<" + b"a" * 900_000),
        ("zoneedit", b"<x " + b'a="' * 300_000),
        ("dslreports", b"<" * 900_000),
        ("keysystems", b"abuse prevention " * 50_000),
        ("goip", b"home.example.com" + b" " * 900_000),
    ],
)
def test_a_huge_answer_is_survived_in_no_time(name: str, body: bytes) -> None:
    """Nothing here is quadratic, or the time limit of the tests would end it."""
    assert type(answered(name, Reply(200, body))).__name__ == "Unintelligible"


def test_a_page_is_not_believed_for_its_status() -> None:
    row = Service(title="Test", url="https://x.test/", answers="page", statuses={200: "good", 403: "abuse"})
    for status in 200, 403:
        assert read(Reply(status, b"<html>hi"), [HOME], [HOME.text], [], row) is None
        assert read(Reply(status, b"hi"), [HOME], [HOME.text], [], row) is not None


@pytest.mark.parametrize(
    ("name", "words", "seconds"),
    [
        ("easydns", "TOOSOON", 600),
        ("zoneedit", "CODE = 702", 600),
        ("keysystems", "{any}abuse prevention triggered", 1800),
        ("valuedomain", "status = 503", 300),
    ],
)
def test_too_soon_says_how_long_to_wait(name: str, words: str, seconds: float) -> None:
    error = answered(name, sample(SERVICES[name], words))
    assert isinstance(error, Throttled) and error.retry_after == seconds


def test_each_type_has_a_command_of_its_own_where_the_service_wants_it() -> None:
    guest = guest_of("dinahosting")
    owner = guest.fake.owner
    guest.bring_about(want(owner, HERE4), want(owner, HERE6, rrtype=RRType.AAAA))
    assert {said(request)["command"]: said(request)["ip"] for request in guest.wire.sent} == {
        "Domain_Zone_UpdateTypeA": HERE4,
        "Domain_Zone_UpdateTypeAAAA": HERE6,
    }


def test_a_name_in_the_path_cannot_lead_elsewhere() -> None:
    guest = guest_of("mythicbeasts")
    guest.bring_about(want("*.example.com", HERE4))
    [request] = guest.wire.sent
    assert request.url == "https://ipv4.api.mythic-beasts.com/dns/v2/dynamic/%2A.example.com"
    assert request.body == b"", "it takes the address that the request comes from"


def test_a_disabled_account_is_told_by_a_header() -> None:
    error = answered("ddnss", Reply(200, b"<html>", {"ddnss-response": "disabled"}))
    assert type(error) is AccountRefused
