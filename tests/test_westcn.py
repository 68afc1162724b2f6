"""What only West.cn does: words in GBK for errors, keys for one domain, lines and pauses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homeport.core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Refused,
    Stale,
    Throttled,
    Unreachable,
)
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import Agent, Wire, agent, only, want
from tests.fakes import Fake
from tests.fakes.westcn import FakeWestCn, said, told


@pytest.mark.parametrize(
    ("code", "words", "expected"),
    [
        (500, "apidomainkey 验证失败", BadCredentials),
        (500, "用户身份认证失败", BadCredentials),
        (10002, "ip", BadCredentials),
        (403, "no", BadCredentials),
        (404, "not found", NoSuchName),
        (500, "域名不存在", NoSuchName),
        (500, "500 already exists", Stale),
        (500, "解析记录不存在", Stale),
        (500, "操作过于频繁", Throttled),
        (500, "系统繁忙,请稍后再试", Unreachable),
        (500, "解析内容不合法", Refused),
    ],
)
def test_each_error_has_its_class(code: int, words: str, expected: type[ProviderError]) -> None:
    fake = FakeWestCn()

    def no(fake: Fake, request: Request) -> Reply:
        return said(told(code, words))

    verdict = only(agent(fake, {3: no}).bring_about(want(fake.owner, "192.0.2.1")))
    assert type(verdict) is expected
    assert words in str(verdict)
    assert fake.rows == []


def test_the_key_of_one_domain_may_be_refused_for_what_is_no_domain_of_ours() -> None:
    class Strict(FakeWestCn):
        zone = "example.com.cn"
        missing = (200, told(500, "apidomainkey 验证失败"))

    fake = Strict()
    assert only(agent(fake).bring_about(want("home.example.com.cn", "192.0.2.1"))) is None
    verdict = only(agent(fake).bring_about(want("home.elsewhere.test", "192.0.2.1")))
    assert type(verdict) is BadCredentials


def test_the_key_of_the_account_goes_with_the_user_name() -> None:
    fake = FakeWestCn()
    guest = Agent(fake, Wire(fake), replace(fake.driver(fake.good), username="alice"))
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert all(b"username=alice" in request.body for request in guest.wire.sent)
    assert not any(b"apidomainkey" in request.body for request in guest.wire.sent)


@pytest.mark.parametrize("special", [{"record_line": "LTEL"}, {"pause": 1}])
def test_records_of_other_lines_and_paused_ones_are_left_alone(special: dict[str, object]) -> None:
    fake = FakeWestCn()
    row = fake.add(fake.owner, "A", "192.0.2.7")
    fake.rows = []
    fake.others = [fake.shown(row) | {"record_id": 999} | special]
    guest = agent(fake)
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]
    assert not any(b"999" in request.body for request in guest.wire.sent)


def test_names_in_full_are_understood_too() -> None:
    fake = FakeWestCn()
    row = fake.add(fake.owner, "A", "192.0.2.1", ttl=300)
    fake.rows = []
    fake.others = [fake.shown(row) | {"hostname": fake.owner}]
    guest = agent(fake)
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert set(guest.planned.values()) == {()}


def test_a_change_that_was_not_made_is_no_success() -> None:
    def failed(fake: Fake, request: Request) -> Reply:
        return said(told(200, "success", {"success": [], "failed": [1]}))

    fake = FakeWestCn()
    fake.put(fake.owner, "A", ["192.0.2.7"])
    assert type(only(agent(fake, {3: failed}).bring_about(want(fake.owner, "192.0.2.1")))) is Refused
