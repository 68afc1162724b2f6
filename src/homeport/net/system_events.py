"""The listeners to this machine's own system: for its addresses and routes, its sleep and its clock."""

from __future__ import annotations

import sys
from collections.abc import Collection

from .ears import Listener

# PLC0415 below: each is for one system, and only an agent that goes on listens.


def listeners(macs: Collection[bytes] = ()) -> list[Listener]:
    """Those of this system; nothing is opened before they run.

    `macs` are the MAC addresses of the neighbours whose addresses are wanted; only Linux tells of them.
    """
    if sys.platform == "win32":
        from .windows_clock import ClockEvents  # noqa: PLC0415
        from .windows_events import AddressEvents, PowerEvents  # noqa: PLC0415

        return [AddressEvents(), PowerEvents(), ClockEvents()]
    elif sys.platform == "linux":  # noqa: RET505 - so mypy sees that one branch only is of a system
        from . import clock_events, netlink  # noqa: PLC0415

        return [netlink.NetlinkEvents(macs), clock_events.ClockEvents()]
    else:
        from .routing_socket import RoutingSocket  # noqa: PLC0415

        return [RoutingSocket()]
