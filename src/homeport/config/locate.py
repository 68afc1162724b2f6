"""On which line of a file does a setting stand?

`tomllib` does not tell, so this scans a document that `tomllib` has accepted; it judges nothing, and
it runs only when there is something to say.  https://toml.io/en/v1.0.0 (read 2026-11-21).
"""

from __future__ import annotations

import re
from typing import Any

from ..core.settings import KeyPath

Lines = dict[KeyPath, int]  # from 1; of a table: where it is first named

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[^\s.=\[\]{},#\"']+")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_STRINGS = (  # the end of a multi-line string may be preceded by two more of its quotes
    re.compile(r'"""(?:\\.|[^\\])*?"""(?:"{0,2})', re.DOTALL),
    re.compile(r"'''.*?'''(?:'{0,2})", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)


def toml_lines(text: str) -> Lines:
    """The line of every key, table and list item of a valid TOML document."""
    return _Scan(text).document()


def node_lines(root: Any) -> Lines:
    """The same for the root node of a YAML document, which holds its marks."""
    import yaml  # noqa: PLC0415 - only YAML and JSON pay for it

    found: Lines = {}
    work: list[tuple[KeyPath, Any]] = [((), root)]
    while work:
        path, node = work.pop()
        if len(path) > 16:  # deeper than any setting; an alias may point at its own parent
            continue
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                found.setdefault((*path, str(key.value)), key.start_mark.line + 1)
                work.append(((*path, str(key.value)), value))
        elif isinstance(node, yaml.SequenceNode):
            for i, item in enumerate(node.value):
                found.setdefault((*path, i), item.start_mark.line + 1)
                work.append(((*path, i), item))
    return found


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.found: Lines = {}
        self.last: dict[KeyPath, int] = {}  # index of the newest element of each array of tables
        self.line_at, self.line = 0, 1

    def document(self) -> Lines:
        base: KeyPath = ()
        self.take(_BLANK)
        while self.at < len(self.text):
            base = self.header() if self.text[self.at] == "[" else self.pair(base, inside=base)
            self.take(_BLANK)
        return self.found

    def header(self) -> KeyPath:
        """`[table]` or `[[array of tables]]`: the path that the pairs after it belong to."""
        line = self.here()
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        keys = self.dotted()
        self.at += brackets
        path: KeyPath = ()
        for position, key in enumerate(keys, start=1):
            path = (*path, key)
            self.found.setdefault(path, line)
            if brackets == 2 and position == len(keys):
                self.last[path] = self.last.get(path, -1) + 1
            if path in self.last:
                path = (*path, self.last[path])
                self.found.setdefault(path, line)
        return path

    def pair(self, base: KeyPath, *, inside: KeyPath) -> KeyPath:
        """`key = value`; returns `inside`, where the next pair belongs."""
        line = self.here()
        path = base
        for key in self.dotted():
            path = (*path, key)
            self.found.setdefault(path, line)
        self.at += 1  # the equals sign
        self.take(_SPACE)
        self.value(path)
        return inside

    def dotted(self) -> list[str]:
        import tomllib  # noqa: PLC0415 - only a mistake pays for it

        keys: list[str] = []
        while True:
            self.take(_SPACE)
            raw = self.string() or self.take(_BARE)
            keys.append(str(tomllib.loads(f"k = {raw}")["k"]) if raw[0] in "\"'" else raw)
            self.take(_SPACE)
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def value(self, path: KeyPath) -> None:
        if self.string():
            return
        opening = self.text[self.at]
        if opening not in "[{":
            self.take(_SCALAR)
            return
        self.at += 1
        items = 0
        while True:
            self.take(_BLANK)
            here = self.text[self.at]
            if here in "]}":
                self.at += 1
                return
            if here == ",":
                self.at += 1
            elif opening == "{":
                self.pair(path, inside=path)
            else:
                self.found.setdefault((*path, items), self.here())
                self.value((*path, items))
                items += 1

    def string(self) -> str:
        """Step over a string and return it with its quotes; empty if there is none here."""
        if self.text[self.at] not in "\"'":
            return ""
        return next(found for pattern in _STRINGS if (found := self.take(pattern)))

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match.group()

    def here(self) -> int:
        """The line of the present position; positions only grow."""
        self.line += self.text.count("\n", self.line_at, self.at)
        self.line_at = self.at
        return self.line
