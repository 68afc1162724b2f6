"""What only a webhook does: templates, rules for success, and families that are not known."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from homeport.config.load import load
from homeport.core.dns import Name, RRType
from homeport.core.errors import (
    BadCredentials,
    NoSuchName,
    Refused,
    Throttled,
    Unintelligible,
    Unreachable,
)
from homeport.core.secret import Secret
from homeport.providers.webhook import Webhook
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import Agent, Wire, only, want
from tests.fakes import Fake, shown

HOME = "home.example.com"
BOTH = "https://dyn.example.net/u?host={name}&four={ipv4}&six={ipv6}"


class Anything(Fake):
    """Answers whatever it is told to."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply

    def __call__(self, request: Request) -> Reply:
        return self.reply


def guest(reply: Reply | None = None, **settings: Any) -> Agent:
    fake = Anything(reply or Reply(200, b"good"))
    return Agent(fake, Wire(fake), Webhook(**{"url": "https://dyn.example.net/?ip={ip}", **settings}))


def asked(agent: Agent) -> list[dict[str, list[str]]]:
    ends = [shown(request.hidden or "") for request in agent.wire.sent]
    return [parse_qs(end.partition("?")[2], keep_blank_values=True) for end in ends]


def test_a_family_that_is_not_known_is_left_out_of_a_query() -> None:
    agent = guest(url=BOTH)
    assert only(agent.bring_about(want(HOME, "192.0.2.1"))) is None
    assert asked(agent) == [{"host": [HOME], "four": ["192.0.2.1"]}]


def test_both_families_go_in_one_call_and_the_one_that_is_known_goes_along() -> None:
    agent = guest(url=BOTH)
    agent.bring_about(want(HOME, "192.0.2.1"), want(HOME, "2001:db8::1", rrtype=RRType.AAAA))
    agent.bring_about(want(HOME, "192.0.2.2"))
    told = [{"host": [HOME], "four": [four], "six": ["2001:db8::1"]} for four in ("192.0.2.1", "192.0.2.2")]
    assert asked(agent) == told


def test_a_family_that_is_not_known_may_have_a_word() -> None:
    agent = guest(url=BOTH, unknown="preserve")
    agent.bring_about(want(HOME, "192.0.2.1"))
    assert asked(agent)[0]["six"] == ["preserve"]


def test_a_form_leaves_out_as_a_query_does_and_is_escaped() -> None:
    agent = guest(
        url="https://dyn.example.net/",
        body="k={key}&four={ipv4}&six={ipv6}",
        content_type="application/x-www-form-urlencoded",
        secrets={"key": Secret("a&b=c d")},
    )
    agent.bring_about(want(HOME, "192.0.2.1"))
    [request] = agent.wire.sent
    assert (request.method, parse_qs(request.body.decode())) == (
        "POST",
        {"k": ["a&b=c d"], "four": ["192.0.2.1"]},
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "https://dyn.example.net/{ipv4}/{ipv6}"},
        {"url": BOTH, "header": {"X-Six": "{ipv6}"}},
        {"url": BOTH, "body": '{"six": "{ipv6}"}'},
    ],
)
def test_where_nothing_can_be_left_out_no_call_is_made_until_the_address_is_known(settings: Any) -> None:
    agent = guest(**settings)
    assert type(only(agent.bring_about(want(HOME, "192.0.2.1")))) is Unreachable
    assert agent.wire.sent == []
    both = want(HOME, "192.0.2.1"), want(HOME, "2001:db8::1", rrtype=RRType.AAAA)
    assert set(agent.bring_about(*both).values()) == {None}


def test_a_webhook_for_one_family_refuses_the_other() -> None:
    agent = guest(url="https://dyn.example.net/?a={ipv4}")
    assert type(only(agent.bring_about(want(HOME, "2001:db8::1", rrtype=RRType.AAAA)))) is Refused
    assert only(agent.bring_about(want(HOME, "192.0.2.1"))) is None
    assert len(agent.wire.sent) == 1


def test_values_are_escaped_in_json_and_braces_stand_for_themselves() -> None:
    agent = guest(
        body='{"ip": "{ip}", "key": "{key}", "literal": "{{ip}}", "nested": {"a": {}}}',
        secrets={"key": Secret('quote " and \\ and\nline')},
    )
    assert only(agent.bring_about(want(HOME, "192.0.2.1"))) is None
    assert json.loads(agent.wire.sent[0].body) == {
        "ip": "192.0.2.1",
        "key": 'quote " and \\ and\nline',
        "literal": "{ip}",
        "nested": {"a": {}},
    }


def test_several_addresses_only_where_that_is_said() -> None:
    assert type(only(guest().bring_about(want(HOME, "192.0.2.1", "192.0.2.2")))) is Refused
    agent = guest(several=True)
    agent.bring_about(want(HOME, "192.0.2.2", "192.0.2.1"))
    assert asked(agent) == [{"ip": ["192.0.2.1,192.0.2.2"]}]


