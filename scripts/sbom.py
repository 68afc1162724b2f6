"""The software bill of materials of what is shipped, as CycloneDX 1.6.  `make sbom`.

https://cyclonedx.org/docs/1.6/json/ (read 2026-11-21).  Versions and hashes come from the locks, licences
and what needs what from the packages as they are installed; the same tree gives the same octets.  What
only an extra brings is there with the scope "optional".
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from homeport import __version__

ROOT = Path(__file__).parents[1]
ABOUT = "https://spdx.org/licenses/"
# Packages whose metadata name their licence only in words: what their licence file is.
LICENCES = {
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "mit": "MIT",
    "mit license": "MIT",
    "psfl": "PSF-2.0",
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "isc license (iscl)": "ISC",
    "the unlicense (unlicense)": "Unlicense",
    "python software foundation license": "PSF-2.0",
}
# Packages that name no licence at all, and what stands in the file that they ship.
READ = {"requests-unixsocket": "Apache-2.0"}
_PINNED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)")
_HASH = re.compile(r"^ +--hash=sha256:(?P<hash>[0-9a-f]{64})")
_NEEDS = re.compile(r"^(?P<name>[\w.-]+)(?P<extras>\[[^\]]*\])?(?P<rest>[^;]*)(;(?P<marker>.*))?$")
_EXTRA = re.compile(r"extra\s*==\s*['\"](?P<extra>[\w.-]+)['\"]")


class Pin(NamedTuple):
    """One line of a lock."""

    version: str
    hashes: tuple[str, ...]  # SHA-256 of each file that may be installed


def pins(lock: Path) -> dict[str, Pin]:
    """Each package of a lock, by its normal name."""
    found: dict[str, Pin] = {}
    name = ""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if pinned := _PINNED.match(line):
            name = normal(pinned["name"])
            found[name] = Pin(pinned["version"], ())
        elif hashed := _HASH.match(line):
            found[name] = found[name]._replace(hashes=(*found[name].hashes, hashed["hash"]))
    return found


def normal(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needs(package: Distribution, extra: str | None = None) -> Iterator[str]:
    """What a package asks for, on any platform; with `extra`, what that brings."""
    for line in package.requires or ():
        found = _NEEDS.match(line)
        assert found is not None, line
        brought = _EXTRA.search(found["marker"] or "")
        if (brought["extra"] if brought else None) == extra:
            yield normal(found["name"])


def shipped() -> tuple[dict[str, Pin], dict[str, list[str]], set[str]]:
    """What is installed with Homeport: the pins, what each needs of the others, and what is optional."""
    required = pins(ROOT / "requirements" / "run.txt")
    known = pins(ROOT / "requirements" / "dev.txt") | required
    home = distribution("homeport")
    extras = home.metadata.get_all("Provides-Extra") or []
    todo = [*needs(home), *(name for extra in extras for name in needs(home, extra))]
    graph = {"homeport": sorted(set(todo))}
    while todo:
        name = todo.pop()
        if name not in graph:
            graph[name] = sorted({one for one in needs(distribution(name)) if one in known})
            todo += graph[name]
    found = {name: known[name] for name in sorted(graph.keys() - {"homeport"})}
    for name, pin in found.items():
        if (installed := distribution(name).version) != pin.version:
            sys.exit(f"{name} {installed} is installed and {pin.version} is locked: run `make dev` first")
    return found, graph, found.keys() - required.keys()


def licence(name: str) -> dict[str, Any]:
    """A licence choice of CycloneDX: an SPDX identifier or expression."""
    metadata = distribution(name).metadata
    expression = _first(name, "License-Expression")
    if expression is None:
        expression = READ.get(name)
    if expression is None:
        words = [_first(name, "License") or "", *(metadata.get_all("Classifier") or [])]
        said = [word.rsplit(" :: ", 1)[-1].strip().lower() for word in words]
        expression = next((LICENCES[word] for word in said if word in LICENCES), None)
    if expression is None:
        sys.exit(f"the licence of {name} is not known: read it, and add its words to LICENCES")
    if re.search(r" (AND|OR|WITH) ", expression):
        return {"expression": expression}
    return {"license": {"id": expression, "url": f"{ABOUT}{expression}.html"}}


def _first(name: str, key: str) -> str | None:
    """A line of the metadata of a package."""
    return next(iter(distribution(name).metadata.get_all(key) or ()), None)


def _reference(name: str, pin: Pin) -> str:
    return f"pkg:pypi/{name}@{pin.version}"


def _component(name: str, pin: Pin, *, optional: bool) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": _reference(name, pin),
        "name": name,
        "version": pin.version,
        "description": " ".join((_first(name, "Summary") or name).split()),
        "scope": "optional" if optional else "required",
        "licenses": [licence(name)],
        "purl": _reference(name, pin),
        "externalReferences": [
            {
                "type": "distribution",
                "url": f"https://pypi.org/project/{name}/{pin.version}/",
                "comment": "the hash of each file that the lock lets in",
                "hashes": [{"alg": "SHA-256", "content": one} for one in sorted(pin.hashes)],
            }
        ],
    }


def bill() -> dict[str, Any]:
    """The whole document."""
    found, graph, optional = shipped()
    every = {**found, "homeport": Pin(__version__, ())}
    references: Mapping[str, str] = {name: _reference(name, pin) for name, pin in every.items()}
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "component": {
                "type": "application",
                "bom-ref": references["homeport"],
                "name": "homeport",
                "version": __version__,
                "licenses": [licence("homeport")],
                "purl": references["homeport"],
            },
        },
        "components": [_component(name, pin, optional=name in optional) for name, pin in found.items()],
        "dependencies": [
            {"ref": references[name], "dependsOn": [references[one] for one in graph[name]]}
            for name in sorted(graph)
        ],
    }
    content = json.dumps(document, sort_keys=True)
    return document | {"serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, content)}"}


def text() -> str:
    return json.dumps(bill(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    where = ROOT / "dist" / f"homeport-{__version__}.cdx.json"
    where.parent.mkdir(exist_ok=True)
    where.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{where}\n")
