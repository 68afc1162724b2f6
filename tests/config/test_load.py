"""The whole way: from files and environment to a configuration, or to all that is wrong with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from homeport.config import find, providers
from homeport.config.fingerprint import fingerprint
from homeport.config.load import load
from homeport.config.mistakes import Mistakes
from homeport.config.model import Config
from homeport.core.dns import Name, RRType
from homeport.core.errors import ConfigError
from homeport.core.host import InterfaceId, parse
from homeport.core.secret import Secret
from homeport.providers.cloudflare import Cloudflare
from homeport.providers.dyndns2 import DynDNS2
from homeport.providers.rfc2136 import RFC2136

SMALLEST = """\
[account.cf]
provider = "cloudflare"
token = "env:CF_API_TOKEN"

[[record]]
name = "home.example.com"
account = "cf"
"""
FULL = """\
[agent]
interval = "5m"                 # the poll that remains when nothing announces changes
state_dir = "/var/lib/homeport" # default: the platform's place for such data
verify = true

[log]
level = "info"
format = "text"                 # or "json"
file = "homeport.log"           # beside the console; rotated

[uplink.fiber]                  # without any uplink table there is one, "default"
interface = "eth0"              # or source_address = "…"; sockets of its sources are bound to it
ipv4 = ["gateway", "http", "dns", "stun"]
ipv6 = ["interface", "http", "dns"]
agree = 2                       # how many independent sources must say the same (never more than there are)
allow = ["private"]             # to publish what is normally refused, on purpose

[account.office]
provider = "rfc2136"
server = "192.0.2.53"
port = 53
tsig_name = "homeport."
tsig_key = "file:tsig.key"
tsig_algorithm = "hmac-sha256"

[account.dyn]
provider = "dyndns2"
service = "noip"                # a preset of the table, or endpoint = "https://…/nic/update"
username = "u"
password = "keyring:noip"

[[record]]
name = ["home.example.com", "*.home.example.com"]
account = ["cf", "office"]      # every account named gets it
type = ["A", "AAAA"]            # the default
ttl = 60
uplink = ["fiber", "lte"]
policy = "failover"             # or "all"
host = "::1234"                 # IPv6 of another host: interface id, MAC, or "neighbour:MAC"
options = { proxied = false }   # what only this provider knows
"""
# What the example of design.md names and leaves out.
REST = """
[uplink.lte]
source_address = "192.168.8.2"

[account.cf]
provider = "cloudflare"
token = "env:CF_API_TOKEN"

[[record]]
name = "home.example.net"
account = "dyn"
"""
TOKEN = {"CF_API_TOKEN": "s3cr3t"}


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test finds a configuration of this machine."""
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    monkeypatch.setattr(find, "folders", lambda _: iter([Path(), empty]))
    monkeypatch.chdir(tmp_path)


def configured(
    text: str, environ: Mapping[str, str] = TOKEN, name: str = "homeport.toml", *, resolve: bool = True
) -> Config:
    """What the text configures; the file lies in the working directory."""
    file = Path(name)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return load(file, environ, resolve=resolve)


def mistakes(text: str, environ: Mapping[str, str] = TOKEN, name: str = "homeport.toml") -> list[str]:
    with pytest.raises(Mistakes) as caught:
        configured(text, environ, name)
    return [str(mistake) for mistake in caught.value.mistakes]


def warnings(text: str, environ: Mapping[str, str] = TOKEN) -> list[str]:
    return [str(warning) for warning in configured(text, environ).warnings]


# The examples of design.md.


def test_the_smallest_useful_file() -> None:
    config = configured(SMALLEST)
    assert config.warnings == ()
    assert config.files == (Path("homeport.toml"),)
    assert config.agent.interval == timedelta(minutes=5)
    assert config.agent.verify
    assert config.accounts["cf"].provider == Cloudflare(token=Secret("s3cr3t"))
    [record] = config.records
    assert record.owners == (Name("home.example.com"),)
    assert record.accounts == ("cf",)
    assert record.types == (RRType.A, RRType.AAAA)
    assert not record.types_written
    assert (record.ttl, record.policy, record.host, dict(record.options)) == (None, "failover", None, {})
    assert record.uplinks == ("default",)
    uplink = config.uplinks["default"]
    assert {s.label.partition(":")[0] for s in uplink.sources[RRType.A]} == {"http", "dns"}
    assert {s.label.partition(":")[0] for s in uplink.sources[RRType.AAAA]} == {"interface", "http", "dns"}
    assert uplink.types_written == frozenset()


