"""DNS over real sockets on loopback, with servers that do all that servers can do wrong."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, TypeVar, cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from homeport.core.dns import Name, RRType, Server
from homeport.core.errors import NoAnswer, ProviderError, Unreachable
from homeport.demo.nameserver import Nameserver
from homeport.net import dns as net
from homeport.net import resolver
from homeport.net.dns import TcpDns, ask
from homeport.wire import dns as wire

T = TypeVar("T")
HOST, HOME = "127.0.0.1", "home.example.com"
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def found(owner: Name, primary: tuple[str, int] | None) -> list[Server]:
    """The servers; the apex has a test of its own."""
    return (await resolver.servers(owner, primary))[1]


def run(work: Coroutine[Any, Any, T]) -> T:
    async def within() -> T:
        async with asyncio.timeout(60):
            return await work

    return asyncio.run(within())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(net, "CONNECT_TIMEOUT", 0.2)
    monkeypatch.setattr(net, "ANSWER_TIMEOUT", 0.2)
    monkeypatch.setattr(net, "RESEND", (0.05, 0.05, 0.05))


def questions(count: int) -> list[bytes]:
    return [wire.query(number, HOME, wire.A) for number in range(count)]


def reply(question: bytes, *rows: str, flags: int = dns.flags.AA, rcode: int = 0) -> bytes:
    """The oracle's answer; each row is `TYPE RDATA`."""
    message = dns.message.make_response(dns.message.from_wire(question))
    message.flags |= flags
    message.set_rcode(dns.rcode.Rcode(rcode))
    for row in rows:
        rdtype, rdata = row.split(maxsplit=1)
        message.answer.append(dns.rrset.from_text(message.question[0].name, 60, "IN", rdtype, rdata))
    return message.to_wire()


def framed(*messages: bytes) -> bytes:
    return b"".join(struct.pack("!H", len(message)) + message for message in messages)


# -- TCP --------------------------------------------------------------------------------------------


@asynccontextmanager
async def stub(script: Script) -> AsyncIterator[int]:
    """A TCP server that runs the script for each connection; gives its port."""
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has what it wanted
        finally:
            writer.transport.abort()
            running.discard(task)

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await server.wait_closed()


async def read(reader: asyncio.StreamReader, count: int) -> list[bytes]:
    found = []
    for _ in range(count):
        size = int.from_bytes(await reader.readexactly(2), "big")
        found.append(await reader.readexactly(size))
    return found


async def until_closed(reader: asyncio.StreamReader) -> None:
    while await reader.read(4096):
        pass


def exchange(script: Script, messages: Sequence[bytes]) -> list[bytes]:
    async def main() -> list[bytes]:
        async with stub(script) as port:
            return await TcpDns().exchange(HOST, port, messages)

    return run(main())


def fails(script: Script, messages: Sequence[bytes], match: str) -> None:
    with pytest.raises(NoAnswer, match=match):
        exchange(script, messages)


