"""Which listeners the agent has: one place that knows them all.  Only an agent that goes on loads them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Address

from ..agent.hearing import Roll
from ..agent.loop import Agent
from ..config.model import Config, Uplink
from ..core.dns import RRType
from ..core.hint import Tell
from ..core.host import Neighbour
from ..net.announcements import Announcements
from ..net.ears import Ears, Listener
from ..net.gena import UpnpEvents
from ..net.stun_watch import StunWatch
from ..net.system_events import listeners as system_listeners
from ..net.tripwire import Tripwire
from ..net.uplink import UplinkNet
from ..net.world import RealWorld
from ..sources.stun import Stun

_BEHIND = frozenset({"http", "dns", "stun", "gateway"})  # words of sources that see the gateway's address


class Listening:
    """All listeners of the configuration that is in force; those that it leaves alone stay as they are."""

    def __init__(self, agent: Agent, roll: Roll, tell: Tell) -> None:
        self._agent, self._roll, self._tell = agent, roll, tell
        self._made: dict[tuple[object, ...], list[Listener]] = {}  # by all that makes them what they are

    def ears(self, config: Config, world: RealWorld) -> Ears:
        """Nothing is opened yet."""
        return Ears(*self.listeners(config, world), self._tell)

    def listeners(self, config: Config, world: RealWorld) -> tuple[list[Listener], list[Listener]]:
        """Those to this machine itself, and those to its neighbourhood.

        What a gateway can tell is its IPv4 address: where no record wants one, nobody listens to it.
        """
        made: dict[tuple[object, ...], list[Listener]] = {}

        def keep(what: tuple[object, ...], make: Callable[[], list[Listener]]) -> list[Listener]:
            made[what] = self._made[what] if what in self._made else make()
            return made[what]

        roll, agent = self._roll, self._agent
        macs = frozenset(one.host.mac.octets for one in config.records if isinstance(one.host, Neighbour))
        inner = keep((macs,), lambda: [roll.ear(one, one.name) for one in system_listeners(macs)])
        outer: list[Listener] = []
        heard = {name for record in config.records if RRType.A in record.types for name in record.uplinks}
        for name, uplink in config.uplinks.items():
            sources = uplink.sources.get(RRType.A, ())
            if name in heard and any(_word(source.label) in _BEHIND for source in sources):
                net = world.nets[name]
                what = (name, net, uplink.interface, uplink.listen, _stun_servers(uplink))
                outer += keep(what, partial(_of, uplink, net, agent, roll))
        self._made = made
        return [*inner, *world.monitors.values()], outer


def _of(uplink: Uplink, net: UplinkNet, agent: Agent, roll: Roll) -> list[Listener]:
    """Those of one uplink behind a gateway."""
    name = uplink.name
    known = _known(agent, name)
    found: list[Listener] = []
    tripwire = Tripwire(net, known, uplink=name)
    if "gateway" in uplink.listen:
        announced = Announcements(net, uplink=name, interface=uplink.interface)
        found.append(roll.ear(announced, "nat-pmp", "pcp", uplink=name))
    if "upnp" in uplink.listen:
        found.append(roll.ear(UpnpEvents(net, uplink=name), "upnp", uplink=name))
    if "tripwire" in uplink.listen:
        found.append(roll.ear(tripwire, "tripwire", uplink=name))
    servers = _stun_servers(uplink)
    if "stun" in uplink.listen and servers:
        stun = StunWatch(net, servers, known, uplink=name, rests=lambda: tripwire.armed, asked=agent.asked)
        found.append(roll.ear(stun, "stun", uplink=name))
    return found


def _stun_servers(uplink: Uplink) -> tuple[tuple[str, int], ...]:
    return tuple((s.host, s.port) for s in uplink.sources.get(RRType.A, ()) if isinstance(s, Stun))


def _known(agent: Agent, uplink: str) -> Callable[[], IPv4Address | None]:
    def known() -> IPv4Address | None:
        """The address that the agent believes in, if it is one."""
        believed = [a for a in agent.believes(uplink, RRType.A) if isinstance(a, IPv4Address)]
        return believed[0] if len(believed) == 1 else None

    return known


def _word(label: str) -> str:
    return label.partition(":")[0]
