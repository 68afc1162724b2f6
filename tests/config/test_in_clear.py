"""A credential that would cross the Internet unencrypted is warned of: once for each account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.config import providers
from homeport.config.load import load
from homeport.core.address import AddressClass, at_home, classify

SAID = "is http://, so the credentials of this account cross the Internet unencrypted; write https://"


def warned(folder: Path, held: Mapping[str, object], environ: Mapping[str, str] | None = None) -> list[str]:
    file = folder / "homeport.json"
    owner = providers.load(str(held["provider"])).example_owner
    records = [{"name": owner, "account": "x", "type": rrtype} for rrtype in ("A", "AAAA")]
    file.write_text(json.dumps({"account": {"x": held}, "record": records}))
    config = load(file, environ or {}, resolve=False, blind=True)
    return [str(one) for one in config.warnings if "http://" in str(one)]


@pytest.mark.parametrize("kind", [kind for kind in providers.names() if kind not in ("rfc2136", "lexicon")])
def test_every_provider_is_warned_of_once(kind: str, tmp_path: Path) -> None:
    held = {"provider": kind, **providers.load(kind).example}
    where = "url" if kind == "webhook" else "endpoint"
    path = "?host={name}&ip={ip}&key={key}" if kind == "webhook" else ""

    [said] = warned(tmp_path, {**held, where: f"http://dyn.example.net/api{path}"})
    assert f"account.x.{where}: {SAID}" in said
    assert "dyn.example.net" not in said.partition("write")[0]
    for url in (f"https://dyn.example.net/api{path}", f"http://192.168.1.5:8081/api{path}"):
        assert warned(tmp_path, {**held, where: url}) == []


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "[::1]", "10.1.2.3", "172.31.0.9", "[fd00::1]", "[fe80::1%25eth0]", "100.64.0.7"),
        *(
            "localhost",
            "powerdns",
            "ns.lan",
            "NS.Local.",
            "dns.home.arpa",
            "box.internal",
            "fritz.box.home",
        ),
    ],
)
def test_this_machine_and_its_own_network_are_excused(host: str, tmp_path: Path) -> None:
    held = {"provider": "powerdns", "api_key": "env:KEY", "endpoint": f"http://{host}:8081"}

    assert warned(tmp_path, held) == []


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "[2606:4700::1]", "dns.example.com", "lan.example", "mylan", "x"]
)
def test_what_may_be_on_the_internet_is_not(host: str, tmp_path: Path) -> None:
    held = {"provider": "powerdns", "api_key": "env:KEY", "endpoint": f"http://{host}:8081"}

    assert bool(warned(tmp_path, held)) == ("." in host or ":" in host)


def test_a_url_from_the_environment_is_warned_of_too(tmp_path: Path) -> None:
    held = {"provider": "powerdns", "api_key": "env:KEY", "endpoint": "https://dns.example.com"}
    over = {"HOMEPORT__ACCOUNT__X__ENDPOINT": "http://dns.example.com"}

    [said] = warned(tmp_path, held, over)
    assert said.startswith("environment HOMEPORT__ACCOUNT__X__ENDPOINT: ")


def test_a_call_without_a_credential_is_not_warned_of(tmp_path: Path) -> None:
    url = "http://dyn.example.net/update?host={name}&ip={ip}"

    assert warned(tmp_path, {"provider": "webhook", "url": url}) == []
    assert warned(tmp_path, {"provider": "webhook", "url": url, "username": "u", "password": "env:P"})


@pytest.mark.parametrize(
    ("url", "many"),
    [
        ("http:http://me:s3cr3t@ip.example.net/x", 1),
        ("http:https://me:s3cr3t@ip.example.net/x", 0),
        ("http:http://me:s3cr3t@192.168.1.1/x", 0),
        ("http:http://ip.example.net/x", 0),
    ],
)
def test_the_login_of_a_page_is_warned_of_too(url: str, many: int, tmp_path: Path) -> None:
    file = tmp_path / "homeport.json"
    file.write_text(json.dumps({"uplink": {"u": {"ipv4": [url], "ipv6": [], "agree": 1}}}))
    said = [str(one) for one in load(file, {}).warnings if "unencrypted" in str(one)]

    assert len(said) == many
    assert not any("s3cr3t" in one for one in said)


@given(st.ip_addresses())
def test_an_address_is_at_home_unless_the_internet_has_it(address: object) -> None:
    assert at_home(str(address)) == (classify(address) is not AddressClass.GLOBAL)  # type: ignore[arg-type]
