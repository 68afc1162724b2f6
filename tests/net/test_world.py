"""What the real world remembers during a round."""

from __future__ import annotations

import asyncio

import pytest

from homeport.core.dns import Name, Server
from homeport.net import resolver, world


def test_servers_are_found_once_for_the_names_of_one_parent_and_never_for_another_zone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def servers(owner: Name, _: object) -> tuple[Name, list[Server]]:
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
