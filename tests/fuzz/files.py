"""What holds for whole files: the configuration in its three languages, and the state."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random

from homeport.config.load import load
from homeport.config.mistakes import Mistakes
from homeport.config.model import Config
from homeport.config.read import read
from homeport.core.advice import Verdict
from homeport.core.budget import Group
from homeport.core.circuit import Key, Kind, Scope, Trip
from homeport.core.dns import Name, RRType
from homeport.core.errors import ConfigError
from homeport.core.rhythm import Sighting
from homeport.core.schedule import Memory, Target
from homeport.state.store import FILE, Change, Store

from . import samples
from .laws import Law

CANARY = "zX9-canary-7q"  # stands in secrets of the samples: no message may hold it
ENVIRON = {"CF_API_TOKEN": "a" * 40, "BOX": CANARY, "HOME": "/nonexistent", "PATH": "/usr/bin"}

TOML = (
    f"""
[agent]
interval = "5m"
verify = true
[log]
level = "info"
[uplink.fiber]
interface = "eth0"
ipv4 = ["gateway", "http", "dns:cloudflare", "stun:192.0.2.1:3478", "fritzbox"]
ipv6 = []
router_password = "{CANARY}"
agree = 2
probe = ["icmp:1.1.1.1 x2", "tcp:192.0.2.1:80"]
allow = ["private"]
[account.cf]
provider = "cloudflare"
token = "env:CF_API_TOKEN"
[account.dyn]
provider = "dyndns2"
service = "noip"
username = "u"
password = "literal:{CANARY}"
[[record]]
name = ["home.example.com", "*.home.example.com"]
account = ["cf"]
ttl = 60
host = "::1234"
type = ["A"]
options = {{ proxied = false }}
[[record]]
name = "b\u00fccher.example.com"
account = "dyn"
type = "A"
""".encode(),
    (
        b'[account.w]\nprovider = "duckdns"\ntoken = "literal:abc"\n'
        b'[[record]]\nname = "a.duckdns.org"\naccount = "w"\n'
    ),
)
TOML_WORDS = (
    b"[[record]]\n",
    b"[account.x]\n",
    b"a.b.c.d = 1\n",
    b"a.",
    b"{",
    b"[",
    b'"',
    b'"""',
    b"'",
    b"\\u0000",
    b"\\ud800",
    b"1e999",
    b"inf",
    b"nan",
    b"9" * 5000,
    b"0x" + b"f" * 5000,
    b"1979-05-27T07:32:00Z",
    b"07:32:00",
    b"~nobody/x",
    b"file:",
    b"env:",
    b"keyring:x",
    b"command:",
    b"true",
    b"-1",
    b"\n",
    b"\xef\xbb\xbf",
    b"http:https://[",
    b"webhook",
    b"rfc2136",
    b"lexicon",
)
_TREE = {
    "uplink": {"home": {"ipv4": ["http"], "ipv6": "interface", "detect": "30s", "interface": "eth0"}},
    "account": {"cf": {"provider": "cloudflare", "token": CANARY}},
    "record": [{"name": "home.example.com", "account": "cf", "ttl": 60, "options": {"proxied": True}}],
}
JSON = (json.dumps(_TREE).encode(), json.dumps(_TREE, indent=1).encode())
YAML = (
    f"""
uplink: {{home: {{ipv4: [http], ipv6: [interface], agree: 1}}}}
account: &a
  cf:
    provider: cloudflare
    token: {CANARY}
record:
- name: home.example.com
  account: cf
  ttl: 60
- {{name: [x.example.com], account: cf, options: {{proxied: true}}}}
""".encode(),
    b"a: &x {b: 1}\nc: {<<: *x}\nrecord: [*x, *x]\n",
)
YAML_WORDS = (
    *(
        b"&a ",
        b"*a",
        b"*x",
        b"<<: ",
        b"<<: [*x, *x]\n",
        b"!!int ",
        b"!!python/object:x ",
        b"- ",
        b"? ",
        b": ",
        b"\n  ",
    ),
    *(
        b"|\n",
        b">-\n",
        b"{",
        b"[",
        b"]",
        b"}",
        b"%YAML 1.1\n---\n",
        b"\t",
        b"#",
        b"0o7",
        b"1:30:00",
        b"~",
        b"\xc2\x85",
    ),
    b"a: &b [*x,*x,*x,*x,*x,*x,*x,*x,*x]\nc: &x [*b,*b,*b,*b,*b,*b,*b,*b]\n",
)


