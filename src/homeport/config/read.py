"""One configuration file: from its text to plain tables.  TOML, YAML or JSON, told by the suffix.

A message about a file never quotes more of it than a single character: the next one may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..core.errors import ConfigError
from ..core.settings import KeyPath
from .document import Place, Tree
from .mistakes import Mistake, Mistakes, written

SUFFIXES = (".toml", ".yaml", ".yml", ".json")
_DEEP = "is nested too deeply"
_DEEPEST, _MOST = 32, 200_000  # steps down, values; ten thousand names are 50,000


@dataclass(frozen=True)
class FileLayer:
    """A file that could be read."""

    file: Path
    text: str
    tree: Tree

    def place(self, path: KeyPath) -> Place:
        while path and path not in self._lines:
            path = path[:-1]
        return Place(str(self.file), self._lines[path] if path else 0)

    @cached_property
    def _lines(self) -> Mapping[KeyPath, int]:
        from .locate import toml_lines  # noqa: PLC0415 - only a mistake or a warning pays for it

        return toml_lines(self.text) if self.file.suffix.lower() == ".toml" else _node_lines(self.text)


def read(file: Path) -> FileLayer:
    """Read a file.  Raises `ConfigError` if it cannot be read, `Mistakes` if it cannot be understood."""
    readers = {".toml": _toml, ".yaml": _yaml, ".yml": _yaml, ".json": _json}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise ConfigError(f"{file}: what language is it? Its name must end in {', '.join(SUFFIXES)}")
    text = _text(file)
    try:
        tree = reader(text, file)
    except RecursionError:
        raise Mistakes((Mistake(str(file), "", _DEEP),)) from None
    if not isinstance(tree, dict):
        raise Mistakes((Mistake(str(file), "", "is not a table of settings", _SMALLEST_ADVICE),))
    if (trouble := _outgrown(tree)) is not None:
        raise Mistakes((Mistake(str(file), "", trouble),))
    return FileLayer(file, text, tree)


def _outgrown(tree: Any) -> str | None:
    """What is too much for whoever walks through it; what an alias stands for counts each time."""
    work, count = [(tree, 0)], 0
    while work:
        node, depth = work.pop()
        if depth > _DEEPEST:
            return _DEEP
        inside = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        count += len(inside)
        if count > _MOST:
            return f"has more than {_MOST} values"
        work += [(one, depth + 1) for one in inside]
    return None


_UTF_8 = "save it as UTF-8; in Notepad: File, Save as, Encoding"
_SMALLEST_ADVICE = "at the top stand agent, log, uplink, account and record"


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{file}: there is no such file") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or type(error).__name__}") from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Mistakes((Mistake(str(file), "", "is written in UTF-16", _UTF_8),))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(str(file), raw.count(b"\n", 0, error.start) + 1)
        raise Mistakes((Mistake(str(place), "", "is not written in UTF-8", _UTF_8),)) from None


# What `tomllib` says, in words that a person can act on.
_TOML: tuple[tuple[str, str, str], ...] = (
    (
        "Invalid value",
        "this is not a value",
        'text stands in quotes, as in key = "value"; true and false are lower case',
    ),
    (
        "Expected newline or end of document",
        "there is something behind the value",
        'text, and a duration such as "5m" too, stands in quotes; each setting has its own line',
    ),
    ("Cannot overwrite a value", "this is written twice", "keep one of the two"),
    ("Cannot declare", "this table is written twice", "keep one heading, with all its settings below it"),
    ("Cannot mutate immutable", "this table has been written before", "keep all its settings in one place"),
    (
        "Unescaped '\\'",
        r"a \ in double quotes is an escape",
        r"write a Windows path in single quotes, as in 'C:\homeport'",
    ),
    (
        "Invalid hex value",
        r"a \ in double quotes is an escape",
        r"write a Windows path in single quotes, as in 'C:\homeport'",
    ),
    ("Illegal character '\\n'", "the text does not end on this line", "close it with a quote"),
    ("Unterminated string", "the text does not end", "close it with a quote"),
    ("Unclosed array", "the list does not end", "close it with ]; a comma stands between two items"),
    ("Unclosed inline table", "the table does not end", "close it with } on the same line"),
    (
        "Expected '=' after a key",
        "there is no = behind the key",
        'a setting is written key = "value", a table [account.NAME]',
    ),
    ("Expected ']", "the heading does not end", "close it: [account.NAME], or [[record]]"),
    (
        "Invalid statement",
        "this is neither a setting nor a heading",
        'write key = "value" or [account.NAME]',
    ),
)


def _toml(text: str, file: Path) -> Any:
    import tomllib  # noqa: PLC0415 - a YAML user does not pay for it

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
    except ValueError:  # Python converts no more than some thousand digits
        raise Mistakes((Mistake(str(file), "", "has a number with too many digits"),)) from None
    # Before Python 3.14 the error tells its place in words only.
    found = re.search(r"\(at line (\d+), column (\d+)\)$", said)
    line, column = map(int, found.groups()) if found else _end(text)
    message, remedy = next(
        ((words, advice) for start, words, advice in _TOML if said.startswith(start)),
        (said.partition(" (at ")[0], ""),
    )
    raise _syntax(file, line, column, message, remedy)


def _end(text: str) -> tuple[int, int]:
    """Line and column behind the last thing written."""
    kept = text.replace("\r\n", "\n").rstrip()
    return kept.count("\n") + 1, len(kept) - kept.rfind("\n")


def _syntax(file: Path, line: int, column: int, message: str, remedy: str = "") -> Mistakes:
    return Mistakes((Mistake(f"{file}:{line}:{column}", "", message, remedy),))


def _json(text: str, file: Path) -> Any:
    import json  # noqa: PLC0415 - a run that meets no JSON does not pay for it

    twice = False

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        found = dict(pairs)
        twice = twice or len(found) < len(pairs)
        return found

    try:
        tree = json.loads(text, object_pairs_hook=table, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        message, remedy = next(
            ((words, advice) for start, words, advice in _JSON if error.msg.startswith(start)),
            (_trimmed(error.msg), ""),
        )
        if text[error.pos : error.pos + 1] in ("#", "/"):
            remedy = "JSON has no comments"
        raise _syntax(file, error.lineno, error.colno, message, remedy) from None
    except ValueError as error:
        raise Mistakes((Mistake(str(file), "", str(error)),)) from None
    if twice and (root := _compose(text.replace("\t", " "))) is not None:
        raise Mistakes(tuple(_Nodes(file).twice((), root)))
    return tree


# What `json` says, in words that a person can act on.
_JSON: tuple[tuple[str, str, str], ...] = (
    ("Expecting value", "this is not a value", 'text stands in double quotes, as in "key": "value"'),
    (
        "Expecting property name",
        "a name in double quotes belongs here",
        "is there a comma too many before it?",
    ),
    ("Expecting ',' delimiter", "something is missing here", "a comma stands between two settings"),
    ("Expecting ':' delimiter", "there is no : behind the name", 'a setting is written "key": "value"'),
    ("Illegal trailing comma", "there is a comma too many", "remove it"),
    ("Invalid control character", "the text does not end on this line", "close it with a double quote"),
    ("Unterminated string", "the text does not end", "close it with a double quote"),
    ("Invalid \\", r"a \ in a text is an escape", r"write it twice, as in C:\\homeport"),
    ("Extra data", "there is something behind the last }", "remove it"),
)


def _no_number(_: str) -> Any:
    raise ValueError("has NaN or Infinity, which is no JSON")


def _yaml(text: str, file: Path) -> Any:
    import yaml  # noqa: PLC0415 - only a YAML user pays for it

    try:
        root = _compose(text)
        return {} if root is None else _Nodes(file).document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = error.problem or "cannot be understood"
        here = "\n".join(text.splitlines()[line - 1 : line])[column - 1 : column]
        raise _syntax(file, line, column, _trimmed(problem), _yaml_advice(problem, here)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _syntax(file, line, 1, "has a character that YAML does not allow") from None


def _yaml_advice(problem: str, here: str) -> str:
    if here == "\t":
        return "YAML is indented with spaces, not with tabs"
    if any(word in problem for word in ("alias", "anchor", "tag", "cannot start any token", "escape")):
        return "a value that begins with one of * & ! % @ ` stands in quotes, and \\ in single quotes"
    if "mapping values" in problem or "':'" in problem:
        return "a setting is written key: value; a value with a colon and a space in it stands in quotes"
    if "another document" in problem:
        return "one file is one document: remove the line ---"
    return "is the indentation right?"


def _trimmed(words: str) -> str:
    """A parser's words without what it quotes of the file, single characters excepted."""
    return re.sub(r"'[^']{3,}'|\"[^\"]{3,}\"", "(here)", words)


