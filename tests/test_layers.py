"""The direction of dependencies, as a table: a layer may import itself and what its row names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "homeport"

PURE = {
    "__future__",
    "abc",
    "collections",
    "contextlib",
    "copy",
    "dataclasses",
    "datetime",
    "difflib",
    "enum",
}
PURE |= {
    "functools",
    "ipaddress",
    "itertools",
    "math",
    "re",
    "struct",
    "types",
    "typing",
    "json",
    "pathlib",
}
PURE |= {
    "textwrap",
    "email",
    "base64",
    "binascii",
    "hashlib",
    "hmac",
    "urllib",
    "zlib",
    "unicodedata",
    "idna",
}
SYSTEM = {"asyncio", "logging", "os", "sys", "socket", "ssl", "time", "random", "secrets", "signal"}
SYSTEM |= {"subprocess", "threading", "contextvars", "importlib", "pkgutil", "tempfile", "errno", "shutil"}
SYSTEM |= {"shlex", "ctypes", "winreg", "fcntl", "msvcrt", "stat", "string", "locale", "codecs", "warnings"}
SYSTEM |= {
    "gc",
    "faulthandler",
    "getpass",
    "grp",
    "io",
    "resource",
    "tomllib",
    "sqlite3",
    "argparse",
    "statistics",
    "encodings",
    "struct",
}

# Each row: what the layer may import of ours, and of others beside the pure part of the standard library.
MAY_IMPORT: dict[str, tuple[set[str], set[str]]] = {
    "core": (set(), set()),
    "wire": ({"core"}, {"defusedxml", "xml", "cryptography"}),
    "driver": ({"core", "wire"}, {"os"}),
    "providers": ({"core", "wire", "driver"}, set()),
    "sources": ({"core", "wire"}, set()),
    "state": ({"core"}, {"os", "stat", "sys", "sqlite3", "secrets", "fcntl", "msvcrt", "ctypes"}),
    "net": ({"core", "wire", "driver", "sources"}, SYSTEM | {"h11", "psutil", "lexicon", "requests"}),
    "config": (
        {"core", "wire", "driver", "providers", "sources"},
        SYSTEM | {"yaml", "platformdirs", "keyring"},
    ),
    "agent": ({"core", "wire", "driver", "sources", "state"}, {"asyncio", "logging", "contextvars"}),
    "replay": (
        {"core", "wire", "driver", "sources", "state", "agent", "report"},
        {"asyncio", "bisect", "selectors"},
    ),
    "report": ({"core"}, {"io", "logging", "os", "select", "sys", "threading", "time", "ctypes", "winreg"}),
    "service": ({"core"}, SYSTEM | {"psutil", "xml"}),  # xml: escapes what goes into a task of Windows
    "doctor": ({"core", "config", "service", "state"}, SYSTEM | {"psutil"}),
    "demo": ({"core"}, {"asyncio", "errno", "io", "time", "dns"}),
    "cli": (
        {
            "core",
            "wire",
            "driver",
            "providers",
            "sources",
            "state",
            "net",
            "config",
            "agent",
            "report",
            "replay",
            "service",
            "doctor",
            "demo",
        },
        SYSTEM,
    ),
    "__init__": (set(), {"sys"}),
    "__main__": ({"cli"}, {"sys"}),
}


def imports(file: Path) -> tuple[set[str], set[str]]:
    """The layers of ours and the top-level modules of others that a file imports, anywhere in it."""
    package = ["homeport", *file.relative_to(SOURCE).with_suffix("").parts[:-1]]
    ours: set[str] = set()
    others: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            others |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            for alias in node.names:
                path = ".".join([*base, node.module or alias.name]).split(".")
                ours |= set(path[1:2])
        elif isinstance(node, ast.ImportFrom) and node.module:
            others.add(node.module.partition(".")[0])
    return ours & MAY_IMPORT.keys(), others


FILES = sorted(SOURCE.rglob("*.py"))


def name(file: Path) -> str:
    return file.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_layer_imports_only_what_lies_below_it(file: Path) -> None:
    layer = file.relative_to(SOURCE).parts[0].removesuffix(".py")
    ours, others = imports(file)
    may_ours, may_others = MAY_IMPORT[layer]

    assert ours <= may_ours | {layer}
    assert others <= may_others | PURE


def test_every_folder_has_a_row() -> None:
    assert {file.relative_to(SOURCE).parts[0].removesuffix(".py") for file in FILES} == MAY_IMPORT.keys()


def test_only_the_transports_the_signers_and_the_configuration_reveal_secrets() -> None:
    guilty = {name(file) for file in FILES if re.search(r"\.reveal\(", file.read_text("utf-8"))}
    guilty -= {file for file in guilty if file.startswith("wire/sign_")}

    may = {
        "wire/auth.py",
        "wire/digest.py",
        "wire/template.py",
        "wire/tsig.py",
        "net/http.py",
        "net/lexicon.py",
    }
    assert guilty <= may | {"config/secrets.py"}


def test_the_agent_never_imports_the_full_dns_library() -> None:
    """It costs a quarter of the memory that an idle agent may have; the demo's server needs it."""
    users = {name(file) for file in FILES if "dns" in imports(file)[1]}

    assert users == {"demo/nameserver.py"}


def test_no_file_is_longer_than_a_person_reads() -> None:
    long = {
        name(file): lines for file in FILES if (lines := len(file.read_text("utf-8").splitlines())) > 700
    }

    assert not long


@pytest.mark.parametrize("file", sorted((SOURCE / "providers").glob("[a-z]*.py")), ids=name)
def test_a_driver_stays_a_translation(file: Path) -> None:
    """A driver that grows past translation is asking for something in `driver.py`."""
    code = [line for line in file.read_text("utf-8").splitlines() if line.strip()]

    assert len(code) < 220
