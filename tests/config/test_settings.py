"""The annotated field is the setting: its value, its manual, its schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv6Address
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.dns import IPAddress, Name, RRType
from homeport.core.errors import ConfigError
from homeport.core.secret import Secret
from homeport.core.settings import (
    MAY_BE_EMPTY,
    Bounds,
    KeyPath,
    Reader,
    Seconds,
    Text,
    duration,
    meant,
    object_schema,
    settings,
)


@dataclass(frozen=True, kw_only=True)
class Example:
    token: Annotated[Secret, "the token"]
    names: Annotated[tuple[Name, ...], "names"] = ()
    words: Annotated[tuple[str, ...] | None, "words", MAY_BE_EMPTY] = None
    types: Annotated[tuple[RRType, ...], "types"] = (RRType.A,)
    mode: Annotated[Literal["fast", "slow"], "how"] = "fast"
    port: Annotated[int, "port", Bounds(1, 65535)] = 53
    on: Annotated[bool, "switch"] = True
    wait: Annotated[timedelta, "pause", Bounds(1, 86400)] = timedelta(minutes=5)
    ttl: Annotated[Seconds | None, "TTL"] = None
    address: Annotated[IPAddress | None, "address"] = None
    more: Annotated[Mapping[str, object], "more"] = field(default_factory=dict)


def read(table: object) -> tuple[Example | None, list[str]]:
    said: list[str] = []

    def report(path: KeyPath, message: str, remedy: str) -> None:
        said.append(": ".join(part for part in (".".join(map(str, path)), message, remedy) if part))

    return Reader(report).table(Example, table, ()), said


def test_a_table_becomes_values_of_the_types_that_the_fields_have() -> None:
    found, said = read(
        {
            "token": "abc",
            "names": ["Home.Example.COM.", "*.example.com"],
            "words": "one",
            "types": "AAAA",
            "mode": "slow",
            "port": 5353,
            "on": False,
            "wait": "1h30m",
            "ttl": "2m",
            "address": "2001:db8::1",
            "more": {"proxied": True},
        }
    )
    assert said == []
    assert found == Example(
        token=Secret("abc"),
        names=(Name("home.example.com"), Name("*.example.com")),
        words=("one",),
        types=(RRType.AAAA,),
        mode="slow",
        port=5353,
        on=False,
        wait=timedelta(minutes=90),
        ttl=Seconds(120),
        address=IPv6Address("2001:db8::1"),
        more={"proxied": True},
    )


def test_text_of_an_environment_variable_finds_its_type() -> None:
    written = {
        "token": "123",
        "names": "a.example.com, b.example.com",
        "words": '["a,b", "c"]',
        "types": "A,AAAA",
        "port": "5353",
        "on": "False",
        "wait": "90",
        "ttl": "60",
        "more": '{"proxied": true}',
    }
    found, said = read({key: Text(value) for key, value in written.items()})
    assert said == []
    assert found == Example(
        token=Secret("123"),
        names=(Name("a.example.com"), Name("b.example.com")),
        words=("a,b", "c"),
        types=(RRType.A, RRType.AAAA),
        port=5353,
        on=False,
        wait=timedelta(seconds=90),
        ttl=Seconds(60),
        more={"proxied": True},
    )


def test_every_mistake_is_told_and_no_value_is_shown() -> None:
    found, said = read(
        {
            "tokn": "s3cr3t",
            "names": ["fine.example.com", 7],
            "types": ["B"],
            "mode": "s3cr3t",
            "port": "s3cr3t",
            "on": "true",
            "wait": "s3cr3t",
            "address": "s3cr3t",
            "more": "s3cr3t",
        }
    )
    assert found is None
    assert said == [
        'tokn: no such setting: did you mean "token"?',
        "token: missing: the token",
        "names.1: must be a name such as home.example.com, not a whole number: write it in quotes",
        'types.0: must be one of "A", "AAAA"',
        'mode: must be one of "fast", "slow"',
        "port: must be a whole number from 1 to 65535, not text",
        "on: must be true or false, not text: write it without quotes",
        'wait: must be a duration such as "5m", "90s" or "1h30m", or a number of seconds',
        "address: must be an IPv4 or IPv6 address",
        "more: must be a table, not text",
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"token": ""}, "token: is empty: the token"),
        ({"token": "  "}, "token: is empty: the token"),
        ({"token": None}, "token: must be text, not nothing"),
        ({"token": 5}, "token: must be text, not a whole number: write it in quotes"),
        ({"token": ["a"]}, "token: must be text, not a list"),
        ({"token": "x", "port": True}, "port: must be a whole number from 1 to 65535, not true or false"),
        ({"token": "x", "port": 53.0}, "port: must be a whole number from 1 to 65535, not a number"),
        ({"token": "x", "port": 0}, "port: must be from 1 to 65535"),
        ({"token": "x", "on": "true"}, "on: must be true or false, not text: write it without quotes"),
        ({"token": "x", "on": 1}, "on: must be true or false, not a whole number"),
        ({"token": "x", "wait": "2d"}, "wait: must be from 1 to 86400"),
        ({"token": "x", "wait": 0}, "wait: must be from 1 to 86400"),
        ({"token": "x", "mode": "SLOW"}, 'mode: is not one of the words known here: did you mean "slow"?'),
        ({"token": "x", "names": {}}, "names: must be a name such as home.example.com, not a table"),
        ([], ": must be a table, not a list"),
    ],
)  # fmt: skip
def test_a_mistake_says_what_to_write(table: object, message: str) -> None:
    assert read(table) == (None, [message.removeprefix(": ")])


def test_a_list_may_be_empty_only_where_that_means_something() -> None:
    found, said = read({"token": "x", "words": []})
    assert (found and found.words, said) == ((), [])


@given(
    weeks=st.integers(0, 99), days=st.integers(0, 99), hours=st.integers(0, 99), minutes=st.integers(1, 99)
)
def test_a_duration_is_the_sum_of_its_parts(weeks: int, days: int, hours: int, minutes: int) -> None:
    total = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes).total_seconds()
    assert duration(f"{weeks}w{days}d{hours}h{minutes}m") == duration(int(total)) == total


@pytest.mark.parametrize("text", ["", "m", "5 m", "1m1h", "-5m", "5x", "1.5h", "٥m", "99999999999s", "5m5"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        duration(text)


def test_the_manual_is_the_field() -> None:
    said = {s.name: (s.required, s.secret, s.expects, s.default_text) for s in settings(Example)}
    assert said == {
        "token": (
            True,
            True,
            "text; best a reference: env:NAME, file:PATH, keyring:NAME or command:LINE",
            None,
        ),
        "names": (False, False, "a name such as home.example.com, or a list of such", ""),
        "words": (False, False, "text, or a list of such", None),
        "types": (False, False, 'one of "A", "AAAA", or a list of such', "A"),
        "mode": (False, False, 'one of "fast", "slow"', "fast"),
        "port": (False, False, "a whole number from 1 to 65535", "53"),
        "on": (False, False, "true or false", "true"),
        "wait": (
            False,
            False,
            'a duration such as "5m", "90s" or "1h30m", or a number of seconds',
            "5m",
        ),
        "ttl": (False, False, 'a number of seconds, or a duration such as "5m"', None),
        "address": (False, False, "an IPv4 or IPv6 address", None),
        "more": (False, False, "a table", None),
    }


ANYTHING = st.one_of(
    st.sampled_from(["x", "", "5m", "90", "fast", "A", "a.example.com", "1h", "m", "slow", "AAAA", "0s"]),
    st.integers(-2, 70000),
    st.booleans(),
    st.none(),
    st.just([]),
    st.lists(st.sampled_from(["A", "AAAA", "a.example.com", "b.example.org", "fast"]), max_size=2),
    st.just({}),
)
# What only the reader can judge: names, addresses, bounds of durations that are written as text.
JUDGED_BY_BOTH = ["token", "words", "types", "mode", "port", "on", "more"]


@given(st.dictionaries(st.sampled_from([*JUDGED_BY_BOTH, "tokn"]), ANYTHING))
def test_the_schema_accepts_what_the_reader_accepts(table: dict[str, Any]) -> None:
    schema = object_schema(settings(Example))
    found, _ = read(table)
    assert jsonschema.Draft202012Validator(schema).is_valid(table) == (found is not None)


@given(st.text("0123456789wdhms", max_size=8))
def test_the_schema_knows_a_duration(text: str) -> None:
    [wait] = [part for part in settings(Example) if part.name == "ttl"]
    schema = object_schema([wait])
    try:
        duration(text)
        right = True
    except ConfigError:
        right = False
    assert jsonschema.Draft202012Validator(schema).is_valid({"ttl": text}) == right


def test_a_word_of_another_program_is_understood() -> None:
    assert meant("hostname", ["name", "account"]) == 'did you mean "name"?'
    assert meant("API-Token", ["token", "api_token"]) == 'did you mean "api_token"?'
    assert meant("zzz", ["token", "port"]) == "there are: token, port"


@dataclass(frozen=True, kw_only=True)
class Tables:
    texts: Annotated[Mapping[str, str], "texts"] = field(default_factory=dict)
    secrets: Annotated[Mapping[str, Secret] | None, "secrets"] = None


def read_tables(table: object) -> tuple[Tables | None, list[str]]:
    said: list[str] = []
    reader = Reader(lambda path, message, remedy: said.append(f"{'.'.join(map(str, path))}: {message}"))
    return reader.table(Tables, table, ()), said


def test_a_table_of_texts_or_secrets_is_read_value_by_value() -> None:
    found, said = read_tables({"texts": {"Accept": "text/plain"}, "secrets": {"a.b": "k"}})
    assert (found, said) == (Tables(texts={"Accept": "text/plain"}, secrets={"a.b": Secret("k")}), [])
    found, said = read_tables({"texts": {"Accept": 5, "X": " "}, "secrets": "k"})
    assert found is None
    assert [line.partition(":")[0] for line in said] == ["texts.Accept", "texts.X", "secrets"]


def test_a_table_of_secrets_is_described_as_such() -> None:
    texts, secrets = settings(Tables)
    assert (texts.secret, secrets.secret) == (False, True)
    assert texts.expects == "a table of texts"
    assert secrets.expects.startswith("a table of texts; best a reference: env:NAME")
    inside = object_schema([secrets])["properties"]["secrets"]["additionalProperties"]
    assert inside["type"] == "string"