@pytest.mark.posix("Wine lets everybody read every file, which is warned of too")
def test_the_full_example() -> None:
    key = Path("tsig.key")
    key.write_text(b64encode(b"k" * 32).decode() + "\n")
    key.chmod(0o600)
    config = configured(FULL + REST, resolve=False)
    assert config.warnings == ()
    assert config.agent.state_dir == Path("/var/lib/homeport")
    assert (config.log.level, config.log.format, config.log.file) == ("info", "text", Path("homeport.log"))
    fiber = config.uplinks["fiber"]
    assert (fiber.interface, fiber.agree, fiber.allow) == ("eth0", 2, ("private",))
    assert fiber.sources[RRType.A][0].label == "gateway:nat-pmp"
    assert fiber.types_written == set(RRType)
    assert str(config.uplinks["lte"].source_address) == "192.168.8.2"
    office, dyn = config.accounts["office"].provider, config.accounts["dyn"].provider
    assert isinstance(office, RFC2136)
    assert office.primary() == ("192.0.2.53", 53)
    assert isinstance(dyn, DynDNS2)
    first, second = config.records
    assert first.owners == (Name("home.example.com"), Name("*.home.example.com"))
    assert first.accounts == ("cf", "office")
    assert first.types_written
    assert (first.ttl, first.uplinks, first.policy) == (60, ("fiber", "lte"), "failover")
    assert first.host == InterfaceId(0x1234)
    assert first.options == {"proxied": False}
    assert second.uplinks == ("fiber", "lte")


def test_yaml_and_json_say_the_same_as_toml() -> None:
    key = Path("tsig.key")
    key.write_text(b64encode(b"k" * 32).decode())
    key.chmod(0o600)
    import json
    import tomllib

    import yaml

    told = configured(FULL + REST, resolve=False)
    tree = tomllib.loads(FULL + REST)
    for name, text in (("h.yaml", yaml.safe_dump(tree)), ("h.json", json.dumps(tree))):
        config = configured(text, name=name, resolve=False)
        assert (config.agent, config.log, config.uplinks) == (told.agent, told.log, told.uplinks)
        assert (config.accounts, config.records) == (told.accounts, told.records)


def test_another_host_is_named_in_many_ways() -> None:
    for text in ("::1234", "0:0:0:5::1234/56", "02:00:5e:10:00:01", "neighbour:02:00:5e:10:00:01/56"):
        [record] = configured(SMALLEST + f'host = "{text}"\n').records
        assert record.host == parse(text)


# All mistakes at once.


def test_every_mistake_is_told_at_once_with_line_and_remedy() -> None:
    text = """\
[agnt]
[agent]
interval = "soon"
verify = "yes"
[uplink.fiber]
ipv4 = ["gateway", "htp"]
ipv6 = "static:192.0.2.1"
agree = 0
allow = ["privat"]
[account.cf]
provider = "cloudflare"
tokn = "s3cr3t"
proxy = "s3cr3t"
[account.no]
provider = "noip"
[account.typo]
provider = "cloudfare"
[account.old]
token = "s3cr3t"
[[record]]
name = ["home.example.com", "a..b"]
account = ["cf", "gf"]
type = ["A", "X"]
ttl = "x"
uplink = "fibre"
policy = "some"
host = "2001:db8::1"
[[record]]
nam = "s3cr3t"
"""
    said = mistakes(text)
    assert [line.partition(": ")[0].removeprefix("homeport.toml:") for line in said] == [
        "1", "3", "4", "6", "7", "8", "9", "10", "12", "13", "15", "17", "18", "21", "22", "23", "24", "25",
        "26", "27", "28", "28", "29",
    ]  # fmt: skip
    assert 'homeport.toml:12: account.cf.tokn: no such setting; did you mean "token"?' in said
    assert 'homeport.toml:1: agnt: no such setting; did you mean "agent"?' in said
    assert any(s.startswith("homeport.toml:13: account.cf.proxy: must be a URL such as http") for s in said)
    assert (
        'homeport.toml:15: account.no.provider: there is no such provider; write provider = "dyndns2" and '
        'service = "noip"'
    ) in said
    assert (
        'homeport.toml:17: account.typo.provider: there is no such provider; did you mean "cloudflare"?'
    ) in said
    assert any("account.old.provider: missing: which service? homeport providers lists" in s for s in said)
    assert any("account[1]: there is no such account" in s for s in said)
    assert 'homeport.toml:25: record[0].uplink: there is no such uplink; did you mean "fiber"?' in said
    assert any("policy: must be one of" in s for s in said)
    assert any("host: '2001:db8::1' has a prefix" in s for s in said)
    assert "s3cr3t" not in "\n".join(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("record = 5\n", ":1: record: must be a list of tables, not a whole number; write [[record]]"),
        ("[record]\n", ":1: record: must be a list of tables, not a table; write [[record]]"),
        ("[[account]]\n", ":1: account: must be tables, not a list; write [account.NAME]"),
        (
            '[account]\nprovider = "duckdns"\n',
            ":2: account.provider: must be a table, not text; write [account.NAME]",
        ),
        ("uplink = []\n", ":1: uplink: must be tables, not a list; write [uplink.NAME]"),
        ("agent = 1\n", ":1: agent: must be a table, not a whole number"),
        ("record = [1]\n", ":1: record[0]: must be a table, not a whole number"),
        ("[account.x]\nprovider = 1\n", ":2: account.x.provider: must be text, not a whole number"),
    ],
)  # fmt: skip
def test_a_section_of_the_wrong_shape_is_explained(text: str, said: str) -> None:
    assert mistakes(text) == ["homeport.toml" + said]


