"""How a command wakes the running agent: one datagram on the loopback interface.

The agent listens on a port that the system chooses and keeps port and password in its state file,
which only its user can read.  Works alike on every platform, and costs nothing while nobody rings.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import socket
from collections.abc import Callable

_HOST = "127.0.0.1"


class Doorbell(asyncio.DatagramProtocol):
    """Calls `answer` when somebody rings who knows the password."""

    def __init__(self, password: bytes, answer: Callable[[], None]) -> None:
        self._password, self._answer = password, answer

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        if hmac.compare_digest(data, self._password):
            self._answer()


async def listen(answer: Callable[[], None]) -> tuple[asyncio.DatagramTransport, str]:
    """A listening doorbell, and the text that `ring` needs.  Raises `OSError` without a loopback."""
    password = secrets.token_hex(16)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Doorbell(password.encode(), answer), local_addr=(_HOST, 0)
    )
    port = transport.get_extra_info("sockname")[1]
    return transport, f"{port} {password}"


def ring(where: str) -> None:
    """Wake the agent that wrote `where`.  Whether anybody listens, a datagram does not tell."""
    port, _, password = where.partition(" ")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bell:
        bell.sendto(password.encode(), (_HOST, int(port)))