def _compose(text: str) -> Any:
    """The root node of a YAML document, None for an empty one.  `RecursionError` if it is too deep.

    Its depth is looked at first: the composer goes down in C, and a Windows process whose stack is used up
    ends without a word.
    """
    import yaml  # noqa: PLC0415 - only a YAML user pays for it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST + 1:
            raise RecursionError(_DEEP)
    return yaml.compose(text, Loader=loader)


def _node_lines(text: str) -> Mapping[KeyPath, int]:
    import yaml  # noqa: PLC0415 - only a YAML user pays for it

    from .locate import node_lines  # noqa: PLC0415 - only a mistake or a warning pays for it

    try:
        return node_lines(_compose(text.replace("\t", " ")))
    except (yaml.YAMLError, RecursionError):  # a valid JSON that is no YAML: say it without line numbers
        return {}


_TAG = "tag:yaml.org,2002:"
_TAGGED = "a ! at the beginning is a tag, and tags are not known here; use quotes"
_INTEGER = r"[-+]?(0|[1-9][0-9]{0,17})"
_NUMBER = r"[-+]?[0-9]{1,18}\.[0-9]{1,18}"


class _Nodes:
    """From YAML nodes to values, more carefully than `yaml.safe_load`.

    Keys are always text (`on:` is not true), a key written twice is a mistake, and what looks like
    a date, a MAC address (`10:20:30:40:50:10` is a number in base 60) or an octal number stays text.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.made: dict[int, Any] = {}
        self.open: set[int] = set()
        self.pairs: dict[int, int] = {}

    def document(self, root: Any) -> Any:
        mistakes = tuple(self.twice((), root))
        if mistakes:
            raise Mistakes(mistakes)
        return self.value(root)

    def twice(self, path: KeyPath, root: Any) -> Iterator[Mistake]:
        """A mistake for each key that stands twice in one table."""
        import yaml  # noqa: PLC0415 - only a YAML user pays for it

        work, met = [(path, root)], set()
        while work:
            path, node = work.pop(0)
            if id(node) in met:
                continue
            met.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                work += [((*path, i), item) for i, item in enumerate(node.value)]
            if not isinstance(node, yaml.MappingNode):
                continue
            lines: dict[str, int] = {}
            for key, value in node.value:
                text, line = str(key.value), key.start_mark.line + 1
                if not isinstance(key, yaml.ScalarNode):
                    yield Mistake(f"{self.file}:{line}", written(path), "a key must be plain text")
                    continue
                if text in lines and text != "<<":
                    yield Mistake(
                        f"{self.file}:{line}",
                        written((*path, text)),
                        f"is written twice, first on line {lines[text]}",
                        "keep one of the two",
                    )
                lines.setdefault(text, line)
                work.append(((*path, text), value))

    def value(self, node: Any) -> Any:
        import yaml  # noqa: PLC0415 - only a YAML user pays for it

        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if id(node) in self.made:
            return self.made[id(node)]
        if node.tag.removeprefix(_TAG) not in ("seq", "map"):
            raise self.mistake(node, _TAGGED)
        if id(node) in self.open:
            raise self.mistake(node, "this alias stands inside of what it stands for")
        self.open.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            found: Any = [self.value(item) for item in node.value]
        else:
            if self.merged(node) > _MOST:
                raise self.mistake(node, f"has more than {_MOST} values")
            yaml.constructor.SafeConstructor().flatten_mapping(node)
            found = {str(key.value): self.value(value) for key, value in node.value}
        self.open.remove(id(node))
        self.made[id(node)] = found
        return found

    def merged(self, node: Any) -> int:
        """How many pairs a table or a list of tables has, with all that it merges (`<<`) from others."""
        if id(node) not in self.pairs:
            self.pairs[id(node)] = 0  # one that merges itself is told of elsewhere
            inside = node.value if isinstance(node.value, list) else []
            tables = [pair[1] if isinstance(pair, tuple) else pair for pair in inside]
            merges = [
                table
                for pair, table in zip(inside, tables, strict=True)
                if not isinstance(pair, tuple) or pair[0].value == "<<"
            ]
            self.pairs[id(node)] = len(inside) + sum(map(self.merged, merges))
        return self.pairs[id(node)]

    def scalar(self, node: Any) -> object:
        kind, text = node.tag.removeprefix(_TAG), node.value
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in ("true", "yes", "on")
        if kind == "int" and re.fullmatch(_INTEGER, text):
            return int(text)
        if kind == "float" and re.fullmatch(_NUMBER, text):
            return float(text)
        if kind in ("str", "int", "float", "timestamp", "value", "merge"):
            return str(text)
        raise self.mistake(node, _TAGGED)

    def mistake(self, node: Any, message: str) -> Mistakes:
        mark = node.start_mark
        return _syntax(self.file, mark.line + 1, mark.column + 1, message)
