"""The drivers, found by the names of their files; a run imports only those it is configured for."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from .. import providers
from ..core.errors import ConfigError
from ..core.settings import Setting, meant, settings
from ..driver import Provider


def names() -> list[str]:
    """What `provider = ...` may say, sorted.  Imports no driver."""
    return sorted(module.name for module in iter_modules(providers.__path__) if module.name[0] != "_")


def load(kind: str) -> type[Provider]:
    """The driver of that name; `ConfigError` with a suggestion if there is none."""
    known = names()
    if kind not in known:
        raise ConfigError(f"there is no such provider; {_meant(kind, known)}")
    module = import_module(f"{providers.__name__}.{kind}")
    [driver] = [
        found
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Provider) and found.__module__ == module.__name__
    ]
    return driver


def manual(kind: str) -> list[Setting]:
    """The settings of a provider: what must be written first, what all of them share last."""
    driver = load(kind)
    shared = {name for base in driver.__mro__[1:] for name in vars(base).get("__annotations__", ())}
    own = vars(driver).get("__annotations__", {})
    return sorted(
        settings(driver),
        key=lambda setting: (not setting.required, setting.name in shared and setting.name not in own),
    )


def about(kind: str) -> str:
    """The first sentence of the driver's own description."""
    text = import_module(load(kind).__module__).__doc__ or ""
    return " ".join(text.split()).partition(". ")[0].removesuffix(".")


def _meant(kind: str, known: list[str]) -> str:
    from ..wire.dyndns2_services import SERVICES  # noqa: PLC0415 - only a mistake pays for it

    word = kind.lower()
    if word in SERVICES:
        return f'write provider = "dyndns2" and service = "{word}"'
    return meant(kind, known)
