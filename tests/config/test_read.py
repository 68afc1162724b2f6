"""One file: TOML, YAML, JSON, and what is wrong with them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from homeport.config.mistakes import Mistakes
from homeport.config.read import read
from homeport.core.errors import ConfigError


def told(folder: Path, name: str, text: str) -> list[str]:
    """The mistakes of a file with that text, without its folder."""
    file = folder / name
    file.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(Mistakes) as caught:
        read(file)
    return [str(mistake).removeprefix(f"{folder}{os.sep}") for mistake in caught.value.mistakes]


def tree(folder: Path, name: str, text: str) -> Any:
    file = folder / name
    file.write_text(text, encoding="utf-8", newline="")
    return read(file).tree


@pytest.mark.parametrize(
    ("text", "start", "advice"),
    [
        ("a = env:CF", "1:5: this is not a value", "stands in quotes"),
        ("[agent]\r\nverify = True", "2:10: this is not a value", "lower case"),
        ("[agent]\ninterval = 5m", "2:13: there is something behind the value", '"5m" too'),
        ('a = "C:\\Users"', "1:10: a \\ in double quotes", "single quotes"),
        ('a = "C:\\x"', "1:10: a \\ in double quotes", "single quotes"),
        ('a = "x\nb = 1', "1:7: the text does not end", "close it"),
        ("a = 1\nb = 2\na = 2\n\n", "3:6: this is written twice", "keep one"),
        ("[a]\n[b]\n[a]\n", "3:3: this table is written twice", "keep one heading"),
        ("account:\n  cf: 1", "1:8: there is no = ", 'key = "value"'),
        ("[account.cf\na = 1", "1:12: the heading does not end", "[account.NAME]"),
    ],
)
def test_a_syntax_error_in_toml_has_a_place_and_an_advice(
    tmp_path: Path, text: str, start: str, advice: str
) -> None:
    [said] = told(tmp_path, "h.toml", text)
    assert said.startswith("h.toml:" + start)
    assert advice in said


@pytest.mark.parametrize(
    ("text", "start", "advice"),
    [
        ("account:\n\tcf: 1", "2:1:", "not with tabs"),
        ("a: hunter2: b", "1:11:", "key: value"),
        ("a: *hunter2", "1:4:", "in quotes"),
        ("a: @hunter2", "1:4:", "in quotes"),
        ("a: !hunter2 x", "1:4:", "tags are not known"),
        ("a: !!python/object/apply:os.system [hunter2]", "1:4:", "tags are not known"),
        ("a: 1\n---\nb: hunter2", "2:1:", "remove the line"),
        ("a: &x\n  b: *x", "1:4:", "inside of what it stands for"),
        ('a: "C:\\hunter2"', "1:7:", "single quotes"),
        ("? [hunter2]\n: 1", "1:", "a key must be plain text"),
        ("a: hunter2\x01", "1:1:", "does not allow"),
    ],
)
def test_a_syntax_error_in_yaml_has_a_place_and_an_advice_and_shows_no_value(
    tmp_path: Path, text: str, start: str, advice: str
) -> None:
    [said] = told(tmp_path, "h.yaml", text)
    assert said.startswith("h.yaml:" + start)
    assert advice in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("text", "start", "advice"),
    [
        ('{"a": 1,}', "1:", "a comma too many"),  # Python 3.13 points at the comma, others behind it
        ('{\n"a": 1 // hunter2\n}', "2:8:", "no comments"),
        ('{"a": hunter2}', "1:7:", "double quotes"),
        ('{"a": "hunter2\n"}', "1:15:", "double quote"),
        ('{"a": "C:\\hunter2"}', "1:10:", "write it twice"),
        ('{"a": "hunter2"} x', "1:18:", "remove it"),
        ('{"a": NaN}', " has NaN", "no JSON"),
        ('["hunter2"]', " is not a table", "at the top"),
    ],
)
def test_a_syntax_error_in_json_has_a_place_and_an_advice_and_shows_no_value(
    tmp_path: Path, text: str, start: str, advice: str
) -> None:
    [said] = told(tmp_path, "h.json", text)
    assert said.startswith("h.json:" + start)
    assert advice in said
    assert "hunter2" not in said


def test_a_key_that_stands_twice_is_a_mistake_in_every_language(tmp_path: Path) -> None:
    twice = "is written twice, first on line 3; keep one of the two"
    assert told(tmp_path, "h.yaml", "a: 1\nb:\n  c: 1\n  c: 2\n") == [f"h.yaml:4: b.c: {twice}"]
    assert told(tmp_path, "h.json", '{"a": 1,\n"b": {\n\t"c": 1,\n\t"c": 2}}') == [
        f"h.json:4: b.c: {twice}"
    ]
    [said] = told(tmp_path, "h.toml", "a = 1\n[b]\nc = 1\nc = 2\n")
    assert said == "h.toml:4:6: this is written twice; keep one of the two"


@pytest.mark.parametrize("name", ["h.toml", "h.yaml", "h.json"])
def test_absurd_nesting_is_a_mistake_and_no_crash(tmp_path: Path, name: str) -> None:
    opening = {
        "h.toml": "a = " + "[" * 20_000,
        "h.yaml": "a: " + "[" * 3000 + "]" * 3000,
        "h.json": "[" * 200_000,
    }
    assert told(tmp_path, name, opening[name])


def test_byte_order_mark_and_windows_line_ends_are_no_mistake(tmp_path: Path) -> None:
    for name, text in (
        ("h.toml", "a = 1\r\nb = 2\r\n"),
        ("h.yaml", "a: 1\r\nb: 2\r\n"),
        ("h.json", '{"a": 1,\r\n"b": 2}'),
    ):
        assert tree(tmp_path, name, "\ufeff" + text) == {"a": 1, "b": 2}
        layer = read(tmp_path / name)
        assert [layer.place((key,)).line for key in "ab"] == [1, 2]


def test_other_encodings_are_named(tmp_path: Path) -> None:
    file = tmp_path / "h.toml"
    file.write_bytes("a = 1".encode("utf-16"))
    with pytest.raises(Mistakes, match="UTF-16; save it as UTF-8"):
        read(file)
    file.write_bytes(b"a = 1\nb = '\xff'")
    with pytest.raises(Mistakes, match=r"h\.toml:2: is not written in UTF-8"):
        read(file)


def test_a_file_that_is_not_there_or_has_no_known_suffix_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nix\.toml: there is no such file"):
        read(tmp_path / "nix.toml")
    with pytest.raises(ConfigError, match=r"must end in \.toml, \.yaml, \.yml, \.json"):
        read(tmp_path / "homeport.conf")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "folder.toml")


def test_yaml_keeps_as_text_what_is_no_plain_number(tmp_path: Path) -> None:
    """YAML 1.1 makes a number in base 60 of a MAC address and true of the key `on`."""
    text = (
        "on: yes\nno: off\nmac: 10:20:30:40:50:10\nday: 2026-11-21\npin: 0123\nhex: 0x1F\n"
        "n: 5\nf: 1.5\nx: ~\nquoted: '5'\nasked: !!str 5\n1: one\n"
    )
    assert tree(tmp_path, "h.yaml", text) == {
        "on": True,
        "no": False,
        "mac": "10:20:30:40:50:10",
        "day": "2026-11-21",
        "pin": "0123",
        "hex": "0x1F",
        "n": 5,
        "f": 1.5,
        "x": None,
        "quoted": "5",
        "asked": "5",
        "1": "one",
    }


def test_yaml_anchors_and_merges_work(tmp_path: Path) -> None:
    text = "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\nc: *a\n"
    assert tree(tmp_path, "h.yml", text) == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 3},
        "c": {"x": 1, "y": 2},
    }


def test_an_empty_file_is_an_empty_table(tmp_path: Path) -> None:
    assert tree(tmp_path, "h.toml", "") == tree(tmp_path, "h.yaml", "# nothing\n") == {}


KEYS = st.text("abcdef", min_size=1)
TEXTS = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]))
TREES = st.recursive(
    st.one_of(st.integers(-(10**9), 10**9), st.booleans(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=10,
)


@given(st.dictionaries(KEYS, TREES))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_yaml_and_json_say_the_same(tmp_path: Path, value: dict[str, Any]) -> None:
    assert tree(tmp_path, "h.json", json.dumps(value)) == value
    assert tree(tmp_path, "h.yaml", yaml.safe_dump(value)) == value
    assert tree(tmp_path, "h.yaml", json.dumps(value)) == value
