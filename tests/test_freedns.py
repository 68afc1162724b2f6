"""What only FreeDNS does: a token for each record, and answers that name the address it took."""

from __future__ import annotations

import pytest

from homeport.core.dns import Name, RRType
from homeport.core.errors import NoSuchName, Refused, Unintelligible
from homeport.core.secret import Secret
from homeport.providers.freedns import FreeDNS
from homeport.wire.http import Reply
from tests.contract.test_every_driver import Agent, Wire, only, want
from tests.fakes import shown
from tests.fakes.freedns import FakeFreeDNS

HOME = "home.example.com"


def guest(reply: Reply | None = None, **settings: object) -> Agent:
    fake = FakeFreeDNS()
    faults = {1: lambda f, r: reply} if reply else {}
    return Agent(fake, Wire(fake, faults), FreeDNS(**settings))  # type: ignore[arg-type]


def test_each_type_goes_with_the_token_of_its_record() -> None:
    fake = guest(tokens={HOME: Secret("K0")}, tokens6={HOME: Secret("K1")})
    fake.bring_about(want(HOME, "192.0.2.1"), want(HOME, "2001:db8::1", rrtype=RRType.AAAA))
    assert fake.fake.held(HOME, "A") == ["192.0.2.1"]
    assert fake.fake.held(HOME, "AAAA") == ["2001:db8::1"]
    assert {(r.url, shown(r.hidden or "")) for r in fake.wire.sent} == {
        ("https://sync.afraid.org/u/", "K0/"),
        ("https://v6.sync.afraid.org/u/", "K1/"),
    }
    assert all("K0" not in f"{request!r} {request}" for request in fake.wire.sent)


def test_a_type_without_a_token_is_refused_before_anything_is_sent() -> None:
    fake = guest(tokens={HOME: Secret("K0")})
    assert type(only(fake.bring_about(want(HOME, "2001:db8::1", rrtype=RRType.AAAA)))) is Refused
    assert fake.wire.sent == []
    assert fake.provider.why_not(Name("other.example.com")) is not None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"Updated {HOME} from 198.51.100.1 to 192.0.2.1", type(None)),
        (f"Updated a.example.com from ::1 to 192.0.2.1\nUpdated {HOME} from ::1 to 192.0.2.1", type(None)),
        (f"No IP change detected for {HOME} with IP 192.0.2.1, skipping update", type(None)),
        (f"Updated {HOME} to 192.0.2.1 in 0.326 seconds", type(None)),
        (f"Updated 2 host(s) {HOME}, a.example.com to 192.0.2.1 in 0.3 seconds", type(None)),
        ("ERROR: Address 192.0.2.1 has not changed.", type(None)),
        ("ERROR: Address 192.0.2.9 has not changed.", Unintelligible),
        (f"Updated {HOME} from 198.51.100.1 to 192.0.2.9", Refused),
        (f"Updated not{HOME} from 198.51.100.1 to 192.0.2.1", NoSuchName),
        (f"Updated a.example.com from {HOME} to 192.0.2.1", NoSuchName),
        ("ERROR: Unable to locate this record (changed password recently?)", NoSuchName),
        ("ERROR: Invalid update URL (2)", NoSuchName),
        ('ERROR: "800.0.0.1" is an invalid IP address.', Refused),
        ("ERROR: something new", Unintelligible),
        ("", Unintelligible),
        ("192.0.2.1", Unintelligible),
    ],
)
def test_what_the_words_mean(text: str, kind: type[object]) -> None:
    fake = guest(Reply(200, text.encode()), tokens={HOME: Secret("K0")})
    assert type(only(fake.bring_about(want(HOME, "192.0.2.1")))) is kind


def test_a_url_of_another_host_is_never_followed() -> None:
    listed = f"{HOME}|192.0.2.9|https://evil.test/?afraid.org/u/K0/".encode()
    fake = guest(Reply(200, listed), username="me", password=Secret("k"))
    assert type(only(fake.bring_about(want(HOME, "192.0.2.1")))) is Unintelligible
    assert len(fake.wire.sent) == 1


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({}, ["tokens"]),
        ({"username": "me"}, ["password"]),
        ({"password": Secret("k")}, ["username"]),
        ({"tokens": {"no name": Secret("k")}}, ["tokens"]),
        ({"tokens6": {HOME: Secret("k")}}, []),
    ],
)
def test_mistakes(settings: dict[str, object], wrong: list[str]) -> None:
    assert [name for name, _ in FreeDNS(**settings).mistakes()] == wrong  # type: ignore[arg-type]
