"""What only Namecheap does: words inside a 200, XML that lies, and where a domain begins."""

from __future__ import annotations

import pytest

from homeport.core.dns import Name
from homeport.core.errors import BadCredentials, NoSuchName, Refused, Unintelligible
from homeport.core.secret import Secret
from homeport.providers.namecheap import Namecheap
from homeport.wire.http import Reply
from tests.contract.test_every_driver import agent, only, want
from tests.fakes import query
from tests.fakes.namecheap import PROLOG, FakeNamecheap, failed


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (failed("Passwords do not match", 304156, "Validation error; invalid ; password"), BadCredentials),
        (failed("Invalid IP", 304156, "Validation error; invalid ; IP Address"), Refused),
        (failed("Domain name not found", 316153, "Validation error; not found; domain"), NoSuchName),
        (failed("No Records updated. A record not Found;", 380091, "No updates;"), NoSuchName),
        (failed("Something new", 999999, "of which nobody knows"), Unintelligible),
        (Reply(200, f"{PROLOG}<other><ErrCount>0</ErrCount><Done>true</Done></other>".encode()), None),
        (Reply(200, b"<interface-response><ErrCount>0</ErrCount></interface-response>"), None),
        (Reply(200, b"<interface-response><ErrCount>0</ErrCount><Done>true</Done>"), None),
    ],
)
def test_the_words_of_a_failure_say_what_to_do(reply: Reply, kind: type[Exception] | None) -> None:
    guest = agent(FakeNamecheap(), {1: lambda fake, request: reply})
    assert type(only(guest.bring_about(want("home.example.com", "192.0.2.1")))) is (kind or Unintelligible)


def test_an_answer_that_really_is_utf_16_is_read_as_well() -> None:
    def honest(fake: object, request: object) -> Reply:
        body = f"{PROLOG}<interface-response><ErrCount>0</ErrCount><Done>true</Done></interface-response>"
        return Reply(200, body.encode("utf-16"))

    guest = agent(FakeNamecheap(), {1: honest})
    assert only(guest.bring_about(want("home.example.com", "192.0.2.1"))) is None


def test_the_domain_is_the_last_two_labels_or_what_the_setting_says() -> None:
    guest = agent(FakeNamecheap())
    guest.bring_about(want("a.b.example.com", "192.0.2.1"))
    assert {"host": "a.b", "domain": "example.com"}.items() <= query(guest.wire.sent[0]).items()
    said = Namecheap(password=Secret("k")).why_not(Name("home.example.co.uk"))
    assert said is not None and 'domain = "example.co.uk"' in said
    there = Namecheap(password=Secret("k"), domain=Name("example.co.uk"))
    assert there.why_not(Name("home.example.co.uk")) is None
    assert there.why_not(Name("home.example.com")) is not None
