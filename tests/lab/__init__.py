"""A home network in network namespaces, with real daemons: what the tests of lines and gateways run in.

Linux, root, and the Debian packages that the Makefile's PEERS names are needed; without them `LabError`
says what is missing.  Nothing in here reaches any other network.
"""

from .home import Home
from .network import LabError
from .plan import GATEWAY, ISP, ISP6, KEY_NAME, KEY_SECRET, LAN, NEIGHBOUR, ZONE, Line
from .strangers import Liar, natpmp_answer

__all__ = [
    "GATEWAY",
    "ISP",
    "ISP6",
    "KEY_NAME",
    "KEY_SECRET",
    "LAN",
    "NEIGHBOUR",
    "ZONE",
    "Home",
    "LabError",
    "Liar",
    "Line",
    "natpmp_answer",
]
