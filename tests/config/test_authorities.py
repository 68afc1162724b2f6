"""Certificates are read with the configuration: they are in force with it, and broken ones are told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeport.cli.setup import world
from homeport.config import authorities
from homeport.config.difference import difference
from homeport.config.load import load
from homeport.config.mistakes import Mistakes
from homeport.config.model import Config
from homeport.core.errors import ConfigError
from tests.fakes.certificates import ONE, OTHER

CONFIG = """\
[account.own]
provider = "powerdns"
endpoint = "https://ns.example.net"
api_key = "env:KEY"
ca_file = "ca.pem"
[account.other]
provider = "cloudflare"
token = "env:KEY"
[uplink.home]
ipv4 = ["fritzbox:fritz.box"]
ipv6 = []
router_password = "env:KEY"
router_ca_file = "box.pem"
[uplink.other]
ipv4 = ["http"]
[[record]]
name = "home.example.com"
account = ["own", "other"]
type = "A"
"""


def configured(folder: Path, ca: str, box: str = ONE, *, blind: bool = False) -> Config:
    (folder / "homeport.toml").write_text(CONFIG)
    (folder / "ca.pem").write_text(ca)
    (folder / "box.pem").write_text(box)
    return load(folder / "homeport.toml", {**os.environ, "KEY": "k"}, blind=blind)


def test_what_lies_around_certificates_is_no_part_of_them(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(f"# unser Büro\n{ONE}\nsubject: ü\n{OTHER}-----BEGIN PRIVATE KEY-----\nAAAA\n", "utf-8")

    assert authorities.read(file).split() == (ONE + OTHER).split()


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", "holds no certificate; it must be in PEM"),
        (b"\x30\x82\x01\x0a\xff", "holds no certificate; it must be in PEM"),
        (ONE[:300].encode(), "holds no certificate"),
        (
            ONE.replace("MIIB", "MIIC").encode(),
            "holds a certificate that is none; was it",
        ),
        (b"x" * 4_000_001, "is too large for certificates"),
    ],
)
def test_what_is_no_certificate_is_a_mistake(octets: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(octets)
    with pytest.raises(ConfigError) as caught:
        authorities.read(file)

    assert said in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.integers(0, len(ONE)))
def test_a_file_that_is_cut_or_rotten_is_read_or_refused(tmp_path: Path, rot: bytes, at: int) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(ONE[:at].encode() + rot + ONE[at:].encode())
    try:
        assert authorities.read(file).startswith("-----BEGIN CERTIFICATE-----")
    except ConfigError as error:
        assert str(error).startswith(str(file))


def test_a_file_that_is_missing_is_told_with_its_setting_and_is_watched(tmp_path: Path) -> None:
    (tmp_path / "homeport.toml").write_text(CONFIG)
    with pytest.raises(Mistakes) as caught:
        load(tmp_path / "homeport.toml", {**os.environ, "KEY": "k"})

    said = [str(one) for one in caught.value.mistakes]
    assert any("account.own.ca_file" in one and "ca.pem cannot be read: No such" in one for one in said)
    assert any("uplink.home.router_ca_file" in one and "box.pem cannot be read" in one for one in said)
    assert {tmp_path / "ca.pem", tmp_path / "box.pem"} <= set(caught.value.files)


def test_a_look_at_the_state_needs_no_certificate(tmp_path: Path) -> None:
    assert configured(tmp_path, "nothing", "nothing", blind=True).accounts["own"].authorities is None


def test_another_certificate_in_the_same_file_changes_its_account_and_no_other(tmp_path: Path) -> None:
    old = configured(tmp_path, ONE)
    assert difference(old, configured(tmp_path, f"# another comment\n{ONE}")).anything is False
    new = configured(tmp_path, OTHER)

    assert str(difference(old, new)) == "changed account own"
    assert set(old.all_files) == {tmp_path / name for name in ("homeport.toml", "ca.pem", "box.pem")}
    before = world(old)
    after = world(new, None, (old, before))
    assert after.transports["own"] is not before.transports["own"]
    assert after.transports["other"] is before.transports["other"]


def test_another_certificate_of_the_router_changes_its_uplink_and_no_other(tmp_path: Path) -> None:
    old, new = configured(tmp_path, ONE), configured(tmp_path, ONE, OTHER)

    assert str(difference(old, new)) == "changed uplink home"
