"""What a person writes about several lines and shared names, and what is said of mistakes in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeport.cli.setup import setup, world
from homeport.config.load import load
from homeport.config.mistakes import Mistakes
from homeport.config.model import Config
from homeport.core.dns import RRType
from homeport.core.health import Terms
from homeport.core.probe import parse

ACCOUNTS = """
[account.cf]
provider = "cloudflare"
token = "env:TOKEN"

[account.duck]
provider = "duckdns"
token = "env:TOKEN"
"""
RECORD = """
[[record]]
name = "home.example.com"
account = "cf"
"""
TWO_LINES = """
[uplink.fiber]
interface = "eth0"
probe = ["icmp:1.1.1.1 x2", "tcp:9.9.9.9:443", "http:https://example.com/"]
probe_interval = "5s"
detect = "15s"
recover = 300

[uplink.lte]
interface = "wwan0"
"""


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def configured(text: str) -> Config:
    file = Path("homeport.toml")
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return load(file, {"TOKEN": "01234567-89ab-cdef-0123-456789abcdef"})


def mistakes(text: str) -> list[str]:
    with pytest.raises(Mistakes) as caught:
        configured(text)
    return [str(one) for one in caught.value.mistakes]


def test_a_line_with_probes_is_watched_on_the_terms_of_the_person() -> None:
    config = configured(TWO_LINES + ACCOUNTS.partition("[account.duck]")[0] + RECORD)
    fiber, lte = config.uplinks["fiber"], config.uplinks["lte"]
    words = ("icmp:1.1.1.1 x2", "tcp:9.9.9.9:443", "http:https://example.com/")
    assert fiber.probes == tuple(map(parse, words))
    assert fiber.terms == Terms(interval=5, detect=15, recover=300)
    assert (lte.probes, lte.terms) == ((), Terms(interval=10, detect=30, recover=120))
    assert list(world(config).monitors) == ["fiber"]
    assert config.warnings == ()


def test_a_single_probe_needs_no_list() -> None:
    config = configured('[uplink.fiber]\nprobe = "icmp:1.1.1.1"\n')
    assert config.uplinks["fiber"].probes == (parse("icmp:1.1.1.1"),)


def test_each_wrong_probe_is_told_with_its_line_and_its_remedy() -> None:
    text = '[uplink.fiber]\nprobe = [\n  "ping:1.1.1.1",\n  "icmp:1.1.1.1",\n  "tcp:9.9.9.9",\n]\n'
    first, second = mistakes(text)
    assert first.startswith("homeport.toml:3:") and "there is no such probe; write icmp:1.1.1.1" in first
    assert second.startswith("homeport.toml:5:") and "write tcp:9.9.9.9:443" in second


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("detect", '"soon"', 'must be a duration such as "5m"'),
        ("probe_interval", "0", "must be from 1 to 3600"),
        ("recover", '"2d"', "must be from 0 to 86400"),
    ],
)
def test_a_wrong_duration_is_told(key: str, value: str, says: str) -> None:
    [told] = mistakes(f'[uplink.fiber]\nprobe = "icmp:1.1.1.1"\n{key} = {value}\n')
    assert f"uplink.fiber.{key}" in told and says in told


def test_a_probe_of_the_other_family_cannot_be_asked_from_an_address() -> None:
    [told] = mistakes(
        '[uplink.fiber]\nsource_address = "192.0.2.2"\nprobe = ["icmp:1.1.1.1", "icmp:2606:4700::1111"]\n'
    )
    assert "cannot be asked from 192.0.2.2" in told and "leave out this IPv6 probe" in told


def test_terms_without_probes_are_warned_of() -> None:
    config = configured('[uplink.fiber]\ndetect = "10s"\n')
    assert any("changes nothing: there is no probe" in str(one) for one in config.warnings)


def test_a_shared_name_is_shared_in_every_rule_of_it() -> None:
    config = configured(ACCOUNTS.partition("[account.duck]")[0] + RECORD + "share = true\n")
    rules = setup(config, b"").rules
    assert [(rule.target.rrtype, rule.share) for rule in rules] == [(RRType.A, True), (RRType.AAAA, True)]
    assert [rule.beside for rule in rules] == [frozenset({RRType.AAAA}), frozenset({RRType.A})]


def test_an_update_service_cannot_share_and_no_family_of_it_is_taken_away() -> None:
    duck = ACCOUNTS + '[[record]]\nname = "me.duckdns.org"\naccount = "duck"\n' + RECORD
    assert {
        rule.beside for rule in setup(configured(duck), b"").rules if rule.target.account == "duck"
    } == {frozenset()}
    [told] = mistakes(duck.replace('account = "duck"', 'account = "duck"\nshare = true'))
    assert "record[0].share" in told or "record" in told
    assert "Duck DNS (account duck) takes one address and tells none" in told
    assert "leave out share, or keep the name at a service whose records can be read" in told