def test_answers_come_back_in_the_order_of_the_questions_whatever_theirs() -> None:
    async def backwards(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await read(reader, 50)
        writer.write(framed(*(reply(question) for question in reversed(asked))))
        await until_closed(reader)

    answers = exchange(backwards, questions(50))
    assert [wire.decode(answer).id for answer in answers] == list(range(50))


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_messages_may_come_in_any_pieces(size: int) -> None:
    async def piecemeal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        octets = framed(*(reply(question, "A 192.0.2.1") for question in await read(reader, 3)))
        for start in range(0, len(octets), size):
            writer.write(octets[start : start + size])
            await writer.drain()
            await asyncio.sleep(0)
        await until_closed(reader)

    answers = [wire.decode(answer) for answer in exchange(piecemeal, questions(3))]
    assert {answer.addresses(Name(HOME), RRType.A)[0][0] for answer in answers} == {
        IPv4Address("192.0.2.1")
    }


def test_the_largest_message_passes_both_ways() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(framed(*await read(reader, 1)))
        await until_closed(reader)

    message = b"\0\7" + os.urandom(65533)
    assert exchange(echo, [message]) == [message]


def test_nothing_asked_is_nothing_sent() -> None:
    assert run(TcpDns().exchange(HOST, 1, [])) == []


def test_a_server_may_close_after_each_answer() -> None:
    connections = []

    async def stingy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        [question] = await read(reader, 1)
        writer.write(framed(reply(question)))
        writer.write_eof()
        await until_closed(reader)

    answers = exchange(stingy, questions(4))
    assert [wire.decode(answer).id for answer in answers] == [0, 1, 2, 3]
    assert len(connections) == 4


def test_a_closed_port_is_told_at_once() -> None:
    async def main() -> None:
        with socket.socket() as taken:
            taken.bind((HOST, 0))  # bound, but nobody listens
            port = taken.getsockname()[1]
            with pytest.raises(Unreachable, match=f"{HOST} port {port}: connection refused") as caught:
                await TcpDns().exchange(HOST, port, questions(1))
            assert not isinstance(caught.value, NoAnswer)

    began = time.monotonic()
    run(main())
    assert time.monotonic() - began < 1


def test_a_server_that_accepts_nobody_is_given_up(impatient: None) -> None:
    async def main() -> None:
        with socket.socket() as full:
            full.bind((HOST, 0))
            full.listen(0)
            waiting = [socket.socket() for _ in range(8)]
            try:
                for one in waiting:  # fill the backlog, so that the next SYN is dropped
                    one.setblocking(False)
                    one.connect_ex(full.getsockname())
                with pytest.raises(Unreachable, match="no connection within") as caught:
                    await TcpDns().exchange(HOST, full.getsockname()[1], questions(1))
                assert not isinstance(caught.value, NoAnswer)
            finally:
                for one in waiting:
                    one.close()

    run(main())


def test_silence_is_no_answer(impatient: None) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await until_closed(reader)

    fails(silent, questions(1), "no answer within")


def test_a_server_that_answers_only_half_is_no_answer(impatient: None) -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await read(reader, 4)
        writer.write(framed(*map(reply, asked[:2])))
        await until_closed(reader)

    fails(half, questions(4), "no answer within")


def test_a_server_that_drips_a_message_without_end_is_given_up(impatient: None) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\xff\xff")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    fails(drip, questions(1), "no answer within")


@pytest.mark.parametrize("count", [1, 3])
def test_a_reset_after_the_request_is_no_answer(count: int) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read(reader, count)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    fails(reset, questions(count), "ended before the answer")


def test_an_end_within_a_message_is_no_answer() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        [question] = await read(reader, 1)
        writer.write(framed(reply(question))[:-1])
        writer.write_eof()
        await until_closed(reader)

    fails(cut, questions(1), "ended before the answer")


def test_a_message_that_is_alone_is_sent_once_only() -> None:
    sent = []

    async def forgetful(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent.extend(await read(reader, 1))

    fails(forgetful, questions(1), "ended before the answer")
    assert len(sent) == 1


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 20000,
        framed(b""),
        framed(b"\0"),
        framed(b"\xff\xff" + bytes(10)),
        framed(reply(wire.query(7, HOME, wire.A))) * 2,
    ],
    ids=["HTTP", "an empty message", "one octet", "another ID", "an answer twice"],
)
def test_what_was_not_asked_is_no_answer(octets: bytes) -> None:
    async def strange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(octets)
        await until_closed(reader)

    fails(
        strange, [wire.query(7, HOME, wire.A), wire.query(8, HOME, wire.A)], "something that was not asked"
    )


def test_a_host_name_is_tried_at_all_its_addresses() -> None:
    async def polite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(framed(*map(reply, await read(reader, 1))))
        await until_closed(reader)

    async def main() -> list[bytes]:
        async with stub(polite) as port:  # on 127.0.0.1 only, while localhost is often ::1 as well
            return await TcpDns().exchange("localhost", port, questions(1))

    assert len(run(main())) == 1


def test_a_host_name_that_nobody_knows_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(host: str, *_: Any, **__: Any) -> None:
        host.encode("idna")  # as the real one does
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for host, said in (("nobody.example.com", "cannot be resolved"), ("x" * 64 + ".com", "no host name")):
        with pytest.raises(Unreachable, match=said):
            run(TcpDns().exchange(host, 53, questions(1)))
        with pytest.raises(Unreachable, match=said):
            run(net.addresses(host))


def test_the_address_of_an_address_is_itself() -> None:
    assert run(net.addresses("2001:DB8::1")) == ["2001:db8::1"]
    assert HOST in run(net.addresses("localhost"))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 53)"),
            "connection refused",
        ),
        (
            OSError(errno.EHOSTUNREACH, "Connect call failed ('192.0.2.1', 53)"),
            os.strerror(errno.EHOSTUNREACH),
        ),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "Network is unreachable"),
        (socket.gaierror(-2, "Name or service not known"), "the name cannot be resolved"),
        (OSError("Multiple exceptions: one, two"), "Multiple exceptions: one, two"),
        (OSError(), "OSError"),
    ],
)
def test_a_failed_connection_is_told_in_the_words_of_the_system(error: OSError, text: str) -> None:
    assert net.reason(error) == text


