"""DNS on real sockets: messages over TCP to a server that was named, questions over UDP to any.

The only module that sends DNS.  What the octets mean is the business of `wire`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import struct
from collections.abc import Collection, Sequence
from ipaddress import ip_address

from ..core.errors import NoAnswer, Unreachable
from ..wire import dns
from .way import Way

CONNECT_TIMEOUT = 5.0  # seconds
HAPPY_EYEBALLS = 0.25  # seconds until the next address of the server is tried beside (RFC 8305, 5)
ANSWER_TIMEOUT = 10.0  # seconds until the next whole answer
RESEND = (0.8, 1.6, 2.4)  # seconds to wait for a UDP answer before asking again, or giving up


class TcpDns:
    """RFC 7766: one connection for one exchange, all messages pipelined (6.2.1.1).

    It leaves by `way`, if one is given.
    """

    def __init__(self, way: Way | None = None) -> None:
        self._way = way

    async def exchange(self, host: str, port: int, messages: Sequence[bytes]) -> list[bytes]:
        """As `driver.DnsTransport` says.

        A server may close after as many answers as it likes (6.2.3): what it has not answered goes over
        another connection.  A message that is alone is therefore sent once only.
        """
        answers: dict[bytes, bytes] = {}
        while left := [message for message in messages if message[:2] not in answers]:
            answers |= await self._converse(host, port, left)
        return [answers[message[:2]] for message in messages]

    async def _converse(self, host: str, port: int, messages: Sequence[bytes]) -> dict[bytes, bytes]:
        """One connection: the answers by their IDs, at least one of them."""
        where = f"{host} port {port}"
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                expected = {message[:2] for message in messages}
                if self._way is not None:
                    sock = await self._way.connect(host, port)
                    transport, stream = await loop.create_connection(lambda: _Stream(expected), sock=sock)
                else:
                    transport, stream = await loop.create_connection(
                        lambda: _Stream(expected), host, port, happy_eyeballs_delay=HAPPY_EYEBALLS
                    )
        except TimeoutError as error:
            raise Unreachable(f"{where}: no connection within {CONNECT_TIMEOUT:.0f} s") from error
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"{where}: {reason(error)}") from error
        try:
            transport.write(b"".join(struct.pack("!H", len(m)) + m for m in messages))
            while stream.missing and not stream.lost:
                stream.progress.clear()
                try:
                    async with asyncio.timeout(ANSWER_TIMEOUT):
                        await stream.progress.wait()
                except TimeoutError as error:
                    raise NoAnswer(f"{where}: no answer within {ANSWER_TIMEOUT:.0f} s") from error
        finally:
            transport.abort()
        if stream.strange:
            raise NoAnswer(f"{where}: answered something that was not asked")
        if not stream.answers:
            raise NoAnswer(f"{where}: the connection ended before the answer")
        return stream.answers


class _Stream(asyncio.Protocol):
    """Cuts the octets of a TCP connection into messages (RFC 1035, 4.2.2), known by their IDs."""

    def __init__(self, asked: Collection[bytes]) -> None:
        self.answers: dict[bytes, bytes] = {}
        self.missing = set(asked)
        self.strange = False  # has something come that nobody asked for?
        self.lost = False  # is there nothing more to come?
        self.progress = asyncio.Event()  # an answer, or the end
        self._buffer = bytearray()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        start = 0
        while len(self._buffer) - start >= 2:
            end = start + 2 + int.from_bytes(self._buffer[start : start + 2], "big")
            if end > len(self._buffer):
                break
            self._take(bytes(self._buffer[start + 2 : end]))
            start = end
        del self._buffer[:start]

    def _take(self, answer: bytes) -> None:
        number = answer[:2]
        if number in self.missing:
            self.missing.remove(number)
            self.answers[number] = answer
        else:
            self.strange = self.lost = True
        self.progress.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.progress.set()


async def ask(
    address: str, port: int, owner: str, rdtype: int, *, recursive: bool = False, way: Way | None = None
) -> dns.Message:
    """One question over UDP (RFC 1035, 4.2.1), over TCP if the answer was cut.  It leaves by `way`.

    The socket is connected and the ID unpredictable (RFC 5452).  Raises `Unreachable` for no route or
    a closed port, `NoAnswer` for silence; what is no answer to our question is not looked at.
    """
    number = secrets.randbelow(0x10000)
    question = dns.query(number, owner, rdtype, recursive=recursive)
    where = f"{address} port {port}"
    loop = asyncio.get_running_loop()
    try:
        sock = None if way is None else way.datagrams(address, port)
        transport, protocol = await loop.create_datagram_endpoint(
            lambda: _Datagrams(number, owner, rdtype),
            remote_addr=None if sock else (address, port),
            sock=sock,
        )
    except OSError as error:
        raise Unreachable(f"{where}: {reason(error)}") from error
    try:
        for wait in RESEND:
            transport.sendto(question)
            try:
                async with asyncio.timeout(wait):
                    answer = await asyncio.shield(protocol.answer)
                break
            except TimeoutError:
                continue
            except OSError as error:
                raise Unreachable(f"{where}: {reason(error)}") from error
        else:
            raise NoAnswer(f"{where}: no answer")
    finally:
        if not protocol.answer.cancel():
            protocol.answer.exception()  # so that an error which came too late is not called unhandled
        transport.abort()
    if not answer.truncated:
        return answer
    [whole] = await TcpDns(way).exchange(address, port, [question])
    try:
        answer = dns.decode(whole)
    except dns.MalformedMessage as error:
        raise NoAnswer(f"{where}: {error}") from error
    if answer.question != (owner, rdtype) or answer.truncated:
        raise NoAnswer(f"{where}: answered something that was not asked")
    return answer


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, number: int, owner: str, rdtype: int) -> None:
        self.answer: asyncio.Future[dns.Message] = asyncio.get_running_loop().create_future()
        self._expected = (number, (owner, rdtype))

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        try:
            message = dns.decode(data)
        except dns.MalformedMessage:
            return  # not from the server we asked, or worthless: the question is sent again
        if (message.id, message.question) == self._expected and not self.answer.done():
            self.answer.set_result(message)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def addresses(host: str) -> list[str]:
    """The addresses of a host, by the system's resolver; itself if it is an address."""
    try:
        return [str(ip_address(host))]
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host}: {reason(error)}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def reason(error: OSError | UnicodeError) -> str:
    """What the system says about a failed connection, in a few words."""
    if isinstance(error, UnicodeError):  # Python's IDNA codec, before anybody is asked
        return "this is no host name"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return "the name cannot be resolved"
    text = error.strerror or str(error) or type(error).__name__
    if error.errno and text.startswith("Connect call failed"):  # asyncio's words; the system's tell why
        return os.strerror(error.errno)
    return text
