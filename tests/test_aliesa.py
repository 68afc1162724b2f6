"""Alibaba Cloud ESA: what the contract cannot know, above all that both families are one record."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from homeport.core.dns import RRType
from homeport.core.errors import Refused
from homeport.wire.http import Reply, Request
from tests.contract.test_every_driver import agent, only, want
from tests.fakes import Fake, query
from tests.fakes.aliesa import FakeAlibabaESA


class Watched(FakeAlibabaESA):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def set(self, owner: str, asked: dict[str, str]) -> None:
        self.written.append(json.loads(asked["Data"])["Value"])
        super().set(owner, asked)


def test_both_families_of_a_name_are_one_write() -> None:
    fake = Watched()
    wanted = want(fake.owner, "192.0.2.1"), want(fake.owner, "2001:db8::1", rrtype=RRType.AAAA)
    assert set(agent(fake).bring_about(*wanted).values()) == {None}
    assert fake.written == ["2001:db8::1,192.0.2.1"] or fake.written == ["192.0.2.1,2001:db8::1"]


@pytest.mark.parametrize("rrtype", RRType)
def test_one_family_alone_repeats_the_other_and_what_stays_keeps_its_place(rrtype: RRType) -> None:
    fake = Watched()
    fake.put(fake.owner, "AAAA", ["2001:db8::7", "2001:db8::8"])
    fake.put(fake.owner, "A", ["192.0.2.7"])
    new = "192.0.2.1" if rrtype is RRType.A else "2001:db8::1"
    assert only(agent(fake).bring_about(want(fake.owner, new, rrtype=rrtype))) is None
    assert fake.written == [
        "2001:db8::7,2001:db8::8,192.0.2.1" if rrtype is RRType.A else "192.0.2.7,2001:db8::1"
    ]


def test_what_changes_between_the_look_and_the_write_is_not_undone() -> None:
    fake = Watched()
    fake.put(fake.owner, "A", ["192.0.2.7"])

    def meanwhile(fake: Fake, request: Request) -> Reply:
        reply = fake(request)
        fake.put(fake.owner, "AAAA", ["2001:db8::9"])  # by someone else, after our look
        return reply

    assert only(agent(fake, {2: meanwhile}).bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert fake.held(fake.owner, "AAAA") == ["2001:db8::9"]
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]


def test_the_record_goes_with_its_last_address() -> None:
    fake = FakeAlibabaESA()
    guest = agent(fake)
    guest.bring_about(want(fake.owner, "192.0.2.1"), want(fake.owner, "2001:db8::1", rrtype=RRType.AAAA))
    guest.bring_about(want(fake.owner), want(fake.owner, rrtype=RRType.AAAA))
    assert fake.rows == []
    assert fake.records == {}


def test_a_proxied_record_stays_proxied_and_has_no_ttl_to_set() -> None:
    fake = FakeAlibabaESA()
    fake.add(fake.owner, "A", "192.0.2.7", Proxied=True, BizName="api", ttl=1)
    guest = agent(fake)
    assert only(guest.bring_about(want(fake.owner, "192.0.2.1", ttl=600))) is None
    [row] = fake.rows
    assert (row["address"], row["Proxied"], row["BizName"], row["ttl"]) == ("192.0.2.1", True, "api", 1)
    guest.bring_about(want(fake.owner, "192.0.2.1", ttl=600))
    assert set(guest.planned.values()) == {()}
    assert guest.provider.veiled({"proxied": True})
    assert not guest.provider.veiled({"proxied": False})


def test_an_option_decides_whether_a_name_is_proxied() -> None:
    fake = FakeAlibabaESA()
    fake.add(fake.owner, "A", "192.0.2.1")
    wanted = replace(want(fake.owner, "192.0.2.1"), options={"proxied": True})
    assert only(agent(fake).bring_about(wanted)) is None
    assert [row["Proxied"] for row in fake.rows] == [True]


def test_records_of_a_site_that_is_connected_by_cname_are_proxied() -> None:
    fake = FakeAlibabaESA()
    fake.access = "CNAME"
    assert only(agent(fake).bring_about(want(fake.owner, "192.0.2.1"))) is None
    assert [row["Proxied"] for row in fake.rows] == [True]


def test_several_records_of_one_name_are_left_to_the_person() -> None:
    fake = FakeAlibabaESA()
    fake.add(fake.owner, "A", "192.0.2.7")

    def twice(fake: Fake, request: Request) -> Reply:
        told = fake(request).json()
        told["Records"] *= 2
        return Reply(200, json.dumps(told).encode())

    guest = agent(fake, {3: twice})
    assert type(only(guest.bring_about(want(fake.owner, "192.0.2.1")))) is Refused
    assert fake.held(fake.owner, "A") == ["192.0.2.7"]


def test_a_region_has_an_endpoint_and_names_are_asked_for_exactly() -> None:
    fake = FakeAlibabaESA()
    guest = agent(fake)
    guest.bring_about(want(fake.owner, "192.0.2.1"))
    asked = query(guest.wire.sent[1])
    assert (asked["RecordName"], asked["RecordMatchType"]) == (fake.owner, "exact")
    provider = replace(fake.driver("k"), region="ap-southeast-1")
    assert provider.address() == "https://esa.ap-southeast-1.aliyuncs.com"
