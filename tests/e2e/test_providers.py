"""Whatever the provider does, nothing wrong is believed, and nothing is repeated that must not be."""

from __future__ import annotations

import http.server
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeport.demo.nameserver import Nameserver

from .home import Answer, Home, Page, end, page, record, rfc2136, uplink

OLD, NEW = "45.0.0.10", "45.0.0.11"


@pytest.fixture
def service() -> Iterator[Page]:
    """A dyndns2 service."""
    with page(f"good {OLD}") as running:
        yield running


def dyndns2(
    service: Page, names: str = '"home.example.com"', *, address: str = OLD, password: str = "pw"
) -> str:
    return (
        uplink(ipv4=[f"static:{address}"])
        + f'[account.dyn]\nprovider = "dyndns2"\nendpoint = "{service.url}/nic/update"\n'
        + f'username = "u"\npassword = "{password}"\n'
        + f'[[record]]\nname = [{names}]\naccount = "dyn"\n'
    )


def test_the_second_run_sends_nothing(service: Page, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(dyndns2(service))

    assert home.once().line["outcome"] == "updated"
    assert home.once().line["outcome"] == "unchanged"

    assert service.asked == [{"hostname": "home.example.com", "myip": OLD}]


def test_refused_credentials_stop_the_account_until_they_change(service: Page, tmp_path: Path) -> None:
    home = Home(tmp_path)
    service.says("badauth")
    home.write(dyndns2(service, password="s3cr3t-wrong"))
    first = home.once()
    assert (first.status, first.line["outcome"]) == (1, "failed")

    held = home.once()
    assert (held.status, held.line["outcome"]) == (1, "held")
    assert len(service.asked) == 1
    assert "s3cr3t" not in first.out + first.err + held.out + held.err

    service.says(f"good {OLD}")
    home.write(dyndns2(service, password="s3cr3t-right"))
    assert home.once().line["outcome"] == "updated"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("OK", "updated"), ("ERROR s3cr3t k&y", "failed"), ("s3cr3t%20k%26y is no key", "failed")],
)
def test_a_key_that_goes_in_the_url_is_told_to_the_service_alone(
    answer: str, outcome: str, service: Page, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    service.says(answer)
    home.write(
        '[log]\nlevel = "debug"\n'
        + uplink(ipv4=[f"static:{OLD}"])
        + f'[account.dyn]\nprovider = "dyndns2"\nservice = "freemyip"\nendpoint = "{service.url}/update"\n'
        + 'password = "s3cr3t k&y"\n[[record]]\nname = "home.freemyip.com"\naccount = "dyn"\n'
    )

    done = home.run("run", "--once", "--json", "--record", "seen.jsonl")

    assert service.asked == [{"domain": "home.freemyip.com", "myip": OLD, "token": "s3cr3t k&y"}]
    assert f'"{outcome}"' in done.out
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "homeport.toml"]
    assert {path.name for path in kept} >= {"seen.jsonl"}
    told = done.out + done.err + "".join(path.read_text("latin-1") for path in kept)
    assert "s3cr3t" not in told


def test_abuse_survives_restarts_and_is_lifted_by_hand(service: Page, tmp_path: Path) -> None:
    home = Home(tmp_path)
    service.says("abuse")
    home.write(dyndns2(service))
    assert home.once().line["outcome"] == "failed"
    assert [home.once().line["outcome"] for _ in range(2)] == ["held", "held"]

    service.says(f"good {OLD}")
    retried = home.run("retry", "home.example.com")

    assert retried.status == 0
    assert home.once().line["outcome"] == "updated"
    assert len(service.asked) == 2


def test_one_of_two_names_that_fails_is_the_exit_status_of_both(service: Page, tmp_path: Path) -> None:
    home = Home(tmp_path)
    service.says(f"good {OLD}\nnohost")
    home.write(dyndns2(service, '"a.example.com", "b.example.com"'))

    done = home.once()

    assert done.status == 1
    assert done.outcomes == {"a.example.com A": "updated", "b.example.com A": "failed"}
    assert len(service.asked) == 1


@pytest.mark.parametrize("body", ["<html>good morning</html>", "", "goodbye", "OK", "nochg-ish"])
def test_an_answer_that_is_none_is_no_success(body: str, service: Page, tmp_path: Path) -> None:
    home = Home(tmp_path)
    service.says(body)
    home.write(dyndns2(service))

    done = home.once()

    assert (done.status, done.line["outcome"]) == (1, "failed")


