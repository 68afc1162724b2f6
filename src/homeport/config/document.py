"""Layers of settings laid over each other, and where each setting comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ..core.settings import KeyPath

Tree = Mapping[str, Any]


class Indexed(dict[int, Any]):
    """Items of a list that are laid over the list below one by one, by their index."""


class Place(NamedTuple):
    """Where something is written.  Places sort in the order of a file."""

    label: str  # "homeport.toml" or "environment HOMEPORT__AGENT__INTERVAL"
    line: int = 0  # from 1; 0 where there are no lines

    def __str__(self) -> str:
        return f"{self.label}:{self.line}" if self.line else self.label


class Layer(Protocol):
    """One file, or the environment."""

    @property
    def tree(self) -> Tree: ...

    @property
    def file(self) -> Path | None:
        """The file, or None for the environment."""
        ...

    def place(self, path: KeyPath) -> Place:
        """Where that setting, or the nearest thing around it, is written."""
        ...


class Document(NamedTuple):
    """The layers, lowest first."""

    layers: Sequence[Layer]

    def tree(self) -> Tree:
        """What holds: tables are merged key by key, everything else is replaced."""
        found: Tree = {}
        for layer in self.layers:
            found = merged(found, layer.tree)
        return found

    def origin(self, path: KeyPath) -> tuple[Layer | None, Place]:
        """The layer and the place that `path`, or as much of it as is written, comes from."""
        nodes: list[tuple[Layer, Any]] = [(layer, layer.tree) for layer in self.layers]
        for depth, step in enumerate(path):
            inside = [(layer, node[step]) for layer, node in nodes if _holds(node, step)]
            if not inside:
                return (nodes[0][0], nodes[0][0].place(path[:depth])) if nodes else (None, Place(""))
            nodes = _visible(inside)
        if not nodes:
            return None, Place("")
        layer = nodes[-1][0] if path else nodes[0][0]
        return layer, layer.place(path)


def merged(below: Any, above: Any) -> Any:
    """`above` laid over `below`."""
    if isinstance(above, Indexed):
        items = list(below) if isinstance(below, list) else []
        for i in sorted(above):
            if i < len(items):
                items[i] = merged(items[i], above[i])
            else:
                items.append(merged({}, above[i]))
        return items
    if isinstance(above, Mapping):
        base = below if isinstance(below, Mapping) else {}
        return {**base, **{key: merged(base.get(key), value) for key, value in above.items()}}
    return above


def _visible(nodes: list[tuple[Layer, Any]]) -> list[tuple[Layer, Any]]:
    """The nodes that shine through what lies above them."""
    seen = nodes[-1:]
    for layer, node in reversed(nodes[:-1]):
        above = seen[0][1]
        through = isinstance(node, list) if isinstance(above, Indexed) else isinstance(above, Mapping)
        if not through or not isinstance(node, list | Mapping):
            break
        seen.insert(0, (layer, node))
    return seen


def _holds(node: Any, step: str | int) -> bool:
    if isinstance(node, list):
        return isinstance(step, int) and step < len(node)
    return isinstance(node, Mapping) and step in node
