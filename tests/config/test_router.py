"""The login of the router in `[uplink.NAME]`: references, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeport.config.load import load
from homeport.config.mistakes import Mistakes
from homeport.config.model import Config
from homeport.core.dns import RRType
from homeport.core.fritzbox import NO_NAME, Box
from homeport.sources.gateway import FritzBox, FritzPrefix
from tests.fakes.certificates import ONE

ENVIRON = {"BOX_USER": "homeport", "BOX_PASSWORD": "gurkensalat"}


def configured(folder: Path, text: str, *, ipv6: str = "fritzbox", blind: bool = False) -> Config:
    file = folder / "homeport.toml"
    file.write_text(f'[uplink.home]\nipv6 = ["{ipv6}"]\n{text}', encoding="utf-8")
    file.chmod(0o600)
    return load(file, ENVIRON, blind=blind)


def refused(folder: Path, text: str) -> list[str]:
    with pytest.raises(Mistakes) as caught:
        configured(folder, text)
    return [f"{one.path}: {one.message}" for one in caught.value.mistakes]


def box(config: Config, rrtype: RRType = RRType.A) -> Box:
    [source] = config.uplinks["home"].sources[rrtype]
    assert isinstance(source, FritzBox | FritzPrefix)
    return source.box


@pytest.mark.posix("cat is a program")
@pytest.mark.parametrize("password", ["env:BOX_PASSWORD", "file:secret", "command:cat secret"])
def test_user_and_password_are_references_like_every_secret(password: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("gurkensalat\n")
    (tmp_path / "secret").chmod(0o600)
    password = password.replace("cat secret", f"cat {tmp_path / 'secret'}")
    text = (
        f'ipv4 = ["fritzbox:192.168.178.1"]\nrouter_user = "env:BOX_USER"\nrouter_password = "{password}"'
    )
    config = configured(tmp_path, text)
    host, login = box(config)
    assert host == "192.168.178.1"
    assert login is not None
    assert (login.user.reveal(), login.password.reveal(), login.ca_file) == (
        "homeport",
        "gurkensalat",
        None,
    )
    assert box(config, RRType.AAAA).login == login
    assert "gurkensalat" not in repr(config)
    assert configured(tmp_path, text, blind=True).uplinks  # for commands that only show something


@pytest.mark.posix("Wine lets everybody read every file, which is warned of too")
def test_a_password_is_warned_of_in_plain_text_and_a_user_is_not(tmp_path: Path) -> None:
    config = configured(
        tmp_path, 'ipv4 = ["fritzbox"]\nrouter_user = "homeport"\nrouter_password = "gurkensalat"'
    )
    told = [one.path for one in config.warnings if "plain" in one.message]
    assert told == ["uplink.home.router_password"]
    assert "gurkensalat" not in str(config.warnings)


def test_without_a_user_it_is_that_of_a_box_with_a_password_only(tmp_path: Path) -> None:
    config = configured(tmp_path, 'ipv4 = ["fritzbox"]\nrouter_password = "env:BOX_PASSWORD"')
    login = box(config).login
    assert login is not None
    assert login.user.reveal() == NO_NAME == "dslf-config"


def test_the_certificate_is_a_file_beside_the_configuration(tmp_path: Path) -> None:
    text = 'router_password = "env:BOX_PASSWORD"\nrouter_ca_file = "box.pem"'
    (tmp_path / "box.pem").write_text(ONE, newline="\n")
    config = configured(tmp_path, f'ipv4 = ["fritzbox:fritz.box"]\n{text}', ipv6="interface")
    login = box(config).login
    assert login is not None
    assert login.ca_file == tmp_path / "box.pem"
    assert login.authorities == ONE.strip()


def test_what_is_missing_or_of_no_use_is_told(tmp_path: Path) -> None:
    [said] = refused(tmp_path, 'ipv4 = ["fritzbox"]')
    assert said.startswith(
        "uplink.home.ipv4[0]: fritzbox asks with a login: write router_user and router_p"
    )
    assert "uplink.home.router_user: is of no use without router_password" in refused(
        tmp_path, 'router_user = "x"'
    )
    assert refused(tmp_path, 'ipv4 = ["fritzbox"]\nrouter_password = "env:NOTHING"') == [
        "uplink.home.router_password: the environment variable NOTHING is not set"
    ]
    file = tmp_path / "other.toml"
    file.write_text('[uplink.home]\nipv4 = ["gateway"]\nrouter_password = "env:BOX_PASSWORD"\n')
    assert [one.path for one in load(file, ENVIRON).warnings if "FRITZ!Box" in one.message] == [
        "uplink.home.router_password"
    ]
