"""The IPv6 router of the default route, as each system tells it, and our own address beside it."""

from __future__ import annotations

import socket
import subprocess
from ipaddress import IPv4Address, IPv6Address

import pytest

from homeport.core.errors import SourceError
from homeport.net import interfaces, routers
from tests.lab.network import Network

ZERO = "0" * 32
HOP = "fe80000000000000020000fffe00ff01"
TABLE = f"""\
20010db8000000000000000000000000 40 {ZERO} 00 {ZERO} 00000100 00000001 00000000 00000001     eth0
{ZERO} 00 {ZERO} 00 {HOP} 00000400 00000002 00000000 00450003     eth0
{ZERO} 00 {ZERO} 00 fe800000000000000000000000000002 00000200 00000001 00000000 00000003     wlan0
{ZERO} 00 {ZERO} 00 fe800000000000000000000000000003 00000010 00000001 00000000 00000002     down0
{ZERO} 00 {ZERO} 00 {ZERO} ffffffff 00000001 00000000 00200200       lo
"""


def test_linux_tells_the_router_with_the_lowest_metric() -> None:
    assert routers.read_ipv6_route(TABLE, None) == (IPv6Address("fe80::2"), "wlan0")


def test_linux_tells_the_router_of_one_interface() -> None:
    found = routers.read_ipv6_route(TABLE, "eth0")

    assert found == (IPv6Address("fe80::200:ff:fe00:ff01"), "eth0")


@pytest.mark.parametrize("text", ["", TABLE.splitlines()[0], TABLE.splitlines()[-1]])
def test_without_a_default_route_there_is_no_router(text: str) -> None:
    assert routers.read_ipv6_route(text, None) is None
    assert routers.read_ipv6_route(TABLE, "tun0") is None


def test_macos_tells_the_router_with_its_interface() -> None:
    said = "   route to: default\ndestination: default\n    gateway: fe80::1%en0\n  interface: en0\n"

    assert routers.read_route_get(said.splitlines()) == (IPv6Address("fe80::1"), "en0")


@pytest.mark.parametrize(
    "said", ["", "gateway: link#4", "gateway: x%en0", "route: writing to routing socket"]
)
def test_macos_without_a_router_tells_none(said: str) -> None:
    assert routers.read_route_get(said.splitlines()) is None


def test_this_machine_has_an_address_in_the_network_of_its_gateway() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert routers.address_towards(sock, IPv4Address("127.0.0.2")) == IPv4Address("127.0.0.1")


@pytest.mark.posix("Windows finds a way even to the broadcast address")
def test_a_gateway_that_cannot_be_reached_is_named() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        pytest.raises(SourceError, match=r"gateway 255\.255\.255\.255: cannot be reached"),
    ):
        routers.address_towards(sock, IPv4Address("255.255.255.255"))


@pytest.mark.linux("network namespaces")
def test_an_interface_may_have_a_name_that_is_no_ascii() -> None:
    """Linux takes any octets for one, and tells them as they are."""
    name = "wän0"
    network = Network(["named"])
    try:
        network.build()
        with network.inside("named"):
            for line in (
                f"link add {name} type bridge",
                f"link set {name} up",
                f"addr add 192.0.2.2/24 dev {name}",
                "route add default via 192.0.2.1",
                f"-6 addr add 2001:db8::2/64 dev {name} nodad",
                f"-6 route add default via fe80::1 dev {name}",
            ):
                subprocess.run(["ip", *line.split()], check=True, capture_output=True)
            assert interfaces.gateway(name) == IPv4Address("192.0.2.1")
            found = routers.router(name)
            assert found is not None and found.address == IPv6Address("fe80::1")
            there = {entry.address: entry.interface for entry in interfaces.addresses()}
            assert there[IPv4Address("192.0.2.2")] == there[IPv6Address("2001:db8::2")] == name
    finally:
        network.down()
