"""Which of its addresses a neighbour shall be found at."""

from __future__ import annotations

from ipaddress import IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from homeport.core.host import Mac, Neighbour
from homeport.core.neighbours import MOST, NeighbourAddress, candidates, choose

MAC = bytes.fromhex("02005e100001")
HOST = Neighbour(Mac(MAC))
NEAR = IPv6Address("2600:1:2:3::1")
STABLE = IPv6Address("2600:1:2:3::5eff:fe10:1")  # made of the MAC address
ONE, TWO = IPv6Address("2600:1:2:3:1111::"), IPv6Address("2600:1:2:3:2222::")
ELSEWHERE = IPv6Address("2600:1:2:4::7")


def entry(address: IPv6Address, *, confirmed: bool = False, mac: bytes = MAC) -> NeighbourAddress:
    return NeighbourAddress("eth0", address, mac, confirmed)


def test_only_its_own_addresses_in_the_network_of_the_uplink_count() -> None:
    link_local = IPv6Address("fe80::5eff:fe10:1")
    table = [entry(ONE, mac=bytes(6)), entry(ELSEWHERE), entry(link_local, confirmed=True)]
    assert choose(HOST, NEAR, table) is None
    assert choose(HOST, NEAR, [*table, entry(TWO)]) == TWO


def test_with_a_shorter_prefix_it_may_be_in_another_network() -> None:
    assert choose(Neighbour(Mac(MAC), 56), NEAR, [entry(ELSEWHERE)]) == ELSEWHERE


def test_the_address_made_of_its_mac_goes_first() -> None:
    assert choose(HOST, NEAR, [entry(ONE, confirmed=True), entry(STABLE, confirmed=True)]) == STABLE
    assert choose(HOST, NEAR, [entry(ONE), entry(STABLE)]) == STABLE


def test_one_that_answers_goes_before_one_that_did_long_ago() -> None:
    assert choose(HOST, NEAR, [entry(ONE), entry(TWO, confirmed=True)]) == TWO


def test_the_published_address_stays_while_the_table_has_it() -> None:
    table = [entry(ONE, confirmed=True), entry(TWO)]
    assert choose(HOST, NEAR, table, {TWO}) == TWO


def test_when_the_published_address_is_gone_another_one_must_answer() -> None:
    """All entries of a neighbour that sleeps grow old, and go one by one."""
    assert choose(HOST, NEAR, [entry(ONE)], {TWO}) is None
    assert choose(HOST, NEAR, [], {TWO}) is None
    assert choose(HOST, NEAR, [entry(ONE, confirmed=True)], {TWO}) == ONE


def test_an_old_entry_of_the_stable_address_displaces_nothing() -> None:
    assert choose(HOST, NEAR, [entry(STABLE), entry(ONE)], {ONE}) == ONE
    assert choose(HOST, NEAR, [entry(STABLE, confirmed=True), entry(ONE)], {ONE}) == STABLE


def test_what_was_published_in_another_network_does_not_count() -> None:
    assert choose(HOST, NEAR, [entry(ONE)], {ELSEWHERE}) == ONE


def test_it_is_looked_for_where_it_was_and_where_it_may_be() -> None:
    assert candidates(HOST, NEAR, [entry(ONE)], {TWO, ELSEWHERE}) == [
        TWO,
        ONE,
        STABLE,
        IPv6Address("2600:1:2:3::7"),  # its old identifier in the new network
    ]


addresses = st.integers(0, 7).map(lambda bits: IPv6Address(int(NEAR) & ~0xFFFF | bits + 16))
tables = st.lists(st.builds(entry, addresses | st.just(STABLE), confirmed=st.booleans()), max_size=6)
helds = st.frozensets(addresses | st.just(STABLE), max_size=2)


@given(tables, helds)
def test_the_answer_does_not_flap(table: list[NeighbourAddress], held: frozenset[IPv6Address]) -> None:
    """Nor does it depend on the order of the table."""
    found = choose(HOST, NEAR, table, held)
    once = {one.address: one for one in table}.values()
    assert choose(HOST, NEAR, list(once), held) == choose(HOST, NEAR, list(once)[::-1], held)
    if found is not None:
        assert choose(HOST, NEAR, table, {found}) in (found, STABLE)
        assert found in {one.address for one in table}


@given(tables, helds)
def test_nothing_is_withdrawn_and_nothing_guessed_while_it_sleeps(
    table: list[NeighbourAddress], held: frozenset[IPv6Address]
) -> None:
    asleep = [one._replace(confirmed=False) for one in table]
    found = choose(HOST, NEAR, asleep, held)
    assert found is None or not held or found in held


@given(st.lists(st.builds(entry, st.integers(0, 99).map(lambda i: NEAR + i)), max_size=60), helds)
def test_not_too_many_are_asked(table: list[NeighbourAddress], held: frozenset[IPv6Address]) -> None:
    found = candidates(HOST, NEAR, table, held)
    assert len(found) == len(set(found)) <= MOST
