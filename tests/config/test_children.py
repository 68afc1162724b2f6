"""What the programs behind `command:` see of our environment: real ones are started, and tell."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.cli.setup import world
from homeport.config.difference import difference
from homeport.config.load import load
from homeport.config.model import Config
from homeport.core.children import inherited
from homeport.wire import auth

# It prints the names and the values that it was given, as one line.
TELLS = "import json,os;print(json.dumps(dict(os.environ)))"
TOLD = f"command:'{sys.executable}' -c '{TELLS}'"
if sys.platform == "win32":
    TOLD = f'command:"{sys.executable}" -c "{TELLS}"'
SECRETS = {
    "CF_TOKEN": "s3cr3t-1",
    "OLD_TOKEN": "s3cr3t-2",
    "BOX": "s3cr3t-3",
    "HE_KEY": "s3cr3t-4",
    "HOMEPORT__ACCOUNT__LATER__PASSWORD": "s3cr3t-5",
    "HOMEPORT__ACCOUNT__HE__KEYS": '{"home.example.com": "env:HE_KEY"}',
    "NOTIFY_SOCKET": "/run/s3cr3t-6",
}
OTHERS = {
    "BW_SESSION": "of-the-password-manager",
    "CREDENTIALS_DIRECTORY": "/run/credentials/homeport.service",
    "HOMEPORT_CONFIG": "homeport.toml",
}
CONFIG = f"""
[account.first]
provider = "dyndns2"
service = "noip"
username = "u"
password = '''{TOLD}'''
[account.later]
provider = "dyndns2"
service = "noip"
username = "v"
[account.cf]
provider = "cloudflare"
token = "env:CF_TOKEN"
[account.he]
provider = "he"
[uplink.default]
ipv4 = ['''{TOLD}''', "fritzbox"]
ipv6 = []
agree = 1
router_password = "env:BOX"
[[record]]
name = "home.example.com"
account = ["first", "later", "cf", "he"]
type = "A"
"""
OVER = '[account.cf]\ntoken = "env:CF_TOKEN"\n'


def configured(folder: Path) -> Config:
    (folder / "homeport.toml").write_text(CONFIG.replace('"env:CF_TOKEN"', '"env:OLD_TOKEN"'))
    (folder / "homeport.over.toml").write_text(OVER)
    environ = {**os.environ, **SECRETS, **OTHERS, "HOMEPORT_ENV": "over"}
    return load(folder / "homeport.toml", environ)


def judged(environ: Mapping[str, str]) -> None:
    assert not SECRETS.keys() & environ.keys()
    assert not any("s3cr3t" in value for value in environ.values())
    assert {name: environ[name] for name in OTHERS} == OTHERS
    assert environ["PATH"] == os.environ["PATH"]


def test_the_program_behind_a_secret_sees_no_other_secret(tmp_path: Path) -> None:
    provider = configured(tmp_path).accounts["first"].provider
    [told] = auth.within([vars(provider)["password"]])

    judged(json.loads(told.reveal()))


def test_the_program_behind_an_address_sees_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(tmp_path)
    for name, value in (SECRETS | OTHERS).items():
        monkeypatch.setenv(name, value)

    async def main() -> tuple[int, bytes]:
        real = world(config)
        try:
            return await real.net("default").command(TOLD.removeprefix("command:"))
        finally:
            await real.rest()

    status, output = asyncio.run(main())
    assert status == 0
    judged(json.loads(output))


def test_what_names_no_secret_takes_nothing_away(tmp_path: Path) -> None:
    (tmp_path / "homeport.toml").write_text('[uplink.default]\nipv4 = ["command:env:PATH"]\n')

    assert load(tmp_path / "homeport.toml", os.environ).withheld == frozenset()


@given(
    st.dictionaries(st.sampled_from(["A", "B", "NOTIFY_SOCKET", "HOMEPORT__A", "HOMEPORT_ENV"]), st.text()),
    st.sets(st.sampled_from(["A", "B", "C"])),
)
def test_all_else_is_passed_on_as_it_is(environ: dict[str, str], secrets: set[str]) -> None:
    given = inherited(environ, secrets)

    assert given.items() <= environ.items()
    assert environ.keys() - given.keys() <= secrets | {"NOTIFY_SOCKET", "HOMEPORT__A"}
    assert not given.keys() & (secrets | {"NOTIFY_SOCKET", "HOMEPORT__A"})


def test_another_variable_with_the_same_secret_is_a_difference(tmp_path: Path) -> None:
    text = '[account.cf]\nprovider = "cloudflare"\ntoken = "env:ONE"\n'
    environ = {**os.environ, "ONE": "same", "OTHER": "same"}
    file = tmp_path / "homeport.toml"
    file.write_text(text)
    old = load(file, environ)
    file.write_text(text.replace("ONE", "OTHER"))

    assert str(difference(old, load(file, environ))) == "changed which variables hold secrets"
