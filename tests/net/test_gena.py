"""UPnP events against a gateway on loopback that does what it is told, wrong things too."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.device import Device
from homeport.core.dns import RRType
from homeport.core.errors import SourceError
from homeport.core.hint import Hint
from homeport.net import callback as callback_module
from homeport.net import gena, routers
from homeport.net.callback import Callback
from homeport.net.gena import UpnpEvents
from homeport.net.http import HttpTransport
from homeport.net.once import Once
from homeport.net.way import FAMILIES

Test = Callable[[], Awaitable[None]]


def event(address: str | None, variable: str = "ExternalIPAddress") -> bytes:
    inner = "<ConnectionStatus>Connected</ConnectionStatus>"
    if address is not None:
        inner = f"<{variable}>{address}</{variable}>"
    return (
        '<e:propertyset xmlns:e="urn:schemas-upnp-org:event-1-0">'
        f"<e:property>{inner}</e:property></e:propertyset>"
    ).encode()


class Gateway:
    """On 127.0.0.1: it grants subscriptions, counts events, and forgets when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: asyncio.Queue[tuple[str, dict[str, str]]] = asyncio.Queue()
        self.hints: asyncio.Queue[Hint] = asyncio.Queue()
        self.status: int | None = 200  # of the answer to SUBSCRIBE; None: silence
        self.seconds = 1800
        self.early: bytes | None = None  # the event that is sent before the answer
        self.early_status = 0
        self.sid = ""
        self.callback = ""
        self.path = "/evt"
        self.looked = 0
        self._seq = 0
        self._granted = 0
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        monkeypatch.setattr(gena, "SPACING", 0.0)
        monkeypatch.setattr(gena, "DOUBT", 3600.0)

    # -- what the listener knows of it

    async def device(self) -> Device:
        url = f"http://127.0.0.1:{self._port}{self.path}"
        return Device("127.0.0.1", "", url, "", "")

    def forget_device(self) -> None:
        self.looked += 1
        self.path = "/evt"

    def near(self) -> HttpTransport:
        return HttpTransport(user_agent="homeport/test")

    def udp(self, rrtype: RRType) -> socket.socket:
        return socket.socket(FAMILIES[rrtype], socket.SOCK_DGRAM)

    # -- what it is asked

    def listen(self, test: Test) -> None:
        """Run the test beside the listener, which must end without an error."""

        async def main() -> None:
            server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
            self._port = server.sockets[0].getsockname()[1]
            self.listener = UpnpEvents(self, uplink="fiber")
            running = asyncio.ensure_future(self.listener.run(self.hints.put_nowait))
            testing = asyncio.ensure_future(test())
            try:
                async with asyncio.timeout(20):
                    await asyncio.wait({running, testing}, return_when=asyncio.FIRST_COMPLETED)
                    if running.done():
                        running.result()
                    testing.result()
            finally:
                for task in (running, testing):
                    task.cancel()
                await asyncio.gather(running, testing, return_exceptions=True)
                server.close()
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run(main())

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            method, path, _ = first.split()
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            status = self._judge(method, path, headers)
            if status == 200 and "callback" in headers and self.early is not None:
                self.early_status = await self.notify(self.early)
            self.asked.put_nowait((method, headers))
            if status is None:
                await asyncio.Event().wait()
            granted = f"SID: {self.sid}\r\nTIMEOUT: Second-{self.seconds}\r\n"
            writer.write(f"HTTP/1.1 {status} X\r\n{granted}Content-Length: 0\r\n\r\n".encode())
            await writer.drain()
            await reader.read()
        finally:
            writer.transport.abort()

    def _judge(self, method: str, path: str, headers: dict[str, str]) -> int | None:
        if method == "UNSUBSCRIBE":
            return 200 if headers["sid"] == self.sid else 412
        if path != "/evt":
            return 404
        if self.status == 200 and "sid" in headers:
            return 200 if headers["sid"] == self.sid else 412
        if self.status == 200:
            self._granted += 1
            self.sid, self._seq = f"uuid:{self._granted}", 0
            self.callback = headers["callback"].strip("<>")
        return self.status

    # -- what it tells

    async def ready(self) -> None:
        """The subscription is granted, and its first event heard."""
        await self.told()
        assert await self.notify(event("45.0.0.1")) == 200
        await self.hints.get()

    async def told(self, method: str = "SUBSCRIBE") -> dict[str, str]:
        """The next question, which must be this one."""
        asked, headers = await self.asked.get()
        assert asked == method
        return headers

    async def notify(
        self,
        body: bytes,
        *,
        seq: int | None = None,
        source: str = "127.0.0.1",
        changed: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        """Send an event, by default with the next number: the status of the answer, 0 for none."""
        headers = {"nt": "upnp:event", "nts": "upnp:propchange", "sid": self.sid}
        headers["seq"] = str(self._seq if seq is None else seq)
        self._seq = self._seq + 1 if seq is None else seq + 1
        headers |= {"content-length": str(len(body)), **changed}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        path = "/" + self.callback.split("/", 3)[3]
        return await self.send(f"NOTIFY {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode() + body, source)

    async def send(self, octets: bytes, source: str = "127.0.0.1") -> int:
        host, _, port = self.callback.split("/")[2].partition(":")
        return await send(host, int(port), octets, source)


async def send(host: str, port: int, octets: bytes, source: str = "127.0.0.1") -> int:
    """The status of the answer, 0 if the connection ends without one."""
    try:
        reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
    except OSError:
        return 0
    try:
        writer.write(octets)
        await writer.drain()
        answer = await reader.read()
    except OSError:
        answer = b""
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
    return int(answer.split()[1]) if answer else 0


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return Gateway(monkeypatch)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


# -- a subscription and its events -----------------------------------------------------------------


def test_an_event_is_a_hint_and_the_end_is_an_unsubscription(gateway: Gateway) -> None:
    async def test() -> None:
        asked = await gateway.told()
        assert asked["nt"] == "upnp:event" and asked["timeout"] == "Second-300"
        assert asked["callback"].startswith("<http://127.0.0.1:")
        assert len(asked["callback"].rpartition("/")[2]) > 20
        assert await gateway.notify(event("45.0.0.10")) == 200
        assert await gateway.notify(event("45.0.0.20")) == 200

    gateway.listen(test)

    address = ip_address("45.0.0.10")
    assert gateway.hints.get_nowait() == Hint(
        "upnp", "the gateway's UPnP event names 45.0.0.10", "fiber", address
    )
    assert gateway.hints.get_nowait().address == ip_address("45.0.0.20")
    method, headers = gateway.asked.get_nowait()
    assert (method, headers["sid"]) == ("UNSUBSCRIBE", "uuid:1")


def test_the_first_event_may_come_before_the_subscription_is_granted(gateway: Gateway) -> None:
    gateway.early = event("45.0.0.10")

    async def test() -> None:
        hint = await gateway.hints.get()
        assert hint.address == ip_address("45.0.0.10")
        while gateway.early_status == 0:
            await asyncio.sleep(0)
        assert gateway.early_status == 200

    gateway.listen(test)


def test_a_gateway_without_an_address_is_a_hint_without_one(gateway: Gateway) -> None:
    async def test() -> None:
        await gateway.told()
        for text in ("0.0.0.0", "45.0.0.10", "", "45.0.0.10", "nonsense"):
            assert await gateway.notify(event(text)) == 200

    gateway.listen(test)

    found = [gateway.hints.get_nowait().address for _ in range(5)]
    assert [str(address) for address in found] == ["None", "45.0.0.10", "None", "45.0.0.10", "None"]


def test_an_event_that_names_the_same_address_or_none_is_no_hint(gateway: Gateway) -> None:
    """A gateway tells a new port mapping with all its variables."""

    async def test() -> None:
        await gateway.told()
        for body in (event("45.0.0.10"), event("45.0.0.10"), event(None), event("1", "Other")):
            assert await gateway.notify(body) == 200

    gateway.listen(test)

    assert gateway.hints.qsize() == 1


def test_the_numbers_of_events_wrap_to_one(gateway: Gateway) -> None:
    async def test() -> None:
        await gateway.told()
        assert await gateway.notify(event("45.0.0.10"), seq=2**32 - 1) == 200
        assert await gateway.notify(event("45.0.0.20"), seq=1) == 200
        assert await gateway.notify(event("45.0.0.30"), seq=2) == 200

    gateway.listen(test)

    assert gateway.asked.get_nowait()[0] == "UNSUBSCRIBE"
    assert gateway.hints.qsize() == 3


def test_after_a_gap_there_is_a_new_subscription(gateway: Gateway) -> None:
    async def test() -> None:
        await gateway.told()
        assert await gateway.notify(event("45.0.0.10"), seq=0) == 200
        assert await gateway.notify(event(None), seq=2) == 200
        assert (await gateway.told("UNSUBSCRIBE"))["sid"] == "uuid:1"
        assert "callback" in await gateway.told()
        assert await gateway.notify(event("45.0.0.20")) == 200

    gateway.listen(test)

    assert [gateway.hints.get_nowait().address for _ in range(2)] == [
        ip_address("45.0.0.10"),
        ip_address("45.0.0.20"),
    ]


def test_after_a_change_the_gateway_is_asked_whether_that_was_all(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While miniupnpd tells one change, it does not tell the next."""
    monkeypatch.setattr(gena, "DOUBT", 0.0)

    async def test() -> None:
        await gateway.ready()
        gateway.early = event("45.0.0.20")
        assert await gateway.notify(event("0.0.0.0")) == 200
        assert (await gateway.told("UNSUBSCRIBE"))["sid"] == "uuid:1"
        assert "callback" in await gateway.told()
        assert (await gateway.hints.get()).address is None
        assert (await gateway.hints.get()).address == ip_address("45.0.0.20")

    gateway.listen(test)

    assert gateway.asked.get_nowait()[0] == "UNSUBSCRIBE"  # no further question: that was the end
    assert gateway.hints.empty()


def test_a_new_subscription_that_begins_with_the_known_address_is_no_hint(gateway: Gateway) -> None:
    async def test() -> None:
        await gateway.ready()
        gateway.early = event("45.0.0.1")
        gateway.sid = "forgotten"
        gateway.listener.again()
        await gateway.told()
        await gateway.told()
        assert await gateway.notify(event("45.0.0.20")) == 200

    gateway.listen(test)

    assert gateway.hints.get_nowait().address == ip_address("45.0.0.20")


def test_a_first_event_that_was_missed_is_asked_for_again(gateway: Gateway) -> None:
    async def test() -> None:
        await gateway.told()
        assert await gateway.notify(event(None), seq=1) == 200
        await gateway.told("UNSUBSCRIBE")
        assert "callback" in await gateway.told()

    gateway.listen(test)


def test_a_gateway_that_never_seems_to_tell_all_is_asked_ever_more_seldom(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(gena, "SPACING", 2.0)
    pause = UpnpEvents._pause

    async def quick(self: UpnpEvents, seconds: float, spacing: float, events: gena._Events) -> None:
        waits.append(spacing)
        await pause(self, seconds, 0.0, events)

    monkeypatch.setattr(UpnpEvents, "_pause", quick)

    async def test() -> None:
        await gateway.told()
        for _ in range(9):
            assert await gateway.notify(event(None), seq=1) == 200
            await gateway.told("UNSUBSCRIBE")
            await gateway.told()
        assert await gateway.notify(event("45.0.0.1"), seq=1) == 200
        gateway.listener.again()
        assert "sid" in await gateway.told()

    gateway.listen(test)

    assert waits[:10] == [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 150.0, 150.0, 150.0]
    assert waits[10:] in ([], [2.0])


# -- renewal ---------------------------------------------------------------------------------------


def test_a_subscription_is_renewed(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gena, "LONGEST_WAIT", 0.0)

    async def test() -> None:
        assert "callback" in await gateway.told()
        for _ in range(3):
            renewal = await gateway.told()
            assert (renewal["sid"], renewal["timeout"]) == ("uuid:1", "Second-300")
            assert "callback" not in renewal and "nt" not in renewal

    gateway.listen(test)


@pytest.mark.parametrize(("granted", "waited"), [(1800, 150.0), (300, 150.0), (120, 60.0), (1, 0.5)])
def test_it_is_renewed_at_half_its_time_and_not_later_than_a_restart_may_go_unseen(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, granted: int, waited: float
) -> None:
    waits: list[float] = []

    async def pause(self: UpnpEvents, seconds: float, spacing: float, events: object) -> None:
        waits.append(seconds)
        await asyncio.Event().wait()

    monkeypatch.setattr(UpnpEvents, "_pause", pause)
    gateway.seconds = granted

    async def test() -> None:
        while not waits:
            await asyncio.sleep(0)

    gateway.listen(test)

    assert waits == [waited]


def test_whoever_hears_that_the_gateway_restarted_can_have_it_asked_at_once(gateway: Gateway) -> None:
    async def test() -> None:
        await gateway.told()
        gateway.listener.again()
        assert (await gateway.told())["sid"] == "uuid:1"
        gateway.sid = "forgotten"
        gateway.listener.again()
        assert (await gateway.told())["sid"] == "uuid:1"
        assert "callback" in await gateway.told()
        assert await gateway.notify(event("45.0.0.20")) == 200

    gateway.listen(test)

    assert gateway.hints.get_nowait().address == ip_address("45.0.0.20")


def test_a_gateway_whose_url_moved_is_looked_for_anew(gateway: Gateway) -> None:
    async def test() -> None:
        await gateway.told()
        gateway.sid, gateway.path = "forgotten", "/moved"
        gateway.listener.again()
        assert "sid" in await gateway.told()
        assert "callback" in await gateway.told()
        assert "callback" in await gateway.told()
        assert gateway.looked == 1
        assert await gateway.notify(event("45.0.0.20")) == 200

    gateway.listen(test)


def test_a_device_of_another_network_with_the_same_address_is_not_held_on_to(gateway: Gateway) -> None:
    gateway.path = "/elsewhere"

    async def test() -> None:
        await gateway.told()
        await gateway.told()
        assert gateway.looked == 1
        assert await gateway.notify(event("45.0.0.1")) == 200

    gateway.listen(test)

    assert gateway.hints.get_nowait().address == ip_address("45.0.0.1")


def test_a_gateway_that_is_gone_ends_the_listener(gateway: Gateway) -> None:
    async def test() -> None:
        await gateway.told()
        gateway.status = 503
        gateway.listener.again()
        await asyncio.Event().wait()

    with pytest.raises(SourceError, match="503"):
        gateway.listen(test)


def test_a_new_address_of_this_machine_ends_the_listener(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        await gateway.told()
        monkeypatch.setattr(routers, "address_towards", lambda sock, host: ip_address("127.0.0.5"))
        gateway.listener.again()
        await asyncio.Event().wait()

    with pytest.raises(SourceError, match=r"127\.0\.0\.1 is no longer this machine's address"):
        gateway.listen(test)


def test_a_gateway_that_is_silent_does_not_delay_the_end(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gena, "FAREWELL", 0.01)

    async def test() -> None:
        await gateway.told()
        monkeypatch.setattr(gateway, "_judge", lambda *_: None)

    gateway.listen(test)


@pytest.mark.parametrize(
    ("device", "said"),
    [
        (Device("127.0.0.1", "", "", "", ""), "127.0.0.1: offers no UPnP events"),
        (Device("127.0.0.1", "", "http://127.0.0.2:1/evt", "", ""), "another machine"),
        (Device("127.0.0.1", "", "http://[/evt", "", ""), "no URL"),
        (Device("fritz.box", "", "http://fritz.box/evt", "", ""), "no URL"),
        (Device("127.0.0.1", "", "http://127.0.0.1:1/evt", "", ""), "onnect"),
    ],
)
def test_a_gateway_without_events_of_its_own_is_named(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, device: Device, said: str
) -> None:
    async def main() -> None:
        monkeypatch.setattr(gateway, "device", found)
        await UpnpEvents(gateway).run(lambda hint: None)

    async def found() -> Device:
        return device

    with pytest.raises(SourceError, match=said):
        asyncio.run(main())
    assert gateway.looked == 1  # the next time there may be another


# -- what must not come in -------------------------------------------------------------------------


def test_a_stranger_is_cut_off_unheard_and_named_once(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        await gateway.ready()
        for _ in range(3):
            assert await gateway.notify(event("66.6.6.6"), source="127.0.0.2") == 0
        assert await gateway.notify(event("45.0.0.10"), seq=0) == 200

    gateway.listen(test)

    assert gateway.hints.qsize() == 1
    [said] = warnings(caplog)
    assert said.startswith("127.0.0.2: ") and "127.0.0.1" in said


@pytest.mark.parametrize(
    ("status", "changed"),
    [
        (412, {"sid": "uuid:other"}),
        (400, {"sid": ""}),
        (400, {"nt": "upnp:rootdevice"}),
        (400, {"nts": "ssdp:byebye"}),
        (413, {"content-length": "16385"}),
        (413, {"content-length": "99999999999999999"}),
        (400, {"content-length": "-1"}),
        (501, {"transfer-encoding": "martian"}),
    ],
    ids=str,
)
def test_what_is_no_event_of_our_subscription_is_refused(
    gateway: Gateway, status: int, changed: dict[str, str]
) -> None:
    async def test() -> None:
        await gateway.ready()
        assert await gateway.notify(event("66.6.6.6"), changed=changed) == status

    gateway.listen(test)

    assert gateway.hints.empty()


def test_a_path_a_method_or_a_head_that_is_wrong_is_refused(gateway: Gateway) -> None:
    async def test() -> None:
        await gateway.ready()
        path = gateway.callback.rpartition("/")[2].encode()
        assert await gateway.send(b"NOTIFY / HTTP/1.1\r\nHost: x\r\n\r\n") == 404
        assert await gateway.send(b"NOTIFY /x%s HTTP/1.1\r\nHost: x\r\n\r\n" % path) == 404
        assert await gateway.send(b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % path) == 405
        assert await gateway.send(b"not HTTP at all\r\n\r\n") == 400
        assert await gateway.send(b"NOTIFY /%s HTTP/1.1\r\nX: %s" % (path, b"x" * 20_000)) == 431

    gateway.listen(test)


def test_a_body_without_end_is_cut(gateway: Gateway) -> None:
    async def test() -> None:
        await gateway.ready()
        path = gateway.callback.rpartition("/")[2].encode()
        head = b"NOTIFY /%s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" % path
        chunks = (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 4
        assert await gateway.send(head + chunks + b"1\r\nx\r\n") == 413

    gateway.listen(test)


def test_a_slow_body_is_cut_off(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callback_module, "PATIENCE", 0.1)

    async def test() -> None:
        await gateway.ready()
        assert await gateway.notify(b"<propertyset>", changed={"content-length": "100"}) == 0
        assert await gateway.send(b"NOTIFY") == 0
        assert await gateway.notify(event("45.0.0.10"), seq=0) == 200

    gateway.listen(test)

    assert gateway.hints.qsize() == 1


def test_an_xml_bomb_is_refused_and_each_trouble_named_once(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    bomb = b"<!DOCTYPE x [<!ENTITY a '45.0.0.10'>]>" + event("&a;")

    async def test() -> None:
        await gateway.ready()
        assert await gateway.notify(bomb) == 400
        assert await gateway.notify(bomb) == 400
        assert await gateway.notify(b"") == 400

    gateway.listen(test)

    assert gateway.hints.empty()
    assert ["DTD" in said for said in warnings(caplog)] == [True, False]


def test_only_a_few_connections_are_kept(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callback_module, "PATIENCE", 3600.0)

    async def test() -> None:
        await gateway.ready()
        host, _, port = gateway.callback.split("/")[2].partition(":")
        crowd = [await asyncio.open_connection(host, int(port)) for _ in range(10)]
        ends = [asyncio.ensure_future(reader.read()) for reader, _ in crowd]
        while sum(end.done() for end in ends) < 6:
            await asyncio.sleep(0)
        assert sum(end.done() for end in ends) == 6
        for _, writer in crowd:
            writer.transport.abort()
        await asyncio.gather(*ends, return_exceptions=True)
        while await gateway.notify(event("45.0.0.10"), seq=0) == 0:
            await asyncio.sleep(0)

    gateway.listen(test)

    assert gateway.hints.qsize() == 1


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    async def answer(headers: object, body: bytes) -> int:
        return 200

    async def main() -> None:
        async with Callback("NOTIFY", ip_address("127.0.0.1"), 100, answer) as server:
            await server.open(ip_address("192.0.2.1"))

    with pytest.raises(SourceError, match=r"cannot listen on 192\.0\.2\.1"):
        asyncio.run(main())


PIECES = [b"NOTIFY ", b"/PATH", b" HTTP/1.1\r\n", b"Host: x\r\n", b"SID: uuid:1\r\n", b"SEQ: 0\r\n"]
PIECES += [b"NT: upnp:event\r\n", b"NTS: upnp:propchange\r\n", b"Content-Length: 5\r\n", b"\r\n", b"hello"]
PIECES += [
    b"Transfer-Encoding: chunked\r\n",
    b"5\r\n",
    b"0\r\n\r\n",
    b"Expect: 100-continue\r\n",
    b"\0",
    b":",
]


def test_any_octets_are_answered_or_cut_off_and_the_server_goes_on() -> None:
    heard: list[bytes] = []

    async def answer(headers: object, body: bytes) -> int:
        heard.append(body)
        return 200

    async def one(octets: bytes) -> None:
        async with Callback("NOTIFY", ip_address("127.0.0.1"), 100, answer) as server:
            await server.open(ip_address("127.0.0.1"))
            host, _, rest = server.url.split("/", 2)[2].partition(":")
            port, _, path = rest.partition("/")
            with socket.socket() as sock:
                sock.setblocking(False)
                loop = asyncio.get_running_loop()
                await loop.sock_connect(sock, (host, int(port)))
                await loop.sock_sendall(sock, octets.replace(b"PATH", path.encode()))
                sock.shutdown(socket.SHUT_WR)
                said = b""
                with suppress(ConnectionResetError):
                    while more := await loop.sock_recv(sock, 4096):
                        said += more
                assert not said or said.startswith(b"HTTP/1.1 ")
            well = b"NOTIFY /%s HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nwell" % path.encode()
            assert await send(host, int(port), well) == 200
            assert heard[-1] == b"well"

    @given(st.binary(max_size=100) | st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
    def law(octets: bytes) -> None:
        asyncio.run(one(octets))

    law()


@given(
    st.lists(
        st.tuples(
            st.dictionaries(
                st.sampled_from(["nt", "nts", "sid", "seq"]),
                st.sampled_from(["upnp:event", "upnp:propchange", "uuid:1", "0", "1", "2"]) | st.text(),
            ),
            st.binary(max_size=50) | st.sampled_from([event("45.0.0.10"), event(""), event(None)]),
        ),
        max_size=6,
    )
)
def test_any_events_give_a_status_and_never_an_unspecified_address(
    events: Sequence[tuple[dict[str, str], bytes]],
) -> None:
    hints: list[Hint] = []

    async def main() -> None:
        subscription = gena._Events("fiber", hints.append, asyncio.Event(), Once(logging.getLogger()))
        subscription.start("http://127.0.0.1/", "uuid:1")
        for headers, body in events:
            whole = {"nt": "upnp:event", "nts": "upnp:propchange", "sid": "uuid:1", "seq": "0"} | headers
            assert await subscription.notified(whole, body) in (200, 400, 412)

    asyncio.run(main())

    assert {hint.origin for hint in hints} <= {"upnp"}
    assert all(hint.address is None or not hint.address.is_unspecified for hint in hints)
