"""What only Baidu AI Cloud does: writes without an answer, outages inside a 200, lines and pauses."""

from __future__ import annotations

from urllib.parse import quote

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
from homeport.net.http import IN_QUERY
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import agent, only, want
from tests.fakes import Fake, answer
from tests.fakes.baiducloud import FakeBaiduCloud, error


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (403, "InvalidAccessKeyId", "The Access Key ID you provided does not exist", BadCredentials),
        (400, "SignatureDoesNotMatch", "The request signature does not match", BadCredentials),
        (400, "InvalidHTTPAuthHeader", "The authorization header is invalid", BadCredentials),
        (403, "QualifyNotPass", "The User has not pass qualify.", BadCredentials),
        (403, "AccessDenied", "Access denied.", Refused),
        (400, "RequestExpired", "Request has expired", Unreachable),
        (429, "TooManyRequests", "slow down", Throttled),
        (400, "RequestLimitExceeded", "slow down", Throttled),
        (200, "Exception", "平台服务繁忙", Unreachable),
        (200, "SomethingNew", "no", Refused),
        (500, "InternalError", "We encountered an internal error", Unreachable),
        (400, "InappropriateJSON", "ttl is not valid", Refused),
        (400, "RecordConflict", "记录已存在", Stale),
    ],
)
@pytest.mark.parametrize("at", [1, 2, 3])
def test_each_error_has_its_class(
    status: int, code: str, message: str, expected: type[ProviderError], at: int
) -> None:
    fake = FakeBaiduCloud()

    def no(fake: Fake, request: Request) -> Reply:
        return answer(error(status, code, message)[1], status)

    verdict = only(agent(fake, {at: no}).bring_about(want(fake.owner, "192.0.2.1")))
    assert type(verdict) is expected
    assert fake.rows == []


@pytest.mark.parametrize("start", [[], ["192.0.2.7"]])
def test_a_write_that_is_answered_with_words_is_read_again(start: list[str]) -> None:
    fake = FakeBaiduCloud()
    fake.put(fake.owner, "A", start)
    fake.written = b"{}"
    assert only(agent(fake).bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]

    def empty(fake: Fake, request: Request) -> Reply:
        return answer({})

    verdict = only(agent(fake, {3: empty}).bring_about(want(fake.owner, "192.0.2.2")))
    assert type(verdict) is Unintelligible


def test_an_outage_inside_a_200_is_no_removal() -> None:
    def busy(fake: Fake, request: Request) -> Reply:
        return answer(error(200, "Exception", "平台服务繁忙")[1])

    fake = FakeBaiduCloud()
    fake.put(fake.owner, "A", ["192.0.2.7"])
    assert type(only(agent(fake, {3: busy}).bring_about(want(fake.owner)))) is Unreachable


def test_a_record_that_is_gone_is_looked_for_again_and_a_zone_that_is_gone_is_not() -> None:
    def gone(fake: Fake, request: Request) -> Reply:
        status, payload = FakeBaiduCloud.missing
        return answer(payload, status)

    fake = FakeBaiduCloud()
    fake.put(fake.owner, "A", ["192.0.2.7"])
    assert type(only(agent(fake, {3: gone}).bring_about(want(fake.owner, "192.0.2.1")))) is Stale
    assert type(only(agent(fake, {3: gone}).bring_about(want(fake.owner)))) is Stale
    assert type(only(agent(fake, {2: gone}).bring_about(want(fake.owner, "192.0.2.1")))) is NoSuchName


@pytest.mark.parametrize("special", [{"line": "ct"}, {"status": "pause"}])
def test_records_of_other_lines_and_paused_ones_are_left_alone(special: dict[str, object]) -> None:
    fake = FakeBaiduCloud()
    row = fake.add(fake.owner, "A", "192.0.2.7")
    fake.rows = []
    fake.others = [fake.shown(row) | {"id": "999"} | special]
    guest = agent(fake)
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]
    assert not any(request.url.endswith("999") for request in guest.wire.sent)


def test_no_type_is_ever_taken_for_the_other() -> None:
    fake = FakeBaiduCloud()
    fake.put(fake.owner, "AAAA", ["2001:db8::1"])
    assert only(agent(fake).bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert fake.held(fake.owner, "AAAA") == ["2001:db8::1"]


@pytest.mark.parametrize("owner", ["{zone}", "*.{zone}"])
def test_no_query_holds_what_the_wire_may_escape_otherwise_than_the_signature(owner: str) -> None:
    fake = FakeBaiduCloud()
    guest = agent(fake)
    assert only(guest.bring_about(want(owner.format(zone=fake.zone), "192.0.2.1"))) is None
    told = [str(value) for request in guest.wire.sent for value in request.query.values()]
    assert all(quote(value, safe="~") == quote(value, safe=IN_QUERY) for value in told)
