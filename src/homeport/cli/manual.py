"""`homeport providers` and `schema`: the manual, made from the drivers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from textwrap import fill

from ..config import providers as drivers
from ..config.schema import schema as json_schema
from ..core.settings import Setting, settings
from . import facts
from .exits import RIGHT
from .term import paint, table


def providers(name: str | None, *, as_json: bool) -> int:
    """All providers, or all about one."""
    kinds = drivers.names()
    if name is not None and name not in kinds:
        drivers.load(name)  # raises, with what was probably meant
    if as_json:
        for kind in [name] if name else kinds:
            print(json.dumps(_as_json(kind), ensure_ascii=False))
    elif name:
        print(_page(name))
    else:
        rows = [(kind, drivers.load(kind).title, drivers.about(kind)) for kind in kinds]
        print(table(rows, ("PROVIDER", "SERVICE", "WHAT IT IS")))
        print(f"\n{len(services())} services speak dyndns2: homeport providers dyndns2")
    return RIGHT


def schema() -> int:
    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return RIGHT


def _page(kind: str) -> str:
    driver = drivers.load(kind)
    parts = [paint(f"{kind}: {driver.title}", "bold"), drivers.about(kind) + ".", "", "Settings:"]
    parts += [_line(setting) for setting in drivers.manual(kind)]
    if options := settings(driver.options):
        parts += ["", "Options of a record, as options = { ... }:", *map(_line, options)]
    if kind == "dyndns2":
        parts += ["", "Services (service = ...):"]
        parts += [f"  {name:16} {title}" for name, title in services().items()]
    parts += ["", "What there is to know:"]
    parts += [_wrapped(f"{what}: {words}") for what, words in facts.told(driver)]
    parts += ["", "Stops:", _wrapped(facts.STOPS)]
    return "\n".join([*parts, "", "Example:", "", _indented(example(kind))])


def _line(setting: Setting) -> str:
    needed = "required" if setting.required else f"default {setting.default_text or 'none'}"
    return f"  {setting.name:16} {setting.help} ({setting.expects}; {needed})"


def example(kind: str) -> str:
    """A working configuration for one provider, in TOML."""
    driver = drivers.load(kind)
    rows = [f"{key} = {_toml(value)}" for key, value in driver.example.items()]
    owner = driver.example_owner
    return "\n".join(
        [
            f"[account.{kind}]",
            f'provider = "{kind}"',
            *rows,
            "",
            "[[record]]",
            f'name = "{owner}"',
            f'account = "{kind}"',
        ]
    )


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {_toml(inner)}" for name, inner in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _wrapped(text: str) -> str:
    return fill(
        text,
        78,
        initial_indent="  ",
        subsequent_indent="    ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())


def _as_json(kind: str) -> dict[str, object]:
    driver = drivers.load(kind)
    found: dict[str, object] = {
        "name": kind,
        "title": driver.title,
        "about": drivers.about(kind),
        "settings": [_setting(setting) for setting in drivers.manual(kind)],
        "options": [_setting(setting) for setting in settings(driver.options)],
        "example": example(kind),
        "facts": facts.as_json(driver),
    }
    return found | ({"services": services()} if kind == "dyndns2" else {})


def _setting(setting: Setting) -> dict[str, object]:
    return {
        "name": setting.name,
        "help": setting.help,
        "expects": setting.expects,
        "required": setting.required,
        "secret": setting.secret,
        "default": setting.default_text,
    }


def services() -> Mapping[str, str]:
    """The presets of `dyndns2`: what to write, and what each is called."""
    from ..wire.dyndns2_services import SERVICES  # noqa: PLC0415 - a long table

    return {name: service.title for name, service in SERVICES.items()}
