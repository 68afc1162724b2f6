"""What is shipped, and where it comes from: every package with its hash, its reason and its licence."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from homeport import __version__
from scripts import sbom

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def asked_for() -> set[str]:
    extras = PROJECT["optional-dependencies"].values()
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]
    return {sbom.normal(re.split(r"[<>=~!\[; ]", line)[0]) for line in lines}


def test_every_dependency_has_its_reason_and_every_reason_its_dependency() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.split("## Dependencies, each with its reason")[1]
    rows = re.findall(r"^\| `([\w.-]+)`(?: \(extra[^)]*\))? \| (.+) \|$", table, re.MULTILINE)
    assert {sbom.normal(name) for name, _ in rows} == asked_for()
    assert all(len(reason) > 20 for _, reason in rows)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_line_of_a_lock_is_one_version_with_its_hashes(lock: Path) -> None:
    pins = sbom.pins(lock)
    lines = [line for line in lock.read_text().splitlines() if re.match(r"[A-Za-z0-9-]", line)]
    assert len(pins) == len(lines) > 0
    assert all(pin.hashes for pin in pins.values())


def test_the_lock_of_what_runs_has_what_the_project_asks_for() -> None:
    required = {sbom.normal(re.split(r"[<>=]", line)[0]) for line in PROJECT["dependencies"]}
    assert required <= sbom.pins(ROOT / "requirements" / "run.txt").keys()
    assert asked_for() <= sbom.shipped()[0].keys()


def test_nothing_is_installed_without_a_hash() -> None:
    """But ourselves, and the tool that makes the locks, here and on Windows."""
    text = (ROOT / "Makefile").read_text() + (ROOT / "contrib" / "Dockerfile").read_text()
    commands = re.split(r"\n|&&", text.replace("\\\n", " "))
    installs = [command.strip() for command in commands if "pip install" in command]
    assert len(installs) >= 8
    unsure = [line for line in installs if "--require-hashes" not in line and "--no-deps" not in line]
    assert [line.split()[-1] for line in unsure] == ["pip-tools", "pip-tools"]


def test_the_bill_of_materials_follows_its_standard_and_is_the_same_each_time() -> None:
    text = sbom.text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text.replace('"library"', '"book"'))
    assert sbom.text() == text


def test_the_bill_of_materials_names_all_that_is_installed_and_nothing_else() -> None:
    bill = sbom.bill()
    scopes = {one["name"]: one["scope"] for one in bill["components"]}
    run = sbom.pins(ROOT / "requirements" / "run.txt")
    assert {name for name, scope in scopes.items() if scope == "required"} == run.keys()
    assert "pytest" not in scopes
    for one in bill["components"]:
        [files] = one["externalReferences"]
        assert one["licenses"] and files["hashes"]
        if one["name"] in run:
            assert {h["content"] for h in files["hashes"]} == set(run[one["name"]].hashes)
    known = {one["bom-ref"] for one in bill["components"]} | {f"pkg:pypi/homeport@{__version__}"}
    assert {edge["ref"] for edge in bill["dependencies"]} == known
    assert {to for edge in bill["dependencies"] for to in edge["dependsOn"]} <= known
    assert json.dumps(bill["metadata"]["component"]).count("Apache-2.0") == 2


def wheel(folder: Path, umask: int, epoch: str) -> Path:
    """The wheel of a copy of this tree: other folder, other times, other rights."""
    before = os.umask(umask)
    try:
        for name in ("src", "pyproject.toml", "README.md", "LICENSE"):
            source, copy = ROOT / name, folder / "tree" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, copy, copy_function=shutil.copyfile, ignore=ignored)
            else:
                shutil.copyfile(source, copy)
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "out")]
        subprocess.run(
            command,
            cwd=folder / "tree",
            env=os.environ | {"SOURCE_DATE_EPOCH": epoch},
            check=True,
            capture_output=True,
        )
    finally:
        os.umask(before)
    [found] = (folder / "out").glob("*.whl")
    return found


def test_a_wheel_that_is_built_twice_is_the_same_to_the_octet(tmp_path: Path) -> None:
    one = wheel(tmp_path / "one", 0o022, "1800000000")
    two = wheel(tmp_path / "two", 0o077, "1800000000")
    assert hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(two.read_bytes()).digest()
    three = wheel(tmp_path / "three", 0o022, "1700000000")
    assert three.read_bytes() != one.read_bytes()  # the time in it is the one that was asked for
    names = zipfile.ZipFile(one).namelist()
    assert all(name.startswith(("homeport/", "homeport-")) for name in names)
    assert f"homeport-{__version__}.dist-info/licenses/LICENSE" in names
