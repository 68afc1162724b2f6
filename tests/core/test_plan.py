"""The decision core, checked by its laws rather than by examples."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import Name, Record, RRset, RRType
from homeport.core.plan import (
    Change,
    Create,
    Delete,
    Put,
    Replace,
    as_wanted,
    by_record,
    by_rrset,
    satisfied,
)

ADDRESSES = st.integers(1, 5).map(lambda n: ip_address(f"192.0.2.{n}"))
TTLS = st.sampled_from([60, 300])
KINDS = st.sampled_from([True, False])
WISHES = st.dictionaries(st.sampled_from(["proxied", "comment"]), KINDS, max_size=2)
ATTRIBUTES = st.fixed_dictionaries({"proxied": KINDS, "comment": KINDS})
PRESENT = st.lists(
    st.builds(Record, st.uuids().map(str), ADDRESSES, st.one_of(st.none(), TTLS), ATTRIBUTES), max_size=6
)
WANTED = st.builds(
    RRset,
    st.just(Name("home.example.com")),
    st.just(RRType.A),
    st.frozensets(ADDRESSES, max_size=4),
    st.one_of(st.none(), TTLS),
    WISHES,
)


def perform(change: Change, present: list[Record]) -> list[Record]:
    """What a provider would hold after one change."""
    wanted = change.wanted
    match change:
        case Create(_, address):
            new = Record("new" + str(address), address, wanted.ttl, wanted.options)
            return [*present, new]
        case Replace(_, record, address):
            ttl = record.ttl if wanted.ttl is None or record.ttl is None else wanted.ttl
            new = Record(record.id, address, ttl, {**record.options, **wanted.options})
            return [new if r.id == record.id else r for r in present]
        case Delete(_, record):
            return [r for r in present if r.id != record.id]
        case Put():
            return [Record(str(a), a, wanted.ttl, wanted.options) for a in wanted.addresses]


@given(WANTED, PRESENT)
def test_the_changes_bring_about_what_is_wanted(wanted: RRset, present: list[Record]) -> None:
    for plan in by_record, by_rrset:
        after = present
        for change in plan(wanted, present):
            after = perform(change, after)
        assert satisfied(wanted, after)


@given(WANTED, PRESENT)
def test_nothing_is_changed_if_and_only_if_all_is_well(wanted: RRset, present: list[Record]) -> None:
    assert (by_record(wanted, present) == ()) == satisfied(wanted, present)
    assert (by_rrset(wanted, present) == ()) == satisfied(wanted, present)


@given(WANTED, PRESENT)
def test_a_name_that_resolves_never_goes_dark(wanted: RRset, present: list[Record]) -> None:
    lit = bool(present and wanted.addresses)
    for change in by_record(wanted, present):
        present = perform(change, present)
        assert present or not lit


@given(WANTED, PRESENT)
def test_on_the_way_no_right_address_goes_and_no_wrong_one_comes(
    wanted: RRset, present: list[Record]
) -> None:
    for change in by_record(wanted, present):
        before = {record.address for record in present}
        present = perform(change, present)
        after = {record.address for record in present}
        assert before & wanted.addresses <= after
        assert after - before <= wanted.addresses


@given(WANTED, PRESENT)
def test_no_record_is_touched_twice_and_there_are_no_fewer_ways(
    wanted: RRset, present: list[Record]
) -> None:
    changes = by_record(wanted, present)
    touched = [change.record.id for change in changes if isinstance(change, Replace | Delete)]
    assert len(touched) == len(set(touched))
    right = {r.address for r in present if r.address in wanted.addresses and as_wanted(wanted, r)}
    assert len(touched) == len(present) - len(right)
    assert len(changes) - len(touched) == max(0, len(wanted.addresses) - len(present))


@given(WANTED, PRESENT)
def test_what_nobody_asked_for_about_a_record_is_not_a_reason_to_touch_it(
    wanted: RRset, present: list[Record]
) -> None:
    plain = RRset(wanted.owner, wanted.rrtype, frozenset(record.address for record in present))
    distinct = list({record.address: record for record in present}.values())
    assert by_record(plain, distinct) == by_rrset(plain, distinct) == ()


def record(ttl: int | None = 300, **options: object) -> Record:
    return Record("1", ip_address("192.0.2.1"), ttl, options)


@pytest.mark.parametrize(
    ("ttl", "options", "present", "well"),
    [
        (None, {}, record(300), True),
        (300, {}, record(300), True),
        (60, {}, record(300), False),
        (60, {}, record(None), True),  # a TTL that is not told cannot be wrong
        (None, {"proxied": True}, record(proxied=True), True),
        (None, {"proxied": True}, record(proxied=False), False),
        (None, {"proxied": False}, record(), False),  # not told is not the same as off
        (None, {}, record(proxied=True, tags=["mine"]), True),
    ],
)
def test_ttl_and_options_count_only_where_they_are_wanted(
    ttl: int | None, options: dict[str, object], present: Record, well: bool
) -> None:
    wanted = RRset(Name("a.example.com"), RRType.A, frozenset({ip_address("192.0.2.1")}), ttl, options)
    assert as_wanted(wanted, present) is satisfied(wanted, [present]) is well
    changes = by_record(wanted, [present])
    assert changes == (() if well else (Replace(wanted, present, present.address),))


def test_an_rrset_holds_only_addresses_of_its_type() -> None:
    with pytest.raises(ValueError, match="A cannot hold"):
        RRset(Name("a.example.com"), RRType.A, frozenset({ip_address("2001:db8::1")}))
