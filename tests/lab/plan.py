"""The map of the lab, and how its hosts are made.

    lan  eth0 192.168.77.2 --+
    neighbour 192.168.77.3 --+-- gw      (line "fiber") --+
    lan  eth1 192.168.78.2 ----- gw-lte  (line "lte")   --+-- isp 45.0.0.1

The WAN side uses addresses that are global in every registry, because miniupnpd calls no documentation
or private range "external", and Homeport publishes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .network import Network, ip

ISP, ISP6 = "45.0.0.1", "2a0a:0:0:1::1"  # every service of the isp lives here
ZONE = "example.com"
KEY_NAME, KEY_SECRET = "homeport.", "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBvY3RldHMuLi4="
ECHO_PORT, DNS_PORT, STUN_PORT, UPNP_PORT = 80, 53, 3478, 5555
GATEWAY, LAN, NEIGHBOUR = "192.168.77.1", "192.168.77.2", "192.168.77.3"
LAN_MAC, NEIGHBOUR_MAC = "02:00:5e:00:77:02", "02:00:5e:00:77:03"


class Line(NamedTuple):
    """One way to the isp."""

    name: str
    gateway: str  # the host
    wan: str  # its first address
    wan6: str
    net: str  # the first three octets of its LAN
    interface: str  # of the host "lan"
    isp: str  # the interface of the isp


LINES = {
    "fiber": Line("fiber", "gw", "45.0.0.10", "2a0a:0:0:1::10", "192.168.77", "eth0", "isp0"),
    "lte": Line("lte", "gw-lte", "62.0.0.10", "2a0a:0:0:1::20", "192.168.78", "eth1", "isp1"),
}

# The chains that miniupnpd fills, and the NAT of every home.
NAT = """
table inet filter {
    chain miniupnpd {
    }
    chain prerouting_miniupnpd {
    }
    chain postrouting_miniupnpd {
    }
}
table ip nat {
    chain post {
        type nat hook postrouting priority 100
        oifname "wan0" masquerade
    }
}
"""


def build(network: Network, lines: Sequence[Line]) -> None:
    """Cables, addresses and routes; the WAN sides have no IPv4 address yet."""
    network.build()
    ends = {host: f"netns {network.netns(host)}" for host in network.hosts}
    cables = [("gw", "port1", "neighbour", "eth0")]
    for line in lines:
        cables.append((line.gateway, "port0", "lan", line.interface))
        cables.append((line.gateway, "wan0", "isp", line.isp))
    ip(
        *(
            f"link add {name} {ends[host]} type veth peer name {peer} {ends[other]}"
            for host, name, other, peer in cables
        )
    )
    _isp(network, lines)
    for line in lines:
        _gateway(network, line)
    _lan(network, lines)
    _neighbour(network)


def _isp(network: Network, lines: Sequence[Line]) -> None:
    """Its interfaces have no IPv4 address: a line may then have any, and each is a route of its own."""
    network.sysctl("isp", ipv6__conf__all__forwarding=1)
    network.ip(
        "isp",
        f"addr add {ISP}/32 dev lo",
        f"addr add {ISP6}/128 dev lo",
        *(f"link set {line.isp} up" for line in lines),
        *(f"addr add fe80::1/64 dev {line.isp} nodad" for line in lines),
        *(f"route add {line.wan6}/128 via fe80::2 dev {line.isp}" for line in lines),
    )


def _gateway(network: Network, line: Line) -> None:
    network.sysctl(line.gateway, ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
    ports = ["port0", "port1"] if line.gateway == "gw" else ["port0"]
    network.ip(
        line.gateway,
        "link add lan0 type bridge",
        *(f"link set {port} master lan0 up" for port in ports),
        "link set lan0 up",
        "link set wan0 up",
        f"addr add {line.net}.1/24 dev lan0",
        "addr add fe80::2/64 dev wan0 nodad",
        f"addr add {line.wan6}/128 dev wan0 nodad",
        "route add default via fe80::1 dev wan0",
    )
    network.nft(line.gateway, NAT)


def _lan(network: Network, lines: Sequence[Line]) -> None:
    """What it sends from an address, or from an interface, leaves by the line of that address."""
    _host(network, "lan")
    rows = []
    for number, line in enumerate(lines):
        here, gateway, device = f"{line.net}.2", f"{line.net}.1", line.interface
        rows += [
            f"addr add {here}/24 dev {device}",
            f"link set {device} up",
            f"route add default via {gateway} dev {device} metric {100 + number}",
            f"route add {line.net}.0/24 dev {device} table {101 + number}",
            f"route add default via {gateway} dev {device} table {101 + number}",
            f"rule add from {here} lookup {101 + number}",
        ]
    network.ip("lan", f"link set eth0 address {LAN_MAC}", *rows)


def _neighbour(network: Network) -> None:
    _host(network, "neighbour")
    network.ip(
        "neighbour",
        f"link set eth0 address {NEIGHBOUR_MAC}",
        f"addr add {NEIGHBOUR}/24 dev eth0",
        "link set eth0 up",
        f"route add default via {GATEWAY}",
    )


def _host(network: Network, host: str) -> None:
    network.sysctl(
        host,
        ipv4__conf__all__rp_filter=0,
        ipv4__conf__default__rp_filter=0,
        ipv4__ping_group_range="0 2147483647",  # ICMP without root, as on every desktop
        ipv6__conf__eth0__accept_ra=1,
        ipv6__conf__eth0__accept_dad=0,  # a second less for each new address
    )
    network.resolv_conf(host, f"nameserver {ISP}\noptions timeout:1 attempts:1\n")
