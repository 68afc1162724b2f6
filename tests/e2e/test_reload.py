"""The configuration changes while the real agent runs."""

from __future__ import annotations

import signal
import ssl
import subprocess
from pathlib import Path

import pytest

from homeport.demo.nameserver import Nameserver

from .home import KEY_TEXT as KEY
from .home import Home, heard, page, record, rfc2136, running, until, uplink

ONE, TWO = "45.0.0.10", "45.0.0.11"


def account(server: Nameserver, address: str = ONE) -> str:
    return uplink(ipv4=[f"static:{address}"]) + rfc2136(server)


def test_a_name_that_is_added_is_published_and_the_others_are_not_sent_again(
    server: Nameserver, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    home.write(account(server) + record("a.example.com"))
    with running(home) as agent:
        heard(agent, "a.example.com", "updated")
        before = server.updates
        (tmp_path / "new").write_text((tmp_path / "homeport.toml").read_text() + record("b.example.com"))
        (tmp_path / "new").replace(tmp_path / "homeport.toml")  # as editors do
        heard(agent, "b.example.com", "updated")
        assert server.addresses("b.example.com", "A") == [ONE]
        assert server.updates == before + 1


def test_a_configuration_that_is_wrong_changes_nothing_and_is_told_until_it_is_right(
    server: Nameserver, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    home.write(account(server) + record("c.example.com"))
    with running(home) as agent:
        heard(agent, "c.example.com", "updated")
        home.write(account(server, TWO) + record("c.example.com", tlt=60) + record("no name"))
        log = heard(agent, "refused:", "no name")
        assert "homeport.toml:" in log and '"ttl"' in log
        for told in (home.run("status"), home.run("status", "--json")):
            assert told.status == 2
            assert '"ttl"' in told.out.replace("\\", "") and "c.example.com" in told.out
        assert home.run("status", "--json").line["configuration"]["refused"]["mistakes"]
        home.write("nonsense\n")  # no TOML at all: not even where the state is can be read as such
        heard(agent, "refused:", "homeport.toml:3")
        assert home.run("status").status == 2
        (tmp_path / "homeport.toml").unlink()
        log = heard(agent, "refused: homeport.toml: the file is gone")
        assert "cloudflare" not in log  # the advice for who has never had a configuration
        assert server.addresses("c.example.com", "A") == [ONE]
        home.write(account(server, TWO) + record("c.example.com"))
        heard(agent, "c.example.com", "updated")
        assert server.addresses("c.example.com", "A") == [TWO]
        told = home.run("status", "--json")
        assert told.status == 0 and told.line["configuration"]["refused"] is None


@pytest.mark.posix("SIGHUP")
def test_sighup_reads_secrets_again_and_one_that_is_gone_is_a_mistake(
    server: Nameserver, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    key = tmp_path / "key"
    key.write_text(KEY)
    home.write(uplink(ipv4=[f"static:{ONE}"]) + rfc2136(server, key="file:key") + record("d.example.com"))
    with running(home) as agent:
        heard(agent, "d.example.com", "updated")
        agent.send_signal(signal.SIGHUP)
        heard(agent, "nothing differs")
        key.unlink()
        agent.send_signal(signal.SIGHUP)
        assert "tsig_key" in heard(agent, "refused:", "key cannot be read")
        key.write_text(KEY)  # nothing but the secret has changed, and nobody asks
        heard(agent, "nothing differs")


def test_what_needs_a_restart_is_said_and_the_rest_applies(server: Nameserver, tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write(account(server) + record("e.example.com"))
    with running(home) as agent:
        heard(agent, "e.example.com", "updated")
        text = (tmp_path / "homeport.toml").read_text().replace("/state", "/elsewhere")
        (tmp_path / "homeport.toml").write_text(text + '[log]\nformat = "json"\n')
        log = heard(agent, '"message"', "read again")
        assert "state_dir needs a restart" in log
        assert not (tmp_path / "elsewhere").exists()


def test_a_name_that_is_taken_out_is_removed_only_if_that_is_asked_for(
    server: Nameserver, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    three = [record(f"{name}.example.com") for name in ("f", "g", "h")]
    home.write(account(server) + "".join(three))
    with running(home) as agent:
        heard(agent, "h.example.com", "live at")
        home.write(account(server) + "".join(three[:2]))
        heard(agent, "h.example.com", "stays")
        home.write('vanished = "remove"\n' + account(server) + three[0])
        until(lambda: server.addresses("g.example.com", "A") == [])
        until(lambda: server.addresses("h.example.com", "A") == [])
        assert server.addresses("f.example.com", "A") == [ONE]
        home.write('vanished = "remove"\n' + account(server))
        heard(agent, "f.example.com", "no record at all")
        assert server.addresses("f.example.com", "A") == [ONE]


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's, which signs itself, in NAME.pem."""
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
    files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")]
    command = ["openssl", *words.split(), *files, "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


@pytest.mark.linux("the command openssl")
def test_another_certificate_in_the_ca_file_is_in_force_without_being_asked_and_half_a_one_is_not(
    tmp_path: Path,
) -> None:
    home, trusted = Home(tmp_path), tmp_path / "trusted.pem"
    tls = certificate(tmp_path, "right")
    certificate(tmp_path, "wrong")
    right, wrong = ((tmp_path / f"{name}.pem").read_text() for name in ("right", "wrong"))
    trusted.write_text(wrong)
    with page(f"good {ONE}", tls=tls) as service:
        home.write(
            uplink(ipv4=[f"static:{ONE}"])
            + f'[account.dyn]\nprovider = "dyndns2"\nendpoint = "{service.url}/nic/update"\n'
            + 'username = "u"\npassword = "p"\nca_file = "trusted.pem"\n'
            + record("t.example.com", account="dyn")
        )
        with running(home) as agent:
            heard(agent, "t.example.com", "not in the ca_file")
            trusted.write_text(right[:-100])
            heard(agent, "refused:", "account.dyn.ca_file", "trusted.pem")
            trusted.write_text(right)
            heard(agent, "read again: changed account dyn")
            heard(agent, "t.example.com", "updated")
            assert len(service.asked) == 1
            trusted.write_text(wrong)
            agent.send_signal(signal.SIGHUP)
            heard(agent, "read again: changed account dyn")


@pytest.mark.posix("SIGHUP")
def test_sighup_takes_another_secret_from_the_same_file(server: Nameserver, tmp_path: Path) -> None:
    home = Home(tmp_path)
    key = tmp_path / "key"
    key.write_text("d3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmcgd3I=")
    home.write(uplink(ipv4=[f"static:{ONE}"]) + rfc2136(server, key="file:key") + record("k.example.com"))
    with running(home) as agent:
        heard(agent, "k.example.com", "stopped")
        key.write_text(KEY)
        agent.send_signal(signal.SIGHUP)
        heard(agent, "read again: changed account ns")
        heard(agent, "k.example.com", "updated")
