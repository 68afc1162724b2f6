"""What the system says of its addresses, default routes and links, and what of it is news.  Pure.

A system talks much: every router advertisement refreshes addresses and routes that stay what they are,
and every container brings a link that leads nowhere.  `Watch` remembers what it was told and lets
through only what may have changed the address that the Internet sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .address import AddressClass, classify
from .dns import IPAddress

MOST = 4096  # addresses, routes or links that are remembered; a machine with more is told too much

_NEVER = {
    AddressClass.LINK_LOCAL,
    AddressClass.LOOPBACK,
    AddressClass.MULTICAST,
    AddressClass.UNSPECIFIED,
}
_INSIDE = {AddressClass.PRIVATE, AddressClass.CGNAT}  # of use only beside a default route


class Standing(NamedTuple):
    """What the system says about one of its addresses."""

    temporary: bool = False  # RFC 8981: made for privacy, gone tomorrow
    deprecated: bool = False  # RFC 4862, 5.5.4: its preferred lifetime is over
    tentative: bool = False  # duplicate address detection is still running, or failed


class AddressChange(NamedTuple):
    """An address of a link; `standing` is None when it is gone."""

    link: int  # the system's number for the interface
    address: IPAddress
    standing: Standing | None


class DefaultRoute(NamedTuple):
    """A way to everywhere.  Two that differ in anything are two routes."""

    version: int  # of IP
    table: int
    metric: int
    links: tuple[int, ...]
    gateways: tuple[IPAddress, ...] = ()  # none on a point-to-point line


class RouteChange(NamedTuple):
    """A default route that is there, or is gone; `replaces` those of the same table and metric."""

    route: DefaultRoute
    there: bool
    replaces: bool = False


class LinkChange(NamedTuple):
    """A link; it is `up` when it was switched on and `running` when it has a carrier too."""

    link: int
    name: str
    up: bool
    running: bool
    there: bool = True


Change = AddressChange | RouteChange | LinkChange


class News(NamedTuple):
    """A change that matters, in plain words."""

    says: str
    address: IPAddress | None = None  # one that has come, if others may now see us there


class Watch:
    """Remembers what the system said last."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: what was missed cannot be known."""
        self._addresses: dict[tuple[int, IPAddress], Standing] = {}
        self._routes: dict[DefaultRoute, None] = {}
        self._links: dict[int, tuple[str, bool]] = {}  # name, running

    def hear(self, change: Change) -> News | None:
        """Remember it; what comes back is worth a look at the address."""
        if max(len(self._addresses), len(self._routes), len(self._links)) >= MOST:
            self.forget()
        match change:
            case AddressChange():
                return self._address(change)
            case RouteChange():
                return self._route(change)
            case LinkChange():
                return self._link(change)

    def _address(self, change: AddressChange) -> News | None:
        link, address, now = change
        before = self._addresses.pop((link, address), None)
        if now is not None:
            self._addresses[link, address] = now
        kind = classify(address)
        if kind in _NEVER or (kind in _INSIDE and link not in self._outward()):
            return None
        name = self._name(link)
        unused = before is not None and before.tentative
        if now is None:
            return None if unused else News(f"{name} has lost {address}")
        if now.tentative:  # it arrives, or another machine has it too
            return None if unused or before is None else News(f"{name} has lost {address}")
        if now == before:
            return None
        if before is None or before.tentative or now.temporary != before.temporary:
            if now.temporary or kind in _INSIDE:  # others will hardly see us there
                return News(f"{name} has got the {'temporary ' * now.temporary}address {address}")
            return News(f"{name} has got {address}", address)
        return News(f"{name}: {address} is {'deprecated now' if now.deprecated else 'preferred again'}")

    def _route(self, change: RouteChange) -> News | None:
        route, known = change.route, change.route in self._routes
        if change.replaces:
            same = route[:3]
            self._routes = {old: None for old in self._routes if old[:3] != same}
        if not change.there:
            self._routes.pop(route, None)
            return News(f"{self._words(route)} is gone")  # one that we did not know was one all the same
        self._routes[route] = None
        return None if known else News(f"{self._words(route)} is new")

    def _link(self, change: LinkChange) -> News | None:
        link, name, up, running, there = change
        leads = link in self._outward() or any(self._public(link))
        before = self._links.pop(link, None)
        if there:
            self._links[link] = (name, running)
        if not (there and up):  # Linux tells of no IPv4 route that goes with its link
            self._routes = {route: None for route in self._routes if link not in route.links}
        if not there:
            self._addresses = {key: state for key, state in self._addresses.items() if key[0] != link}
        if not leads or (there and before is not None and before[1] == running):
            return None
        return News(f"{name} is {'gone' if not there else 'up' if running else 'down'}")

    def _outward(self) -> set[int]:
        """The links with a default route."""
        return {link for route in self._routes for link in route.links}

    def _public(self, link: int) -> Iterator[IPAddress]:
        for where, address in self._addresses:
            if where == link and classify(address) not in _NEVER | _INSIDE:
                yield address

    def _name(self, link: int) -> str:
        return self._links[link][0] if link in self._links else f"interface {link}"

    def _words(self, route: DefaultRoute) -> str:
        via = f" via {', '.join(map(str, route.gateways))}" if route.gateways else ""
        on = f" on {', '.join(map(self._name, route.links))}" if route.links else ""
        return f"the IPv{route.version} default route{via}{on}"
