"""What the manual says of a service is what its driver does."""

from __future__ import annotations

import json

import pytest

from homeport.cli.facts import STOPS, Facts, as_json, facts, told
from homeport.cli.manual import providers as manual
from homeport.config import providers
from homeport.driver import Budget
from scripts.docs import page


@pytest.mark.parametrize("kind", providers.names())
def test_manual_page_and_json_say_the_same(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    driver = providers.load(kind)
    manual(kind, as_json=False)
    shown = " ".join(capsys.readouterr().out.split())
    for what, words in told(driver):
        assert f"{what}: {' '.join(words.split())}" in shown
        assert f"* **{what}.** {words}" in page(kind)
    assert STOPS in shown
    manual(kind, as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert said.keys() >= {"name", "title", "about", "settings", "options", "example"}
    assert said["facts"] == as_json(driver)
    assert said["facts"]["readable"] == driver.readable


@pytest.mark.parametrize(
    ("kind", "some"),
    [
        ("cloudflare", {"ttl": "record", "least_ttl": 60, "most_ttl": 86_400, "budget": Budget(1200, 300)}),
        ("cloudflare", {"at_once": 200, "readable": True, "several": True}),
        ("rfc2136", {"least_ttl": None, "most_ttl": None, "ttl": "record"}),
        ("duckdns", {"ttl": "service", "at_once": 20, "both_families": True, "several": False}),
        ("dynadot", {"ttl": "account", "at_once": 1, "both_families": False}),
        ("dyndns2", {"at_once": None, "both_families": None, "several": None}),
        ("webhook", {"at_once": None, "both_families": None, "several": None}),
    ],
)
def test_facts_come_from_the_driver(kind: str, some: dict[str, object]) -> None:
    found = facts(providers.load(kind))._asdict()
    assert {key: found[key] for key in some} == some


NOTHING = Facts("", "record", None, None, (), None, 1, None, readable=True, several=True)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (NOTHING, "Any."),
        (NOTHING._replace(least_ttl=60), "60 seconds or more; less becomes that."),
        (NOTHING._replace(most_ttl=600), "Up to 600 seconds; more becomes that."),
        (NOTHING._replace(ttls=(60, 300, 3600)), "One of 60, 300 or 3600 seconds"),
        (NOTHING._replace(ttls=(60,)), "Always 60 seconds."),
        (NOTHING, "No limit is known."),
        (NOTHING._replace(budget=Budget(5, 1)), "takes 5 in one second "),
        (NOTHING._replace(budget=Budget(100, 90)), "takes 100 in 90 seconds "),
        (NOTHING._replace(budget=Budget(100, 172_800)), "takes 100 in 2 days "),
    ],
)
def test_facts_in_words(found: Facts, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeport.cli.facts.facts", lambda driver: found)
    assert any(words in said for _, said in told(providers.load("cloudflare")))
