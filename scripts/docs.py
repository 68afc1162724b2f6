"""Write what is made from the code: the provider pages and the JSON Schema.  `make docs`."""

from __future__ import annotations

import json
from pathlib import Path

from homeport.cli import facts
from homeport.cli.manual import example
from homeport.config import providers
from homeport.config.schema import schema
from homeport.core.events import Event
from homeport.core.settings import Setting, settings
from homeport.wire.dyndns2_services import SERVICES

from . import coverage

ROOT = Path(__file__).parents[1]


def pages() -> dict[Path, str]:
    """The text of every generated file."""
    kinds = providers.names()
    found = {Path("docs/homeport.schema.json"): json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"}
    found[Path("docs/providers/README.md")] = "\n".join(
        [
            "# Providers",
            "",
            "Made from the code by `make docs`; do not edit.",
            "",
            *(f"* [`{kind}`]({kind}.md): {providers.about(kind)}" for kind in kinds),
            "",
            "Who reaches which service through what: [coverage](../coverage.md).",
            "",
            "## Stops",
            "",
            facts.STOPS,
            "",
        ]
    )
    found[Path("docs/coverage.md")] = coverage.page()
    found[Path("docs/events.md")] = _events()
    for kind in kinds:
        found[Path(f"docs/providers/{kind}.md")] = page(kind)
    return found


def page(kind: str) -> str:
    """The page of one provider."""
    driver = providers.load(kind)
    parts = [
        f"# {driver.title} (`{kind}`)",
        "",
        f"{providers.about(kind)}.",
        "",
        "```toml",
        example(kind),
        "```",
        "",
    ]
    parts += [f"* **{what}.** {words}" for what, words in facts.told(driver)]
    parts += ["", "[What a stop is](README.md#stops): what brings one about, and what ends it.", ""]
    parts += ["## Settings of `[account.NAME]`", "", *_table(providers.manual(kind)), ""]
    if options := settings(driver.options):
        parts += [
            "## Options of `[[record]]`",
            "",
            "Written as `options = { ... }`.",
            "",
            *_table(options),
            "",
        ]
    if kind == "dyndns2":
        parts += _services()
    return "\n".join(parts)


def _services() -> list[str]:
    """The presets of `dyndns2`: what to write for each, and what to know."""
    parts = [
        "## Services",
        "",
        "°: known from other clients, not from the service's own pages; tell us how it goes.",
        "",
        "| `service` | what it is | what to write besides | IPv6 | to know |",
        "|---|---|---|---|---|",
    ]
    for name, row in SERVICES.items():
        needs = {"endpoint": not row.url, "username": row.wants_user, "password": True}
        needs |= {"hostname": row.by_label, "domain": bool(row.zone)}
        written = ", ".join(f"`{setting}`" for setting, needed in needs.items() if needed)
        mark, six = "" if row.certain else " °", "no" if row.ipv6 == "none" else "yes"
        parts.append(
            f"| `{name}` | [{row.title}]({row.doc}){mark} | {written} | {six} | {_cell(row.notes)} |"
        )
    return [*parts, ""]


def _events() -> str:
    """The numbers of events."""
    rows = [f"| {event.number} | {event.says} | {event.advice or '-'} |" for event in Event]
    return "\n".join(
        [
            "# Events",
            "",
            "Made from the code by `make docs`; do not edit.",
            "",
            "The numbers stand as `event` in each line of the JSON log, and in Windows' Event Log as the",
            "ids of the source `Homeport` (Windows Logs, Application).  A number never changes its",
            "meaning.",
            "",
            "| number | what has happened | what to do |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _table(found: list[Setting] | tuple[Setting, ...]) -> list[str]:
    rows = ["| setting | what it is | what to write | default |", "|---|---|---|---|"]
    for one in found:
        default = (
            "**required**" if one.required else f"`{one.default_text}`" if one.default_text else "none"
        )
        rows.append(f"| `{one.name}` | {_cell(one.help)} | {_cell(one.expects)} | {default} |")
    return rows


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    for path, text in pages().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
