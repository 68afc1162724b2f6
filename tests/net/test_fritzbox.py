"""A FRITZ!Box is asked with a login, on real sockets; the box is `fritz_box.FakeBox`."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import traceback
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Network
from pathlib import Path
from typing import TypeVar

import pytest

from homeport.core.dns import RRType
from homeport.core.errors import SourceError
from homeport.core.fritzbox import Box, Login
from homeport.core.secret import Secret
from homeport.net import fritzbox
from homeport.net.uplink import UplinkNet
from homeport.sources.spec import parse
from homeport.wire import igd, tr064
from tests.net.fritz_box import AVM, PPP, FakeBox

T = TypeVar("T")
RIGHT = Login(Secret("homeport"), Secret("gurkensalat"))
WRONG = Login(Secret("homeport"), Secret("s3cret-but-wrong"))


class Net(UplinkNet):
    """Its gateway is this machine."""

    async def gateway(self) -> IPv4Address:
        return IPv4Address("127.0.0.1")


def run(fake: FakeBox, what: Callable[[Net], Awaitable[T]], monkeypatch: pytest.MonkeyPatch) -> T:
    async def main() -> T:
        async with fake.serve() as port:
            monkeypatch.setattr(tr064, "PORT", port)
            net = Net(user_agent="homeport/test", proxy=Secret("http://127.0.0.1:9"))
            try:
                return await what(net)
            finally:
                await net.aclose()

    return asyncio.run(main())


async def looks(net: Net, *boxes: Box, action: str = igd.ADDRESS) -> list[str]:
    """What each look says, or why it cannot tell; no message may hold what is secret."""
    found = []
    for box in boxes:
        try:
            said = await net.fritzbox(box, action)
        except SourceError as error:
            assert "s3cret" not in "".join(traceback.format_exception(error))
            found.append(str(error))
        else:
            found.append(said.get("NewExternalIPAddress", "") or said.get("NewIPv6Prefix", ""))
    return found


def test_the_address_is_told_to_who_can_log_in_and_the_password_never_travels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = FakeBox()
    box = Box(login=RIGHT)
    said = run(fake, lambda net: looks(net, box, box, Box("127.0.0.1", RIGHT)), monkeypatch)
    assert said == ["8.8.4.1"] * 3
    once = ["200 GetDefaultConnectionService+", "200 GetExternalIPAddress+"]
    first = ["401 GetDefaultConnectionService", *once]
    assert fake.asked == [*first, *once, *first]  # the nonce is used again; another host is another box
    assert fake.wrong == 0
    assert b"gurkensalat" not in fake.octets
    assert b"Basic" not in fake.octets


def test_the_connection_in_use_is_the_one_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeBox(default="1.WANIPConnection.1")

    async def both(net: Net) -> list[str]:
        found = await looks(net, Box(login=RIGHT))
        fake.default = "1.WANPPPConnection.1"
        found += await looks(net, Box(login=RIGHT))
        fake.default = "1.WANDSLLinkConfig.1"
        return found + await looks(net, Box(login=RIGHT))

    *addresses, odd = run(fake, both, monkeypatch)
    assert addresses == ["8.8.4.2", "8.8.4.1"]
    assert odd.startswith("names '1.WANDSLLinkConfig.1' as its connection")


@pytest.mark.parametrize("says_stale", [True, False])
@pytest.mark.parametrize("uses", [1, 2, 3])
def test_a_nonce_that_ends_is_no_wrong_login(
    uses: int, *, says_stale: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeBox(uses=uses, says_stale=says_stale)

    async def main(net: Net) -> list[str]:
        found = await looks(net, Box(login=RIGHT), Box(login=RIGHT))
        fake.restart()
        return found + await looks(net, Box(login=RIGHT), Box(login=RIGHT))

    assert run(fake, main, monkeypatch) == ["8.8.4.1"] * 4
    assert fake.wrong == 0


def test_a_box_that_only_ever_asks_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeBox(uses=0)
    again = 'WWW-Authenticate: Digest realm="x",nonce="1",qop="auth",stale=true\r\n'
    monkeypatch.setattr(fake, "_reply", lambda *_: (401, again, ""))
    assert run(fake, lambda net: looks(net, Box(login=RIGHT)), monkeypatch) == [
        "asks for the login again and again"
    ]
    assert len(fake.asked) == 3


@pytest.mark.parametrize(
    "login", [WRONG, Login(Secret("nobody"), RIGHT.password)], ids=["password", "user"]
)
def test_a_wrong_login_is_tried_once_and_never_again(login: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeBox()
    wrong, right = Box(login=login), Box(login=RIGHT)

    async def main(net: Net) -> list[str]:
        together = await asyncio.gather(*(looks(net, wrong) for _ in range(5)))
        before = len(fake.asked)
        found = await looks(net, wrong, wrong)
        assert len(fake.asked) == before
        return [*(one for some in together for one in some), *found, *await looks(net, right)]

    *refused, address = run(fake, main, monkeypatch)
    assert len(refused) == 7
    assert len(set(refused)) == 1
    assert "router_user or router_password wrong? It is not tried again until they change" in refused[0]
    assert "locks out" in refused[0]
    assert address == "8.8.4.1"  # a changed setting is another login
    assert fake.wrong == 1


def test_a_login_that_was_right_is_tried_again_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeBox()
    box = Box(login=RIGHT)

    async def main(net: Net) -> list[str]:
        found = await looks(net, box)
        fake.password = "another"
        found += await looks(net, box, box)
        fake.password = "gurkensalat"
        found += await looks(net, box)
        monkeypatch.setattr(fritzbox, "PAUSE", 0.0)
        return found + await looks(net, box)

    first, *refused, last = run(fake, main, monkeypatch)
    assert first == last == "8.8.4.1"
    assert len(refused) == 3
    assert all("tried again in an hour" in text for text in refused)
    assert fake.wrong == 2  # with the nonce it knew and with a new one; the box may not tell which was why


def test_what_the_box_refuses_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    for fake, told in (
        (FakeBox(rights=False), 'lacks the right "FRITZ!Box settings" (UPnP error 606'),
        (
            FakeBox(switched_off=True),
            "does not answer by TR-064; allow it in the FRITZ!Box under Home Network",
        ),
        (FakeBox(page=b"<!doctype html><html>Login"), "answered with a page for browsers"),
        (FakeBox(page=b"hello"), "that is no XML"),
        (FakeBox(challenge='Basic realm="{realm}"'), "the password is not sent"),
        (FakeBox(challenge='Digest realm="{realm}",nonce="{nonce}"'), "the password is not sent"),
        (FakeBox(challenge=""), "the password is not sent"),
    ):
        [said] = run(fake, lambda net: looks(net, Box(login=RIGHT)), monkeypatch)
        assert told in said
        assert b"response=" not in fake.octets or not fake.rights


def test_what_is_no_fritzbox_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> list[str]:
        monkeypatch.setattr(tr064, "PORT", 9)  # nobody listens there
        net = Net(user_agent="homeport/test")
        try:
            return await looks(net, Box(login=RIGHT))
        finally:
            await net.aclose()

    [said] = asyncio.run(main())
    assert said.endswith("is it a FRITZ!Box?")


def test_a_line_that_is_down_is_told_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeBox()
    fake.said[f"{PPP}#GetExternalIPAddress"] = {"NewExternalIPAddress": "0.0.0.0"}
    fake.said[f"{PPP}#GetInfo"] = {
        "NewConnectionStatus": "Connecting",
        "NewLastConnectionError": "ERROR_AUTHENTICATION_FAILURE",
        "NewUptime": "0",
    }
    [source] = parse("fritzbox", RRType.A, login=RIGHT)
    with pytest.raises(SourceError) as caught:
        run(fake, lambda net: source.observe(net, RRType.A), monkeypatch)
    assert str(caught.value) == (
        "has no address at the moment: its own line is down"
        " (it says 'Connecting', last error 'ERROR_AUTHENTICATION_FAILURE')"
    )
    del fake.said[f"{PPP}#GetInfo"]
    with pytest.raises(SourceError, match=r"its own line is down$"):
        run(fake, lambda net: source.observe(net, RRType.A), monkeypatch)


def test_the_source_tells_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    [source] = parse("fritzbox", RRType.A, login=RIGHT)
    assert run(FakeBox(), lambda net: source.observe(net, RRType.A), monkeypatch) == {
        IPv4Address("8.8.4.1")
    }


def test_the_ipv6_prefix_needs_no_login_but_one_is_used_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def prefixes(net: Net) -> list[str]:
        every = Box(), Box(login=WRONG), Box(login=RIGHT)
        return await looks(net, *every, action=igd.PREFIX)

    fake = FakeBox()
    assert run(fake, prefixes, monkeypatch) == ["2a01:71a0:8406:7600::"] * 3
    assert not any(text.endswith("+") for text in fake.asked)
    said = fake.said[f"{AVM}#X_AVM_DE_GetIPv6Prefix"]
    assert igd.prefix(said) == IPv6Network("2a01:71a0:8406:7600::/56")

    nobody, wrong, right = run(FakeBox(prefix_needs_login=True), prefixes, monkeypatch)
    assert nobody == "wants a login for this: write router_user and router_password"
    assert "does not accept the login" in wrong
    assert right == "2a01:71a0:8406:7600::"
    hidden = FakeBox()
    hidden.said.clear()
    *_, none = run(hidden, prefixes, monkeypatch)
    assert "does not tell its IPv6 prefix" in none


def certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """One that a box makes for itself, signed by nobody else."""
    pem, key = folder / f"{name}.pem", folder / f"{name}.key"
    words = (
        f"req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {pem} -days 30 -subj /CN=fritz.box".split()
    )
    command = ["openssl", *words, "-addext", "subjectAltName=DNS:fritz.box,DNS:localhost"]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    return pem, context


@pytest.mark.linux("the command openssl")
def test_with_its_certificate_everything_but_the_port_is_asked_inside_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, tls = certificate(tmp_path, "own")
    other, _ = certificate(tmp_path, "other")
    fake = FakeBox()
    trusting, wary = (Box("localhost", RIGHT._replace(ca_file=file)) for file in (own, other))

    async def main(net: Net) -> list[str]:
        async with fake.serve(tls) as port:
            fake.tls_port = str(port)
            found = await looks(net, wary)
            assert fake.encrypted == b""
            found += await looks(net, trusting, trusting)
            found += await looks(net, trusting, action=igd.PREFIX)
            fake.tls_port = "65536"
            return found + await looks(net, trusting)

    stranger, *right, port = run(fake, main, monkeypatch)
    assert "certificate is from an unknown authority; it is not in the ca_file" in stranger
    assert right == ["8.8.4.1", "8.8.4.1", "2a01:71a0:8406:7600::"]
    assert port == "names '65536' as its port for TLS"
    assert (
        fake.octets.lower().count(b"authorization:") == fake.encrypted.lower().count(b"authorization:") > 0
    )
