"""Finding and asking a UPnP gateway, on real sockets of this machine.

The gateway is 127.0.0.1; neighbours are other addresses of 127.0.0.0/8, and foreign devices too.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TypeVar

import pytest

from homeport.core.device import Device
from homeport.core.dns import RRType
from homeport.core.errors import NoAnswer, SourceError
from homeport.core.secret import Secret
from homeport.net import ssdp as search
from homeport.net.igd import Igd
from homeport.net.uplink import UplinkNet
from homeport.wire import igd, ssdp
from homeport.wire.http import Reply, Request, Transport
from tests.wire.test_igd import IP1, PPP1, answer, description, refusal, service

GATEWAY = IPv4Address("127.0.0.1")
PAGE = "http://127.0.0.1:49000/igddesc.xml"
T = TypeVar("T")


@dataclass
class Http:
    """What the gateway's pages say."""

    pages: dict[str, Callable[[Request], Reply]]
    asked: list[str] = field(default_factory=list)

    async def send(self, request: Request) -> Reply:
        action = str(request.headers.get("SOAPAction", "")).strip('"').partition("#")[2]
        path = request.url.removeprefix("http://127.0.0.1")
        self.asked.append(f"{request.method} {path} {action}".strip())
        if request.url not in self.pages:
            raise NoAnswer(f"{request}: connection refused")
        return self.pages[request.url](request)


@dataclass
class Line:
    """An uplink whose gateway is this machine."""

    pages: Transport
    there: IPv4Address = GATEWAY

    async def gateway(self) -> IPv4Address:
        return self.there

    def near(self) -> Transport:
        return self.pages

    def source(self, rrtype: RRType | None) -> None:
        return None

    def udp(self, rrtype: RRType) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        return sock


Answers = Callable[[int, socket.socket, tuple[str, int]], None]


class Responder(asyncio.DatagramProtocol):
    """A device that hears the question; `answers` sends whatever it likes to who asked."""

    def __init__(self, sock: socket.socket, answers: Answers) -> None:
        self.sock, self.answers, self.heard = sock, answers, 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert data.startswith(b"M-SEARCH * HTTP/1.1\r\n")
        self.heard += 1
        self.answers(self.heard, self.sock, addr)