# -- UDP --------------------------------------------------------------------------------------------


class Datagrams(asyncio.DatagramProtocol):
    """A server whose answers to a question are made by a function: none, one, or many."""

    def __init__(self, answers: Callable[[int, bytes], Sequence[bytes]]) -> None:
        self._answers = answers
        self.asked: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # asyncio's own are no instances

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.asked.append(data)
        for answer in self._answers(len(self.asked), data):
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def datagrams(
    answers: Callable[[int, bytes], Sequence[bytes]], port: int = 0
) -> AsyncIterator[tuple[int, list[bytes]]]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: Datagrams(answers), local_addr=(HOST, port)
    )
    try:
        yield transport.get_extra_info("sockname")[1], server.asked
    finally:
        transport.close()


def asked(
    answers: Callable[[int, bytes], Sequence[bytes]], **wishes: Any
) -> tuple[wire.Message, list[bytes]]:
    async def main() -> tuple[wire.Message, list[bytes]]:
        async with datagrams(answers) as (port, questions):
            return await ask(HOST, port, HOME, wire.A, **wishes), questions

    return run(main())


def test_a_question_is_asked_and_its_answer_read() -> None:
    answer, questions = asked(lambda _, question: [reply(question, "A 192.0.2.1")])
    assert answer.addresses(Name(HOME), RRType.A) == ([IPv4Address("192.0.2.1")], 60)
    [question] = map(dns.message.from_wire, questions)
    assert question.question[0].to_text() == f"{HOME}. IN A"
    assert not question.flags & dns.flags.RD
    _, questions = asked(lambda _, question: [reply(question)], recursive=True)
    assert dns.message.from_wire(questions[0]).flags & dns.flags.RD


def test_each_question_has_an_id_that_nobody_can_foresee() -> None:
    ids = [asked(lambda _, question: [reply(question)])[0].id for _ in range(20)]
    assert len(set(ids)) > 15
    assert sorted(ids) != ids


def other_id(question: bytes) -> bytes:
    return bytes([question[0] ^ 1]) + question[1:]


FORGERIES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda question: b"",
    "junk": lambda question: b"junk",
    "the question itself": lambda question: question,
    "another ID": lambda question: reply(other_id(question), "A 192.0.2.66"),
    "another name": lambda question: reply(
        question[:2] + wire.query(0, "example.com", wire.A)[2:], "A 192.0.2.66"
    ),
    "another type": lambda question: reply(question[:2] + wire.query(0, HOME, wire.NS)[2:], "A 192.0.2.66"),
    "no question": lambda question: question[:2] + b"\x84\0" + bytes(8),
    "a compression loop": lambda question: question[:2] + b"\x84\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_what_is_no_answer_to_the_question_is_not_looked_at(name: str) -> None:
    forgery = FORGERIES[name]
    answer, questions = asked(lambda _, question: [forgery(question), reply(question, "A 192.0.2.1")])
    assert answer.addresses(Name(HOME), RRType.A)[0] == [IPv4Address("192.0.2.1")]
    assert len(questions) == 1


def test_a_question_that_was_lost_is_asked_again(impatient: None) -> None:
    answer, questions = asked(lambda count, question: [reply(question)] if count == 3 else [])
    assert answer.rcode == wire.Rcode.NOERROR
    assert len(questions) == 3
    assert len(set(questions)) == 1


@pytest.mark.parametrize("name", [None, *FORGERIES])
def test_silence_is_no_answer_and_so_are_forgeries(impatient: None, name: str | None) -> None:
    with pytest.raises(NoAnswer, match="no answer"):
        asked(lambda _, question: [FORGERIES[name](question)] if name else [])


def test_a_closed_udp_port_is_told_at_once() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(Unreachable, match="connection refused") as caught:
        run(ask(HOST, port, HOME, wire.A))
    assert not isinstance(caught.value, NoAnswer)
    assert time.monotonic() - began < net.RESEND[0]


def truncated(answer: Callable[[bytes], bytes]) -> wire.Message:
    """Asked over UDP, where the answer is cut, then over TCP of the same port."""

    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        [question] = await read(reader, 1)
        writer.write(framed(answer(question)))
        await until_closed(reader)

    async def main() -> wire.Message:
        async with (
            stub(whole) as port,
            datagrams(lambda _, question: [reply(question, flags=dns.flags.TC)], port),
        ):
            return await ask(HOST, port, HOME, wire.A)

    return run(main())


def test_a_truncated_answer_is_asked_for_over_tcp() -> None:
    found = truncated(lambda question: reply(question, "A 192.0.2.1"))
    assert found.addresses(Name(HOME), RRType.A)[0] == [IPv4Address("192.0.2.1")]


