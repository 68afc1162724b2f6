"""The connection of a gateway to the Internet, as UPnP shows it."""

from __future__ import annotations

from typing import NamedTuple


class Device(NamedTuple):
    """Where it is asked, and where it tells its events."""

    host: str  # the gateway's address; both URLs lie there
    control_url: str
    event_url: str  # "" if it tells no events
    service_type: str
    udn: str  # the gateway's unique name
