"""`homeport replay FILE`: what this version would have published, beside what was published."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from ..core.errors import ConfigError
from ..replay.decisions import Decision, again, by_target, recorded
from ..report.record import read
from .exits import NOT_RIGHT, RIGHT
from .term import paint, table


def replay(path: Path, *, as_json: bool) -> int:
    """0 if the decisions are those of the recording, 1 if not."""
    try:
        with path.open(encoding="utf-8") as stream:
            recording = read(stream)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ConfigError(f"the recording {path} cannot be read: {why}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    before, after = recorded(recording), again(recording)
    right = by_target(before) == by_target(after)
    for line in _compared(before, after) if not as_json else ():
        print(line)
    for mark, decisions in (("recorded", before), ("replayed", after)) if as_json else ():
        for one in decisions:
            print(json.dumps({"decision": mark, **_json(one)}, ensure_ascii=False))
    if not as_json:
        words = "the same decisions" if right else "OTHER decisions than in the recording"
        print(paint(f"{len(after)} decisions; {words}", "green" if right else "red"))
    return RIGHT if right else NOT_RIGHT


def _compared(before: Sequence[Decision], after: Sequence[Decision]) -> list[str]:
    """All decisions by time; `=` both, `-` only recorded, `+` only replayed."""
    left = list(before)
    rows: list[tuple[float, str, Decision]] = []
    for one in after:
        same = next((b for b in left if b[1:] == one[1:]), None)
        if same is not None:
            left.remove(same)
        rows.append((one.at, "+" if same is None else "=", one))
    rows += [(one.at, "-", one) for one in left]
    rows.sort(key=lambda row: row[0])
    colours = {"=": "dim", "-": "red", "+": "green"}
    cells = [
        (mark, _when(at), str(one.target), ", ".join(one.addresses) or "none") for at, mark, one in rows
    ]
    return [table(cells, colours=[colours[mark] for _, mark, _ in rows])] if rows else []


def _json(one: Decision) -> dict[str, object]:
    target = one.target
    return {
        "time": _when(one.at),
        "name": target.owner.text,
        "type": target.rrtype.value,
        "account": target.account,
        "wanted": list(one.addresses),
    }


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03}Z"