def test_a_setting_that_is_missing_is_told_at_its_table() -> None:
    text = '\n[account.cf]\nprovider = "cloudflare"\n[[record]]\naccount = "cf"\n'
    [token, name] = mistakes(text)
    assert token.startswith("homeport.toml:2: account.cf.token: missing: an API token")
    assert (
        name
        == "homeport.toml:4: record[0].name: missing: the name that shall point at you, or a list of names"
    )


def test_what_the_settings_of_a_driver_say_together_is_checked() -> None:
    text = (
        SMALLEST
        + '[account.office]\nprovider = "rfc2136"\nserver = "192.0.2.53"\ntsig_name = "k"\nport = 0\n'
    )
    assert mistakes(text) == [
        "homeport.toml:8: account.office.tsig_key: missing: a TSIG key needs both its name and its secret",
        "homeport.toml:12: account.office.port: must be from 1 to 65535",
    ]


@pytest.mark.posix("echo is a program")
def test_a_secret_that_a_check_did_not_follow_is_not_judged() -> None:
    text = SMALLEST + (
        '[account.office]\nprovider = "rfc2136"\nserver = "192.0.2.53"\ntsig_name = "k"\n'
        'tsig_key = "command:echo not base64"\n[[record]]\nname = "b.example.com"\naccount = "office"\n'
    )
    configured(text, TOKEN | {"PATH": os.environ["PATH"]}, resolve=False)
    [said] = mistakes(text, TOKEN | {"PATH": os.environ["PATH"]})
    assert said.startswith("homeport.toml:12: account.office.tsig_key: ")
    assert "base64" in said


def test_a_name_that_a_provider_cannot_hold_is_a_mistake() -> None:
    text = (
        '[account.d]\nprovider = "duckdns"\ntoken = "env:CF_API_TOKEN"\n'
        '[[record]]\nname = ["a.duckdns.org",\n  "a.example.com"]\naccount = "d"\n'
    )
    assert mistakes(text) == [
        (
            "homeport.toml:6: record[0].name[1]: a.example.com cannot be at account d: "
            "Duck DNS holds only names such as NAME.duckdns.org"
        )
    ]


def test_the_same_name_type_and_account_twice_is_a_mistake() -> None:
    text = (
        SMALLEST
        + '[[record]]\nname = ["other.example.com", "HOME.example.com."]\naccount = "cf"\ntype = "A"\n'
    )
    assert mistakes(text) == [
        (
            "homeport.toml:9: record[1].name[1]: home.example.com (A) at account cf is configured twice, "
            "first at homeport.toml:6; keep one of the two"
        )
    ]
    apart = SMALLEST + 'type = "A"\n[[record]]\nname = "home.example.com"\naccount = "cf"\ntype = "AAAA"\n'
    assert len(configured(apart).records) == 2


def test_an_option_is_known_by_some_provider_of_the_record() -> None:
    text = SMALLEST + "options = { proxid = true, proxied = 1 }\n"
    assert mistakes(text) == [
        'homeport.toml:8: record[0].options.proxid: Cloudflare has no such option; did you mean "proxied"?',
        "homeport.toml:8: record[0].options.proxied: must be true or false, not a whole number",
    ]


def test_names_may_be_wildcards_and_international() -> None:
    text = SMALLEST.replace('"home.example.com"', '["*.example.com", "bücher.example.com"]')
    [record] = configured(text).records
    assert record.owners == (Name("*.example.com"), Name("xn--bcher-kva.example.com"))


# Families and uplinks.


