"""DNSPod's older API: what the contract cannot know."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from homeport.core.errors import (
    AccountRefused,
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    Unreachable,
)
from homeport.core.secret import Secret
from homeport.providers.dnspod import DNSPod
from tests.contract.test_every_driver import agent, only, want
from tests.fakes import answer, header
from tests.fakes.dnspod import FakeDNSPod


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("-1", BadCredentials),
        ("10004", BadCredentials),
        ("85", BadCredentials),
        (-1, BadCredentials),
        ("-2", Throttled),
        ("-8", Throttled),
        ("-15", Refused),
        ("83", AccountRefused),
        ("-99", Unreachable),
        ("3", Unreachable),
        ("6", Stale),
        ("8", Stale),
        ("104", Stale),
        ("7", NoSuchName),
        ("9", NoSuchName),
        ("13", NoSuchName),
        ("17", Refused),
        ("21", Refused),
        ("26", Refused),
        ("29", Refused),
        ("31", Refused),
        ("500025", Refused),
    ],
)
def test_an_error_is_told_by_its_code(code: object, kind: type[ProviderError]) -> None:
    said = {"status": {"code": code, "message": "no"}}
    guest = agent(FakeDNSPod(), {3: lambda fake, request: answer(said)})
    verdict = only(guest.bring_about(want("home.example.com", "192.0.2.1")))
    assert type(verdict) is kind
    assert f"(code {code})" in str(verdict)
    assert not isinstance(verdict, Throttled) or verdict.retry_after == 3600


def test_a_list_of_nothing_that_is_an_error_is_a_list_of_nothing() -> None:
    fake = FakeDNSPod()
    said = {"status": {"code": "10", "message": "No records"}}
    guest = agent(fake, {2: lambda fake, request: answer(said)})
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]


@pytest.mark.parametrize("ids", [True, False])
def test_other_lines_and_disabled_records_are_left_alone(ids: bool) -> None:
    fake = FakeDNSPod()
    fake.ids_of_lines = ids
    others = [
        dict(fake.add(fake.owner, "A", "192.0.2.7", line_id="10=1", line="联通")),
        dict(fake.add(fake.owner, "A", "192.0.2.8", enabled="0")),
    ]
    guest = agent(fake)
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert only(guest.bring_about(want(fake.owner, "192.0.2.2"))) is None
    assert only(guest.bring_about(want(fake.owner))) is None
    assert fake.rows == others


@pytest.mark.parametrize("line", ["10=1", "联通"])
def test_records_of_the_line_of_the_settings_are_ours(line: str) -> None:
    fake = FakeDNSPod()
    fake.ids_of_lines = True
    first = dict(fake.add(fake.owner, "A", "192.0.2.7"))
    fake.add(fake.owner, "A", "192.0.2.8", line_id="10=1", line="联通")
    guest = agent(fake)
    guest.provider = replace(fake.driver(fake.good), line=line)
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1", "192.0.2.2"))) is None
    assert fake.rows[0] == first
    assert [(row["address"], row["line_id"]) for row in fake.rows[1:]] == [
        ("192.0.2.1", "10=1"),
        ("192.0.2.2", "10=1"),
    ]


def test_the_international_site_has_words_of_its_own() -> None:
    fake = FakeDNSPod()
    guest = agent(fake, {1: lambda fake, request: answer({}, 500)})
    guest.provider = replace(fake.driver("1,k"), international=True)
    guest.bring_about(want(fake.owner, "192.0.2.1"))
    [request] = guest.wire.sent
    assert request.url == "https://api.dnspod.com/Domain.List"
    assert parse_qs(request.body.decode())["user_token"] == ["1,k"]
    assert header(request, "user-agent") == "Homeport/1 (me@example.com)"


@pytest.mark.parametrize("email", ["", "me", "me@", "a b@example.com", "me@example.com\r\nx: y", "(a)@b"])
def test_a_mail_address_that_cannot_stand_in_a_header_is_a_mistake(email: str) -> None:
    assert [name for name, _ in DNSPod(token=Secret("1,k"), email=email).mistakes()] == ["email"]
