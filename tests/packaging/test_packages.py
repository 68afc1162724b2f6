"""What winget and Chocolatey are given: held against their rules and against the setup program."""

from __future__ import annotations

import hashlib
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import jsonschema
import pytest
import yaml
from defusedxml import ElementTree

from homeport.config import load as configuration
from scripts.windows_packages import packages
from scripts.windows_setup import numbers

ROOT = Path(__file__).parents[2]
SCRIPT = (ROOT / "packaging" / "windows" / "homeport.nsi").read_text(encoding="utf-8")

# What these files use of Microsoft's JSON schemas 1.6.0, with their bounds, and nothing else allowed:
# microsoft/winget-cli, schemas/JSON/manifests/v1.6.0 (read 2026-11-21).
_IDENTIFIER = r"^[^.\s\\/:*?\"<>|\x01-\x1f]{1,32}(\.[^.\s\\/:*?\"<>|\x01-\x1f]{1,32}){1,7}$"
_NUMBER = r"(0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_URL = {"type": "string", "pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://.+$", "maxLength": 2048}
_SHA256 = {"type": "string", "pattern": "^[A-Fa-f0-9]{64}$"}


def _text(least: int, most: int) -> dict[str, object]:
    return {"type": "string", "minLength": least, "maxLength": most}


def _some(*words: str) -> dict[str, object]:
    return {"type": "array", "items": {"enum": list(words)}, "uniqueItems": True}


def _table(required: str = "", **properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def _manifest(kind: str, required: str, **properties: object) -> dict[str, object]:
    return _table(
        f"PackageIdentifier PackageVersion ManifestType ManifestVersion {required}",
        PackageIdentifier={"type": "string", "pattern": _IDENTIFIER, "maxLength": 128},
        PackageVersion={"type": "string", "pattern": r"^[^\\/:*?\"<>|\x01-\x1f]+$", "maxLength": 128},
        ManifestType={"const": kind},
        ManifestVersion={"type": "string", "pattern": rf"^{_NUMBER}(\.{_NUMBER}){{2}}$"},
        **properties,
    )


_LOCALE = {"type": "string", "pattern": r"^[a-zA-Z]{2,3}(-[a-zA-Z]{1,8})*$", "maxLength": 20}
_SWITCHES = _table(
    Silent=_text(1, 512),
    SilentWithProgress=_text(1, 512),
    InstallLocation=_text(1, 512),
    Custom=_text(1, 2048),
)
_RESPONSES = [
    *("packageInUse", "packageInUseByApplication", "installInProgress", "fileInUse", "missingDependency"),
    *("diskFull", "insufficientMemory", "invalidParameter", "noNetwork", "contactSupport"),
    *("rebootRequiredToFinish", "rebootRequiredForInstall", "rebootInitiated", "cancelledByUser"),
    *("alreadyInstalled", "downgrade", "blockedByPolicy", "systemNotSupported", "custom"),
]
_WORDS: dict[str, object] = {
    "PackageLocale": _LOCALE,
    "Publisher": _text(2, 256),
    "PublisherUrl": _URL,
    "PackageName": _text(2, 256),
    "PackageUrl": _URL,
    "License": _text(3, 512),
    "ShortDescription": _text(3, 256),
    "Description": _text(3, 10000),
    "Moniker": _text(1, 40),
    "Tags": {"type": "array", "items": _text(1, 40), "maxItems": 16, "uniqueItems": True},
}
SCHEMAS = {
    "version": _manifest("version", "DefaultLocale", DefaultLocale=_LOCALE),
    "installer": _manifest(
        "installer",
        "Installers",
        Platform=_some("Windows.Desktop", "Windows.Universal"),
        MinimumOSVersion={"type": "string", "pattern": rf"^{_NUMBER}(\.{_NUMBER}){{0,3}}$"},
        InstallerType={"enum": ["msix", "msi", "appx", "exe", "zip", "inno", "nullsoft", "wix", "burn"]},
        InstallModes=_some("interactive", "silent", "silentWithProgress"),
        InstallerSwitches=_SWITCHES,
        UpgradeBehavior={"enum": ["install", "uninstallPrevious"]},
        Commands={"type": "array", "items": _text(1, 40), "maxItems": 16, "uniqueItems": True},
        ExpectedReturnCodes={
            "type": "array",
            "items": _table(
                InstallerReturnCode={"type": "integer", "not": {"enum": [0]}, "maximum": 4294967295},
                ReturnResponse={"enum": _RESPONSES},
            ),
        },
        ProductCode=_text(1, 255),
        AppsAndFeaturesEntries={
            "type": "array",
            "items": _table(
                DisplayName=_text(1, 256),
                Publisher=_text(1, 256),
                DisplayVersion=_text(1, 128),
                ProductCode=_text(1, 255),
            ),
        },
        Installers={
            "type": "array",
            "minItems": 1,
            "items": _table(
                "Architecture InstallerUrl InstallerSha256",
                Architecture={"enum": ["x86", "x64", "arm", "arm64", "neutral"]},
                Scope={"enum": ["user", "machine"]},
                InstallerUrl=_URL,
                InstallerSha256=_SHA256,
                InstallerSwitches=_SWITCHES,
                ElevationRequirement={"enum": ["elevationRequired", "elevationProhibited", "elevatesSelf"]},
            ),
        },
    ),
    "defaultLocale": _manifest(
        "defaultLocale", "PackageLocale Publisher PackageName License ShortDescription", **_WORDS
    ),
    "locale": _manifest("locale", "PackageLocale", **_WORDS),
}

# NuGet/NuGet.Client, nuspec.xsd (read 2026-11-21): each element at most once, in any order.
_NUSPEC = "{http://schemas.microsoft.com/packaging/2015/06/nuspec.xsd}"
_REQUIRED = {"id", "version", "authors", "description"}
_ALLOWED = _REQUIRED | {
    *("title", "owners", "licenseUrl", "projectUrl", "iconUrl", "requireLicenseAcceptance", "summary"),
    *("releaseNotes", "copyright", "language", "tags", "dependencies"),
}


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Path]:
    """The files of a release, by name."""
    setup = tmp_path / "homeport-1.2.3-windows-x64-setup.exe"
    setup.write_bytes(b"a setup program")
    return {path.name: path for path in packages(setup, "1.2.3", tmp_path / "dist")}


