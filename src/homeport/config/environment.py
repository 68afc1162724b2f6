"""Settings from the environment: `HOMEPORT__ACCOUNT__CF__TOKEN` is `account.cf.token`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core.children import SETTINGS
from ..core.settings import KeyPath, Text, untangled
from .document import Indexed, Place, Tree
from .mistakes import Mistake, written

PREFIX = SETTINGS
_DEPTHS = {"agent": 0, "log": 0, "account": 1, "uplink": 1, "record": 1}  # of the names of their tables


@dataclass(frozen=True)
class EnvironmentLayer:
    """The variables that are settings; their values are `Text` until their type is known."""

    tree: Tree
    variables: Mapping[KeyPath, str] = field(default_factory=dict)  # the name of each variable
    file: Path | None = None

    def place(self, path: KeyPath) -> Place:
        around = (self.variables.get(path[:end]) for end in range(len(path), 0, -1))
        inside = (name for found, name in self.variables.items() if found[: len(path)] == path)
        name = next((name for name in around if name), None) or next(inside, "")
        return _place(name)


def _place(name: str) -> Place:
    return Place(f"environment {name}".rstrip())


def present(environ: Mapping[str, str]) -> bool:
    """Is there any such variable?"""
    return any(name.startswith(PREFIX) for name in environ)


def overlay(environ: Mapping[str, str], below: Tree, report: Callable[[Mistake], None]) -> EnvironmentLayer:
    """The variables as a layer over `below`, whose names they take without regard to case."""
    return _Overlay(below, report).made(environ)


class _Overlay:
    def __init__(self, below: Tree, report: Callable[[Mistake], None]) -> None:
        self.below = below
        self.report = report
        records = below.get("record")
        self.held = len(records) if isinstance(records, list) else 0

    def made(self, environ: Mapping[str, str]) -> EnvironmentLayer:
        names = [name for name in environ if name.startswith(PREFIX)]
        paths: dict[str, KeyPath] = {}
        for name in sorted(names, key=lambda name: (name.count("__"), name)):
            parts = name.removeprefix(PREFIX).split("__")
            if not all(parts):
                self.mistake(name, (), "has an empty level", "write two underscores between two names")
            elif (path := self.path(name, parts)) is not None:
                paths[name] = path
        self.number(paths)
        tree: dict[Any, Any] = {}
        variables: dict[KeyPath, str] = {}
        for name, path in paths.items():
            if path in variables:
                self.mistake(name, path, f"is the same as {variables[path]}", "remove one of the two")
            elif self.put(tree, path, environ[name]):
                variables[path] = name
            else:
                self.mistake(
                    name, path, "a variable above it has a value of its own", "remove one of the two"
                )
        return EnvironmentLayer(tree, variables)

    def path(self, name: str, parts: list[str]) -> KeyPath | None:
        """The path of a variable; a `record` without a number is -1 for now."""
        path: KeyPath = ()
        node: Any = self.below
        for depth, part in enumerate(parts):
            step: str | int
            if depth == 1 and path == ("record",):
                step = int(part) if part.isascii() and part.isdecimal() and len(part) < 7 else -1
                path = (*path, step)
                only = 0 if step == -1 else step
                node = node[only] if isinstance(node, list) and only < len(node) else {}
                if step != -1:
                    continue
            known = [key for key in node if _fold(key) == _fold(part)] if isinstance(node, Mapping) else []
            if len(known) > 1:
                self.mistake(
                    name, (*path, part.lower()), f"could be {' or '.join(known)}", "rename one of the two"
                )
                return None
            step = known[0] if known else part.lower()
            path = (*path, step)
            node = node.get(step) if isinstance(node, Mapping) else None
        return path

    def number(self, paths: dict[str, KeyPath]) -> None:
        """Turn the numbers of records, which need only ascend, into indices of the list."""
        numbers = sorted({path[1] for path in paths.values() if path[0] == "record" and len(path) > 1})
        unnamed = [name for name, path in paths.items() if path[:2] == ("record", -1)]
        if unnamed and (self.held > 1 or any(number not in (-1, 0) for number in numbers)):
            for name in unnamed:
                path = paths.pop(name)
                what = "__".join(str(step).upper() for step in path[2:])
                self.mistake(name, path[:1], "which record?", f"write {PREFIX}RECORD__0__{what}")
            numbers = [number for number in numbers if number != -1]
        fresh = [number for number in numbers if isinstance(number, int) and number >= self.held]
        index: dict[str | int, int] = {number: self.held + i for i, number in enumerate(fresh)}
        index[-1] = 0
        for name, path in paths.items():
            if path[0] == "record" and len(path) > 1:
                paths[name] = ("record", index.get(path[1], path[1]), *path[2:])

    def put(self, tree: dict[Any, Any], path: KeyPath, value: str) -> bool:
        """Hang the value into the tree; False if something else is in its way."""
        node: Any = tree
        for depth, step in enumerate(path[:-1]):
            fresh: dict[Any, Any] = Indexed() if path[: depth + 1] == ("record",) else {}
            node = node.setdefault(step, fresh)
            if not isinstance(node, dict):
                return False
        if path[-1] in node:
            return False
        node[path[-1]] = _value(path, Text(value))
        return True

    def mistake(self, name: str, path: KeyPath, message: str, remedy: str) -> None:
        self.report(Mistake(str(_place(name)), written(path), message, remedy))


def _value(path: KeyPath, text: Text) -> object:
    """Where a table or the list of records stands, JSON says it; elsewhere the type is not yet known."""
    if path == ("record",):
        found = untangled(text, list)
        return found if isinstance(found, list) and text.lstrip().startswith("[") else text
    return untangled(text, dict) if len(path) - 1 <= _DEPTHS.get(str(path[0]), -1) else text


def _fold(name: object) -> str:
    return str(name).lower().replace("-", "_")
