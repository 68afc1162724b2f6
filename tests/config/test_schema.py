"""The schema for editors, and the manual of the providers."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from homeport import providers as drivers
from homeport.config import providers
from homeport.config.find import SMALLEST
from homeport.config.load import load
from homeport.config.schema import schema
from homeport.config.tables import Allowed
from homeport.core.address import ALLOWABLE
from homeport.core.errors import ConfigError

SCHEMA = schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
FULL = tomllib.loads(
    SMALLEST
    + """
type = ["A", "AAAA"]
ttl = 60
uplink = ["fiber"]
policy = "failover"
host = "::1234"
options = { proxied = false }
[agent]
interval = "5m"
state_dir = "state"
verify = true
[log]
level = "info"
format = "text"
file = "homeport.log"
[uplink.fiber]
interface = "eth0"
ipv4 = ["gateway", "http", "dns", "stun"]
ipv6 = ["interface", "http", "dns"]
agree = 2
allow = ["private"]
[account.office]
provider = "rfc2136"
server = "192.0.2.53"
port = 53
tsig_name = "homeport."
tsig_key = "file:/etc/homeport/tsig.key"
tsig_algorithm = "hmac-sha256"
[account.dyn]
provider = "dyndns2"
service = "noip"
username = "u"
password = "keyring:noip"
"""
)


def accepted(tree: object, folder: Path) -> bool:
    file = folder / "homeport.json"
    file.write_text(json.dumps(tree))
    try:
        load(file, {}, blind=True)
    except ConfigError:
        return False
    return True


def test_the_schema_is_a_schema_and_describes_every_setting() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def described(part: Any) -> bool:
        tables = [value for value in part.values() if isinstance(value, dict)]
        properties = part.get("properties", {})
        return all("description" in one for one in properties.values()) and all(map(described, tables))

    assert described(SCHEMA)


def test_the_examples_of_the_design_fit_the_schema_and_the_reader(tmp_path: Path) -> None:
    for tree in (FULL, tomllib.loads(SMALLEST)):
        VALIDATOR.validate(tree)
        assert accepted(tree, tmp_path)


@pytest.mark.parametrize("kind", providers.names())
def test_the_example_of_every_driver_fits_the_schema_and_the_reader(kind: str, tmp_path: Path) -> None:
    tree = {"account": {"x": {"provider": kind, **providers.load(kind).example}}}
    VALIDATOR.validate(tree)
    assert accepted(tree, tmp_path)


def test_a_misspelt_setting_of_an_account_does_not_fit() -> None:
    tree = copy.deepcopy(FULL)
    tree["account"]["cf"]["tokn"] = "x"
    assert not VALIDATOR.is_valid(tree)


ANY = st.sampled_from(
    [
        *[None, True, 0, 1, 5, 1.5, -1, "", " ", "x", "5m", "info", "all", "A", "private", "::1", "60"],
        *[[], ["A"], ["A", "A"], ["private"], [5], [None], {}, {"x": 1}, {"proxied": True}],
    ]
)
# What the schema can judge as well as the reader.
LEAVES: list[tuple[str | int, ...]] = [
    *[("agent", key) for key in ("interval", "state_dir", "verify", "unknown")],
    *[("log", key) for key in ("level", "format", "file", "unknown")],
    *[("uplink", "fiber", key) for key in ("interface", "agree", "allow", "unknown")],
    *[("account", "cf", key) for key in ("token", "account_id", "unknown")],
    *[("account", "office", key) for key in ("server", "tsig_algorithm", "unknown")],
    *[("record", 0, key) for key in ("type", "ttl", "policy", "options", "unknown")],
    ("record", 0, "options", "proxied"),
    ("agent",),
    ("log",),
    ("unknown",),
]


def changed(tree: Any, path: tuple[str | int, ...], value: object) -> Any:
    found = copy.deepcopy(tree)
    node = found
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return found


@given(st.sampled_from(LEAVES), ANY)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_schema_and_reader_accept_the_same_values(
    tmp_path: Path, path: tuple[str | int, ...], value: object
) -> None:
    tree = changed(FULL, path, value)
    assert VALIDATOR.is_valid(tree) == accepted(tree, tmp_path)


def everywhere(tree: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path for key, value in items for path in ((*at, key), *everywhere(value, (*at, key)))]


@given(st.sampled_from(everywhere(FULL)), ANY)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_what_the_reader_accepts_fits_the_schema(
    tmp_path: Path, path: tuple[str | int, ...], value: object
) -> None:
    tree = changed(FULL, path, value)
    assert VALIDATOR.is_valid(tree) or not accepted(tree, tmp_path)


def test_the_words_of_allow_are_those_that_addresses_have() -> None:
    assert Allowed.__args__ == ALLOWABLE  # type: ignore[attr-defined]


# The drivers.


def test_drivers_are_found_by_the_names_of_their_files() -> None:
    folder = Path(drivers.__file__).parent
    assert providers.names() == sorted(file.stem for file in folder.glob("[a-z]*.py"))
    for kind in providers.names():
        assert providers.load(kind).__module__.endswith(f".{kind}")
        assert providers.about(kind)


@pytest.mark.parametrize("kind", ["os", "../os", "", "cloudflare.x", "__init__", "Cloudflare"])
def test_nothing_else_is_imported_as_a_driver(kind: str) -> None:
    with pytest.raises(ConfigError, match="no such provider"):
        providers.load(kind)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("cloudfare", 'did you mean "cloudflare"?'),
        ("Cloudflare.com", 'write provider = "cloudflare"'),
        ("www.duckdns.org", 'write provider = "duckdns"'),
        ("nsupdate", 'write provider = "rfc2136"'),
        ("noip", 'write provider = "dyndns2" and service = "noip"'),
        ("google", "Google Domains closed in 2023"),
        ("qqqqqq", "homeport providers lists all that there are"),
    ],
)
def test_a_word_that_other_clients_use_leads_to_ours(word: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(hint)):
        providers.load(word)


def test_words_of_other_clients_lead_to_drivers_that_exist() -> None:
    assert set(providers._ELSEWHERE.values()) <= set(providers.names())
    assert not providers._ELSEWHERE.keys() & set(providers.names())


def test_the_manual_begins_with_what_must_be_written_and_ends_with_what_all_share() -> None:
    names = [setting.name for setting in providers.manual("cloudflare")]
    assert names == ["token", "account_id", "endpoint", "proxy", "ca_file"]
    assert providers.manual("dyndns2")[0].name == "password"
    assert all(
        re.search(r"\w{3}", setting.help) for k in providers.names() for setting in providers.manual(k)
    )