def test_an_answer_that_never_came_is_believed_neither_way(service: Page, tmp_path: Path) -> None:
    home = Home(tmp_path)

    def cut(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        handler.connection.close()
        handler.close_connection = True

    home.write(dyndns2(service))
    service.answer = Answer(act=cut)
    lost = home.once()
    assert (lost.status, lost.line["outcome"], lost.line["live"]) == (1, "failed", [])

    service.says(f"good {OLD}")
    assert home.once().line["outcome"] == "updated"


def test_a_server_that_hangs_is_given_up(tmp_path: Path, service: Page) -> None:
    home = Home(tmp_path)
    let_go = threading.Event()

    def hang(_: http.server.BaseHTTPRequestHandler) -> None:
        let_go.wait(60)

    service.answer = Answer(act=hang)
    home.write(dyndns2(service))
    try:
        done = home.once()
    finally:
        let_go.set()

    assert (done.status, done.line["outcome"]) == (1, "failed")


@pytest.mark.linux("a certificate made by the command openssl")
def test_an_unknown_authority_gets_no_password(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    home = Home(tmp_path)
    with page(f"good {OLD}", tls=context) as service:
        home.write(dyndns2(service))
        done = home.once()
        assert (done.status, done.line["outcome"], service.asked) == (1, "failed", [])
        assert "ca_file" in done.line["error"]

        trusted = dyndns2(service).replace(
            "[[record]]", f'ca_file = "{certificate.as_posix()}"\n[[record]]'
        )
        home.write(trusted)
        assert home.once().line["outcome"] == "updated"


def test_a_record_edited_by_hand_is_repaired(server: Nameserver, tmp_path: Path) -> None:
    ours, theirs = Home(tmp_path / "ours"), Home(tmp_path / "theirs")
    for home, address in (ours, OLD), (theirs, NEW):
        home.folder.mkdir()
        home.write(uplink(ipv4=[f"static:{address}"]) + rfc2136(server) + record("edited.example.com"))
    ours.once()
    theirs.once()
    assert server.addresses("edited.example.com", "A") == [NEW]

    assert ours.once().line["outcome"] == "updated"
    assert server.addresses("edited.example.com", "A") == [OLD]


def test_a_zone_that_is_not_ours(server: Nameserver, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(uplink(ipv4=[f"static:{OLD}"]) + rfc2136(server) + record("home.notexample.com"))

    done = home.once()

    assert (done.status, done.line["outcome"]) == (1, "failed")
    assert "no zone of this server contains home.notexample.com" in done.line["error"]


def test_a_wrong_key_is_told_once_and_stops(server: Nameserver, tmp_path: Path) -> None:
    home = Home(tmp_path)
    wrong = "d3JvbmcgYnV0IGJhc2U2NA=="
    home.write(uplink(ipv4=[f"static:{OLD}"]) + rfc2136(server, key=wrong) + record("keyed.example.com"))

    first, second = home.once(), home.once()

    assert (first.line["outcome"], second.line["outcome"]) == ("failed", "held")
    assert "TSIG key" in first.line["error"]
    assert wrong not in first.out + first.err
    assert server.addresses("keyed.example.com", "A") == []


@pytest.mark.parametrize("damage", [b"", b"not a database at all, but long enough to be read as one" * 50])
def test_a_damaged_state_file_is_put_aside_and_the_work_is_done(
    damage: bytes, server: Nameserver, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    owner = f"damaged{len(damage)}.example.com"
    home.write(uplink(ipv4=[f"static:{OLD}"]) + rfc2136(server) + record(owner))
    home.once()
    for file in home.state.glob("state.db*"):
        file.unlink()
    (home.state / "state.db").write_bytes(damage)

    done = home.once()

    assert (done.status, done.line["outcome"]) == (0, "unchanged")
    if damage:
        assert "put aside" in done.err
        assert (home.state / "state.db.damaged-1").read_bytes() == damage


def test_a_state_directory_that_cannot_be_written_is_a_warning(server: Nameserver, tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "file").write_text("a file where a directory should be")
    home.write(uplink(ipv4=[f"static:{OLD}"]) + rfc2136(server) + record("stateless.example.com"))
    text = (
        (tmp_path / "homeport.toml")
        .read_text()
        .replace(home.state.as_posix(), f"{tmp_path.as_posix()}/file/x")
    )
    (tmp_path / "homeport.toml").write_text(text)

    done = home.once()

    assert (done.status, done.line["outcome"]) == (0, "updated")
    assert "cannot be" in done.err


def test_a_clock_that_jumped_holds_nothing_up_for_longer_than_the_service_said(
    server: Nameserver, service: Page, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    home.write(dyndns2(service))
    service.says("911")
    assert home.once().line["outcome"] == "failed"
    assert home.once().line["outcome"] == "held"

    with sqlite3.connect(home.state / "state.db") as db:  # as if the wait had been written ten years ahead
        db.execute("UPDATE target SET not_before = not_before + 315360000")
        db.execute("UPDATE circuit SET since = since + 315360000")
    db.close()
    service.says(f"good {OLD}")

    held = home.once().line
    assert held["outcome"] == "held" and "waiting 30 min" in held["error"]
    with sqlite3.connect(home.state / "state.db") as db:  # half an hour by this clock later
        db.execute("UPDATE circuit SET behind = behind - 1801")
    db.close()
    assert home.once().line["outcome"] == "updated"


def test_a_second_agent_in_one_state_directory_says_so(service: Page, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(dyndns2(service))
    first = home.start("run", "--json")
    try:
        assert first.stdout is not None
        assert '"outcome": "updated"' in first.stdout.readline()

        second = home.run("run")

        assert second.status == 2
        assert str(first.pid) in second.err
        assert "another agent" in second.err
        if sys.platform != "win32":  # where SIGTERM would be a kill
            first.send_signal(signal.SIGTERM)
            assert first.wait(10) == 0
    finally:
        end(first)


def test_the_running_agent_hears_retry(service: Page, tmp_path: Path) -> None:
    home = Home(tmp_path)
    service.says("abuse")
    home.write(dyndns2(service))
    agent = home.start("run", "--json")
    try:
        assert agent.stdout is not None
        assert '"outcome": "failed"' in agent.stdout.readline()

        service.says(f"good {OLD}")
        assert "the agent was woken" in home.run("retry").out

        outcomes = (agent.stdout.readline() for _ in range(10))
        assert any('"outcome": "updated"' in line for line in outcomes)
    finally:
        end(agent)


def test_killed_at_any_moment_it_never_repeats_what_was_acknowledged(service: Page, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(dyndns2(service))
    agent = home.start("run", "--json")
    try:
        assert agent.stdout is not None
        agent.stdout.readline()
        agent.kill()
        agent.wait(10)
    finally:
        end(agent)

    assert home.once().line["outcome"] == "unchanged"
    assert len(service.asked) == 1