def test_a_family_that_no_uplink_looks_for_is_left_out_of_the_default_types() -> None:
    uplink = "[uplink.v4]\nipv6 = []\n"
    [record] = configured(SMALLEST + uplink).records
    assert record.types == (RRType.A,)
    assert not record.types_written
    assert mistakes(SMALLEST + 'type = ["A", "AAAA"]\n' + uplink) == [
        (
            "homeport.toml:8: record[0].type: no uplink of this record looks for AAAA addresses; "
            "name sources in ipv6 of [uplink.v4], or leave AAAA out"
        )
    ]
    two = uplink + "[uplink.v6]\nipv4 = []\n"
    [record] = configured(SMALLEST + two).records
    assert record.types == (RRType.A, RRType.AAAA)
    nothing = mistakes(SMALLEST + "[uplink.none]\nipv4 = []\nipv6 = []\n")
    assert len(nothing) == 2


def test_sources_of_one_uplink_are_each_there_once() -> None:
    uplink = '[uplink.a]\nipv4 = ["static:192.0.2.1", "static:192.0.2.1"]\nallow = "documentation"\n'
    assert len(configured(SMALLEST + uplink).uplinks["a"].sources[RRType.A]) == 1


# Warnings.


def test_what_is_not_used_is_warned_of() -> None:
    text = SMALLEST + (
        'uplink = "a"\n[uplink.a]\n[uplink.b]\n'
        '[account.d]\nprovider = "duckdns"\ntoken = "env:CF_API_TOKEN"\n'
    )
    assert warnings(text) == [
        "homeport.toml:10: uplink.b: no record uses this uplink",
        "homeport.toml:11: account.d: no record uses this account",
    ]
    assert warnings("") == ["homeport.toml: there is no [[record]], so there is no name to keep"]


def test_a_static_address_that_would_be_refused_is_warned_of() -> None:
    uplink = '[uplink.a]\nipv4 = ["static:192.168.1.2"]\nipv6 = ["static:2001:db8::1", "static:::1"]\n'
    assert warnings(SMALLEST + uplink) == [
        (
            "homeport.toml:9: uplink.a.ipv4[0]: 192.168.1.2 will not be published: it is a private address "
            'of a local network (RFC 1918, RFC 4193); write allow = ["private"]'
        ),
        (
            "homeport.toml:10: uplink.a.ipv6[0]: 2001:db8::1 will not be published: it is an address for "
            'documentation only (RFC 5737, RFC 3849); write allow = ["documentation"]'
        ),
        (
            "homeport.toml:10: uplink.a.ipv6[1]: ::1 will not be published: it is the machine's own "
            "loopback address; no setting allows it"
        ),
    ]
    allowed = uplink.replace(', "static:::1"', "") + 'allow = ["private"]\n'
    assert warnings(SMALLEST + allowed) == []


def test_an_agreement_that_cannot_come_about_is_warned_of() -> None:
    uplink = '[uplink.a]\nipv4 = ["http", "dns"]\nipv6 = ["interface"]\nagree = 2\n'
    assert warnings(SMALLEST + uplink) == [
        (
            "homeport.toml:11: uplink.a.agree: ipv6 has only 1 independent source; name more sources "
            "in ipv6, or write agree = 1"
        )
    ]


def test_an_agreement_of_all_sources_is_no_reason_to_warn() -> None:
    uplink = '[uplink.a]\nipv4 = "interface"\nipv6 = "interface"\nagree = 1\n'
    assert warnings(SMALLEST + uplink) == []


def test_a_hasty_interval_and_a_useless_host_are_warned_of() -> None:
    text = "[agent]\ninterval = 5\n" + SMALLEST + 'type = "A"\nhost = "::1"\n'
    assert [line.partition("; ")[0].removeprefix("homeport.toml:") for line in warnings(text)] == [
        "2: agent.interval: asks public services more often than they like",
        "11: record[0].host: changes nothing: it is for IPv6, and this record has type A only",
    ]


@pytest.mark.posix("Wine lets everybody read every file, which is warned of too")
def test_a_secret_in_plain_text_is_warned_of_and_not_shown() -> None:
    assert warnings(SMALLEST.replace("env:CF_API_TOKEN", "s3cr3t")) == [
        (
            "homeport.toml:3: account.cf.token: a secret stands here in plain text; write it as env:NAME, "
            "file:PATH, keyring:NAME or command:LINE"
        )
    ]


