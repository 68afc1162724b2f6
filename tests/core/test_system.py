"""What of the system's many words is news."""

from __future__ import annotations

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import IPAddress
from homeport.core.system import (
    MOST,
    AddressChange,
    Change,
    DefaultRoute,
    LinkChange,
    News,
    RouteChange,
    Standing,
    Watch,
)

ETH, WLAN, DOCKER = 2, 3, 7
PUBLIC, OTHER = ip_address("8.8.8.8"), ip_address("2600:1:2:3::1")
HOME = ip_address("192.168.1.5")
PLAIN = Standing()


def link(
    number: int, name: str, *, running: bool = True, up: bool = True, there: bool = True
) -> LinkChange:
    return LinkChange(number, name, up, running, there)


def route(
    gateway: str | None = "192.168.1.1",
    number: int = ETH,
    *,
    metric: int = 0,
    there: bool = True,
    replaces: bool = False,
) -> RouteChange:
    gateways = () if gateway is None else (ip_address(gateway),)
    return RouteChange(DefaultRoute(4, 254, metric, (number,), gateways), there, replaces)


def watch(*known: Change) -> Watch:
    made = Watch()
    for change in (link(ETH, "eth0"), link(WLAN, "wlan0"), link(DOCKER, "docker0"), *known):
        made.hear(change)
    return made


def says(made: Watch, change: Change) -> str | None:
    news = made.hear(change)
    return None if news is None else news.says


def test_an_address_that_comes_and_one_that_goes_are_told() -> None:
    here = watch()
    assert here.hear(AddressChange(ETH, PUBLIC, PLAIN)) == News("eth0 has got 8.8.8.8", PUBLIC)
    assert here.hear(AddressChange(ETH, PUBLIC, None)) == News("eth0 has lost 8.8.8.8")


def test_a_lifetime_that_is_refreshed_is_no_news() -> None:
    here = watch(AddressChange(ETH, OTHER, PLAIN), route())
    assert here.hear(AddressChange(ETH, OTHER, PLAIN)) is None
    assert here.hear(route()) is None


def test_a_tentative_address_is_told_of_when_it_is_no_longer_that() -> None:
    here = watch()
    assert here.hear(AddressChange(ETH, OTHER, Standing(tentative=True))) is None
    assert says(here, AddressChange(ETH, OTHER, PLAIN)) == "eth0 has got 2600:1:2:3::1"


def test_an_address_that_another_machine_has_too_was_never_ours() -> None:
    here = watch(AddressChange(ETH, OTHER, Standing(tentative=True)))
    assert here.hear(AddressChange(ETH, OTHER, Standing(tentative=True))) is None
    assert here.hear(AddressChange(ETH, OTHER, None)) is None


def test_an_address_that_becomes_tentative_again_is_lost_for_now() -> None:
    here = watch(AddressChange(ETH, OTHER, PLAIN))
    assert says(here, AddressChange(ETH, OTHER, Standing(tentative=True))) == (
        "eth0 has lost 2600:1:2:3::1"
    )


def test_a_temporary_address_is_called_so_and_promises_nothing() -> None:
    new = AddressChange(ETH, OTHER, Standing(temporary=True))
    assert watch().hear(new) == News("eth0 has got the temporary address 2600:1:2:3::1")


def test_deprecation_and_its_end_are_told() -> None:
    here = watch(AddressChange(ETH, OTHER, PLAIN))
    deprecated = AddressChange(ETH, OTHER, Standing(deprecated=True))
    assert says(here, deprecated) == "eth0: 2600:1:2:3::1 is deprecated now"
    assert here.hear(deprecated) is None
    assert says(here, AddressChange(ETH, OTHER, PLAIN)) == "eth0: 2600:1:2:3::1 is preferred again"


def test_a_private_address_matters_only_where_a_default_route_leads_out() -> None:
    here = watch()
    inside = AddressChange(DOCKER, ip_address("172.17.0.1"), PLAIN)
    assert here.hear(inside) is None
    here.hear(route())
    assert here.hear(inside) is None
    assert here.hear(AddressChange(ETH, HOME, PLAIN)) == News("eth0 has got the address 192.168.1.5")


def test_addresses_of_the_cable_and_of_the_machine_itself_never_matter() -> None:
    here = watch(route())
    for text in ("fe80::1", "169.254.3.4", "127.0.0.1", "::1", "224.0.0.1"):
        assert here.hear(AddressChange(ETH, ip_address(text), PLAIN)) is None


def test_default_routes_are_told_with_gateway_and_interface() -> None:
    here = watch()
    assert says(here, route()) == "the IPv4 default route via 192.168.1.1 on eth0 is new"
    assert says(here, route(there=False)) == "the IPv4 default route via 192.168.1.1 on eth0 is gone"
    assert says(here, route(None, 99)) == "the IPv4 default route on interface 99 is new"


