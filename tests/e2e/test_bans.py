"""Who is left alone, as a person sees it: told by `status`, lifted by `retry` or by another credential."""

from __future__ import annotations

import json
import time
from pathlib import Path

from homeport.core.budget import Group
from homeport.state.store import Store
from tests.e2e.home import Home, Page, page, record, uplink


def dyn(at: Page, password: str = "secret", name: str = "dyn") -> str:
    return (
        f'[account.{name}]\nprovider = "dyndns2"\nendpoint = "{at.url}/nic/update"\n'
        f'username = "u"\npassword = "{password}"\n'
    )


def test_wrong_credentials_are_shown_once_told_and_lifted_by_others(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with page("badauth") as service:
        home.write(uplink(ipv4=["static:8.8.8.1"]) + dyn(service) + record(account="dyn"))
        assert home.once().line["outcome"] == "failed"
        assert home.once().line["outcome"] == "held"
        two = record(account="dyn") + record("new.example.com", account="dyn")
        home.write(uplink(ipv4=["static:8.8.8.1"]) + dyn(service) + two)
        assert set(home.once().outcomes.values()) == {"held"}
        renamed = dyn(service, name="other") + two.replace('"dyn"', '"other"')
        home.write(uplink(ipv4=["static:8.8.8.1"]) + renamed)
        assert set(home.once().outcomes.values()) == {"held"}
        assert home.run("plan").status == 1
        assert len(service.asked) == 1

        for line in home.run("status", "--json").lines:
            assert line["state"] == "stopped"
            [stop] = line["stops"]
            assert (stop["scope"], stop["name"], stop["state"]) == ("account", "other", "stopped")
            assert "wrong user name or password" in stop["why"] and "credential" in stop["lifted_by"]
            assert stop["since"].endswith("Z") and stop["until"] is None
        text = home.run("status").out
        assert "account other: stopped since" in text and "what lifts it" in text
        assert "secret" not in text

        service.says("good 8.8.8.1")
        home.write(uplink(ipv4=["static:8.8.8.1"]) + dyn(service, "right") + two)
        assert set(home.once().outcomes.values()) == {"updated"}
        assert [line["stops"] for line in home.run("status", "--json").lines] == [[], []]


def test_abuse_silences_every_account_at_the_service_until_a_person_says_otherwise(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with page("abuse") as service:
        one = uplink(ipv4=["static:8.8.8.1"]) + dyn(service, name="one") + record(account="one")
        home.write(one)
        assert home.once().line["outcome"] == "failed"
        home.write(one + dyn(service, "other", "two") + record("b.example.com", account="two"))
        assert set(home.once().outcomes.values()) == {"held"}
        assert len(service.asked) == 1
        lines = home.run("status", "--json").lines
        assert [line["stops"][0]["state"] for line in lines] == ["blocked", "blocked"]
        assert all(line["stops"][0]["until"][:16] == line["next_try"][:16] for line in lines)
        assert home.run("status").out.count("blocked since") == 1

        service.says("good 8.8.8.1")
        said = home.run("retry").out
        assert "host 127.0.0.1" in said and "abuse" in said and "free to be asked again" in said
        assert set(home.once().outcomes.values()) == {"updated"}
        assert home.run("retry").out.startswith("nothing was stopped or waiting")


def test_a_service_whose_budget_is_used_up_is_not_asked_and_status_says_so(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with page("good 8.8.8.1") as service:
        home.write(
            uplink(ipv4=["http:ipinfo", "static:8.8.8.1"], agree=1) + dyn(service) + record(account="dyn")
        )
        with Store.open(home.state, print) as store:
            store.spend({"source http:ipinfo": (Group(time.time(), 1000),)})
        assert home.once().line["outcome"] == "updated"
    rows = {line["source"]: line for line in home.run("ip", "--json").lines}
    assert "not asked: it takes 1000 in 86400 s" in json.dumps(rows["http:ipinfo"])
    line = home.run("status", "--json").line
    assert line["budget"] is None
    used = line["services"]["http:ipinfo"]
    assert (used["requests"], used["seconds"], used["used"]) == (1000, 86400, 1000) and used["free_at"]
    assert "http:ipinfo" not in line["asked_today"]
