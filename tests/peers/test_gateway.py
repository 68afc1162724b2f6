"""The router as a source: miniupnpd behind a real LAN, honest, restarted and without a line; a neighbour
who answers in its place."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from homeport.agent.observe import look
from homeport.core.dns import RRType
from homeport.core.observation import Reading
from homeport.net.uplink import UplinkNet
from homeport.sources.spec import parse
from tests.lab import Home

pytestmark = pytest.mark.peer

A, AAAA = RRType.A, RRType.AAAA
WAN = "45.0.0.10"
GATEWAY, NEIGHBOUR = "192.168.77.1", "192.168.77.3"


@pytest.fixture(scope="module")
def built() -> Iterator[Home]:
    with Home() as home:
        yield home


@pytest.fixture
def home(built: Home) -> Home:
    built.wan(WAN)
    return built


def asked(
    home: Home, *words: str, rrtype: RRType = A, then: Callable[[], None] | None = None
) -> list[Reading]:
    """What the sources say on the host "lan"; with `then`, once more after it, by the same uplink."""

    async def main() -> list[Reading]:
        net = UplinkNet(user_agent="homeport/test")
        sources = [source for word in words for source in parse(word, rrtype)]
        clock = asyncio.get_running_loop().time
        try:
            readings = [await look(source, net, rrtype, (), clock) for source in sources]
            if then is not None:
                then()
                await net.aclose()  # as the agent does between two rounds
                readings += [await look(source, net, rrtype, (), clock) for source in sources]
        finally:
            await net.aclose()
        return readings

    with home.inside("lan"):
        return asyncio.run(main())


def said(readings: list[Reading]) -> dict[str, str]:
    return {
        reading.source: " ".join(map(str, reading.addresses)) if reading.addresses else str(reading.error)
        for reading in readings
    }


def test_every_way_of_asking_gives_the_wan_address_also_after_it_changed(home: Home) -> None:
    labels = ["gateway:nat-pmp", "gateway:upnp", "gateway:pcp"]
    readings = asked(home, "gateway", "gateway:pcp", then=lambda: home.wan("45.0.0.77"))
    assert said(readings[:3]) == dict.fromkeys(labels, WAN)
    assert said(readings[3:]) == dict.fromkeys(labels, "45.0.0.77")
    assert {reading.operator for reading in readings} == {"gateway"}


def test_homeport_ip_shows_each_way_with_its_address(home: Home, tmp_path: Path) -> None:
    config = tmp_path / "homeport.toml"
    config.write_text(
        '[uplink.default]\nipv4 = ["gateway"]\nipv6 = []\n'
        '[account.dd]\nprovider = "duckdns"\ntoken = "0"\n'
        '[[record]]\nname = "homeport-test.duckdns.org"\naccount = "dd"\n'
    )
    argv = [sys.executable, "-m", "homeport", "ip", "-c", str(config), "--json"]
    lines = home.run("lan", argv, check=False).stdout.splitlines()
    shown = {found["source"]: found for found in map(json.loads, lines) if "source" in found}
    assert shown.keys() >= {"gateway:nat-pmp", "gateway:upnp"}
    for label in ("gateway:nat-pmp", "gateway:upnp"):
        assert WAN in json.dumps(shown[label])


def test_the_mapping_of_pcp_is_gone_when_the_answer_is_there(home: Home) -> None:
    chain = ["nft", "list", "chain", "inet", "filter", "prerouting_miniupnpd"]
    before = home.run("gw", chain).stdout
    assert said(asked(home, "gateway:pcp")) == {"gateway:pcp": WAN}
    assert home.run("gw", chain).stdout == before
    assert "dnat" not in before
    # The same request without the deletion does leave a mapping, so its absence proves something.
    home.python(
        "lan",
        "import socket\n"
        "from ipaddress import ip_address\n"
        "from homeport.wire import pcp\n"
        "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:\n"
        "    sock.settimeout(5)\n"
        f"    sock.connect(({GATEWAY!r}, pcp.PORT))\n"
        "    here = ip_address(sock.getsockname()[0])\n"
        "    sock.send(pcp.request(here, bytes(12), pcp.LIFETIME))\n"
        "    pcp.answer(sock.recv(2000), bytes(12))\n",
    )
    assert "dnat" in home.run("gw", chain).stdout
    home.restart_miniupnpd()


def test_a_restarted_gateway_is_asked_as_before(home: Home) -> None:
    readings = asked(home, "gateway", then=home.restart_miniupnpd)
    assert [said([reading]) for reading in readings] == [
        {"gateway:nat-pmp": WAN},
        {"gateway:upnp": WAN},
    ] * 2


def test_a_gateway_without_a_line_has_no_address(home: Home) -> None:
    down = "has no address at the moment: its own line is down"
    readings = asked(home, "gateway", "gateway:pcp", then=lambda: home.wan(None))
    assert set(said(readings[3:]).values()) == {down}
    home.wan(WAN)
    assert said(asked(home, "gateway")) == dict.fromkeys(("gateway:nat-pmp", "gateway:upnp"), WAN)


def test_a_router_that_is_no_fritz_box_tells_no_prefix(home: Home) -> None:
    assert said(asked(home, "gateway", rrtype=AAAA)) == {
        "gateway": "does not tell its IPv6 prefix, as only a FRITZ!Box does; for IPv6 write interface"
    }


@pytest.mark.parametrize("address", ["100.64.3.4", "10.1.2.3", "192.168.77.1", "127.0.0.1", "0.0.0.0"])
def test_no_address_of_a_lying_gateway_is_believed(home: Home, address: str) -> None:
    with home.liar() as liar:
        liar.address = address
        [reading] = asked(home, "gateway:nat-pmp")
        assert reading.addresses is None
        [pcp] = asked(home, "gateway:pcp")
        assert "write gateway:nat-pmp" in str(pcp.error)


def test_without_a_daemon_both_ways_say_what_to_do(home: Home) -> None:
    home.stop_miniupnpd()
    try:
        words = said(asked(home, "gateway"))
    finally:
        home.start_miniupnpd()
    assert "connection refused" in words["gateway:nat-pmp"]
    assert "does not answer by UPnP; switch it on in the settings of the router" in words["gateway:upnp"]


# A neighbour who answers every question, at once and many times: with a page of its own, with one of the
# gateway (which may say so only itself), and with noise.
SHOUTER = f"""
import socket
group = socket.inet_aton("239.255.255.250") + socket.inet_aton({NEIGHBOUR!r})
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.bind(("", 1900))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    print("ready", flush=True)
    while True:
        message, asker = sock.recvfrom(65536)
        assert message.startswith(b"M-SEARCH * HTTP/1.1"), message
        print("asked", flush=True)
        for url in ("http://{NEIGHBOUR}:8000/x", "http://{GATEWAY}:8000/x"):
            for _ in range(50):
                sock.sendto(b"HTTP/1.1 200 OK\\r\\nLOCATION: " + url.encode() + b"\\r\\n\\r\\n", asker)
                sock.sendto(b"x" * 9000, asker)
"""


def test_a_neighbour_who_answers_first_and_without_end_is_not_heard(home: Home) -> None:
    shouter = home.popen("neighbour", [sys.executable, "-c", SHOUTER], stdout=subprocess.PIPE, text=True)
    assert shouter.stdout is not None
    with shouter.stdout:
        assert shouter.stdout.readline() == "ready\n"
        assert said(asked(home, "gateway:upnp")) == {"gateway:upnp": WAN}
        assert shouter.stdout.readline() == "asked\n"
        home.stop_miniupnpd()
        try:
            words = said(asked(home, "gateway:upnp"))
        finally:
            home.start_miniupnpd()
            shouter.kill()
            shouter.wait()
    assert "does not answer by UPnP" in words["gateway:upnp"]
