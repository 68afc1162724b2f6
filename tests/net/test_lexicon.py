"""The library beside the agent: in threads, one session of an account at a time, never for ever."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from homeport.core.errors import NoAnswer, Unreachable
from homeport.core.secret import Secret
from homeport.driver import Failed, Session, Step
from homeport.net import lexicon
from homeport.net.lexicon import Lexicon, perform


def session(service: str = "powerdns", *steps: Step, **settings: str) -> Session:
    return Session(
        service, {name: Secret(text) for name, text in settings.items()}, "example.com", 300, steps
    )


def test_the_loop_goes_on_and_the_sessions_of_one_account_follow_each_other() -> None:
    at_once: list[int] = []
    running = 0

    def act(_: Session) -> list[Any]:
        nonlocal running
        running += 1
        at_once.append(running)
        time.sleep(0.02)
        running -= 1
        return [threading.current_thread().daemon]

    async def scene() -> list[list[Any]]:
        library = Lexicon(act)
        return await asyncio.gather(*(library.run(session(auth_token="a")) for _ in range(4)))

    assert asyncio.run(scene()) == [[True]] * 4
    assert at_once == [1, 1, 1, 1]


def test_a_session_that_hangs_is_given_up_and_keeps_only_its_own_account_waiting() -> None:
    end = threading.Event()

    def act(one: Session) -> list[Any]:
        if one.service == "powerdns":
            end.wait(10)
        return [one.service]

    async def scene() -> None:
        library = Lexicon(act, deadline=0.05)
        with pytest.raises(NoAnswer, match="not done within"):
            await library.run(session())
        with pytest.raises(Unreachable, match="still hangs"):
            await library.run(session())
        assert await library.run(session("vultr")) == ["vultr"]
        end.set()
        assert await library.run(session()) == ["powerdns"]

    asyncio.run(scene())


def test_an_agent_that_ends_does_not_wait_for_a_session_that_hangs() -> None:
    end = threading.Event()

    async def scene() -> None:
        with pytest.raises(NoAnswer):
            await Lexicon(lambda _: [end.wait(30)], deadline=0.02).run(session())

    began = time.monotonic()
    asyncio.run(scene())
    assert time.monotonic() - began < 5
    end.set()


def test_whatever_the_thread_raises_arrives() -> None:
    def act(_: Session) -> list[Any]:
        raise SystemExit("no")

    with pytest.raises(Failed) as raised:
        asyncio.run(Lexicon(act).run(session()))
    assert (raised.value.kind, raised.value.words) == ("SystemExit", "no")


def test_what_is_not_there_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unreachable, match="does not know 'nonsense'"):
        perform(session("nonsense"))
    monkeypatch.setattr("lexicon._private.discovery.find_providers", lambda: {"vercel": False})
    with pytest.raises(
        Unreachable, match=r'lexicon\'s vercel needs more: pip install "dns-lexicon\[vercel\]"'
    ):
        perform(session("vercel"))

    def missing() -> None:
        raise ImportError("lexicon")

    monkeypatch.setattr(lexicon, "prepare", missing)
    with pytest.raises(Unreachable, match=r'pip install "homeport\[lexicon\]"'):
        perform(session("vultr"))


def test_nothing_is_deleted_without_an_id() -> None:
    from tests.fakes.lexicon import Contract, FakeLexicon

    class Wire:
        async def send(self, request: Any) -> Any:
            return fake(request)

    fake = FakeLexicon()
    fake.put(fake.owner, "A", ["192.0.2.1"])
    Contract.wire = Wire()
    with pytest.raises(Failed) as raised:
        perform(session("contract", Step("delete", "A", fake.owner, "192.0.2.1"), auth_token=fake.good))
    assert "without an id" in raised.value.words
    assert fake.held(fake.owner, "A") == ["192.0.2.1"]


def test_its_requests_have_a_patience() -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Silent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            end.wait(10)

        def log_message(self, *_: Any) -> None:
            pass

    end = threading.Event()
    server = HTTPServer(("127.0.0.1", 0), Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    before, lexicon.TIMEOUT = lexicon.TIMEOUT, (1.0, 0.1)
    try:
        url = f"http://127.0.0.1:{server.server_port}/?key=s3cr3t"
        with pytest.raises(NoAnswer) as raised:
            perform(session(pdns_server=url, auth_token="s3cr3t"))
    finally:
        lexicon.TIMEOUT = before
        end.set()
        server.shutdown()
        server.server_close()
    assert "s3cr3t" not in str(raised.value)
