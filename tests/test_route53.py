"""What only Route 53 does: zones of one name, sets that are not plain, and its many ways to say no."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import pytest

from homeport.core.dns import RRType
from homeport.core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    Unreachable,
)
from homeport.core.secret import Secret
from homeport.driver import Provider
from homeport.net.http import IN_QUERY
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import Agent, Wire, agent, only, want
from tests.fakes import Fake
from tests.fakes.route53 import FakeRoute53, document, failed, invalid, tag

OTHER = "home.elsewhere.test"


def with_(fake: Fake, provider: Provider) -> Agent:
    return Agent(fake, Wire(fake), provider)


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            BadCredentials,
        ),
        (403, "SignatureDoesNotMatch", "The signature we calculated does not match", BadCredentials),
        (403, "ExpiredToken", "The security token included in the request is expired", BadCredentials),
        (400, "MissingAuthenticationToken", "Missing Authentication Token", BadCredentials),
        (403, "SignatureDoesNotMatch", "Signature expired: 20260102T030405Z is now earlier", Unreachable),
        (403, "AccessDenied", "User is not authorized to perform this", Refused),
        (400, "Throttling", "Rate exceeded", Throttled),
        (400, "ThrottlingException", "Rate exceeded", Throttled),
        (400, "PriorRequestNotComplete", "The request was rejected", Throttled),
        (404, "NoSuchHostedZone", "No hosted zone found with ID: Z1", NoSuchName),
        (400, "InvalidInput", "Invalid XML", Refused),
        (503, "ServiceUnavailable", "try later", Unreachable),
    ],
)
def test_each_error_has_its_class(
    status: int, code: str, message: str, expected: type[ProviderError]
) -> None:
    fake = FakeRoute53()

    def no(fake: Fake, request: Request) -> Reply:
        return failed(status, code, message).reply

    verdict = only(agent(fake, {3: no}).bring_about(want(fake.owner, "192.0.2.1")))
    assert type(verdict) is expected
    assert fake.rows == []


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("RRSet of type CNAME with DNS name x is not permitted as it conflicts", Refused),
        ("Tried to delete resource record set [name='x', type='A'] but it was not found", Stale),
        ("Tried to delete [...] but the values provided do not match the current values", Stale),
    ],
)
def test_a_batch_that_is_not_taken(message: str, expected: type[ProviderError]) -> None:
    def no(fake: Fake, request: Request) -> Reply:
        return invalid(message).reply

    fake = FakeRoute53()
    verdict = only(agent(fake, {3: no}).bring_about(want(fake.owner, "192.0.2.1")))
    assert type(verdict) is expected


@pytest.mark.parametrize(
    "elements",
    [
        tag("AliasTarget", tag("DNSName", "lb.amazonaws.com."), tag("EvaluateTargetHealth", "false")),
        tag("SetIdentifier", "one") + tag("Weight", "10") + tag("TTL", "60") + tag("ResourceRecords"),
        tag("SetIdentifier", "cn") + tag("GeoLocation", tag("CountryCode", "CN")) + tag("TTL", "60"),
        tag("TTL", "60") + tag("ResourceRecords") + tag("HealthCheckId", "h1"),
    ],
)
def test_a_set_that_is_not_plain_is_refused_and_the_other_family_is_not(elements: str) -> None:
    fake = FakeRoute53()
    fake.odd_sets[fake.owner, "A"] = elements
    wanted = want(fake.owner, "192.0.2.1"), want(fake.owner, "2001:db8::1", rrtype=RRType.AAAA)
    verdicts = agent(fake).bring_about(*wanted)
    assert type(verdicts[wanted[0].key]) is Refused
    assert verdicts[wanted[1].key] is None
    assert fake.held(fake.owner, "AAAA") == ["2001:db8::1"]


def test_two_public_zones_of_one_name_need_the_id_of_one() -> None:
    fake = FakeRoute53()
    fake.zones.append((fake.zone, "Z9", False))
    goal = want(fake.owner, "192.0.2.1")
    refused = only(agent(fake).bring_about(goal))
    assert type(refused) is Refused and "zone_id" in str(refused)
    provider = fake.driver(fake.good)
    for handle in "Z1", "/hostedzone/Z1":
        guest = with_(fake, replace(provider, zone_id=handle))
        assert only(guest.bring_about(goal)) is None
        assert all("byname" not in request.url for request in guest.wire.sent)
    assert type(only(with_(fake, replace(provider, zone_id="Z2")).bring_about(goal))) is NoSuchName
    assert type(only(with_(fake, replace(provider, zone_id="ZX")).bring_about(goal))) is NoSuchName


def test_both_families_of_many_names_go_in_one_batch() -> None:
    fake = FakeRoute53()
    guest = agent(fake)
    names = [f"n{n}.{fake.zone}" for n in range(20)]
    goals = [want(name, "192.0.2.1") for name in names]
    goals += [want(name, "2001:db8::1", rrtype=RRType.AAAA) for name in names]
    assert set(guest.bring_about(*goals).values()) == {None}
    assert [request.method for request in guest.wire.sent].count("POST") == 1


def test_all_pages_of_a_large_zone_are_read() -> None:
    fake = FakeRoute53()
    goals = [want(f"n{n}.{fake.zone}", "192.0.2.1") for n in range(700)]
    guest = agent(fake)
    assert set(guest.bring_about(*goals).values()) == {None}
    guest.bring_about(*goals)
    assert set(guest.planned.values()) == {()}


def test_the_nearest_zone_is_found_behind_more_than_a_page_of_zones() -> None:
    fake = FakeRoute53()
    fake.zones += [(f"z{n}.example.com", f"Y{n}", False) for n in range(250)]
    goals = [want(f"home.z{n}.example.com", "192.0.2.1") for n in (3, 249)]
    provider = fake.driver(fake.good)
    for some in (goals, [want(f"n{n}.z249.example.com", "192.0.2.1") for n in range(9)]):
        guest = with_(fake, provider)
        guest.bring_about(*some)
        assert {request.url.split("/")[-2] for request in guest.wire.sent if "POST" in request.method} <= {
            "Y3",
            "Y249",
        }


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "route53.amazonaws.com"),
        ("cn-northwest-1", "route53.amazonaws.com.cn"),
        ("us-gov-west-1", "route53.us-gov.amazonaws.com"),
    ],
)
def test_each_region_has_its_host_and_signs_for_itself(region: str, host: str) -> None:
    fake = FakeRoute53()
    provider = replace(fake.driver(fake.good), region=region, session_token=Secret("temporary"))  # type: ignore[arg-type] # a Literal
    request = provider.sign(Request("GET", provider.address() + "/x"), 0.0, "")
    assert request.url == f"https://{host}/x"
    said = request.headers["authorization"]
    assert isinstance(said, Secret)
    assert f"/{region}/route53/aws4_request" in said.reveal()
    assert "x-amz-security-token" in said.reveal()


def test_names_that_only_look_alike_are_not_ours() -> None:
    fake = FakeRoute53()
    fake.put(f"a.{fake.owner}", "A", ["192.0.2.99"])
    assert only(agent(fake).bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert fake.held(f"a.{fake.owner}", "A") == ["192.0.2.99"]


def test_the_reply_to_a_change_must_say_that_it_was_taken() -> None:
    def strange(fake: Fake, request: Request) -> Reply:
        return Reply(200, document("ChangeResourceRecordSetsResponse", tag("ChangeInfo", tag("Id", "x"))))

    fake = FakeRoute53()
    assert only(agent(fake, {3: strange}).bring_about(want(fake.owner, "192.0.2.1"))) is not None


@pytest.mark.parametrize("owner", ["{zone}", "*.{zone}"])
def test_no_query_holds_what_the_wire_may_escape_otherwise_than_the_signature(owner: str) -> None:
    fake = FakeRoute53()
    guest = agent(fake)
    assert only(guest.bring_about(want(owner.format(zone=fake.zone), "192.0.2.1"))) is None
    told = [str(value) for request in guest.wire.sent for value in request.query.values()]
    assert all(quote(value, safe="~") == quote(value, safe=IN_QUERY) for value in told)
