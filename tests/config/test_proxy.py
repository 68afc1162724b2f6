"""The proxy of an account may hold a password: it is a reference like any other secret, or a plain URL."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.config.load import load
from homeport.config.mistakes import Mistakes
from homeport.config.model import Config
from homeport.core.errors import ConfigError
from homeport.core.secret import Secret, SecretUrl
from homeport.driver import HttpProvider
from homeport.wire import auth

WORD = "s3cr3t-of-the-proxy"
NO_PROXY = "must be a URL such as http://192.0.2.1:3128, or http://user:password@host:port with a password"
URL = f"http://me:{WORD}@192.0.2.1:3128"


def configured(folder: Path, proxy: str, environ: Mapping[str, str], *, resolve: bool = True) -> Config:
    file = folder / "homeport.toml"
    file.write_text(
        f"[account.cf]\nprovider = 'cloudflare'\ntoken = 'env:TOKEN'\nproxy = '''{proxy}'''\n"
        "[[record]]\nname = 'home.example.com'\naccount = 'cf'\n"
    )
    file.chmod(0o600)
    return load(file, {**os.environ, "TOKEN": "t", **environ}, resolve=resolve)


def proxy_of(config: Config) -> SecretUrl | None:
    provider = config.accounts["cf"].provider
    assert isinstance(provider, HttpProvider)
    return provider.proxy


def test_every_kind_of_reference_leads_to_it_and_none_is_warned_of(tmp_path: Path) -> None:
    kept = tmp_path / "proxy"
    kept.write_text(URL + "\n")
    kept.chmod(0o600)
    line = f"""command:"{sys.executable}" -c "print('{URL}')\""""
    for written in ("env:PROXY", "file:proxy", line):
        config = configured(tmp_path, written, {"PROXY": URL})

        assert proxy_of(config) == SecretUrl(URL)
        assert not any("plain text" in str(one) for one in config.warnings)
        assert WORD not in repr(config)
    assert configured(tmp_path, "file:proxy", {}).secret_files == (kept,)


@pytest.mark.posix("Wine lets everybody read every file, which is warned of too")
def test_only_a_password_in_plain_text_is_warned_of(tmp_path: Path) -> None:
    assert configured(tmp_path, "http://192.0.2.1:3128", {}).warnings == ()
    config = configured(tmp_path, URL, {})
    [said] = map(str, config.warnings)

    assert "account.cf.proxy: a secret stands here in plain text; write it as env:NAME" in said
    assert proxy_of(config) == SecretUrl(URL)
    assert WORD not in said + repr(config)


@pytest.mark.parametrize(
    "written", [WORD, f"https://me:{WORD}@h", f"http://h/{WORD}", f"env:{WORD}", "http://h:0"]
)
def test_what_is_none_is_a_mistake_that_does_not_show_it(written: str, tmp_path: Path) -> None:
    with pytest.raises(Mistakes) as caught:
        configured(tmp_path, "env:PROXY" if written.startswith("env:") else written, {"PROXY": WORD})
    [mistake] = caught.value.mistakes

    assert "account.cf.proxy: must be a URL such as http://192.0.2.1:3128" in str(mistake)
    assert WORD not in str(mistake)


def test_a_misspelt_reference_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match='did you mean "keyring:"'):
        configured(tmp_path, "keyrin:proxy", {})


def test_a_check_that_follows_no_reference_finds_nothing_wrong(tmp_path: Path) -> None:
    line = f"""command:"{sys.executable}" -c "print('{WORD}')\""""
    assert configured(tmp_path, line, {}, resolve=False).warnings == ()
    with pytest.raises(Mistakes, match=r"account\.cf\.proxy: must be a URL"):
        configured(tmp_path, line, {})


def test_its_host_is_no_secret_and_its_login_is() -> None:
    found = auth.within([SecretUrl(URL)])
    text = f"CONNECT http://192.0.2.1:3128 me:{WORD} bWU6czNjcjN0LW9mLXRoZS1wcm94eQ=="

    assert auth.veil(text, found) == "CONNECT http://192.0.2.1:3128 me:*** ***"
    assert auth.within([SecretUrl("http://192.0.2.1:3128")]) == []
    assert auth.within([SecretUrl("nobody knows what")]) == [SecretUrl("nobody knows what")]


@given(st.text(max_size=30))
def test_whatever_is_written_is_a_proxy_or_refused_without_a_word_of_it(text: str) -> None:
    for url in (text, f"http://{text}", f"http://{text}@h"):
        try:
            found = auth.proxy(Secret(url))
        except ConfigError as error:
            assert str(error) == NO_PROXY
        else:
            assert found.host
            assert 0 < found.port < 65_536
