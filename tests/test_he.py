"""What only Hurricane Electric does: a key for each name."""

from __future__ import annotations

import pytest

from homeport.core.dns import Name, RRType
from homeport.core.errors import BadCredentials, Blocked, NoSuchName, Refused, Throttled
from homeport.core.secret import Secret
from homeport.providers.he import HurricaneElectric
from homeport.wire.http import Reply
from tests.contract.test_every_driver import Agent, Wire, agent, only, want
from tests.fakes.he import FakeHurricaneElectric


def test_a_wrong_key_of_one_name_does_not_stop_the_others() -> None:
    fake = FakeHurricaneElectric()
    keys = {"a.example.com": Secret("wrong"), "B.example.com.": Secret(fake.good)}
    guest = Agent(fake, Wire(fake), HurricaneElectric(keys=keys))
    verdicts = guest.bring_about(want("a.example.com", "192.0.2.1"), want("b.example.com", "192.0.2.1"))
    assert type(verdicts[Name("a.example.com"), RRType.A]) is Refused
    assert verdicts[Name("b.example.com"), RRType.A] is None


def test_a_name_without_a_key_is_a_mistake_of_the_configuration() -> None:
    provider = HurricaneElectric(keys={"a.example.com": Secret("k")})
    assert provider.why_not(Name("a.example.com")) is None
    assert '"b.example.com" = "env:' in (provider.why_not(Name("b.example.com")) or "")
    assert [name for name, _ in HurricaneElectric().mistakes()] == ["keys"]
    assert [name for name, _ in HurricaneElectric(keys={"a b": Secret("k")}).mistakes()] == ["keys"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [("badauth", BadCredentials), ("nohost", NoSuchName), ("abuse", Blocked), ("interval", Throttled)],
)
def test_what_the_words_mean(word: str, kind: type[Exception]) -> None:
    guest = agent(FakeHurricaneElectric(), {1: lambda f, r: Reply(200, word.encode())})
    assert type(only(guest.bring_about(want("home.example.com", "192.0.2.1")))) is kind