def same(one: Config, other: Config) -> bool:
    """Apart from where it was written."""
    alike = "agent", "uplinks", "accounts", "records"
    return all(getattr(one, name) == getattr(other, name) for name in alike)


def loaded(folder: Path, name: str, octets: bytes, environ: Mapping[str, str] = ENVIRON) -> Config | None:
    """None if it was refused; no command is run, whatever is written."""
    file = folder / name
    file.write_bytes(octets)
    file.chmod(0o600)
    try:
        return load(file, environ, resolve=False)
    except Mistakes as error:
        assert error.mistakes
        for mistake in error.mistakes:
            assert len(mistake.message) + len(mistake.remedy) < 1500 + 4 * len(octets) + len(str(environ))
        assert CANARY not in str(error) or octets.count(CANARY.encode()) < 1
    except ConfigError as error:
        assert len(str(error)) < 1500 + 4 * len(octets)
    return None


def check_config(name: str, octets: bytes) -> None:
    with tempfile.TemporaryDirectory(dir=_scratch()) as place:
        folder = Path(place)
        found = loaded(folder, name, octets)
        if found is None:
            return
        assert CANARY not in repr(found)
        tree = read(folder / name).tree
        try:
            text = json.dumps(tree, allow_nan=False)
        except (TypeError, ValueError):  # dates, infinities
            return
        again = loaded(folder, "again.json", text.encode())
        assert again is not None
        assert same(found, again)


def check_toml(octets: bytes) -> None:
    check_config("homeport.toml", octets)


def check_yaml(octets: bytes) -> None:
    check_config("homeport.yaml", octets)


def check_json(octets: bytes) -> None:
    check_config("homeport.json", octets)


def check_environment(octets: bytes) -> None:
    """Lines of NAME=value, laid over nothing and over a file."""
    environ = dict(ENVIRON)
    for line in octets.decode("utf-8", "replace").replace("\0", "").splitlines():
        key, equals, value = line.partition("=")
        if equals and key:
            environ[f"HOMEPORT__{key}"] = value
    environ.pop("HOMEPORT_ENV", None)
    with tempfile.TemporaryDirectory(dir=_scratch()) as place:
        loaded(Path(place), "homeport.toml", TOML[1], environ)


ENVIRONMENT = (
    (
        b"ACCOUNT__CF__PROVIDER=cloudflare\nACCOUNT__CF__TOKEN=abc\n"
        b"RECORD__0__NAME=home.example.com\nRECORD__0__ACCOUNT=cf\n"
    ),
    (
        b'RECORD=[{"name": "a.example.com", "account": "cf"}]\n'
        b"UPLINK__HOME__IPV4=http,dns\nAGENT__INTERVAL=5m\n"
    ),
    b"RECORD__NAME=a.example.com\nRECORD__TYPE=A\nLOG__LEVEL=debug\n",
)
ENVIRONMENT_WORDS = (
    b"__",
    b"RECORD__",
    b"=",
    b"\n",
    b"[",
    b"{",
    b'"',
    b"0",
    b"9" * 5000,
    b"[" * 3000,
    b"UPLINK",
    b"-",
    b"\xc2\xb2",
)


def _scratch() -> str | None:
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


# -- the state -------------------------------------------------------------------------------------


def _state() -> bytes:
    """A file with something in every table."""
    target = Target(Name("home.example.com"), RRType.A, "cf")
    address = frozenset({samples.V4})
    with tempfile.TemporaryDirectory(dir=_scratch()) as place:
        with Store.open(Path(place), lambda _: None) as store:
            memory = Memory(acknowledged=address, acknowledged_at=1.5, live=address, wanted=address)
            store.save({target: memory}, [Change(1.0, "t", target, "updated", None, address)])
            store.own({target: address})
            store.sighted("home", RRType.A, Sighting.of(1.0, address, "upnp", listening=True), keep=9)
            store.judged("home", RRType.A, Verdict("nat", "says", "advice", sure=True))
            store.watched({"home": 1.0}, {"home": ["upnp"]})
            store.count(20_000, {"ipify": 3}, keep=2)
            store.spend({"account cf": (Group(1.0, 3), Group(2.0, 1))})
            key = Key(Scope.HOST, "api.example.com")
            store.trip({key: Trip(Kind.BLOCK, "cf", "abuse", 1.0, 86_400.0, 2)})
            store.salt()
        with sqlite3.connect(Path(place) / FILE) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.execute("PRAGMA journal_mode = DELETE")
        db.close()
        return (Path(place) / FILE).read_bytes()


