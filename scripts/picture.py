"""Draw the picture of the README from what the demo really prints.  `make docs`."""

from __future__ import annotations

import subprocess
import sys
from html import escape
from pathlib import Path

FILE = Path(__file__).parents[1] / "docs" / "demo.svg"
COMMAND = "homeport demo --changes 5"
CELL, LINE, MARGIN = 8.4, 20, 18  # pixels


def draw(lines: list[str]) -> str:
    """A terminal as SVG."""
    width = int(max(map(len, lines)) * CELL + 2 * MARGIN)
    height = len(lines) * LINE + 2 * MARGIN + 20
    rows = []
    for number, line in enumerate(lines):
        colour = "#8be28b" if " answers so after " in line else "#e6e6e6"
        y = MARGIN + 34 + number * LINE
        rows.append(
            f'<text x="{MARGIN}" y="{y}" fill="{colour}" xml:space="preserve">{escape(line)}</text>'
        )
    dots = "".join(
        f'<circle cx="{MARGIN + i * 18}" cy="16" r="5" fill="{colour}"/>'
        for i, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">'
        f'<rect width="100%" height="100%" rx="8" fill="#1e1e2e"/>{dots}{"".join(rows)}</svg>\n'
    )


if __name__ == "__main__":
    command = [sys.executable, "-m", *COMMAND.split()]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own
    FILE.write_text(draw([f"$ {COMMAND}", *shown.rstrip().splitlines()]), encoding="utf-8")