DIGEST = hashlib.sha256(b"a setup program").hexdigest().upper()


def manifests(made: dict[str, Path]) -> dict[str, Any]:
    found = [yaml.safe_load(path.read_text("utf-8")) for path in made.values() if path.suffix == ".yaml"]
    return {manifest["ManifestType"]: manifest for manifest in found}


def test_the_manifests_of_winget_are_what_its_schemas_want(made: dict[str, Path]) -> None:
    found = manifests(made)

    assert found.keys() == SCHEMAS.keys()
    for kind, manifest in found.items():
        jsonschema.Draft202012Validator(SCHEMAS[kind]).validate(manifest)
        assert manifest["PackageIdentifier"] == "Homeport.Homeport"
        assert manifest["PackageVersion"] == "1.2.3"
    for installer in found["installer"]["Installers"]:
        assert installer["InstallerSha256"] == DIGEST
        assert installer["InstallerUrl"].endswith("/1.2.3/homeport-1.2.3-windows-x64-setup.exe")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one["Installers"][0].pop("InstallerSha256"),
        lambda one: one["Installers"][0].update(Scope="world"),
        lambda one: one.update(Comands=["homeport"]),
        lambda one: one["ExpectedReturnCodes"][0].update(InstallerReturnCode=0),
        lambda one: one.update(PackageIdentifier="Homeport"),
    ],
)
def test_a_manifest_that_is_wrong_would_be_seen(
    made: dict[str, Path], spoil: Callable[[Any], object]
) -> None:
    manifest = manifests(made)["installer"]
    spoil(manifest)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMAS["installer"]).validate(manifest)


def test_winget_knows_every_exit_code_of_the_setup_program_and_no_other(made: dict[str, Path]) -> None:
    known = {row["InstallerReturnCode"] for row in manifests(made)["installer"]["ExpectedReturnCodes"]}
    [paragraph] = re.findall(r"(?s); It ends with (.*?)\n;\n", SCRIPT)

    assert known == {int(code) for code in re.findall(r"(\d): ", paragraph)} - {0}
    assert {int(code) for code in re.findall(r"(?:SetErrorLevel|\$Code) (\d)", SCRIPT)} - {0} <= known


def test_winget_finds_the_entry_that_the_setup_program_writes(made: dict[str, Path]) -> None:
    [entry] = manifests(made)["installer"]["AppsAndFeaturesEntries"]

    assert f'"DisplayName" "{entry["DisplayName"]}"' in SCRIPT
    assert f'"Publisher" "{entry["Publisher"]}"' in SCRIPT
    assert rf"Uninstall\{entry['ProductCode']}" in SCRIPT


