"""The listeners to this machine's own system: one for its addresses and routes, one for its sleep."""

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
        from .windows_events import AddressEvents, PowerEvents  # noqa: PLC0415

        return [AddressEvents(), PowerEvents()]
    elif sys.platform == "linux":  # noqa: RET505 - so mypy sees that one branch only is of a system
        from .clock_events import ClockEvents  # noqa: PLC0415
        from .netlink import NetlinkEvents  # noqa: PLC0415

        return [NetlinkEvents(macs), ClockEvents()]
    else:
        from .routing_socket import RoutingSocket  # noqa: PLC0415

        return [RoutingSocket()]