@pytest.mark.parametrize(
    ("reply", "settings", "kind"),
    [
        (Reply(204), {}, type(None)),
        (Reply(200, b"whatever"), {}, type(None)),
        (Reply(200, b"<html>Sign in</html>"), {}, Unintelligible),
        (Reply(200, b"<html>good</html>"), {"success": "good"}, type(None)),
        (Reply(200, b"nochg 192.0.2.1"), {"success": "^(good|nochg)"}, type(None)),
        (Reply(200, b"not\ngood"), {"success": "^(good|nochg)"}, Unintelligible),
        (Reply(200, b"good"), {"status": (204,)}, Unintelligible),
        (Reply(409, b"same"), {"status": (200, 409)}, type(None)),
        (Reply(200, b"badauth"), {"stop": "^badauth"}, Refused),
        (Reply(400, b"abuse"), {"stop": "abuse"}, Refused),
        (Reply(401, b"no"), {}, BadCredentials),
        (Reply(404, b"no"), {}, NoSuchName),
        (Reply(422, b"no"), {}, Refused),
        (Reply(429), {}, Throttled),
        (Reply(502, b"stop"), {"stop": "stop"}, Unreachable),
        (Reply(302, b"", {"location": "https://evil.test/"}), {}, Unintelligible),
    ],
)
def test_what_is_a_success(reply: Reply, settings: Any, kind: type[object]) -> None:
    assert type(only(guest(reply, **settings).bring_about(want(HOME, "192.0.2.1")))) is kind


@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_no_message_shows_a_secret_even_if_it_was_written_out(status: int) -> None:
    token = "Zm9vYmFyLXRva2Vu-42"
    reply = Reply(status, f"no: /hook/{token} k3y Bearer+k3y {token}".encode())
    agent = guest(
        reply,
        url=f"https://dyn.example.net/hook/{token}?ip={{ip}}",
        secrets={"key": Secret("k3y")},
        header={"Authorization": "Bearer {key}"},
        success="^good",
    )
    error = only(agent.bring_about(want(HOME, "192.0.2.1")))
    [request] = agent.wire.sent
    told = f"{error!r} {error} {request!r} {request}"
    assert token not in told and "k3y" not in told
    assert shown(request.headers["authorization"]) == "Bearer k3y"


MISTAKES: list[tuple[dict[str, Any], list[str]]] = [
    ({"url": "ftp://x/{ip}"}, ["url"]),
    ({"url": "https://{name}/?ip={ip}"}, ["url"]),
    ({"url": "https://me:pw@x/?ip={ip}"}, ["url"]),
    ({"url": "https://x/?ip={ip}#a"}, ["url"]),
    ({"url": "https://x/a b?ip={ip}"}, ["url"]),
    ({"url": "https://x/{name}"}, ["url"]),
    ({"url": "https://x/?ip={ip}&six={ipv6}"}, ["url"]),
    ({"url": "https://x/?ip={ip}&host={nmae}"}, ["url"]),
    ({"header": {"X-Key": "{key}"}}, ["header"]),
    ({"header": {"Host": "x"}}, ["header"]),
    ({"header": {"a b": "x"}}, ["header"]),
    ({"secrets": {"key": Secret("")}}, ["secrets"]),
    ({"secrets": {"ip": Secret("")}}, ["secrets"]),
    ({"secrets": {"My-Key": Secret("")}}, ["secrets"]),
    ({"body": "x", "method": "GET"}, ["method"]),
    ({"body": '{"ip": {name}}'}, []),
    ({"body": '{"ip": "{ip}"'}, ["body"]),
    ({"success": "("}, ["success"]),
    ({"stop": "["}, ["stop"]),
    ({"username": "me"}, ["password"]),
    ({"username": "me", "password": Secret("")}, []),
]


@pytest.mark.parametrize(("settings", "wrong"), MISTAKES)
def test_mistakes(settings: dict[str, Any], wrong: list[str]) -> None:
    provider = Webhook(**{"url": "https://x.example/?ip={ip}", **settings})
    assert [name for name, _ in provider.mistakes()] == wrong


def test_the_zone_matters_only_where_a_text_has_it() -> None:
    owner = Name("home.example.co.uk")
    assert Webhook(url="https://x.example/{name}?ip={ip}").why_not(owner) is None
    assert 'zone = "example.co.uk"' in (
        Webhook(url="https://x.example/{zone}?ip={ip}").why_not(owner) or ""
    )


def test_it_is_configured_with_references_and_no_text_without_a_secret_is_warned_of(tmp_path: Any) -> None:
    file = tmp_path / "homeport.toml"
    file.write_text(
        """
        [account.hook]
        provider = "webhook"
        url = "https://dyn.example.net/{name}?ip={ip}"
        secrets = { token = "env:TOKEN" }
        header = { Authorization = "Bearer {token}", Accept = "text/plain" }
        status = [200, 409]
        refresh = 28
        [[record]]
        name = "home.example.com"
        account = "hook"
        """
    )
    config = load(file, {"TOKEN": "t0p"})
    assert config.warnings == ()
    provider = config.accounts["hook"].provider
    assert isinstance(provider, Webhook)
    assert provider.secrets == {"token": Secret("t0p")}
    assert provider.refresh_days() == 28