def told(location: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nLOCATION: {location}\r\nST: x\r\n\r\n".encode()


def always(location: str) -> Answers:
    return lambda count, sock, asker: void(sock.sendto(told(location), asker))


def void(_: object) -> None:
    """What it is called with is of no interest."""


@contextmanager
def responder() -> Iterator[socket.socket]:
    """The socket of a device at the gateway's address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((str(GATEWAY), 0))
        sock.setblocking(False)
        yield sock


def run(
    what: Callable[[Igd], Awaitable[T]],
    http: Transport,
    monkeypatch: pytest.MonkeyPatch,
    answers: Answers | None = None,
) -> T:
    """What becomes of it, with a device that answers so."""

    async def main() -> T:
        with responder() as sock:
            monkeypatch.setattr(ssdp, "PORT", sock.getsockname()[1])
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(
                lambda: Responder(sock, answers or always(PAGE)), sock=sock.dup()
            )
            try:
                async with asyncio.timeout(30):
                    return await what(Igd(Line(http)))
            finally:
                transport.close()
                await asyncio.sleep(0)

    return asyncio.run(main())


def box(*services: str, port: int = 49000) -> Http:
    """A gateway with these connections; all of them say that they are down."""
    root = f"http://127.0.0.1:{port}"

    def control(request: Request) -> Reply:
        asked = str(request.headers["SOAPAction"]).strip('"').partition("#")[2]
        known = {igd.ADDRESS: {"NewExternalIPAddress": "203.0.113.7"}, igd.STATUS: {}}
        if asked not in known:
            return Reply(500, refusal("401", "Invalid Action"))
        return Reply(200, answer(asked, **known[asked]))

    pages: dict[str, Callable[[Request], Reply]] = {
        f"{root}/igddesc.xml": lambda request: Reply(200, description(*(services or (service(),)))),
        f"{root}/igdupnp/control/WANIPConn1": control,
        f"{root}/ppp": control,
        f"{root}/ip": control,
    }
    return Http(pages)


CONTROL = ":49000/igdupnp/control/WANIPConn1"


def test_the_device_is_found_once_and_then_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    http = box()

    async def twice(device: Igd) -> list[dict[str, str]]:
        return [await device.ask(igd.ADDRESS), await device.ask(igd.ADDRESS)]

    assert run(twice, http, monkeypatch) == [{"NewExternalIPAddress": "203.0.113.7"}] * 2
    assert http.asked == ["GET :49000/igddesc.xml", *[f"POST {CONTROL} GetExternalIPAddress"] * 2]


def test_two_who_look_at_once_find_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    http = box()

    async def both(device: Igd) -> tuple[Device, Device]:
        return await asyncio.gather(device.device(), device.device())

    one, other = run(both, http, monkeypatch)
    assert one is other
    assert http.asked == ["GET :49000/igddesc.xml"]


def test_what_was_forgotten_and_another_gateway_are_looked_for_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    http = box()

    async def change(device: Igd) -> None:
        first = await device.device()
        device.forget()
        assert await device.device() is not first
        device._known = first._replace(host="192.0.2.1")  # of the network where this machine was before
        assert (await device.device()).host == "127.0.0.1"

    run(change, http, monkeypatch)
    assert http.asked == ["GET :49000/igddesc.xml"] * 3


def test_of_several_connections_the_one_that_is_up_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    http = box(service(PPP1, "/ppp"), service(IP1, "/ip"))
    up = answer(igd.STATUS, NewConnectionStatus="Connected")
    for path, expected in (("/ip", "/ip"), ("/ppp", "/ppp"), ("/none", "/ppp")):
        http.pages[f"http://127.0.0.1:49000{path}"] = lambda request: Reply(200, up)
        device = run(lambda device: device.device(), http, monkeypatch)
        assert device.control_url == f"http://127.0.0.1:49000{expected}"
        http = box(service(PPP1, "/ppp"), service(IP1, "/ip"))


def test_a_gateway_that_came_back_at_another_port_is_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = box(), box(port=50_000)

    def answers(count: int, sock: socket.socket, asker: tuple[str, int]) -> None:
        port = 49000 if f"http://127.0.0.1:49000{CONTROL[6:]}" in old.pages else 50_000
        sock.sendto(told(f"http://127.0.0.1:{port}/igddesc.xml"), asker)

    async def restart(device: Igd) -> dict[str, str]:
        await device.ask(igd.ADDRESS)
        old.pages.clear()
        old.pages.update(new.pages)
        return await device.ask(igd.ADDRESS)

    assert run(restart, old, monkeypatch, answers) == {"NewExternalIPAddress": "203.0.113.7"}


@pytest.mark.parametrize("reply", [Reply(404), Reply(301, headers={"location": "http://192.0.2.1/"})])
def test_pages_that_have_moved_are_looked_for_anew_but_only_once(
    reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = box()

    async def moved(device: Igd) -> None:
        await device.device()
        http.pages[f"http://127.0.0.1{CONTROL}"] = lambda request: reply
        with pytest.raises(SourceError, match=f"HTTP status {reply.status}"):
            await device.ask(igd.ADDRESS)

    run(moved, http, monkeypatch)
    assert http.asked == ["GET :49000/igddesc.xml", f"POST {CONTROL} GetExternalIPAddress"] * 2


def test_a_refusal_is_an_answer_and_nothing_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    http = box()

    async def refused(device: Igd) -> None:
        await device.device()
        with pytest.raises(SourceError, match="does not tell its IPv6 prefix"):
            await device.ask(igd.PREFIX)

    run(refused, http, monkeypatch)
    assert http.asked == ["GET :49000/igddesc.xml", f"POST {CONTROL} {igd.PREFIX}"]


# Answers that must not be believed


def test_a_gateway_that_does_not_answer_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PATIENCE", 0.3)
    monkeypatch.setattr(search, "AGAIN", 0.1)
    heard = []

    def silent(count: int, sock: socket.socket, asker: tuple[str, int]) -> None:
        heard.append(count)

    with pytest.raises(
        SourceError, match=r"127\.0\.0\.1 does not answer by UPnP; switch it on in the sett"
    ):
        run(lambda device: device.device(), box(), monkeypatch, silent)
    rounds, rest = divmod(len(heard), len(ssdp.searches()))
    assert rest == 0
    assert 1 <= rounds <= 3  # a busy machine may sleep through one; that it asks again: the next test


def test_a_lost_question_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "AGAIN", 0.05)

    def late(count: int, sock: socket.socket, asker: tuple[str, int]) -> None:
        if count > len(ssdp.searches()):
            sock.sendto(told(PAGE), asker)

    assert run(lambda device: device.device(), box(), monkeypatch, late).host == "127.0.0.1"


def test_answers_of_strangers_without_end_are_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A neighbour shouts from before the first question until the search is over."""
    # Wine reads hundreds of datagrams more slowly.
    monkeypatch.setattr(search, "PATIENCE", 5.0 if sys.platform == "win32" else 0.3)
    monkeypatch.setattr(search, "AGAIN", 0.1)
    http = box()
    with ExitStack() as stack:
        neighbour = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        neighbour.bind(("127.0.0.2", 0))
        neighbour.setblocking(False)
        lies = [told(PAGE), told("http://127.0.0.2:1/x"), b"", b"\xff" * 9000, told("http://192.0.2.1/")]

        def flood(count: int, sock: socket.socket, asker: tuple[str, int]) -> None:
            for _ in range(100):
                for lie in lies:
                    neighbour.sendto(lie, asker)

        with pytest.raises(SourceError, match="does not answer by UPnP"):
            run(lambda device: device.device(), http, monkeypatch, flood)

        def flood_and_truth(count: int, sock: socket.socket, asker: tuple[str, int]) -> None:
            for lie in lies * 10:
                neighbour.sendto(lie, asker)
            if count == 1:
                sock.sendto(told(PAGE), asker)

        assert http.asked == []
        assert run(lambda device: device.device(), http, monkeypatch, flood_and_truth).host == "127.0.0.1"


def test_a_gateway_that_names_pages_without_end_is_read_a_few_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    http = box()

    def endless(count: int, sock: socket.socket, asker: tuple[str, int]) -> None:
        for number in range(20):
            sock.sendto(told(f"http://127.0.0.1:49000/{count}/{number}"), asker)

    with pytest.raises(SourceError, match="connection refused"):
        run(lambda device: device.device(), http, monkeypatch, endless)
    assert len(http.asked) == search.LOCATIONS


def test_a_page_that_is_named_again_and_again_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PATIENCE", 0.3)
    http = Http({})
    with pytest.raises(SourceError, match="connection refused"):
        run(lambda device: device.device(), http, monkeypatch)
    assert http.asked == ["GET :49000/igddesc.xml"]


def test_a_flood_does_not_stop_the_rest_of_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is always one more datagram to read, so reading one never waits."""
    monkeypatch.setattr(search, "PATIENCE", 0.05)
    others = 0

    async def flooded(sock: socket.socket, size: int) -> tuple[bytes, tuple[str, int]]:
        return told(PAGE), ("127.0.0.2", 1900)

    async def other() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    async def main() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "sock_recvfrom", flooded)
        beside = asyncio.ensure_future(other())
        with Line(Http({})).udp(RRType.A) as sock:
            sock.bind((str(GATEWAY), 0))
            search.prepare(sock, GATEWAY)
            assert await search.Search(sock, GATEWAY).next() is None
        beside.cancel()

    asyncio.run(main())
    assert others > 1


def test_a_forged_answer_before_the_true_one_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """UDP lets a neighbour send in the gateway's name; the description is then not there, or is none."""
    http = box()
    http.pages["http://127.0.0.1:49000/evil"] = lambda request: Reply(
        200, description(service(control="http://192.0.2.1/x"))
    )
    lies = [
        b"",
        told("http://192.0.2.1/x"),
        told("http://127.0.0.1:9/x"),
        told("http://127.0.0.1:49000/evil"),
    ]

    def forged(count: int, sock: socket.socket, asker: tuple[str, int]) -> None:
        for message in (*lies, told(PAGE)):
            sock.sendto(message, asker)

    device = run(lambda device: device.device(), http, monkeypatch, forged)
    assert device.control_url == f"http://127.0.0.1{CONTROL}"
    assert not [asked for asked in http.asked if "192.0.2.1" in asked]


# A gateway that lies, over the uplink's own sockets

BOMB = (
    b'<!DOCTYPE root [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    b"<root><device><serviceList>&c;</serviceList></device></root>"
)


@pytest.mark.parametrize(
    ("head", "body", "said"),
    [
        ("200 OK", BOMB, "a DTD, which may be an attack"),
        ("200 OK", b"<root>" + b"a" * 70_000, "more than 65536 octets"),
        ("302 Found\r\nlocation: http://127.0.0.2:9/d.xml", b"", "HTTP status 302"),
        ("200 OK\r\nset-cookie: " + "a" * 200_000, b"", "does not speak proper HTTP"),
        ("200 OK\r\ncontent-encoding: gzip", b"\x1f\x8b", "a compressed answer"),
    ],
    ids=["bomb", "endless", "redirect", "head", "compressed"],
)
def test_a_page_of_a_lying_gateway_is_the_end_of_the_search_and_no_more(
    monkeypatch: pytest.MonkeyPatch, head: str, body: bytes, said: str
) -> None:
    monkeypatch.setattr(search, "PATIENCE", 0.3)
    net = UplinkNet(user_agent="homeport/test")
    ports: list[int] = []

    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {head}\r\nconnection: close\r\n\r\n".encode() + body)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def look(device: Igd) -> None:
        server = await asyncio.start_server(page, str(GATEWAY), 0)
        ports.append(server.sockets[0].getsockname()[1])
        try:
            with pytest.raises(SourceError, match=said):
                await device.device()
        finally:
            await net.aclose()
            server.close()
            await server.wait_closed()

    def answers(count: int, sock: socket.socket, asker: tuple[str, int]) -> None:
        sock.sendto(told(f"http://127.0.0.1:{ports[0]}/d.xml"), asker)

    run(look, net.near(), monkeypatch, answers)


# The uplink's own transport


def test_the_gateway_is_asked_without_the_proxy_and_from_the_uplink_s_address() -> None:
    async def main() -> None:
        seen: list[str] = []

        async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            seen.extend((head, writer.get_extra_info("peername")[0]))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(page, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        net = UplinkNet(
            user_agent="homeport/test",
            source_address=IPv4Address("127.0.0.3"),
            proxy=Secret("http://127.0.0.1:9"),
        )
        try:
            device = Device("127.0.0.1", f"http://127.0.0.1:{port}/ctl?x=1&y", "", IP1, "")
            reply = await net.near().send(igd.request(device, igd.ADDRESS))
        finally:
            await net.aclose()
            server.close()
            await server.wait_closed()
        assert reply.text == "ok"
        assert seen[0].startswith("POST /ctl?x=1&y HTTP/1.1\r\n")
        assert f'\r\nSOAPAction: "{IP1}#GetExternalIPAddress"\r\n' in seen[0]
        assert seen[1] == "127.0.0.3"

    asyncio.run(main())


@pytest.mark.linux("an interface called lo")
def test_without_a_way_to_the_gateway_no_question_is_sent() -> None:
    async def main() -> None:
        net = UplinkNet(user_agent="homeport/test", interface="lo")
        with pytest.raises(SourceError, match="no default IPv4 gateway on lo"):
            await net.device()
        with pytest.raises(SourceError, match="no default IPv4 gateway on lo"):
            await net.soap(igd.ADDRESS)
        net.forget_device()
        await net.aclose()

    asyncio.run(main())