@pytest.mark.posix("permission bits")
def test_what_everyone_can_read_is_warned_of() -> None:
    Path("token").write_text("s3cr3t")
    Path("token").chmod(0o644)
    [said] = warnings(SMALLEST.replace("env:CF_API_TOKEN", "file:token"))
    assert said == (
        "homeport.toml:3: account.cf.token: everyone on this machine can read token; chmod 600 token"
    )
    file = Path("open.toml")
    for text, expected in ((SMALLEST, 0), (SMALLEST.replace("env:CF_API_TOKEN", "s3cr3t"), 2)):
        file.write_text(text)
        file.chmod(0o644)
        assert len(load(file, TOKEN).warnings) == expected
    assert str(load(file, TOKEN).warnings[0]) == (
        "open.toml: everyone on this machine can read open.toml, and it holds secrets in plain text; "
        "chmod 600 open.toml"
    )


# Which files.


def test_the_file_in_the_working_directory_is_found_and_its_rivals_are_named() -> None:
    Path("homeport.yaml").write_text("{}")
    assert load(None, {}).files == (Path("homeport.yaml"),)
    Path("homeport.toml").write_text(SMALLEST)
    config = load(None, TOKEN)
    assert config.files == (Path("homeport.toml"),)
    [warning] = config.warnings
    assert str(warning) == ("homeport.yaml: is not read, because homeport.toml is; remove one of the two")


def test_a_named_file_is_read_and_must_be_there(tmp_path: Path) -> None:
    Path("other.toml").write_text(SMALLEST)
    assert load(None, TOKEN | {"HOMEPORT_CONFIG": "other.toml"}).files == (Path("other.toml"),)
    with pytest.raises(ConfigError, match=r"HOMEPORT_CONFIG=nix\.toml: there is no such file"):
        load(None, {"HOMEPORT_CONFIG": "nix.toml"})
    with pytest.raises(ConfigError, match=r"nix\.toml: there is no such file"):
        load(Path("nix.toml"), {})


def test_with_nothing_at_all_the_smallest_configuration_is_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, {})
    assert SMALLEST in str(caught.value)
    assert "  homeport.toml\n" in str(caught.value)


def test_the_smallest_configuration_that_is_shown_is_right() -> None:
    assert configured(find.SMALLEST).warnings == ()


def test_the_usual_places_are_those_of_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CONFIG_HOME", "/xdg/config")
    if sys.platform == "linux":
        places = [Path(), Path("/xdg/config/homeport"), Path("/etc/homeport")]
        assert list(find.folders({})) == places