def every_question(store: Store) -> None:
    """What any command asks of it; whatever stands there, the types are those that are promised."""
    for target, memory in store.memories().items():
        assert isinstance(target.account, str)
        assert memory.acknowledged is None or isinstance(memory.acknowledged, frozenset)
        store.save({target: memory})
    for change in store.history():
        assert isinstance(change.at, float)
        assert all(isinstance(text, str) for text in (change.trace, change.event, change.target.account))
        assert change.note is None or isinstance(change.note, str)
    for line, sightings in store.sightings().items():
        assert isinstance(line[0], str)
        assert all(one.told is None or isinstance(one.told, str) for one in sightings)
    for verdict in store.verdicts().values():
        assert isinstance(verdict.word, str)
    assert all(isinstance(times, int) for day in store.asked().values() for times in day.values())
    assert all(isinstance(day, int) for day in store.asked())
    assert all(isinstance(target.account, str) for target in store.owned())
    for used in store.spent().values():
        assert all(type(one.times) is int for one in used)
        assert all(type(one.at) is float for one in used)
    for key, trip in store.circuits().items():
        assert [type(value) for value in (key.who, trip.account, trip.why, trip.since)] == [
            str,
            str,
            str,
            float,
        ]
        assert trip.span is None or isinstance(trip.span, float)
        store.trip({key: trip})
    store.down(), store.heard(), store.get("x")
    assert len(store.salt()) == 32
    store.put("x", "y")
    assert store.get("x") == "y"


def check_state(octets: bytes) -> None:
    """A file that has rotted: it is read, or put aside, and nothing raises."""
    with tempfile.TemporaryDirectory(dir=_scratch()) as place:
        (Path(place) / FILE).write_bytes(octets)
        with Store.view(Path(place), _short) as store:
            every_question(store)
        with Store.open(Path(place), _short) as store:
            every_question(store)


def _short(warning: str) -> None:
    assert len(warning) < 2000


VALUES: tuple[object, ...] = (
    None,
    -1,
    0,
    2**62,
    1e308,
    float("inf"),
    "",
    "x",
    "[]",
    "{}",
    "[1]",
    '["192.0.2.1"]',
    '["x"]',
    b"\xff",
    "A",
    "NaN",
)
VALUES += (
    "[" * 2000,
    "9" * 5000,
    "[" + "9" * 5000 + "]",
    "\ud7ff",
    "RETRY",
    '[["a", "b", "c", true]]',
    '{"down": {"a": null}}',
)


def check_values(octets: bytes) -> None:
    """A sound file whose values are not what they should be: the octets choose which."""
    random = Random(octets)
    with tempfile.TemporaryDirectory(dir=_scratch()) as place:
        file = Path(place) / FILE
        file.write_bytes(STATE)
        db = sqlite3.connect(file, isolation_level=None)
        db.execute("PRAGMA synchronous = OFF")
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for _ in range(random.randrange(1, 4)):
            table = random.choice(tables)
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            try:
                change = f"UPDATE {table} SET {random.choice(columns)} = ?"
                db.execute(change, (random.choice(VALUES),))
            except sqlite3.DatabaseError:  # the table's own rules forbid it
                continue
        db.close()
        with Store.open(Path(place), _short) as store:
            every_question(store)


STATE = _state()
LAWS = {
    "toml": Law(TOML, check_toml, TOML_WORDS, 4),
    "yaml": Law(YAML, check_yaml, YAML_WORDS, 4),
    "json": Law(JSON, check_json, (*samples.JSON_WORDS, *TOML_WORDS), 4),
    "environment": Law(ENVIRONMENT, check_environment, ENVIRONMENT_WORDS, 4),
    "state": Law((STATE,), check_state, (), 20),
    "state_values": Law((b"1", b"2"), check_values, (), 20),
}
