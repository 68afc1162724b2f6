"""`homeport providers` and `schema`: the manual, made from the drivers."""

from __future__ import annotations

import json

from ..config import providers as drivers
from ..config.schema import schema as json_schema
from ..core.errors import ConfigError
from ..core.settings import Setting, settings
from .main import RIGHT
from .term import paint, table


def providers(name: str | None, *, as_json: bool) -> int:
    """All providers, or all about one."""
    kinds = drivers.names()
    if name is not None and name not in kinds:
        raise ConfigError(f"there is no provider {name!r}; there are: {', '.join(kinds)}")
    chosen = [name] if name else kinds
    if as_json:
        for kind in chosen:
            print(json.dumps(_as_json(kind), ensure_ascii=False))
    elif name:
        print(page(name))
    else:
        print(
            table(
                [(kind, drivers.load(kind).title, drivers.about(kind)) for kind in kinds],
                ("PROVIDER", "SERVICE", "WHAT IT IS"),
            )
        )
    return RIGHT


def schema() -> int:
    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return RIGHT