def test_the_nuspec_of_chocolatey_is_what_its_schema_wants(made: dict[str, Path]) -> None:
    root: Element = ElementTree.fromstring(made["homeport.nuspec"].read_text("utf-8-sig"))
    metadata, files = root

    assert (root.tag, metadata.tag, files.tag) == (
        f"{_NUSPEC}package",
        f"{_NUSPEC}metadata",
        f"{_NUSPEC}files",
    )
    names = [element.tag.removeprefix(_NUSPEC) for element in metadata]
    assert len(names) == len(set(names)) and set(names) <= _ALLOWED and set(names) >= _REQUIRED
    assert all((element.text or "").strip() and not element.attrib for element in metadata)
    assert metadata.findtext(f"{_NUSPEC}version") == "1.2.3"
    assert metadata.findtext(f"{_NUSPEC}requireLicenseAcceptance") in ("true", "false")
    assert [file.attrib.keys() for file in files] == [{"src", "target"}]


def test_chocolatey_runs_the_same_setup_program_and_reads_its_scripts(made: dict[str, Path]) -> None:
    script = made["chocolateyinstall.ps1"].read_bytes()

    assert script.startswith(b"\xef\xbb\xbf")
    text = script.decode("utf-8-sig")
    assert f"'{DIGEST}'" in text and "homeport-1.2.3-windows-x64-setup.exe'" in text
    for switch in re.findall(r"/[A-Z]+", text.partition("$switches =")[2]):
        assert switch.casefold() in f"{SCRIPT} /S".casefold()
    assert "/S /ALLUSERS _?=" in made["chocolateyuninstall.ps1"].read_text("utf-8-sig")


def test_no_placeholder_is_left(made: dict[str, Path]) -> None:
    assert [path for path in made.values() if re.search(r"@[A-Z0-9]+@", path.read_text("utf-8"))] == []


# -- the other parts of the setup program ----------------------------------------------------------


def test_the_folder_comes_onto_path_once_and_goes_again_and_the_rest_stays_as_it_was() -> None:
    entry = runpy.run_path(str(ROOT / "packaging" / "windows" / "path_entry.py"))
    add, remove = entry["with_folder"], entry["without_folder"]
    folder = r"C:\Program Files\Homeport"
    for before in ("", r"%SystemRoot%\system32;C:\x y\;;", "a" * 5000, r'"C:\Program Files\Git"'):
        after = add(before, folder)
        assert after.endswith(folder) and after.startswith(before)
        assert add(after, folder) == after == add(after, folder.upper() + "\\")
        assert remove(after, folder).rstrip(";") == before.rstrip(";")
        assert remove(before, folder) == before


def test_a_version_becomes_the_four_numbers_of_windows() -> None:
    assert numbers("1.2.3") == numbers("1.2.3rc1") == (1, 2, 3, 0)
    with pytest.raises(SystemExit, match="three numbers"):
        numbers("next")


def test_the_example_is_a_configuration_that_is_right() -> None:
    file = ROOT / "packaging" / "windows" / "example.toml"
    found = configuration.load(file, {}, resolve=False, blind=True)

    assert [record.owners[0].text for record in found.records] == ["home.example.com"]


def test_the_firewall_is_opened_for_this_program_and_the_local_network_alone() -> None:
    """Wine has no firewall: what is asked of Windows is what can be held."""
    [rule] = re.findall(r"netsh\.exe\" (advfirewall firewall add .*?)'", SCRIPT.replace("\\\n", ""))
    words = rule.split()

    assert words[:5] == ["advfirewall", "firewall", "add", "rule", 'name="${RULE}"']
    assert {"dir=in", "action=allow", "remoteip=LocalSubnet", "profile=private,domain"} <= set(words)
    assert r'program="$INSTDIR\homeport.exe"' in rule
    assert SCRIPT.count("firewall delete rule") == 2  # before it is added, and when all is removed
    assert 'Section /o "$(FirewallName)"' in SCRIPT  # nobody gets it who did not ask for it


def test_every_sentence_of_the_setup_program_is_there_in_both_languages() -> None:
    text = (ROOT / "packaging" / "windows" / "languages.nsh").read_text("utf-8")
    said = re.findall(r'(?m)^!insertmacro Say (\w+) "([^"]+)" "([^"]+)"$', text)

    assert len(said) == text.count("!insertmacro Say")
    assert {name for name, _, _ in said} == set(re.findall(r"\$\((\w+)\)", SCRIPT))
    assert all(re.search("[\u4e00-\u9fff]", chinese) for _, _, chinese in said)
    assert not any(re.search("[\u4e00-\u9fff]", english) for _, english, _ in said)
