"""What the real world remembers during a round."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from ipaddress import ip_address

import pytest

from homeport.core.dns import Name, Server
from homeport.core.errors import ProviderError
from homeport.core.hint import Tell
from homeport.net import resolver, world
from homeport.net.http import HttpTransport
from homeport.net.uplink import UplinkNet
from homeport.net.world import RealWorld
from homeport.wire.http import Request


def test_servers_are_found_once_for_the_names_of_one_parent_and_never_for_another_zone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def servers(owner: Name, *_: object) -> tuple[Name, list[Server]]:
        asked.append(owner.text)
        apex = Name(".".join(owner.text.split(".")[-2:]))
        return apex, [Server(f"ns.{apex}", "192.0.2.1")]

    monkeypatch.setattr(world, "servers", servers)

    async def main() -> list[str]:
        real = world.RealWorld({}, {})
        names = ["example.com", "other.com", "a.example.com", "b.example.com", "a.other.com"]
        return [(await real.servers(Name(name), None))[0].name for name in names]

    found = asyncio.run(main())

    assert found == ["ns.example.com", "ns.other.com", "ns.example.com", "ns.example.com", "ns.other.com"]
    assert asked == ["example.com", "other.com", "a.example.com", "a.other.com"]


def test_the_apex_is_told_with_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    from homeport.demo.nameserver import Nameserver

    monkeypatch.setattr(resolver, "recursive", list)

    async def main() -> Name:
        async with Nameserver.serving("example.com", tsig_name="k", tsig_key=b"k" * 32) as server:
            return (await resolver.servers(Name("a.b.example.com"), (server.host, server.port)))[0]

    assert asyncio.run(main()) == Name("example.com")


class Watched:
    """A line whose health the test decides."""

    name = "the probes"

    def __init__(self) -> None:
        self.healthy = True

    async def proved(self) -> None:
        """It is known."""

    async def run(self, tell: Tell) -> None:
        """Nobody listens."""


def test_while_a_line_is_down_what_is_sent_leaves_by_one_that_is_up() -> None:
    async def main() -> list[str]:
        came: list[str] = []

        async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            came.append(writer.get_extra_info("peername")[0])
            writer.close()
            await writer.wait_closed()

        lines = {"fiber": Watched(), "lte": Watched()}
        nets = {
            name: UplinkNet(user_agent="test", source_address=ip_address(f"127.0.0.{place}"))
            for place, name in enumerate(lines, 2)
        }
        async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            real = RealWorld(nets, {"a": HttpTransport(user_agent="test")}, lines)
            for down in ([], ["fiber"], ["lte"], ["fiber", "lte"]):
                for name, line in lines.items():
                    line.healthy = name not in down
                with suppress(ProviderError):
                    await real.transport("a").send(Request("GET", f"http://127.0.0.1:{port}/"))
                with suppress(ProviderError):
                    await real.dns.exchange("127.0.0.1", port, [b"\0\0"])
                await real.rest()
        return came

    usual, over_lte, over_fiber = ["127.0.0.1"] * 2, ["127.0.0.3"] * 2, ["127.0.0.2"] * 2
    assert asyncio.run(main()) == [*usual, *over_lte, *over_fiber, *usual]