def test_a_route_that_was_replaced_is_news_when_it_returns() -> None:
    here = watch(route("192.168.1.1"))
    assert here.hear(route("192.168.1.2", replaces=True)) is not None
    assert here.hear(route("192.168.1.2", replaces=True)) is None
    assert here.hear(route("192.168.1.1", replaces=True)) is not None


def test_a_route_of_another_metric_is_replaced_by_none() -> None:
    here = watch(route(metric=100))
    assert here.hear(route("192.168.1.2", metric=50, replaces=True)) is not None
    assert here.hear(route(metric=100)) is None


def test_a_link_that_leads_out_is_told_when_it_goes_down_or_up() -> None:
    here = watch(route())
    assert says(here, link(ETH, "eth0", running=False)) == "eth0 is down"
    assert here.hear(link(ETH, "eth0", running=False)) is None
    assert says(here, link(ETH, "eth0")) == "eth0 is up"
    assert says(here, link(ETH, "eth0", up=False, running=False, there=False)) == "eth0 is gone"


def test_a_link_with_a_public_address_leads_out_too() -> None:
    here = watch(AddressChange(WLAN, PUBLIC, PLAIN))
    assert says(here, link(WLAN, "wlan0", running=False)) == "wlan0 is down"


def test_what_a_link_says_of_anything_else_is_no_news() -> None:
    assert watch(route()).hear(link(ETH, "eth0")) is None


def test_containers_that_start_and_end_are_no_news() -> None:
    here = watch(route(), AddressChange(DOCKER, ip_address("172.17.0.1"), PLAIN))
    assert here.hear(link(DOCKER, "docker0", running=False)) is None
    for number in range(100, 110):
        assert here.hear(link(number, f"veth{number}")) is None
        assert here.hear(AddressChange(number, ip_address("fe80::7"), PLAIN)) is None
        assert here.hear(link(number, f"veth{number}", there=False)) is None


def test_routes_of_a_link_that_was_switched_off_are_news_when_they_return() -> None:
    """Linux does not tell that an IPv4 route went with its link."""
    here = watch(route())
    here.hear(link(ETH, "eth0", up=False, running=False))
    here.hear(link(ETH, "eth0"))
    assert here.hear(route()) is not None


def test_addresses_of_a_link_that_is_gone_are_news_when_they_return() -> None:
    here = watch(AddressChange(ETH, PUBLIC, PLAIN))
    here.hear(link(ETH, "eth0", there=False))
    assert here.hear(AddressChange(ETH, PUBLIC, PLAIN)) is not None


def test_after_forgetting_everything_is_news() -> None:
    here = watch(AddressChange(ETH, PUBLIC, PLAIN))
    here.forget()
    assert says(here, AddressChange(ETH, PUBLIC, PLAIN)) == "interface 2 has got 8.8.8.8"


def test_what_is_remembered_has_a_bound() -> None:
    here = Watch()
    for number in range(3 * MOST):
        here.hear(AddressChange(ETH, ip_address(number + 2**64), PLAIN))
    assert len(here._addresses) <= MOST


numbers = st.integers(1, 3)
addresses = st.sampled_from(["8.8.8.8", "192.168.1.5", "fe80::1", "2600::1"]).map(ip_address)
standings = st.none() | st.builds(Standing, st.booleans(), st.booleans(), st.booleans())
routes = st.builds(
    DefaultRoute,
    st.sampled_from([4, 6]),
    st.just(254),
    st.integers(0, 1),
    st.lists(numbers, max_size=2).map(tuple),
    st.lists(addresses, max_size=2).map(tuple),
)
changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(AddressChange, numbers, addresses, standings),
    st.builds(RouteChange, routes, st.booleans(), st.booleans()),
    st.builds(LinkChange, numbers, st.just("eth"), st.booleans(), st.booleans(), st.booleans()),
)


@given(st.lists(changes, max_size=30), changes)
def test_what_is_there_and_is_told_twice_is_news_once(before: list[Change], change: Change) -> None:
    here = watch(*before)
    here.hear(change)
    gone = (isinstance(change, AddressChange) and change.standing is None) or (
        isinstance(change, RouteChange | LinkChange) and not change.there
    )
    if not gone:
        assert here.hear(change) is None


@given(st.lists(changes, max_size=30), numbers, addresses.filter(lambda one: one.is_global))
def test_a_public_address_that_comes_is_always_told(
    before: list[Change], number: int, address: IPAddress
) -> None:
    here = watch(*before, AddressChange(number, address, None))
    news = here.hear(AddressChange(number, address, PLAIN))
    assert news is not None
    assert news.address == address
