"""What may be taken away of names that the configuration has lost."""

from __future__ import annotations

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import Name, RRType
from homeport.core.schedule import Memory, Target
from homeport.core.vanished import parting

ADDRESS = frozenset({ip_address("8.8.8.1")})
targets = st.builds(
    Target,
    st.sampled_from([Name("a.example.com"), Name("b.example.com")]),
    st.sampled_from(RRType),
    st.sampled_from(["p", "q", "r"]),
)
memories = st.dictionaries(targets, st.sampled_from([Memory(), Memory(ADDRESS), Memory(frozenset())]))
accounts = st.dictionaries(st.sampled_from(["p", "q", "r"]), st.booleans())


@given(memories, st.sets(targets), accounts)
def test_nothing_is_taken_away_that_is_wanted_unknown_or_doubtful(
    held: dict[Target, Memory], wanted: set[Target], readable: dict[str, bool]
) -> None:
    found = parting(held, wanted, readable)
    names = {(one.owner, one.rrtype) for one in wanted}
    for rule in found.rules:
        assert rule.gone and rule.share and not rule.uplinks
        assert held[rule.target].acknowledged and readable[rule.target.account]
        assert (rule.target.owner, rule.target.rrtype) not in names
    assert bool(wanted) or not found.rules


@given(memories, st.sets(targets), accounts)
def test_of_each_name_of_ours_that_vanished_something_is_said_or_done(
    held: dict[Target, Memory], wanted: set[Target], readable: dict[str, bool]
) -> None:
    found = parting(held, wanted, readable)
    gone = {one for one, memory in held.items() if memory.acknowledged and one not in wanted}
    assert {rule.target for rule in found.rules} | found.kept.keys() == gone
    assert not {rule.target for rule in found.rules} & found.kept.keys()
