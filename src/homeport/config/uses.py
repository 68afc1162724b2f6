"""Which lines of the configuration name a secret.  Nothing is checked and no reference followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..core.settings import KeyPath
from . import environment, find
from .document import Document
from .load import read_layers
from .mistakes import Mistake, written


class Use(NamedTuple):
    """One setting, and the reference in it."""

    reference: str  # keyring:NAME, file:PATH, env:NAME
    setting: str
    where: str


def uses(path: Path | None, environ: Mapping[str, str]) -> list[Use]:
    """Every setting of an account that is a reference; `ConfigError` for files that cannot be read."""
    first, _ = find.find(path, environ)
    layers = read_layers(first, environ)
    over = environment.overlay(environ, Document(layers).tree(), _ignore)
    document = Document([*layers, over])
    accounts = document.tree().get("account")
    return [
        Use(text.strip(), written(where), str(document.origin(where)[1]))
        for where, text in _texts(accounts, ("account",))
        if text.partition(":")[0].strip() in ("keyring", "file", "env") and ":" in text
    ]


def _texts(node: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _texts(value, (*path, key))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from _texts(value, (*path, i))


def _ignore(_: Mistake) -> None:
    """`check` tells what is wrong."""
