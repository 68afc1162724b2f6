"""On which line does a setting stand?"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from homeport.config.locate import node_lines, toml_lines
from homeport.core.settings import KeyPath

DOCUMENT = '''\
# a comment with [brackets] and "quotes"
title = "one = two # three"

[account."my cf"]   # the second account
provider = 'cloudflare'
token = """
[not.a.table]
key = "value" \\"""
""""
"quoted.key" = { a = 1, b.c = [ { d = "}" }, ']' ] }
[account.two]
list = [
  "first",  # with a comment, and a ]

  """second
line""",
  [ 1, 2 ],
]
when = 2026-11-21 10:00:00
[[record]]
name = "a"
[record.options]
proxied = true
[[record]]
options.proxied = false
name = \'\'\'
[[record]]\'\'\'\'
after = 1
'''


def test_each_setting_is_found_on_its_line() -> None:
    tomllib.loads(DOCUMENT)
    lines = toml_lines(DOCUMENT)
    assert lines == toml_lines(DOCUMENT.replace("\n", "\r\n"))
    assert lines == {
        ("title",): 2,
        ("account",): 4,
        ("account", "my cf"): 4,
        ("account", "my cf", "provider"): 5,
        ("account", "my cf", "token"): 6,
        ("account", "my cf", "quoted.key"): 10,
        ("account", "my cf", "quoted.key", "a"): 10,
        ("account", "my cf", "quoted.key", "b"): 10,
        ("account", "my cf", "quoted.key", "b", "c"): 10,
        ("account", "my cf", "quoted.key", "b", "c", 0): 10,
        ("account", "my cf", "quoted.key", "b", "c", 0, "d"): 10,
        ("account", "my cf", "quoted.key", "b", "c", 1): 10,
        ("account", "two"): 11,
        ("account", "two", "list"): 12,
        ("account", "two", "list", 0): 13,
        ("account", "two", "list", 1): 15,
        ("account", "two", "list", 2): 17,
        ("account", "two", "list", 2, 0): 17,
        ("account", "two", "list", 2, 1): 17,
        ("account", "two", "when"): 19,
        ("record",): 20,
        ("record", 0): 20,
        ("record", 0, "name"): 21,
        ("record", 0, "options"): 22,
        ("record", 0, "options", "proxied"): 23,
        ("record", 1): 24,
        ("record", 1, "options"): 25,
        ("record", 1, "options", "proxied"): 25,
        ("record", 1, "name"): 26,
        ("record", 1, "after"): 28,
    }


KEYS = st.one_of(
    st.sampled_from(["a", "b", "c-d", "1", "x.y", "#", "a b", "[t]", "=", 'say "hi"', "it's", "", "\\"]),
    st.text("ab\u00fc\u4e2d\t\n", max_size=3),
)
TEXTS = st.one_of(
    st.sampled_from(
        ["[x]", "a = 1", "# no comment", '"""', "'''", "}", "]", ",", "\\", "env:A", "\n", '"', "'"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12),
)
SCALARS = st.one_of(TEXTS, st.integers(-(2**31), 2**31), st.booleans())
INLINE = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=5,
)
TREES = st.recursive(
    st.dictionaries(KEYS, INLINE, max_size=3),
    lambda inner: st.one_of(
        st.dictionaries(KEYS, st.one_of(INLINE, inner), max_size=3),
        st.dictionaries(KEYS, st.lists(inner, min_size=1, max_size=3), max_size=2),
    ),
    max_leaves=6,
)


