"""A name at which others keep addresses, too: what is ours changes, and nothing else."""

from __future__ import annotations

from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import IPAddress, Name, Record, RRset, RRType
from homeport.core.plan import beside_others, satisfied

NUMBERS = st.frozensets(st.integers(1, 6))
TTLS = st.sampled_from([None, 60, 120, 300])


def addresses(numbers: frozenset[int]) -> frozenset[IPAddress]:
    return frozenset(IPv4Address(f"192.0.2.{number}") for number in numbers)


def rrset(numbers: frozenset[int], ttl: int | None = None) -> RRset:
    return RRset(Name("home.example.com"), RRType.A, addresses(numbers), ttl)


def records(numbers: frozenset[int], ttl: int | None = None) -> list[Record]:
    return [Record(str(one), one, ttl) for one in sorted(addresses(numbers), key=str)]


@given(NUMBERS, NUMBERS, NUMBERS, TTLS, TTLS)
def test_ours_come_and_go_and_what_is_not_ours_stays(
    wanted: frozenset[int], old: frozenset[int], there: frozenset[int], ttl: int | None, live: int | None
) -> None:
    old -= wanted
    ours, whole, mine = beside_others(rrset(wanted, ttl), addresses(old), records(there, live))
    assert ours.addresses == addresses(wanted)
    assert whole.addresses == addresses(wanted | (there - old))
    assert {record.address for record in mine} == addresses(there & (wanted | old))


@given(NUMBERS, NUMBERS, st.integers(1, 600), st.lists(st.integers(1, 600), max_size=6))
def test_agents_that_ask_for_different_ttls_come_to_one_and_stay_there(
    first: frozenset[int], second: frozenset[int], start: int, asked: list[int]
) -> None:
    second -= first
    present = dict.fromkeys(first, start)
    wishes = [start, *asked]
    for ttl, numbers in zip(wishes * 3, [first, second] * len(wishes) * 3, strict=False):
        there = [Record(str(n), IPv4Address(f"192.0.2.{n}"), t) for n, t in present.items()]
        ours, _, mine = beside_others(rrset(numbers, ttl), frozenset(), there)
        assert ours.ttl is not None
        present |= dict.fromkeys(numbers, ours.ttl)
    if first and second:
        assert set(present.values()) == {start}
        there = [Record(str(n), IPv4Address(f"192.0.2.{n}"), t) for n, t in present.items()]
        ours, _, mine = beside_others(rrset(first, 7), frozenset(), there)
        assert satisfied(ours, mine)


def test_alone_at_the_name_our_own_ttl_counts() -> None:
    ours, whole, _ = beside_others(rrset(frozenset({1}), 60), frozenset(), records(frozenset({1}), 300))
    assert (ours.ttl, whole.ttl) == (60, 60)


def test_a_ttl_that_nobody_asks_for_is_left_alone() -> None:
    ours, whole, _ = beside_others(rrset(frozenset({1})), frozenset(), records(frozenset({2}), 300))
    assert (ours.ttl, whole.ttl) == (None, None)


def test_where_records_differ_the_least_ttl_counts() -> None:
    there = records(frozenset({1}), 300) + records(frozenset({2}), 120) + records(frozenset({3}), 600)
    assert beside_others(rrset(frozenset({1}), 900), frozenset(), there)[0].ttl == 120