@pytest.mark.parametrize(
    "answer",
    [
        lambda question: question,
        lambda question: question[:2] + b"junk",
        lambda question: reply(question, flags=dns.flags.TC),
        FORGERIES["another ID"],
        FORGERIES["another name"],
        FORGERIES["no question"],
    ],
)
def test_a_truncated_answer_with_nonsense_over_tcp_is_no_answer(answer: Callable[[bytes], bytes]) -> None:
    began = time.monotonic()
    with pytest.raises(NoAnswer):
        truncated(answer)
    assert time.monotonic() - began < net.RESEND[0]


def test_a_truncated_answer_without_tcp_is_unreachable() -> None:
    async def main() -> None:
        async with datagrams(lambda _, question: [reply(question, flags=dns.flags.TC)]) as (port, _):
            await ask(HOST, port, HOME, wire.A)

    with pytest.raises(Unreachable, match="connection refused"):
        run(main())


def test_a_question_that_nobody_waits_for_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with datagrams(lambda count, question: []) as (port, _):
            question = asyncio.ensure_future(ask(HOST, port, HOME, wire.A))
            await asyncio.sleep(0.05)
            question.cancel()
            with pytest.raises(asyncio.CancelledError):
                await question

    run(main())


# -- the system's resolvers -------------------------------------------------------------------------


@pytest.mark.posix("resolv.conf")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nameserver 192.0.2.1\n", ["192.0.2.1"]),
        ("# nameserver 192.0.2.9\n;nameserver 192.0.2.8\n\nsearch lan\n", []),
        ("nameserver\t192.0.2.1  # the router\nnameserver 192.0.2.1\n", ["192.0.2.1"]),
        ("nameserver fe80::1%eth0\nnameserver 2001:DB8::53\n", ["fe80::1%eth0", "2001:db8::53"]),
        (
            "".join(f"nameserver 192.0.2.{n}\n" for n in range(1, 6)),
            ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
        ),
        ("nameserver\nnameserver dns.example\nnameserver 192.0.2.1", ["192.0.2.1"]),
        ("\ufeff\x00\ud7ff garbage", []),
    ],
)
def test_the_resolvers_are_read_as_the_system_reads_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, found: list[str]
) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(resolver, "_RESOLV_CONF", path)
    assert resolver.recursive() == found


@pytest.mark.posix("resolv.conf")
def test_without_a_resolver_nobody_is_authoritative(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(resolver, "_RESOLV_CONF", tmp_path / "none")
    assert resolver.recursive() == []
    with pytest.raises(Unreachable, match="no DNS resolver"):
        run(found(Name(HOME), None))


Answers = dict[tuple[str, str], Sequence[str]]  # (name, type) -> rows of the answer section
ANSWERS: Answers = {
    ("example.com", "NS"): ["NS ns2.example.net.", "NS ns1.example.net."],
    ("ns1.example.net", "A"): ["A 192.0.2.53"],
    ("ns2.example.net", "AAAA"): ["AAAA 2001:db8::53"],
}


@pytest.fixture
def recursor(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, int, str, bool]]]:
    """Stands in for `ask`: resolvers answer from a table; what they were asked comes back."""

    def install(
        tables: dict[str, Answers | ProviderError], *, strict: bool = True
    ) -> list[tuple[str, int, str, bool]]:
        questions: list[tuple[str, int, str, bool]] = []

        async def answer(
            address: str, port: int, owner: str, rdtype: int, *, recursive: bool = False
        ) -> wire.Message:
            questions.append((address, port, owner, recursive))
            table = tables[address]
            if isinstance(table, ProviderError):
                raise table
            question = wire.query(0, owner, rdtype)
            if strict and not recursive:
                return wire.decode(reply(question, rcode=wire.Rcode.REFUSED))
            kind = {wire.NS: "NS", wire.A: "A", wire.AAAA: "AAAA"}[rdtype]
            return wire.decode(reply(question, *table.get((owner, kind), ()), flags=0))

        monkeypatch.setattr(resolver, "ask", answer)
        monkeypatch.setattr(resolver, "recursive", lambda: list(tables))
        return questions

    return install


def test_the_servers_of_the_nearest_zone_are_found_by_the_resolver(
    recursor: Callable[..., list[tuple[str, int, str, bool]]],
) -> None:
    asked = recursor({"192.0.2.1": ANSWERS})
    assert run(found(Name("a.b.example.com"), None)) == [
        Server("ns1.example.net", "192.0.2.53"),
        Server("ns2.example.net", "2001:db8::53"),
    ]
    # Resolvers such as Unbound refuse questions that do not ask them to look.
    assert all(recursive for *_, recursive in asked)
    assert [owner for _, _, owner, _ in asked[:3]] == ["a.b.example.com", "b.example.com", "example.com"]


