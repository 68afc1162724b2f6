"""Small servers of the lab that run in this process: a page that echoes, and a gateway that lies."""

from __future__ import annotations

import http.server
import selectors
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address

ALL_HOSTS, CLIENT_PORT, SERVER_PORT = "224.0.0.1", 5350, 5351  # RFC 6886, 3.2.1


class Echo:
    """A page that tells the address it sees; `says` is told instead, if it is set."""

    def __init__(self) -> None:
        self.asked: list[str] = []  # who asked, in that order
        self.says: str | None = None

    @contextmanager
    def serving(self, port: int) -> Iterator[None]:
        """On every address of the host that this thread is on."""
        echo = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen = self.client_address[0].removeprefix("::ffff:")
                echo.asked.append(seen)
                body = (seen if echo.says is None else echo.says).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """A test is told by its asserts."""

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6
            daemon_threads = True
            block_on_close = False

        server = Server(("::", port), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class Liar:
    """A NAT-PMP server (RFC 6886) that says what it is told to."""

    def __init__(self, server: socket.socket, lan: str) -> None:
        self.address = "45.0.0.10"
        self.result = 0
        self.epoch = 1000  # seconds since it "started"
        self.raw: bytes | None = None  # said instead of all this; empty: it keeps silent
        self.asked: list[bytes] = []
        self._socket = server
        server.bind((lan, SERVER_PORT))
        server.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(lan))

    @contextmanager
    def serving(self) -> Iterator[Liar]:
        stop, stopped = socket.socketpair()
        thread = threading.Thread(target=self._serve, args=(stopped,))
        with stop, stopped:
            thread.start()
            try:
                yield self
            finally:
                stop.send(b"!")
                thread.join()

    def announce(self, payload: bytes | None = None) -> None:
        """Multicast that to the whole LAN; without it what it says, as RFC 6886, 3.2.1 wants."""
        message = self._message() if payload is None else payload
        self._socket.sendto(message, (ALL_HOSTS, CLIENT_PORT))

    def _message(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return natpmp_answer(self.address, epoch=self.epoch, result=self.result)

    def _serve(self, stopped: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(stopped, selectors.EVENT_READ)
            while stopped not in {key.fileobj for key, _ in selector.select()}:
                question, who = self._socket.recvfrom(65536)
                self.asked.append(question)
                if answer := self._answer(question):
                    self._socket.sendto(answer, who)

    def _answer(self, question: bytes) -> bytes:
        if self.raw is None and question[:1] != b"\0":
            # RFC 6887, 9: what speaks only NAT-PMP refuses the version, in its own.
            return struct.pack("!BBHI", 0, 128, 1, self.epoch)
        return self._message()


def natpmp_answer(address: str, *, epoch: int = 1000, result: int = 0) -> bytes:
    """An answer of NAT-PMP about the external address, or an announcement (RFC 6886, 3.2)."""
    return struct.pack("!BBHI4s", 0, 128, result, epoch, IPv4Address(address).packed)
