"""What may be believed of several sources: the laws of agreement."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.address import publishable
from homeport.core.dns import IPAddress
from homeport.core.observation import Reading, Seen, Unseen, conclude, judge, to_ask

POOL = [
    frozenset({ip_address("8.8.8.1")}),
    frozenset({ip_address("8.8.8.2")}),
    frozenset({ip_address("2600:1::1")}),
    frozenset({ip_address("2600:1::2")}),
    frozenset({ip_address("2600:2::1")}),
    frozenset({ip_address("2600:1::1"), ip_address("2600:2::9")}),
    frozenset[IPAddress](),
]


def reading(
    operator: str, addresses: frozenset[IPAddress] | None, *, local: bool = False, source: str = ""
) -> Reading:
    error = "timed out" if addresses is None else None
    return Reading(source or f"source of {operator}", operator, local, addresses, error)


READINGS = st.lists(
    st.builds(
        reading,
        st.sampled_from("abcde"),
        st.one_of(st.none(), st.sampled_from(POOL)),
        local=st.booleans(),
        source=st.uuids().map(str),
    ),
    max_size=7,
)
NEED = st.integers(1, 4)


def said(*texts: str) -> frozenset[IPAddress]:
    return frozenset(map(ip_address, texts))


def names_one_network(one: frozenset[IPAddress], other: frozenset[IPAddress]) -> bool:
    """An independent way to say that two looks name the same IPv6 networks."""
    return {a.exploded[:19] for a in other} <= {a.exploded[:19] for a in one} and bool(one and other)


@given(READINGS, NEED, st.booleans(), st.booleans())
def test_only_what_somebody_said_is_ever_believed(
    readings: list[Reading], need: int, strict: bool, complete: bool
) -> None:
    match conclude(readings, need, strict=strict, complete=complete):
        case Seen(addresses, witnesses):
            by_label = {r.source: r for r in readings}
            assert any(r.addresses == addresses for r in readings)
            assert witnesses and all(by_label[label].addresses is not None for label in witnesses)
            assert any(by_label[label].addresses == addresses for label in witnesses)
        case Unseen(why):
            assert why
            assert complete
        case None:
            assert not complete
        case other:
            raise AssertionError(other)


@given(READINGS, NEED, st.booleans(), st.booleans())
def test_against_a_contradiction_only_a_quorum_that_is_the_strict_majority_is_believed(
    readings: list[Reading], need: int, strict: bool, complete: bool
) -> None:
    readings = [r for r in readings if not r.local]  # looks from outside agree only if they are equal
    votes: dict[frozenset[IPAddress], set[str]] = {}
    for r in readings:
        if r.addresses is not None:
            votes.setdefault(r.addresses, set()).add(r.operator)
    seen = conclude(readings, need, strict=strict, complete=complete)
    if isinstance(seen, Seen):
        mine = len(votes.pop(seen.addresses))
        assert all(mine > len(others) for others in votes.values())
        assert mine >= need or (complete and not strict and not votes)
    else:
        sizes = sorted(map(len, votes.values()), reverse=True)
        won = bool(sizes) and sizes[0] >= need and sizes[:2].count(sizes[0]) == 1
        assert not won
        assert not (complete and not strict and len(sizes) == 1)


@given(READINGS, NEED, st.booleans())
def test_a_number_that_a_person_asked_for_is_never_undercut(
    readings: list[Reading], need: int, complete: bool
) -> None:
    seen = conclude(readings, need, strict=True, complete=complete)
    if isinstance(seen, Seen):
        operators = {r.operator for r in readings if r.source in seen.witnesses}
        assert len(operators) >= need


@given(READINGS, NEED, st.booleans(), st.booleans())
def test_sources_that_failed_change_nothing_about_what_is_believed(
    readings: list[Reading], need: int, strict: bool, complete: bool
) -> None:
    spoken = [r for r in readings if r.addresses is not None]
    with_failures = conclude(readings, need, strict=strict, complete=complete)
    without = conclude(spoken, need, strict=strict, complete=complete)
    assert type(with_failures) is type(without)
    if isinstance(with_failures, Seen):
        assert with_failures == without


@given(READINGS, NEED, st.booleans())
def test_what_is_believed_early_is_what_those_who_spoke_would_say_at_the_end(
    readings: list[Reading], need: int, strict: bool
) -> None:
    early = conclude(readings, need, strict=strict, complete=False)
    if early is not None:
        assert early == conclude(readings, need, strict=strict, complete=True)


@given(READINGS, NEED, st.booleans())
def test_all_witnesses_name_the_same_address_or_the_same_networks(
    readings: list[Reading], need: int, strict: bool
) -> None:
    seen = conclude(readings, need, strict=strict, complete=True)
    if isinstance(seen, Seen):
        for witness in (r for r in readings if r.source in seen.witnesses):
            assert witness.addresses is not None
            assert witness.addresses == seen.addresses or names_one_network(
                seen.addresses, witness.addresses
            )


KNOWN = st.one_of(st.none(), st.sampled_from(POOL))


@given(READINGS, NEED, st.booleans(), KNOWN)
def test_what_is_believed_because_it_was_believed_before_is_just_that(
    readings: list[Reading], need: int, complete: bool, known: frozenset[IPAddress] | None
) -> None:
    with_it = conclude(readings, need, strict=False, complete=complete, known=known)
    without = conclude(readings, need, strict=False, complete=complete)
    if with_it != without:
        assert isinstance(with_it, Seen) and with_it.addresses == known
        assert all(
            r.addresses is None or r.addresses == known or names_one_network(with_it.addresses, r.addresses)
            for r in readings
        )


@given(READINGS, NEED, st.booleans(), KNOWN)
def test_patience_ends_in_what_would_be_believed_if_nobody_else_ever_spoke(
    readings: list[Reading], need: int, strict: bool, known: frozenset[IPAddress] | None
) -> None:
    late = conclude(readings, need, strict=strict, complete=False, known=known, patience_over=True)
    final = conclude(readings, need, strict=strict, complete=True, known=known)
    assert late == (final if isinstance(final, Seen) else None)


@given(READINGS, NEED, st.booleans(), st.booleans(), KNOWN)
def test_a_number_that_a_person_asked_for_knows_neither_patience_nor_memory(
    readings: list[Reading], need: int, complete: bool, over: bool, known: frozenset[IPAddress] | None
) -> None:
    assert conclude(
        readings, need, strict=True, complete=complete, known=known, patience_over=over
    ) == conclude(readings, need, strict=True, complete=complete)


OLD, NEW = said("8.8.8.1"), said("8.8.8.2")


def test_an_address_that_was_believed_before_needs_one_witness_and_a_new_one_waits_for_a_second() -> None:
    first = [reading("a", OLD)]
    assert conclude(first, 2, strict=False, complete=False, known=OLD) == Seen(OLD, ("source of a",))
    assert conclude(first, 2, strict=False, complete=False, known=NEW) is None
    assert conclude(first, 2, strict=False, complete=False, known=None) is None
    both = [*first, reading("b", OLD)]
    assert isinstance(conclude(both, 2, strict=False, complete=False, known=NEW), Seen)


def test_a_new_address_that_nobody_confirms_in_time_is_believed_and_a_contradicted_one_is_not() -> None:
    lone = [reading("a", NEW), reading("b", None)]
    assert isinstance(conclude(lone, 2, strict=False, complete=False, known=OLD, patience_over=True), Seen)
    torn = [reading("a", NEW), reading("b", OLD)]
    assert conclude(torn, 2, strict=False, complete=False, known=OLD, patience_over=True) is None
    ended = conclude(torn, 2, strict=False, complete=True, known=OLD, patience_over=True)
    assert isinstance(ended, Unseen) and "disagree" in ended.why


def test_a_majority_that_is_smaller_than_what_is_needed_settles_no_contradiction() -> None:
    torn = [reading("a", NEW), reading("b", NEW), reading("c", OLD)]
    assert isinstance(conclude(torn, 3, strict=False, complete=True), Unseen)
    assert conclude(torn, 3, strict=False, complete=False, known=NEW, patience_over=True) is None


def test_this_machine_alone_does_not_know_that_its_old_address_is_still_good() -> None:
    here = [reading("this machine", OLD, local=True)]
    assert conclude(here, 2, strict=False, complete=False, known=OLD) is None
    assert isinstance(conclude(here, 2, strict=False, complete=True, known=OLD), Seen)
    stable, temporary = said("2600:1::1"), said("2600:1::2")
    there = [reading("this machine", stable, local=True), reading("a", temporary)]
    assert conclude(there, 3, strict=False, complete=False, known=stable) is not None
    assert conclude(there[1:], 3, strict=False, complete=False, known=stable) is None


@given(READINGS, NEED, st.booleans(), KNOWN)
def test_as_long_as_nothing_is_decided_somebody_is_asked_and_never_more_than_must_agree(
    readings: list[Reading], need: int, strict: bool, known: frozenset[IPAddress] | None
) -> None:
    assert 1 <= to_ask(readings, need, strict=strict, known=known) <= need


def test_one_source_is_asked_first_where_one_may_do_and_the_second_at_once_where_it_may_not() -> None:
    assert to_ask([], 2, strict=False, known=OLD) == 1
    assert to_ask([], 2, strict=False, known=None) == 2
    assert to_ask([], 3, strict=True, known=OLD) == 3
    assert to_ask([reading("a", NEW)], 2, strict=False, known=OLD) == 1
    assert to_ask([reading("a", NEW)], 3, strict=False, known=OLD) == 2


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_a_local_look_is_confirmed_by_an_outside_look_at_its_network_and_is_what_is_published(
    order: slice,
) -> None:
    here = reading("this machine", said("2600:1::211:22ff:fe33:4455"), local=True, source="interface")
    there = reading("echo", said("2600:1::a8c1:5cff:9d0e:7788"), source="http")
    seen = conclude([here, there][order], 2, strict=True, complete=True)
    assert isinstance(seen, Seen)
    assert seen.addresses == here.addresses and set(seen.witnesses) == {"interface", "http"}


def test_an_outside_look_at_another_network_contradicts_the_local_one() -> None:
    here = reading("this machine", said("2600:1::1"), local=True)
    vpn = reading("echo", said("2600:2::1"))
    assert isinstance(conclude([here, vpn], 2, strict=False, complete=True), Unseen)
    assert conclude([here, vpn], 2, strict=False, complete=False) is None


def test_two_looks_from_outside_at_one_network_do_not_agree() -> None:
    looks = [reading("a", said("2600:1::1")), reading("b", said("2600:1::2"))]
    assert isinstance(conclude(looks, 2, strict=False, complete=True), Unseen)


def test_for_ipv4_a_local_look_is_confirmed_only_by_the_same_address() -> None:
    here = reading("this machine", said("8.8.8.1"), local=True)
    assert isinstance(
        conclude([here, reading("a", said("8.8.8.2"))], 2, strict=False, complete=True), Unseen
    )
    assert isinstance(conclude([here, reading("a", said("8.8.8.1"))], 2, strict=True, complete=True), Seen)


def test_none_on_purpose_is_known_and_is_not_confused_with_silence() -> None:
    assert conclude([reading("a", frozenset())], 1, strict=True, complete=True) == Seen(
        frozenset(), ("source of a",)
    )
    assert isinstance(conclude([reading("a", None)], 1, strict=False, complete=True), Unseen)
    both = [reading("a", frozenset()), reading("b", said("8.8.8.1"))]
    assert isinstance(conclude(both, 1, strict=False, complete=True), Unseen)


def test_two_sources_of_one_operator_are_one_witness() -> None:
    twice = [reading("a", said("8.8.8.1"), source=s) for s in ("x", "y")]
    assert conclude(twice, 2, strict=True, complete=False) is None
    assert isinstance(conclude(twice, 2, strict=True, complete=True), Unseen)


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        ([], ["no source to ask"]),
        ([reading("a", None), reading("b", None)], ["source of a: timed out", "source of b: timed out"]),
        (
            [reading("a", said("8.8.8.1")), reading("b", said("8.8.8.2"))],
            ["disagree", "source of a says 8.8.8.1", "source of b says 8.8.8.2"],
        ),
        (
            [reading("a", said("8.8.8.1")), reading("b", None)],
            ["only 1 of 2 sources say 8.8.8.1", "source of b: timed out"],
        ),
    ],
)
def test_a_person_is_told_who_said_what(readings: Sequence[Reading], words: list[str]) -> None:
    seen = conclude(readings, 2, strict=True, complete=True)
    assert isinstance(seen, Unseen)
    assert all(word in seen.why for word in words)


@given(
    st.frozensets(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), max_size=3),
    st.sampled_from([(), ("private",), ("cgnat", "private")]),
)
def test_a_reading_with_one_address_that_may_not_be_published_is_a_failure_as_a_whole(
    addresses: frozenset[IPAddress], allow: tuple[str, ...]
) -> None:
    before = reading("a", addresses)
    after = judge(before, allow)
    if all(publishable(address, allow) for address in addresses):
        assert after == before
    else:
        assert after.addresses is None and after.refused == addresses
        assert after.error is not None and "not for publication" in after.error


def test_a_failure_stays_the_failure_it_was() -> None:
    before = reading("a", None)
    assert judge(before, ()) is before