def test_the_name_servers_of_an_aliases_target_are_not_those_of_the_name(
    recursor: Callable[..., list[tuple[str, int, str, bool]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    recursor({"192.0.2.1": ANSWERS})
    plain = vars(resolver)["ask"]

    async def answer(address: str, port: int, owner: str, rdtype: int, **wishes: Any) -> wire.Message:
        if (owner, rdtype) != (HOME, wire.NS):
            return cast("wire.Message", await plain(address, port, owner, rdtype, **wishes))
        message = dns.message.make_response(dns.message.from_wire(wire.query(0, owner, rdtype)))
        message.answer = [
            dns.rrset.from_text(f"{HOME}.", 60, "IN", "CNAME", "x.elsewhere.example."),
            dns.rrset.from_text("x.elsewhere.example.", 60, "IN", "NS", "ns.elsewhere.example."),
        ]
        return wire.decode(message.to_wire())

    monkeypatch.setattr(resolver, "ask", answer)
    assert [server.name for server in run(found(Name(HOME), None))] == [
        "ns1.example.net",
        "ns2.example.net",
    ]


def test_the_next_resolver_is_asked_when_one_is_out_of_order(
    recursor: Callable[..., list[tuple[str, int, str, bool]]],
) -> None:
    recursor({"192.0.2.1": NoAnswer("192.0.2.1 port 53: no answer"), "192.0.2.2": ANSWERS})
    assert len(run(found(Name(HOME), None))) == 2
    recursor({"192.0.2.1": NoAnswer("192.0.2.1 port 53: no answer")})
    with pytest.raises(NoAnswer, match=r"192\.0\.2\.1"):
        run(found(Name(HOME), None))


def test_a_zone_that_nobody_serves_and_a_server_without_address_are_told(
    recursor: Callable[..., list[tuple[str, int, str, bool]]],
) -> None:
    recursor({"192.0.2.1": {}})
    with pytest.raises(Unreachable, match=f"nobody is authoritative for {HOME}"):
        run(found(Name(HOME), None))
    recursor({"192.0.2.1": {("example.com", "NS"): ["NS ns.example.net."]}})
    assert run(found(Name(HOME), None)) == [Server("ns.example.net", "")]


def test_the_configured_primary_comes_first_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "recursive", list)

    async def main() -> tuple[list[Server], Nameserver]:
        async with Nameserver.serving("example.com", tsig_name="k", tsig_key=b"k" * 32) as server:
            return await found(Name(HOME), (server.host, server.port)), server

    servers, server = run(main())
    # Its NS, ns1.example.com, is itself.
    assert servers == [Server(f"{HOST} port {server.port}", HOST, server.port)]


def test_a_primary_that_is_out_of_order_is_still_the_first(
    monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    monkeypatch.setattr(resolver, "recursive", list)
    with socket.socket(type=socket.SOCK_DGRAM) as mute:
        mute.bind((HOST, 0))
        port = mute.getsockname()[1]
        assert run(found(Name(HOME), (HOST, port))) == [Server(f"{HOST} port {port}", HOST, port)]


def test_the_other_servers_of_the_primarys_zone_are_found_by_what_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resolver, "recursive", list)
    told = {
        (HOME, wire.SOA): [],
        ("example.com", wire.NS): ["NS ns1.example.com.", "NS ns2.example.com."],
        ("ns1.example.com", wire.A): [f"A {HOST}"],
        ("ns2.example.com", wire.A): ["A 192.0.2.2"],
    }

    def answer(_: int, question: bytes) -> list[bytes]:
        message = dns.message.from_wire(question)
        owner, rdtype = message.question[0].name.to_text(omit_final_dot=True), message.question[0].rdtype
        response = dns.message.from_wire(reply(question, *told.get((owner, rdtype), ())))
        soa = "ns1.example.com. hostmaster.example.com. 1 2 3 4 5"
        if rdtype == wire.SOA:
            response.authority.append(dns.rrset.from_text("example.com.", 60, "IN", "SOA", soa))
        return [response.to_wire()]

    async def main() -> tuple[list[Server], int]:
        async with datagrams(answer) as (port, _):
            return await found(Name(HOME), (HOST, port)), port

    servers, port = run(main())
    assert servers == [Server(f"{HOST} port {port}", HOST, port), Server("ns2.example.com", "192.0.2.2")]
