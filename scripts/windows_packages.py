"""What winget and Chocolatey need to know of a setup program: `make windows` writes it beside that.

`packaging/winget` and `packaging/chocolatey` are the files, with @VERSION@, @SHA256@, @URL@ and @HOME@
where a release differs from the next one.
https://learn.microsoft.com/windows/package-manager/package/manifest (read 2026-11-21)
https://docs.chocolatey.org/en-us/create/create-packages (read 2026-11-21)
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGING = ROOT / "packaging"


def packages(setup: Path, version: str, target: Path) -> list[Path]:
    """Write both below `target`; returns the files."""
    release = tomllib.loads((PACKAGING / "release.toml").read_text(encoding="utf-8"))
    words = {
        "VERSION": version,
        "FILE": setup.name,
        "SHA256": hashlib.sha256(setup.read_bytes()).hexdigest().upper(),
        "HOME": release["home"],
    }
    words["URL"] = filled(release["download"], words)
    written = []
    for kind in ("winget", "chocolatey"):
        for source in sorted((PACKAGING / kind).rglob("*")):
            if source.is_dir():
                continue
            path = target / kind / source.relative_to(PACKAGING / kind)
            path.parent.mkdir(parents=True, exist_ok=True)
            # PowerShell 5 takes a script without a BOM for one of the machine's code page.
            encoding = "utf-8-sig" if source.suffix == ".ps1" else "utf-8"
            text = filled(source.read_text(encoding="utf-8"), words)
            path.write_text(text, encoding=encoding, newline="\r\n")
            written.append(path)
    return written


def filled(text: str, words: dict[str, str]) -> str:
    for name, value in words.items():
        text = text.replace(f"@{name}@", value)
    return text
