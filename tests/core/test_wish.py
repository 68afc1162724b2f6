"""From what the uplinks see to what a target shall be."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import Name, RRset, RRType
from homeport.core.host import HostId, parse
from homeport.core.neighbours import NeighbourAddress
from homeport.core.observation import Absent, Observation, Seen, Unseen
from homeport.core.schedule import Target
from homeport.core.wish import Rule, wish

OWNER = Name("home.example.com")
ONE, TWO = ip_address("8.8.8.1"), ip_address("8.8.8.2")
SIX, SEVEN = IPv6Address("2600:1:2:3::1"), IPv6Address("2600:7:7:7::1")
DOWN = Unseen("timed out")
NO_IPV6 = Absent("no IPv6 here")


def rule(
    *uplinks: str,
    rrtype: RRType = RRType.A,
    policy: str = "failover",
    host: HostId | None = None,
    written: bool = True,
) -> Rule:
    target = Target(OWNER, rrtype, "cf")
    return Rule(target, uplinks, policy, ttl=60, host=host, options={"proxied": False}, written=written)


def sights(rrtype: RRType = RRType.A, **seen: Observation) -> dict[tuple[str, RRType], Observation]:
    return {(uplink, rrtype): observation for uplink, observation in seen.items()}


def seen(*addresses: object) -> Seen:
    return Seen(frozenset(ip_address(str(address)) for address in addresses))


def rrset(*addresses: object, rrtype: RRType = RRType.A) -> RRset:
    return RRset(
        OWNER, rrtype, frozenset(ip_address(str(a)) for a in addresses), 60, options={"proxied": False}
    )


def test_failover_takes_the_first_uplink_whose_address_is_known() -> None:
    both = rule("fiber", "lte")
    assert wish(both, sights(fiber=seen(ONE), lte=seen(TWO))) == rrset(ONE)
    assert wish(both, sights(fiber=DOWN, lte=seen(TWO))) == rrset(TWO)
    assert wish(both, sights(fiber=NO_IPV6, lte=seen(TWO))) == rrset(TWO)


def test_failover_is_not_led_astray_by_uplinks_that_the_record_does_not_name() -> None:
    assert wish(rule("lte"), sights(fiber=seen(ONE), lte=seen(TWO))) == rrset(TWO)
    assert isinstance(wish(rule("lte"), sights(fiber=seen(ONE), lte=DOWN)), Unseen)


def test_all_takes_the_addresses_of_all_uplinks() -> None:
    everything = rule("fiber", "lte", policy="all")
    assert wish(everything, sights(fiber=seen(ONE), lte=seen(TWO))) == rrset(ONE, TWO)
    assert wish(everything, sights(fiber=seen(ONE), lte=seen(ONE))) == rrset(ONE)


@pytest.mark.parametrize("trouble", [DOWN, NO_IPV6])
def test_all_withdraws_no_address_because_an_uplink_cannot_be_seen(trouble: Observation) -> None:
    assert isinstance(
        wish(rule("fiber", "lte", policy="all"), sights(fiber=seen(ONE), lte=trouble)), Unseen
    )


def test_none_on_purpose_is_a_wish_for_an_empty_rrset() -> None:
    assert wish(rule("fiber"), sights(fiber=seen())) == rrset()


def test_the_person_is_told_which_uplink_cannot_see_why() -> None:
    one = wish(rule("fiber"), sights(fiber=DOWN))
    assert one == Unseen("timed out")
    both = wish(rule("fiber", "lte"), sights(fiber=DOWN, lte=Unseen("no route")))
    assert both == Unseen("fiber: timed out; lte: no route")
    assert wish(rule("fiber"), {}) == Unseen("no uplink looks for A addresses")


def test_a_family_that_the_machine_does_not_have_is_absent_only_where_nobody_wrote_the_type() -> None:
    by_default = rule("fiber", "lte", rrtype=RRType.AAAA, written=False)
    none = sights(RRType.AAAA, fiber=NO_IPV6, lte=NO_IPV6)
    assert isinstance(wish(by_default, none), Absent)
    assert isinstance(wish(rule("fiber", "lte", rrtype=RRType.AAAA, written=True), none), Unseen)
    unsure = sights(RRType.AAAA, fiber=NO_IPV6, lte=DOWN)
    assert isinstance(wish(by_default, unsure), Unseen)


@pytest.mark.parametrize(
    ("host", "address"),
    [("::1234", "2600:1:2:3::1234"), ("02:00:5e:10:00:01", "2600:1:2:3::5eff:fe10:1")],
)
def test_another_host_has_its_own_address_in_the_network_of_the_uplink(host: str, address: str) -> None:
    behind = rule("fiber", rrtype=RRType.AAAA, host=parse(host))
    assert wish(behind, sights(RRType.AAAA, fiber=seen(SIX))) == rrset(address, rrtype=RRType.AAAA)


def test_another_host_shares_the_ipv4_address() -> None:
    assert wish(rule("fiber", host=parse("::1234")), sights(fiber=seen(ONE))) == rrset(ONE)


MAC = "02:00:5e:10:00:01"
MET = IPv6Address("2600:1:2:3:1111::")


def met(*addresses: IPv6Address) -> list[NeighbourAddress]:
    return [
        NeighbourAddress("eth0", address, bytes.fromhex(MAC.replace(":", "")), True)
        for address in addresses
    ]


def test_a_neighbour_has_the_address_that_the_table_knows() -> None:
    behind = rule("fiber", rrtype=RRType.AAAA, host=parse(f"neighbour:{MAC}"))
    here = sights(RRType.AAAA, fiber=seen(SIX))
    assert wish(behind, here, neighbours=met(MET, SEVEN)) == rrset(MET, rrtype=RRType.AAAA)
    kept = IPv6Address("2600:1:2:3:9999::")
    found = wish(behind, here, neighbours=met(MET, kept), held=frozenset({kept}))
    assert found == rrset(kept, rrtype=RRType.AAAA)


def test_a_neighbour_that_is_not_met_is_unknown_and_never_us() -> None:
    behind = rule("fiber", rrtype=RRType.AAAA, host=parse(f"neighbour:{MAC}"))
    here = sights(RRType.AAAA, fiber=seen(SIX))
    assert wish(behind, here) == Unseen(
        f"no machine {MAC} is to be found in 2600:1:2:3::/64; is it switched on?"
    )
    silent = Unseen("the system does not tell its neighbours")
    assert wish(behind, here, neighbours=silent) == silent
    assert wish(behind, sights(RRType.AAAA, fiber=DOWN), neighbours=met(MET)) == DOWN


def test_on_several_lines_a_neighbour_is_wanted_at_all_of_them_or_unknown() -> None:
    behind = rule("fiber", "lte", rrtype=RRType.AAAA, policy="all", host=parse(f"neighbour:{MAC}"))
    here = sights(RRType.AAAA, fiber=seen(SIX), lte=seen(SEVEN))
    other = IPv6Address("2600:7:7:7:1111::")
    assert wish(behind, here, neighbours=met(MET, other)) == rrset(MET, other, rrtype=RRType.AAAA)
    assert isinstance(wish(behind, here, neighbours=met(MET)), Unseen)


def test_a_neighbour_shares_the_ipv4_address() -> None:
    behind = rule("fiber", host=parse(f"neighbour:{MAC}"))
    assert wish(behind, sights(fiber=seen(ONE))) == rrset(ONE)


OBSERVATIONS = st.one_of(
    st.just(DOWN), st.just(NO_IPV6), st.frozensets(st.sampled_from([SIX, SEVEN])).map(Seen)
)


@given(
    st.dictionaries(st.sampled_from("abc"), OBSERVATIONS, max_size=3),
    st.sampled_from(["failover", "all"]),
    st.booleans(),
)
def test_nothing_is_ever_wanted_that_no_uplink_saw(
    observed: dict[str, Observation], policy: str, written: bool
) -> None:
    wanted = wish(
        rule("a", "b", "c", rrtype=RRType.AAAA, policy=policy, written=written),
        sights(RRType.AAAA, **observed),
    )
    known = [o.addresses for o in observed.values() if isinstance(o, Seen)]
    if isinstance(wanted, RRset):
        assert known and wanted.addresses <= frozenset().union(*known)
        assert policy == "failover" or len(known) == len(observed)
    else:
        assert not known or policy == "all"
