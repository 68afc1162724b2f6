"""What services say in words and codes of their own, and what the agent must make of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from homeport.core.dns import Name, Present, RRType
from homeport.core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    Unreachable,
)
from homeport.driver import Api
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import NoDns, Wire, agent, only, run, want
from tests.fakes import Fake
from tests.fakes.cloudns import FakeClouDNS
from tests.fakes.dnsla import FakeDNSLA
from tests.fakes.dynu import FakeDynu
from tests.fakes.dynv6 import FakeDynv6
from tests.fakes.inwx import FakeINWX
from tests.fakes.namecom import FakeNameCom
from tests.fakes.namesilo import FakeNameSilo
from tests.fakes.netcup import FakeNetcup
from tests.fakes.njalla import FakeNjalla
from tests.fakes.porkbun import FakePorkbun
from tests.fakes.rainyun import FakeRainYun
from tests.fakes.spaceship import FakeSpaceship


def porkbun(message: str, code: str | None = None) -> dict[str, Any]:
    return {"status": "ERROR", "message": message, **({"code": code} if code else {})}


def namesilo(code: int | str, operation: str = "dnsListRecords") -> dict[str, Any]:
    return {"request": {"operation": operation, "ip": "192.0.2.1"}, "reply": {"code": code, "detail": "x"}}


def cloudns(words: str) -> dict[str, Any]:
    return {"status": "Failed", "statusDescription": words}


def netcup(code: int, words: str) -> dict[str, Any]:
    return {"status": "error", "statuscode": code, "longmessage": words, "responsedata": ""}


def njalla(code: int, words: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "error": {"code": code, "message": words}}


def dynu(code: int, kind: str) -> dict[str, Any]:
    return {"statusCode": code, "type": kind, "message": "x"}


@pytest.mark.parametrize(
    ("make", "status", "body", "kind"),
    [
        (FakePorkbun, 400, porkbun("Invalid API key. (002)"), BadCredentials),
        (FakePorkbun, 200, porkbun("no", "INVALID_API_KEYS_001"), BadCredentials),
        (FakePorkbun, 400, porkbun("Domain is not opted in to API access."), Refused),
        (FakePorkbun, 400, porkbun("1 out of 1 checks used.", "RATE_LIMIT_EXCEEDED"), Throttled),
        (FakePorkbun, 503, {}, Throttled),
        (FakePorkbun, 400, porkbun("Invalid domain."), NoSuchName),
        (FakePorkbun, 400, porkbun("Invalid record ID."), Stale),
        (FakePorkbun, 400, porkbun("Edit error: We were unable to edit the DNS record."), Stale),
        (FakePorkbun, 400, porkbun("Create error: We were unable to create the DNS record."), Refused),
        (FakeNameCom, 401, {"message": "Unauthenticated"}, BadCredentials),
        (FakeNameCom, 404, {"message": "Not Found"}, NoSuchName),
        (FakeNameCom, 400, {"message": "Invalid Argument", "details": "Duplicate Record"}, Stale),
        (FakeNameCom, 429, {"message": "Too many requests"}, Throttled),
        (FakeNameSilo, 200, namesilo("110"), BadCredentials),
        (FakeNameSilo, 200, namesilo(113), BadCredentials),
        (FakeNameSilo, 200, namesilo("200"), NoSuchName),
        (FakeNameSilo, 200, namesilo(201), Unreachable),
        (FakeNameSilo, 200, namesilo(210), Refused),
        (FakeNameSilo, 200, namesilo(280, "dnsAddRecord"), Refused),
        (FakeNameSilo, 200, namesilo("280", "dnsUpdateRecord"), Stale),
        (FakeNameSilo, 200, namesilo(280, "dnsDeleteRecord"), Stale),
        (FakeClouDNS, 200, cloudns("Invalid authentication, incorrect auth-id or ..."), BadCredentials),
        (FakeClouDNS, 200, cloudns("Missing domain-name"), NoSuchName),
        (FakeClouDNS, 200, cloudns("Invalid record-id param."), Stale),
        (FakeClouDNS, 200, cloudns("Invalid TTL. Choose from the list of values we support."), Refused),
        (
            FakeClouDNS,
            200,
            cloudns("Request blocked. ::1 is sending more than 20 requests per second."),
            Throttled,
        ),
        (FakeNetcup, 200, netcup(4001, "The session id is not in a valid format."), Unreachable),
        (FakeNetcup, 200, netcup(4013, "Too many error messages, please check your commands."), Throttled),
        (FakeNetcup, 200, netcup(4013, "More than 180 requests per minute. Please wait."), Throttled),
        (FakeNetcup, 200, netcup(4013, "Value in field domainname does not match ..."), NoSuchName),
        (FakeNetcup, 200, netcup(5028, "... The zone example.com could not be found."), NoSuchName),
        (FakeNetcup, 200, netcup(5029, "Can not get DNS records for zone."), NoSuchName),
        (FakeNetcup, 200, netcup(4013, "Value in field destination does not match ..."), Refused),
        (FakeINWX, 200, {"code": 2200, "msg": "Authentication error"}, BadCredentials),
        (FakeINWX, 200, {"code": 2201, "msg": "Authorization error"}, BadCredentials),
        (FakeINWX, 200, {"code": 2302, "msg": "Object exists"}, Stale),
        (FakeINWX, 200, {"code": 2303, "msg": "Object does not exist"}, NoSuchName),
        (FakeINWX, 200, {"code": 2400, "msg": "Command failed"}, Unreachable),
        (FakeINWX, 200, {"code": 2005, "msg": "Parameter value syntax error"}, Refused),
        (FakeNjalla, 200, njalla(403, "Permission denied."), BadCredentials),
        (FakeNjalla, 200, njalla(404, "Not found."), NoSuchName),
        (FakeNjalla, 200, njalla(400, "Invalid ttl."), Refused),
        (FakeNjalla, 200, njalla(500, "Internal error."), Unreachable),
        (FakeSpaceship, 401, {"detail": "..."}, BadCredentials),
        (FakeSpaceship, 404, {"detail": "..."}, NoSuchName),
        (FakeSpaceship, 422, {"detail": "...", "data": []}, Refused),
        (FakeDynu, 401, dynu(401, "Authentication Exception"), BadCredentials),
        (FakeDynu, 200, dynu(401, "Authentication Exception"), BadCredentials),
        (FakeDynu, 200, {"statusCode": 501, "exception": dynu(501, "Quota Exception")}, Throttled),
        (FakeDynu, 501, dynu(501, "Argument Exception"), Refused),
        (FakeDynu, 501, dynu(501, "Server Exception"), Unreachable),
        (FakeDynu, 500, dynu(500, "Server Exception"), Unreachable),
        (FakeDynv6, 401, {"error": "unauthorized"}, BadCredentials),
        (FakeDynv6, 422, {"error": "data is invalid"}, Refused),
        (FakeDNSLA, 200, {"code": 401, "msg": "x", "data": None}, BadCredentials),
        (FakeDNSLA, 200, {"code": 400, "msg": "与已有记录冲突", "data": None}, Stale),
        (FakeDNSLA, 400, {"code": 400, "msg": "与已有记录冲突", "data": None}, Stale),
        (FakeDNSLA, 200, {"code": 400, "msg": "x", "data": None}, Refused),
        (FakeDNSLA, 200, {"code": 500, "msg": "x", "data": None}, Unreachable),
        (FakeRainYun, 200, {"code": 30001, "message": "API密钥错误"}, BadCredentials),
        (FakeRainYun, 400, {"code": 30010, "message": "记录不存在"}, NoSuchName),
        (FakeRainYun, 200, {"code": 30012, "message": "记录已存在"}, Stale),
        (FakeRainYun, 200, {"code": 30020, "message": "操作过于频繁"}, Throttled),
        (FakeRainYun, 200, {"code": 30011, "message": "x"}, Refused),
    ],
)
def test_what_a_service_says(
    make: type[Fake], status: int, body: Mapping[str, Any], kind: type[ProviderError]
) -> None:
    provider = make().driver("k")
    api = Api(provider, Wire(make()), NoDns(), now=lambda: 0.0)
    with pytest.raises(ProviderError) as told:
        api.read(Request("GET", "https://x.test/"), Reply(status, json.dumps(body).encode()))
    assert type(told.value) is kind


@pytest.mark.parametrize("make", [FakeDynu, FakeDynv6])
def test_an_apex_that_is_a_property_comes_changes_and_goes(make: type[Fake]) -> None:
    fake = make()
    guest = agent(fake)
    sets = want(fake.zone, "192.0.2.1"), want(fake.zone, "2001:db8::1", rrtype=RRType.AAAA)
    for wanted in (*sets, want(fake.zone, "192.0.2.2")):
        assert only(guest.bring_about(wanted)) is None
    assert fake.held(fake.zone, "A") == ["192.0.2.2"]
    assert fake.held(fake.zone, "AAAA") == ["2001:db8::1"]
    assert only(guest.bring_about(want(fake.zone))) is None
    assert fake.held(fake.zone, "A") == []
    assert fake.held(fake.zone, "AAAA") == ["2001:db8::1"]


def test_the_apex_at_dynu_has_further_addresses_as_records() -> None:
    fake = FakeDynu()
    guest, wanted = agent(fake), want(fake.zone, "192.0.2.1", "192.0.2.2")
    assert only(guest.bring_about(wanted)) is None
    assert fake.held(fake.zone, "A") == ["192.0.2.1", "192.0.2.2"]
    assert sum("property" in row for row in fake.rows) == 1


def test_the_apex_at_dynv6_has_no_second_address() -> None:
    fake = FakeDynv6()
    verdict = only(agent(fake).bring_about(want(fake.zone, "192.0.2.1", "192.0.2.2")))
    assert type(verdict) is Refused
    assert fake.held(fake.zone, "A") == ["192.0.2.1"]


def test_the_prefix_of_a_zone_at_dynv6_is_left_alone() -> None:
    fake = FakeDynv6()
    fake.add(fake.zone, "AAAA", "2001:db8::/64", property="AAAA")
    verdict = only(agent(fake).bring_about(want(fake.zone, "2001:db8::1", rrtype=RRType.AAAA)))
    assert type(verdict) is Refused
    assert fake.held(fake.zone, "AAAA") == ["2001:db8::/64"]


@pytest.mark.parametrize("make", [FakeNetcup, FakeINWX])
def test_one_login_is_enough_for_a_round(make: type[Fake]) -> None:
    fake = make()
    guest = agent(fake)
    guest.bring_about(*(want(f"n{n}.{fake.zone}", "192.0.2.1") for n in range(5)))
    assert sum(b"login" in request.body for request in guest.wire.sent) == 1


def test_an_invalid_session_at_netcup_is_not_used_again() -> None:
    fake = FakeNetcup()

    def expired(fake: Fake, request: Request) -> Reply:
        return Reply(200, json.dumps(netcup(4001, "The session id is not in a valid format.")).encode())

    wire = Wire(fake, {2: expired})
    provider = fake.driver(fake.good)
    api = Api(provider, wire, NoDns(), now=lambda: 0.0)
    key = Name.parse(fake.owner), RRType.A
    assert isinstance(run(provider.look(api, [key]))[key], Unreachable)
    assert isinstance(run(provider.look(api, [key]))[key], Present)
    assert sum(b"login" in request.body for request in wire.sent) == 2


def test_a_second_factor_at_inwx_is_named() -> None:
    def login(fake: Fake, request: Request) -> Reply:
        return Reply(200, json.dumps({"code": 1000, "resData": {"tfa": "GOOGLE-AUTH"}}).encode())

    guest = agent(FakeINWX(), {1: login})
    verdict = only(guest.bring_about(want("home.example.com", "192.0.2.1")))
    assert type(verdict) is BadCredentials
    assert "second factor" in str(verdict)
