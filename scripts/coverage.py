"""docs/coverage.md: which service is reached by which client under which name, from coverage.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from homeport.cli.manual import services
from homeport.config import providers

PEERS: Mapping[str, str] = {
    "ddclient": "ddclient",
    "ddns-updater": "ddns-updater",
    "ddns-go": "ddns-go",
    "inadyn": "inadyn",
    "newfuture": "NewFuture DDNS",
    "lexicon": "dns-lexicon",
}
ROWS: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("coverage.toml").read_text(encoding="utf-8")
)["service"]


def named(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The ways to a service that its row names: ("provider", "cloudflare"), ("dyndns2", "noip"), ..."""
    yield from (("provider", word) for word in row.get("provider", []))
    yield from ((way, row[way]) for way in ("dyndns2", "lexicon") if way in row)


def exists(way: str, word: str) -> bool:
    if way == "provider":
        return word in providers.names()
    if way == "dyndns2":
        return word in services()
    return "lexicon" in providers.names() and word not in _refused()


def _refused() -> Mapping[str, str]:
    """The providers of lexicon that Homeport does not use."""
    where = "homeport.wire.lexicon_services"
    found: Mapping[str, str] = import_module(where).REFUSED if find_spec(where) else {}
    return found


def _cell(row: Mapping[str, Any]) -> str:
    found = [(way, word) for way, word in named(row) if exists(way, word)]
    ways = [_way(way, word) for way, word in found]
    return ", ".join(ways) or ("closed" if row.get("closed") else "")


def _way(way: str, word: str) -> str:
    if way == "provider":
        return f"[`{word}`](providers/{word}.md)"
    return f"[`{way}`](providers/{way}.md) `{word}`"


def page() -> str:
    """The whole page."""
    reached = [row for row in ROWS if any(exists(*way) for way in named(row))]
    closed = sum(1 for row in ROWS if row.get("closed") and row not in reached)
    counts = [sum(1 for row in ROWS if peer in row["peers"]) for peer in PEERS]
    summary = (
        f"All {len(ROWS)} services for which any of these clients has a driver, and what each client "
        f"calls them. Homeport reaches {len(reached)}; {closed} have closed. Any other service with an "
        "update URL can be reached with [`webhook`](providers/webhook.md), any zone whose server takes "
        "dynamic updates with [`rfc2136`](providers/rfc2136.md)."
    )
    lines = [
        "# Coverage",
        "",
        "Made from `scripts/coverage.toml` and the code by `make docs`; do not edit.",
        "",
        summary,
        "",
        f"| service | Homeport | {' | '.join(PEERS.values())} |",
        "|---|---" + "|---" * len(PEERS) + "|",
    ]
    for row in ROWS:
        cells = [row["name"], _cell(row), *(row["peers"].get(peer, "") for peer in PEERS)]
        lines.append(f"| {' | '.join(cells)} |")
    totals = [f"**{len(ROWS)}**", f"**{len(reached)}**", *(f"**{count}**" for count in counts)]
    return "\n".join([*lines, f"| {' | '.join(totals)} |", ""])