class Writer:
    """Writes a tree as TOML in one of many ways, and keeps on which line each path is first named."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[KeyPath, int] = {}

    def chance(self) -> bool:
        return bool(self.draw(st.booleans()))

    def named(self, path: KeyPath) -> None:
        self.lines.setdefault(path, self.text.count("\n") + 1)

    def gap(self) -> None:
        """What may stand between two lines."""
        self.text += self.draw(st.sampled_from(["", "\n", "  \n", '# [x] = "\n', "\t# '''\n\n"]))

    def key(self, key: str) -> str:
        if key.isascii() and key.replace("-", "").isalnum() and self.chance():
            return key
        if "'" not in key and key.isprintable() and self.chance():
            return f"'{key}'"
        return json.dumps(key, ensure_ascii=self.chance()).replace("\x7f", "\\u007f")

    def scalar(self, value: object) -> str:
        if not isinstance(value, str):
            return json.dumps(value)
        plain = value.replace("\n", "").isprintable()
        if plain and "'" not in value and "\n" not in value and self.chance():
            return f"'{value}'"
        if plain and "'" not in value and self.chance():
            return f"'''\n{value}'''"
        basic = "".join(f"\\u{ord(c):04x}" if ord(c) < 32 or c in '\x7f"\\' else c for c in value)
        if plain and self.chance():
            many = value.replace("\\", "\\\\").replace('"""', '""\\"')
            if self.chance() and many.endswith('"') and not many.endswith('\\"'):
                many = many[:-1] + '\\"'
            return f'"""\n{many}"""'
        return f'"{basic}"'

    def value(self, value: Any, path: KeyPath) -> None:
        if isinstance(value, list):
            self.text += "["
            for i, item in enumerate(value):
                self.text += self.draw(st.sampled_from(["", " ", "\n  ", " # ],\n"]))
                self.named((*path, i))
                self.value(item, (*path, i))
                self.text += "," if i < len(value) - 1 or self.chance() else ""
            self.text += self.draw(st.sampled_from(["]", "\n]", "# [\n ]"]))
        elif isinstance(value, dict):
            self.text += "{ "
            for i, (key, item) in enumerate(value.items()):
                self.text += ", " if i else ""
                self.named((*path, key))
                self.text += self.key(key) + self.draw(st.sampled_from([" = ", "="]))
                self.value(item, (*path, key))
            self.text += " }"
        else:
            self.text += self.scalar(value)

    def table(self, table: dict[str, Any], path: KeyPath) -> None:
        """Pairs first, then the tables and arrays of tables that get headings of their own."""
        later: list[str] = []
        for key, value in table.items():
            tables = isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
            if (isinstance(value, dict) or tables) and self.chance():
                later.append(key)
                continue
            self.gap()
            self.named((*path, key))
            self.text += self.key(key) + " = "
            self.value(value, (*path, key))
            self.text += self.draw(st.sampled_from(["\n", "  # = [\n"]))
        for key in later:
            value = table[key]
            for i, item in enumerate(value if isinstance(value, list) else [value]):
                inside = (*path, key, i) if isinstance(value, list) else (*path, key)
                self.gap()
                for end in range(1, len(inside) + 1):
                    self.named(inside[:end])
                keys = ".".join(self.key(step) for step in inside if isinstance(step, str))
                self.text += f"[[{keys}]]\n" if isinstance(value, list) else f"[ {keys} ]\n"
                self.table(item, inside)


@st.composite
def documents(draw: Callable[[st.SearchStrategy[Any]], Any]) -> tuple[dict[str, Any], Writer]:
    tree, writer = draw(TREES), Writer(draw)
    writer.table(tree, ())
    return tree, writer


@given(documents())
def test_every_key_of_every_toml_document_is_found_where_it_is_named(made: tuple[Any, Writer]) -> None:
    tree, writer = made
    assert tomllib.loads(writer.text) == tree, "the writer of this test"
    assert toml_lines(writer.text) == writer.lines
    assert toml_lines(writer.text.replace("\n", "\r\n")) == writer.lines


def paths(tree: Any, at: KeyPath = ()) -> set[KeyPath]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return {found for key, value in items for found in ((*at, key), *paths(value, (*at, key)))}


PLAIN_KEYS = st.text("abcxyz", min_size=1, max_size=3)
PLAIN = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text("abc :#", max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(PLAIN_KEYS, inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(PLAIN_KEYS, PLAIN), st.booleans())
def test_every_key_of_a_yaml_or_json_document_is_found(tree: dict[str, Any], as_json: bool) -> None:
    text = json.dumps(tree, indent=2) if as_json else str(yaml.safe_dump(tree))
    lines = node_lines(yaml.compose(text, Loader=yaml.SafeLoader))
    rows = text.splitlines()
    assert set(lines) == paths(tree)
    for path, line in lines.items():
        assert isinstance(path[-1], int) or path[-1] in rows[line - 1]
