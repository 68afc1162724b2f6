"""The real servers start, take a signed update from a client that is not ours, and show it."""

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from tests.peers.servers import Server, bind, knot, powerdns

ZONES = ("example.com", "example.net")
NAME, SECRET = "homeport.", "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBvY3RldHMuLi4="
RECORDS = ("home 300 IN A 192.0.2.1", "*.home 300 IN TXT hello")

pytestmark = pytest.mark.peer
every_server = pytest.mark.parametrize("serving", [bind, knot, powerdns])
Serving = Callable[..., AbstractContextManager[Server]]


def nsupdate(server: Server, *script: str, algorithm: str | None = "hmac-sha256") -> str:
    """What nsupdate complains of; empty if the update was accepted."""
    key = [] if algorithm is None else ["-y", f"{algorithm}:{NAME}:{SECRET}"]
    words = "\n".join([f"server {server.host} {server.port}", *script, "send", ""])
    run = subprocess.run(
        ["nsupdate", "-t", "10", *key], input=words, capture_output=True, text=True, timeout=30, check=False
    )
    assert (run.returncode == 0) == (run.stderr == ""), run.stderr
    return run.stderr


def told(server: Server, name: str, rrtype: str) -> list[str]:
    reply = dns.query.udp(dns.message.make_query(name, rrtype), server.host, 5, server.port)
    assert reply.flags & dns.flags.AA
    return sorted(rdata.to_text() for rrset in reply.answer for rdata in rrset)


def dug(server: Server, name: str, rrtype: str) -> list[str]:
    words = ["dig", f"@{server.host}", "-p", str(server.port), name, rrtype, "+short", "+tries=1"]
    return sorted(
        subprocess.run(words, capture_output=True, text=True, timeout=30, check=True).stdout.split()
    )


@every_server
def test_a_server_takes_a_signed_update_and_keeps_it_over_a_restart(serving: Serving) -> None:
    with serving(ZONES, NAME, SECRET, records=RECORDS) as server:
        for zone in ZONES:
            assert dug(server, f"home.{zone}", "A") == ["192.0.2.1"]
            added = nsupdate(
                server,
                f"zone {zone}",
                f"update delete home.{zone} A",
                f"update add home.{zone} 60 A 192.0.2.7",
                f"update add home.{zone} 60 AAAA 2001:db8::7",
            )
            assert added == ""
        server.restart()
        for zone in ZONES:
            assert told(server, f"home.{zone}", "A") == dug(server, f"home.{zone}", "A") == ["192.0.2.7"]
            assert dug(server, f"home.{zone}", "AAAA") == ["2001:db8::7"]
            assert told(server, f"x.home.{zone}", "TXT") == ['"hello"']


@pytest.mark.parametrize(
    ("serving", "refusal"), [(bind, "REFUSED"), (knot, "NOTAUTH"), (powerdns, "REFUSED")]
)
def test_a_server_refuses_an_unsigned_update_in_its_own_word(serving: Serving, refusal: str) -> None:
    with serving(ZONES, NAME, SECRET) as server:
        add = "update add home.example.com 60 A 192.0.2.7"
        assert nsupdate(server, "zone example.com", add, algorithm=None) == f"update failed: {refusal}\n"
        assert dug(server, "home.example.com", "A") == []


@every_server
def test_a_server_takes_the_algorithm_it_was_given_and_no_other(serving: Serving) -> None:
    with serving(ZONES, NAME, SECRET, "hmac-sha512") as server:
        script = ("zone example.com", "update add home.example.com 60 A 192.0.2.7")
        assert nsupdate(server, *script) != ""
        assert dug(server, "home.example.com", "A") == []
        assert nsupdate(server, *script, algorithm="hmac-sha512") == ""
        assert dug(server, "home.example.com", "A") == ["192.0.2.7"]


@pytest.mark.parametrize(
    ("serving", "policy", "refusal"),
    [
        (bind, f"grant {NAME} name home.example.com A AAAA;", "REFUSED"),
        (knot, "update-type: [A, AAAA]", "NOTAUTH(BADKEY)"),  # although it is the key, only not for this
    ],
)
def test_a_policy_limits_what_the_key_may_do(serving: Serving, policy: str, refusal: str) -> None:
    with serving(ZONES[:1], NAME, SECRET, policy=policy) as server:
        assert refusal in nsupdate(server, "zone example.com", "update add home.example.com 60 TXT no")
        assert nsupdate(server, "zone example.com", "update add home.example.com 60 A 192.0.2.7") == ""
        assert dug(server, "home.example.com", "A") == ["192.0.2.7"]


@every_server
def test_a_server_that_was_stopped_is_gone_with_its_files(serving: Serving) -> None:
    with serving(ZONES, NAME, SECRET) as server:
        assert server.log_path.stat().st_size > 0
        server.stop()
        with pytest.raises((OSError, dns.exception.Timeout)):
            dns.query.tcp(dns.message.make_query(ZONES[0], "SOA"), server.host, 2, server.port)
        server.start()
        assert told(server, "example.com", "NS") == ["ns1.example.com."]
    assert not server.directory.exists()


def test_a_server_that_does_not_start_shows_its_log() -> None:
    failing = bind(ZONES, NAME, SECRET, policy="nonsense;")
    with pytest.raises(pytest.fail.Exception, match=r"ended with status 1[\s\S]*nonsense"), failing:
        raise AssertionError("it started")


def test_a_missing_program_is_a_failure_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: Any, **__: Any) -> None:
        return None

    monkeypatch.setattr("shutil.which", nowhere)
    with pytest.raises(pytest.fail.Exception, match="`make test` installs it"), knot(ZONES, NAME, SECRET):
        raise AssertionError("it started")