def test_the_state_is_where_the_platform_keeps_such_data(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured(SMALLEST, TOKEN | {"HOMEPORT_STATE_DIR": "/s"}).agent.state_dir == Path("/s")
    text = SMALLEST + '[agent]\nstate_dir = "state"\n'
    folder = Path("sub")
    folder.mkdir()
    assert configured(text, name="sub/homeport.toml").agent.state_dir == Path("sub/state")
    assert configured(text, TOKEN | {"HOMEPORT_STATE_DIR": "/s"}).agent.state_dir == Path("/s")
    if sys.platform == "linux":
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        assert find.state_dir({}) == Path("/var/lib/homeport")
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        monkeypatch.setenv("XDG_STATE_HOME", "/xdg/state")
        assert find.state_dir({}) == Path("/xdg/state/homeport")


@pytest.mark.linux("the places are those of Linux")
def test_a_user_without_a_home_folder_finds_the_places_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import pwd

    def nobody(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    monkeypatch.undo()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    assert list(find.folders({})) == [Path(), Path("/etc/homeport")]
    assert find.state_dir({}) == Path("/var/lib/homeport")


# The overlay.


def test_a_second_file_is_laid_over_the_first() -> None:
    Path("homeport.test.toml").write_text(
        '[agent]\nverify = false\n[account.cf]\naccount_id = "x"\n'
        '[[record]]\nname = "test.example.com"\naccount = "cf"\n'
    )
    config = configured("[agent]\ninterval = 60\n" + SMALLEST, TOKEN | {"HOMEPORT_ENV": "test"})
    assert config.files == (Path("homeport.toml"), Path("homeport.test.toml"))
    assert (config.agent.interval, config.agent.verify) == (timedelta(minutes=1), False)
    assert config.accounts["cf"].provider == Cloudflare(token=Secret("s3cr3t"), account_id="x")
    [record] = config.records
    assert record.owners == (Name("test.example.com"),)


def test_the_second_file_may_have_another_suffix() -> None:
    Path("homeport.test.json").write_text('{"agent": {"verify": false}}')
    assert not configured(SMALLEST, TOKEN | {"HOMEPORT_ENV": "test"}).agent.verify


def test_a_mistake_is_told_where_it_stands() -> None:
    Path("homeport.test.toml").write_text('[agent]\n\nverify = 1\n[account.cf]\ntokn = "x"\n[[record]]\n')
    said = mistakes(
        "[agent]\nverify = 2\nintervall = 1\n" + SMALLEST.replace("token", "key"), {"HOMEPORT_ENV": "test"}
    )
    assert [line.partition(": ")[0] for line in said] == [
        "homeport.toml:3",
        "homeport.toml:4",
        "homeport.toml:6",
        "homeport.test.toml:3",
        "homeport.test.toml:5",
        "homeport.test.toml:6",
        "homeport.test.toml:6",
    ]


def test_a_second_file_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match=r"HOMEPORT_ENV=test: there is no file homeport\.test\.toml"):
        configured(SMALLEST, TOKEN | {"HOMEPORT_ENV": "test"})
    with pytest.raises(ConfigError, match="plain word"):
        configured(SMALLEST, TOKEN | {"HOMEPORT_ENV": "../x"})
    Path("homeport.toml").unlink()
    with pytest.raises(ConfigError, match=r"there is no homeport\.toml"):
        load(None, {"HOMEPORT_ENV": "test", "HOMEPORT__AGENT__VERIFY": "true"})


def test_syntax_errors_of_both_files_are_told() -> None:
    Path("homeport.test.toml").write_text("a = b\n")
    said = mistakes("c\n", {"HOMEPORT_ENV": "test"})
    assert [line.split(" ")[0] for line in said] == ["homeport.toml:1:2:", "homeport.test.toml:1:5:"]


# The environment.

ALONE = {
    "HOMEPORT__ACCOUNT__CF__PROVIDER": "cloudflare",
    "HOMEPORT__ACCOUNT__CF__TOKEN": "s3cr3t",
    "HOMEPORT__RECORD__NAME": "home.example.com,*.home.example.com",
    "HOMEPORT__RECORD__ACCOUNT": "cf",
}


def test_the_environment_alone_is_enough() -> None:
    config = load(
        None, ALONE | {"HOMEPORT__RECORD__OPTIONS__PROXIED": "false", "HOMEPORT__RECORD__TTL": "5m"}
    )
    assert config.files == ()
    assert config.warnings == ()
    assert config.accounts["cf"].provider == Cloudflare(token=Secret("s3cr3t"))
    [record] = config.records
    assert record.owners == (Name("home.example.com"), Name("*.home.example.com"))
    assert (record.ttl, record.options) == (300, {"proxied": False})


def test_a_variable_is_laid_over_the_file_whatever_its_case() -> None:
    text = SMALLEST.replace("account.cf", "account.My-CF").replace('"cf"', '"My-CF"')
    environ = {
        "HOMEPORT__ACCOUNT__MY_CF__TOKEN": "other",
        "HOMEPORT__AGENT__INTERVAL": "600",
        "HOMEPORT__RECORD__0__TYPE": "A",
        "HOMEPORT__UPLINK__DEFAULT__IPV4": '["dns", "http"]',
    }
    config = configured(text, environ)
    assert config.accounts["My-CF"].provider == Cloudflare(token=Secret("other"))
    assert config.agent.interval == timedelta(minutes=10)
    assert config.records[0].types == (RRType.A,)
    assert config.records[0].owners == (Name("home.example.com"),)
    assert config.uplinks["default"].sources[RRType.A][0].label.startswith("dns")


def test_records_have_any_ascending_numbers() -> None:
    environ = TOKEN | {
        "HOMEPORT__RECORD__0__TTL": "60",
        "HOMEPORT__RECORD__1__NAME": "one.example.com",
        "HOMEPORT__RECORD__1__ACCOUNT": "cf",
        "HOMEPORT__RECORD__7__NAME": "seven.example.com",
        "HOMEPORT__RECORD__7__ACCOUNT": "cf",
        "HOMEPORT__RECORD__10__NAME": "ten.example.com",
        "HOMEPORT__RECORD__10__ACCOUNT": "cf",
    }
    records = configured(SMALLEST, environ).records
    assert [(record.owners[0].text.partition(".")[0], record.ttl) for record in records] == [
        ("home", 60),
        ("one", None),
        ("seven", None),
        ("ten", None),
    ]


def test_a_table_may_be_json() -> None:
    environ = {
        "HOMEPORT__ACCOUNT__CF": '{"provider": "cloudflare"}',
        "HOMEPORT__ACCOUNT__CF__TOKEN": "{s3cr3t}",
        "HOMEPORT__RECORD": '[{"name": "a.example.com", "account": ["cf"], "options": {"proxied": true}}]',
        "HOMEPORT__LOG": '{"level": "debug"}',
    }
    config = load(None, environ)
    assert config.accounts["cf"].provider == Cloudflare(token=Secret("{s3cr3t}"))
    assert config.records[0].options == {"proxied": True}
    assert config.log.level == "debug"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (
            {"HOMEPORT__ACCOUNT__CF__TOKN": "s3cr3t"},
            'HOMEPORT__ACCOUNT__CF__TOKN: account.cf.tokn: no such setting; did you mean "token"?',
        ),
        (
            {"HOMEPORT__ACCONT__CF__TOKEN": "s3cr3t"},
            'HOMEPORT__ACCONT__CF__TOKEN: accont: no such setting; did you mean "account"?',
        ),
        (
            {"HOMEPORT__AGENT__VERIFY": "s3cr3t"},
            "HOMEPORT__AGENT__VERIFY: agent.verify: must be true or false, not text",
        ),
        (
            {"HOMEPORT__AGENT____VERIFY": "true"},
            "HOMEPORT__AGENT____VERIFY: has an empty level; write two underscores between two names",
        ),
        (
            {"HOMEPORT__AGENT": "s3cr3t"},
            "HOMEPORT__AGENT: agent: must be a table, not text",
        ),
        (
            {"HOMEPORT__RECORD__0__NAME": "", "HOMEPORT__RECORD__0__ACCOUNT": "cf"},
            ("HOMEPORT__RECORD__0__NAME: record[0].name: is an empty list; write a name such as "
            "home.example.com, or a list of such"),
        ),
        (
            {"HOMEPORT__LOG": "x", "HOMEPORT__LOG__LEVEL": "info"},
            ("HOMEPORT__LOG__LEVEL: log.level: a variable above it has a value of its own; "
            "remove one of the two"),
        ),
        (
            {"HOMEPORT__LOG__LEVEL": "info", "HOMEPORT__LOG__level": "info"},
            ("HOMEPORT__LOG__level: log.level: is the same as HOMEPORT__LOG__LEVEL; "
            "remove one of the two"),
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_the_environment_names_the_variable(environ: Mapping[str, str], said: str) -> None:
    assert f"environment {said}" in mistakes(SMALLEST, {**TOKEN, **environ})


def test_of_several_records_the_variable_must_say_which() -> None:
    text = SMALLEST + '[[record]]\nname = "b.example.com"\naccount = "cf"\n'
    assert mistakes(text, TOKEN | {"HOMEPORT__RECORD__TTL": "60"}) == [
        "environment HOMEPORT__RECORD__TTL: record: which record?; write HOMEPORT__RECORD__0__TTL"
    ]


def test_names_that_differ_only_in_case_cannot_be_told_apart() -> None:
    text = SMALLEST + '[account.CF]\nprovider = "duckdns"\ntoken = "env:CF_API_TOKEN"\n'
    [said] = mistakes(text, TOKEN | {"HOMEPORT__ACCOUNT__CF__TOKEN": "x"})
    assert said == (
        "environment HOMEPORT__ACCOUNT__CF__TOKEN: account.cf: could be cf or CF; rename one of the two"
    )


# What the configuration is good for.


def test_nothing_of_a_configuration_prints_a_secret() -> None:
    assert "s3cr3t" not in repr(configured(SMALLEST))


@pytest.mark.parametrize("kind", providers.names())
def test_a_blind_look_tells_who_is_asked(kind: str) -> None:
    driver = providers.load(kind)
    held = {name: value for name, value in driver.example.items() if name != "provider"}
    record = [{"name": driver.example_owner, "account": "x", "type": "A"}]
    file = Path("homeport.json")
    file.write_text(json.dumps({"account": {"x": {"provider": kind, **held}}, "record": record}))
    provider = load(file, {}, blind=True).accounts["x"].provider

    assert provider.host()


def test_a_blind_look_needs_no_secret() -> None:
    Path("homeport.toml").write_text(SMALLEST)
    with pytest.raises(Mistakes, match="CF_API_TOKEN is not set"):
        load(None, {}, resolve=False)
    assert load(None, {}, blind=True).records[0].owners == (Name("home.example.com"),)


def test_a_fingerprint_changes_with_every_setting_and_with_nothing_else() -> None:
    salt = b"salt" * 8
    one = fingerprint(configured(SMALLEST).accounts["cf"], salt)
    again = fingerprint(configured("[agent]\ninterval = 60\n" + SMALLEST).accounts["cf"], salt)
    assert one == again
    others = {
        fingerprint(configured(SMALLEST, {"CF_API_TOKEN": "x"}).accounts["cf"], salt),
        fingerprint(configured(SMALLEST).accounts["cf"], b"other"),
        fingerprint(configured(SMALLEST.replace("\n\n", '\naccount_id = "x"\n\n')).accounts["cf"], salt),
    }
    others.add(fingerprint(configured(SMALLEST).accounts["cf"]._replace(kind="other"), salt))
    assert len(others | {one}) == 5
    assert "s3cr3t" not in one


def test_a_fingerprint_changes_with_a_secret_in_a_table() -> None:
    text = """
    [account.he]
    provider = "he"
    keys = { "home.example.com" = "env:KEY", "a.example.com" = "env:OTHER" }
    [[record]]
    name = "home.example.com"
    account = "he"
    """
    found = {
        fingerprint(configured(text, {"KEY": key, "OTHER": other}).accounts["he"], b"salt")
        for key, other in (("1", "2"), ("2", "1"), ("1", "3"))
    }
    assert len(found) == 3


def test_a_run_imports_only_the_drivers_it_is_configured_for() -> None:
    Path("homeport.toml").write_text(SMALLEST)
    program = (
        "import os, sys; from homeport.config.load import load; load(None, os.environ); "
        "print(*sorted(m for m in sys.modules if m.startswith('homeport.providers.') "
        "or m in ('json', 'yaml', 'idna', 'subprocess', 'keyring', 'difflib', 'dns', 'psutil')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **TOKEN},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["homeport.providers.cloudflare"]


def test_a_thousand_records_are_read_in_a_moment() -> None:
    import time

    text = SMALLEST + "".join(
        f'[[record]]\nname = "n{i}.example.com"\naccount = "cf"\n' for i in range(1000)
    )
    begun = time.process_time()
    assert len(configured(text).records) == 1001
    assert time.process_time() - begun < 2


LEXICON = """
[account.lex]
provider = "lexicon"
dns = "powerdns"
[account.lex.settings]
pdns_server = "http://127.0.0.1:8081"
auth_token = "env:CF_API_TOKEN"
[[record]]
name = "home.example.com"
account = "lex"
"""


@pytest.mark.posix("Wine lets everybody read every file, which is warned of too")
def test_a_table_of_settings_holds_references_and_plain_values() -> None:
    file = Path("homeport.toml")
    file.write_text(LEXICON)
    config = load(file, TOKEN)
    assert config.warnings == ()
    provider: Any = config.accounts["lex"].provider
    assert provider.settings["auth_token"] == Secret(TOKEN["CF_API_TOKEN"])
    assert provider.settings["pdns_server"] == Secret("http://127.0.0.1:8081")
    marks = {
        fingerprint(load(file, {"CF_API_TOKEN": token}).accounts["lex"], b"salt")
        for token in ("a", "b", "a")
    }
    assert len(marks) == 2
    [said] = warnings(LEXICON.replace("env:CF_API_TOKEN", "s3cr3t"))
    assert "account.lex.settings.auth_token: a secret stands here in plain text" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "powerdns",
            "powerdnss",
            'account.lex.dns: lexicon has no such provider; did you mean "powerdns"?',
        ),
        (
            "auth_token",
            "auth_tokn",
            'lex.settings.auth_tokn: lexicon\'s powerdns has no such setting; did you mean "auth_token"?',
        ),
        ('"powerdns"', '"misaka"', "account.lex.dns: misaka cannot be used through lexicon: its ids stand"),
        ('"powerdns"', '"dnsimple"', "account.lex.zone: missing: through lexicon, dnsimple cannot say"),
        ("env:CF_API_TOKEN", "env:NO_SUCH", "account.lex.settings.auth_token: the environment variable"),
    ],
)
def test_what_lexicon_does_not_know_is_said_with_what_it_knows(old: str, new: str, said: str) -> None:
    with pytest.raises(Mistakes) as raised:
        warnings(LEXICON.replace(old, new))
    assert said in str(raised.value)


def test_a_lexicon_that_is_missing_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeport.config.extras.find_spec", lambda _: None)
    with pytest.raises(Mistakes, match=r'dns-lexicon is not installed; pip install "homeport\[lexicon\]"'):
        warnings(LEXICON)


@pytest.mark.posix("Wine lets everybody read every file, which is warned of too")
def test_a_secret_of_a_table_is_warned_of_and_its_other_settings_are_not() -> None:
    he = '[account.he]\nprovider = "he"\nkeys = { "home.example.com" = "s3cr3t" }\n'
    lexicon = (
        '[account.l]\nprovider = "lexicon"\ndns = "easyname"\nzone = "example.com"\n'
        'settings = { auth_username = "me", auth_password = "s3cr3t" }\n'
    )
    said = warnings(f"{he}{lexicon}")

    assert [text.partition(": ")[2].partition(":")[0] for text in said if "plain text" in text] == [
        'account.he.keys."home.example.com"',
        "account.l.settings.auth_password",
    ]
    assert not any("s3cr3t" in text for text in said)
