"""The JSON Schema of the configuration file, for editors: made from the same fields that read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..core.probe import EXAMPLES
from ..core.settings import Setting, object_schema, settings
from ..sources import spec
from . import providers
from .model import LogSettings
from .tables import AgentTable, RecordTable, UplinkTable

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12).  Imports every driver."""
    kinds = {kind: providers.load(kind) for kind in providers.names()}
    options: dict[str, Setting] = {}
    for driver in kinds.values():
        for setting in settings(driver.options):
            options.setdefault(setting.name, setting)
    record = object_schema(settings(RecordTable))
    record["properties"]["options"] |= object_schema(options.values())
    uplink = _table("one way to the Internet", settings(UplinkTable))
    for family in ("ipv4", "ipv6"):
        one, many = uplink["properties"][family]["anyOf"]
        one["examples"] = many["items"]["examples"] = list(spec.EXAMPLES)
    one, many = uplink["properties"]["probe"]["anyOf"]
    one["examples"] = many["items"]["examples"] = list(EXAMPLES.values())
    accounts = {kind: _account(kind, driver.title) for kind, driver in kinds.items()}
    return {
        "$schema": DIALECT,
        "title": "Configuration of Homeport",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "$schema": {"description": "where this schema is, for editors", "type": "string"},
            "agent": _table("the agent as a whole", settings(AgentTable)),
            "log": _table("what is logged, and where to", settings(LogSettings)),
            "uplink": {
                **_named("ways to the Internet; without any there is one, default"),
                "additionalProperties": uplink,
            },
            "account": {
                **_named("accounts at DNS providers"),
                "additionalProperties": {
                    "type": "object",
                    "required": ["provider"],
                    "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in accounts],
                },
            },
            "record": {
                "description": "the names that shall point at you",
                "type": "array",
                "items": record,
            },
        },
        "$defs": accounts,
    }


def _account(kind: str, title: str) -> dict[str, Any]:
    provider = {"description": f"the service: {title}", "const": kind}
    found = object_schema(providers.manual(kind), provider=provider)
    return {"title": title, **found, "required": ["provider", *found.get("required", ())]}


def _table(description: str, parts: Iterable[Setting]) -> dict[str, Any]:
    return {"description": description, **object_schema(parts)}


def _named(description: str) -> dict[str, Any]:
    return {"description": description, "type": "object", "propertyNames": {"pattern": r"\S"}}
