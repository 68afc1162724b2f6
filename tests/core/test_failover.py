"""From lines that are up or down to what a name shall be."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import Name, RRset, RRType
from homeport.core.observation import Absent, Observation, Seen, Unseen
from homeport.core.schedule import Target
from homeport.core.wish import Rule, Withdrawn, needed, wish

OWNER = Name("home.example.com")
ONE, TWO, SIX = (frozenset({ip_address(text)}) for text in ("8.8.8.1", "8.8.8.2", "2600:1::1"))
DOWN, NO_IPV6 = Unseen("timed out"), Absent("no IPv6 here")
Sights = dict[tuple[str, RRType], Observation]


def rule(
    *uplinks: str, rrtype: RRType = RRType.A, policy: str = "failover", beside: RRType | None = None
) -> Rule:
    others = frozenset() if beside is None else frozenset({beside})
    return Rule(Target(OWNER, rrtype, "cf"), uplinks, policy, beside=others)


def sights(**seen: Observation) -> Sights:
    return {(uplink, RRType.A): observation for uplink, observation in seen.items()}


def a(addresses: frozenset[object]) -> RRset:
    return RRset(OWNER, RRType.A, frozenset(ip_address(str(one)) for one in addresses))


BOTH = sights(fiber=Seen(ONE), lte=Seen(TWO))


def test_the_first_line_that_is_up_and_sees_an_address_has_the_name() -> None:
    both = rule("fiber", "lte")
    assert wish(both, BOTH) == a(ONE)
    assert wish(both, BOTH, {"fiber": True, "lte": True}) == a(ONE)
    assert wish(both, BOTH, {"fiber": False}) == a(TWO)
    assert wish(both, BOTH, {"lte": False}) == a(ONE)


def test_all_publishes_the_lines_that_are_up() -> None:
    every = rule("fiber", "lte", policy="all")
    assert wish(every, BOTH) == a(ONE | TWO)
    assert wish(every, BOTH, {"fiber": False}) == a(TWO)


@pytest.mark.parametrize("policy", ["failover", "all"])
def test_the_last_address_is_never_withdrawn(policy: str) -> None:
    both = rule("fiber", "lte", policy=policy)
    assert wish(both, BOTH, {"fiber": False, "lte": False}) == Unseen(
        "fiber: its probes say that it is down; lte: its probes say that it is down"
    )
    blind = sights(fiber=Seen(ONE), lte=DOWN)
    assert wish(both, blind, {"fiber": False}) == Unseen(
        "lte: timed out; fiber: its probes say that it is down"
    )
    nothing = sights(fiber=Seen(ONE), lte=Seen(frozenset()))
    assert isinstance(wish(both, nothing, {"fiber": False}), Unseen)


def test_the_only_line_of_a_name_is_not_left_out() -> None:
    assert wish(rule("fiber"), BOTH, {"fiber": False}) == a(ONE)


def test_a_line_that_is_down_is_not_waited_for() -> None:
    both = rule("fiber", "lte", beside=RRType.AAAA)
    assert needed(both) == [("fiber", RRType.A), ("lte", RRType.A)]
    assert needed(both, {"fiber": False}) == [("lte", RRType.A), ("lte", RRType.AAAA)]
    assert needed(both, {"fiber": False, "lte": False}) == []
    assert wish(both, sights(lte=Seen(TWO)), {"fiber": False}) == a(TWO)


def test_a_family_that_only_the_lost_line_has_goes_if_the_name_stands_without_it() -> None:
    six = rule("fiber", "lte", rrtype=RRType.AAAA, beside=RRType.A)
    told = wish(six, {**BOTH, ("lte", RRType.AAAA): NO_IPV6}, {"fiber": False})
    assert isinstance(told, Withdrawn)
    assert told.rrset == RRset(OWNER, RRType.AAAA, frozenset())
    assert isinstance(wish(six, BOTH, {"fiber": False}), Withdrawn), "lte does not look for it"


@pytest.mark.parametrize(
    ("lte", "beside", "six"),
    [(Seen(TWO), RRType.A, DOWN), (DOWN, RRType.A, NO_IPV6), (Seen(TWO), None, NO_IPV6)],
    ids=["it may have come", "nothing else stands", "the name has no other type"],
)
def test_else_it_stays(lte: Observation, beside: RRType | None, six: Observation) -> None:
    told: Sights = {("lte", RRType.A): lte, ("lte", RRType.AAAA): six}
    aaaa = rule("fiber", "lte", rrtype=RRType.AAAA, beside=beside)
    assert isinstance(wish(aaaa, told, {"fiber": False}), Unseen)


LINES = st.sets(st.sampled_from("abc"))
OBSERVED = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from(RRType)),
    st.sampled_from(["seen", "none", "unseen", "absent"]),
)


def observation(what: str, line: str, rrtype: RRType) -> Observation:
    text = f"8.8.8.{ord(line)}" if rrtype is RRType.A else f"2600::{ord(line)}"
    every: dict[str, Observation] = {"none": Seen(frozenset()), "unseen": DOWN, "absent": NO_IPV6}
    return every.get(what) or Seen(frozenset({ip_address(text)}))


@given(OBSERVED, LINES, st.sampled_from(["failover", "all"]), st.sampled_from(RRType))
def test_no_address_of_a_lost_line_is_wanted_and_no_name_is_emptied_by_a_loss(
    observed: dict[tuple[str, RRType], str], down: set[str], policy: str, rrtype: RRType
) -> None:
    told = {key: observation(what, *key) for key, what in observed.items()}
    other = RRType.A if rrtype is RRType.AAAA else RRType.AAAA
    wanted = wish(
        rule("a", "b", "c", rrtype=rrtype, policy=policy, beside=other), told, dict.fromkeys(down, False)
    )
    lost = {ip_address(f"8.8.8.{ord(one)}") for one in down} | {
        ip_address(f"2600::{ord(one)}") for one in down
    }
    if isinstance(wanted, RRset):
        assert not wanted.addresses & lost
        assert wanted.addresses or not down
    if isinstance(wanted, Withdrawn):
        assert any(
            (line, other) in told and observed[line, other] == "seen" for line in {"a", "b", "c"} - down
        )


@given(OBSERVED, st.sampled_from(["failover", "all"]))
def test_lines_that_nobody_watches_are_as_before(
    observed: dict[tuple[str, RRType], str], policy: str
) -> None:
    told = {key: observation(what, *key) for key, what in observed.items()}
    three = rule("a", "b", "c", policy=policy, beside=RRType.AAAA)
    assert wish(three, told) == wish(three, told, {"a": True, "b": True, "c": True, "d": False})
