"""What the contract cannot know of clouds: their words for failures, and aliases that show no address."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from homeport.core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    Unintelligible,
    Unreachable,
)
from homeport.core.secret import Secret
from homeport.driver import HttpProvider
from homeport.providers.googleclouddns import GoogleCloudDNS
from homeport.wire.http import Reply
from tests.contract.test_every_driver import agent, only, want
from tests.fakes import Fake
from tests.fakes.azure import FakeAzure
from tests.fakes.gcore import FakeGcore
from tests.fakes.googleclouddns import FakeGoogleCloudDNS
from tests.fakes.hetzner import FakeHetzner
from tests.fakes.hetznerdns import FakeHetznerDNS
from tests.fakes.ovh import FakeOVH
from tests.fakes.powerdns import FakePowerDNS
from tests.fakes.scaleway import FakeScaleway


def google(reason: str) -> dict[str, Any]:
    return {"error": {"code": 403, "errors": [{"reason": reason}], "message": "no"}}


def coded(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "no"}}


@pytest.mark.parametrize(
    ("make", "status", "said", "expected"),
    [
        (FakePowerDNS, 422, {"error": "Could not find domain 'x.'"}, NoSuchName),
        (FakePowerDNS, 422, {"error": "RRset x. IN A: Conflicts with pre-existing RRset"}, Refused),
        (FakeOVH, 403, {"errorCode": "NOT_GRANTED_CALL", "message": "no"}, BadCredentials),
        (FakeOVH, 403, {"errorCode": "INVALID_CREDENTIAL", "message": "no"}, BadCredentials),
        (FakeOVH, 400, {"errorCode": "INVALID_SIGNATURE", "message": "no"}, BadCredentials),
        (FakeOVH, 400, {"errorCode": "QUERY_TIME_OUT", "message": "no"}, Unreachable),
        (FakeOVH, 409, {"message": "Another refresh is pending"}, Unreachable),
        (FakeOVH, 404, {"message": "This service does not exist"}, NoSuchName),
        (FakeOVH, 404, {"message": "The requested object (id = 7) does not exist"}, Stale),
        (FakeHetzner, 401, coded("unauthorized"), BadCredentials),
        (FakeHetzner, 403, coded("token_readonly"), BadCredentials),
        (FakeHetzner, 422, coded("invalid_input"), Refused),
        (FakeHetzner, 409, coded("uniqueness_error"), Stale),
        (FakeHetzner, 409, coded("conflict"), Unreachable),
        (FakeHetzner, 423, coded("locked"), Unreachable),
        (FakeHetzner, 403, coded("protected"), Refused),
        (FakeHetzner, 403, coded("rate_limit_exceeded"), Throttled),
        (FakeScaleway, 403, {"message": "domain not found", "type": "permissions_denied"}, NoSuchName),
        (FakeScaleway, 403, {"message": "no", "type": "permissions_denied"}, BadCredentials),
        (FakeScaleway, 403, {"message": "no", "type": "quotas_exceeded"}, Refused),
        (FakeScaleway, 409, {"message": "no", "type": "transient_state"}, Unreachable),
        (FakeGoogleCloudDNS, 403, google("rateLimitExceeded"), Throttled),
        (FakeGoogleCloudDNS, 403, google("quotaExceeded"), Throttled),
        (FakeGoogleCloudDNS, 403, google("forbidden"), BadCredentials),
        (FakeGoogleCloudDNS, 409, google("alreadyExists"), Stale),
        (FakeGoogleCloudDNS, 412, google("conditionNotMet"), Stale),
        (FakeGoogleCloudDNS, 400, {"error": "invalid_grant"}, BadCredentials),
        (FakeHetznerDNS, 401, {"message": "Invalid authentication credentials"}, BadCredentials),
        (FakeHetznerDNS, 422, {"error": {"message": "422 : taken", "code": 422}}, Stale),
        (FakeHetznerDNS, 422, {"error": {"message": "422 : invalid", "code": 422}}, Refused),
        (FakeGcore, 403, {"error": "Forbidden"}, BadCredentials),
        (FakeGcore, 400, {"error": "rrset already exists"}, Stale),
        (FakeAzure, 400, {"error": "unauthorized_client"}, BadCredentials),
        (FakeAzure, 403, coded("AuthorizationFailed"), BadCredentials),
        (FakeAzure, 412, coded("PreconditionFailed"), Stale),
        (FakeAzure, 409, coded("Conflict"), Unreachable),
        (FakeAzure, 409, coded("ScopeLocked"), Refused),
    ],
)
def test_each_word_for_a_failure_has_its_reaction(
    make: type[Fake], status: int, said: object, expected: type[ProviderError]
) -> None:
    """Told at the first exchange that is not a login."""
    fake = make()

    def refuses(fake: Fake, request: object) -> Reply:
        return Reply(status, json.dumps(said).encode())

    at = 1 + isinstance(fake, FakeGoogleCloudDNS | FakeAzure)
    error = only(agent(fake, {at: refuses}).bring_about(want(fake.owner, "192.0.2.1")))
    assert type(error) is expected
    assert not isinstance(error, Throttled) or error.retry_after


@pytest.mark.parametrize("make", [FakeGoogleCloudDNS, FakeAzure])
def test_a_round_is_one_login_and_nothing_it_gave_is_told(make: type[Fake]) -> None:
    fake = make()
    guest = agent(fake)
    guest.bring_about(want(fake.owner, "192.0.2.1"), want(f"b.{fake.zone}", "192.0.2.1"))
    logins = [request for request in guest.wire.sent if request.method == "POST" and "token" in request.url]
    assert len(logins) == 1
    assert logins[0] is guest.wire.sent[0]
    assert "authorization" not in logins[0].headers
    form = logins[0].body
    asked = parse_qs(form.decode())
    secret = (asked.get("assertion") or asked["client_secret"])[0]
    for n in 1, 2, 3:
        quoted = agent(fake, {n: lambda fake, request: Reply(400, form + b" and more")})
        said = " ".join(map(str, quoted.bring_about(want(fake.owner, "192.0.2.2")).values()))
        assert said and secret[-40:] not in said and "s3cr3t" not in said


@pytest.mark.parametrize("goal", [["192.0.2.1"], ["192.0.2.1", "192.0.2.2"]])
def test_an_alias_of_azure_is_left_alone(goal: list[str]) -> None:
    fake = FakeAzure()
    fake.add(fake.owner, "A", "192.0.2.7", target="/subscriptions/x/publicIPAddresses/y")
    before = [dict(row) for row in fake.rows]
    error = only(agent(fake).bring_about(want(fake.owner, *goal)))
    assert type(error) is Refused and "alias" in str(error)
    assert fake.rows == before


def test_an_action_of_hetzner_that_has_failed_is_no_success() -> None:
    fake = FakeHetzner()
    failed = {"id": 1, "status": "error", "error": {"code": "locked", "message": "busy"}}

    def fails(fake: Fake, request: object) -> Reply:
        return Reply(201, json.dumps({"action": failed}).encode())

    guest = agent(fake, {3: fails})
    assert type(only(guest.bring_about(want(fake.owner, "192.0.2.1")))) is Unreachable
    failed["status"] = "unheard-of"
    guest = agent(fake, {3: fails})
    assert type(only(guest.bring_about(want(fake.owner, "192.0.2.1")))) is Unintelligible


@pytest.mark.parametrize(
    ("region", "host"), [("ovh-us", "api.us.ovhcloud.com"), ("kimsufi-ca", "ca.api.kimsufi.com")]
)
def test_the_region_of_ovh_chooses_the_host(region: Any, host: str) -> None:
    provider = replace(FakeOVH().driver("k"), region=region)
    assert isinstance(provider, HttpProvider)
    assert provider.address() == f"https://{host}/1.0"


@pytest.mark.parametrize(("kind", "zone"), [("Slave", False), ("Secondary", False), ("Native", True)])
def test_a_secondary_of_powerdns_is_not_written(kind: str, zone: bool) -> None:
    row = {"id": "example.com.", "name": "example.com.", "kind": kind}
    found = FakePowerDNS().driver("k").zone_of(row)
    assert (type(found).__name__ == "Zone") is zone


@pytest.mark.parametrize("make", [FakePowerDNS, FakeGcore])
@pytest.mark.parametrize("others", [[], ["192.0.2.8"]], ids=["alone", "beside others"])
def test_records_that_are_switched_off_stay_so(make: type[Fake], others: list[str]) -> None:
    fake = make()
    off = {"enabled": False, "disabled": True}
    theirs = fake.add(fake.owner, "A", "192.0.2.9", **off)
    for address in others:
        fake.add(fake.owner, "A", address)
    for goal in ["192.0.2.1"], []:
        assert only(agent(fake).bring_about(want(fake.owner, *goal))) is None
        assert fake.held(fake.owner, "A") == goal
        assert [row["address"] for row in fake.rows if row["address"] not in goal] == [theirs["address"]]
    assert only(agent(fake).bring_about(want(fake.owner, "192.0.2.9"))) is None
    assert fake.held(fake.owner, "A") == ["192.0.2.9"]


@pytest.mark.parametrize(
    ("said", "project", "expected"),
    [
        ("{}", None, ["credentials"]),
        ('{"client_email": "me", "private_key": "k"}', None, ["project"]),
        ('{"client_email": "me", "private_key": "k"}', "mine", []),
        ('{"client_email": "me", "private_key": "k", "project_id": "mine"}', None, []),
    ],
)
def test_what_a_key_of_google_lacks_is_a_mistake_of_its_setting(
    said: str, project: str | None, expected: list[str]
) -> None:
    provider = GoogleCloudDNS(credentials=Secret(said), project=project)
    assert [setting for setting, _ in provider.mistakes()] == expected
