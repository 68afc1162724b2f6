"""Where the configuration file is, and where state goes if nothing says so."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from ..core.errors import ConfigError
from .mistakes import Mistake
from .paths import expanded
from .read import SUFFIXES

SMALLEST = """\
[account.cf]
provider = "cloudflare"
token = "env:CF_API_TOKEN"

[[record]]
name = "home.example.com"
account = "cf"
"""


class NothingFound(ConfigError):
    """There is neither a configuration file nor a setting in the environment."""


def find(path: Path | None, environ: Mapping[str, str]) -> tuple[Path | None, tuple[Mistake, ...]]:
    """The configuration file, None if there is none in the usual places; and warnings about others.

    `ConfigError` if a file that was asked for is not there.
    """
    if path is None and (named := environ.get("HOMEPORT_CONFIG")):
        path = expanded(named)
        if not path.exists():
            raise ConfigError(f"HOMEPORT_CONFIG={named}: there is no such file")
    if path is not None:
        if not path.exists():
            raise ConfigError(f"{path}: there is no such file")
        return path, ()
    for folder in folders(environ):
        here = [folder / f"homeport{suffix}" for suffix in SUFFIXES]
        if found := [file for file in here if file.is_file()]:
            return found[0], tuple(
                Mistake(str(other), "", f"is not read, because {found[0]} is", "remove one of the two")
                for other in found[1:]
            )
    return None, ()


def nothing_found(environ: Mapping[str, str]) -> NothingFound:
    """What to say to a person who has no configuration yet."""
    places = "\n".join(f"  {folder / 'homeport.toml'}" for folder in folders(environ))
    return NothingFound(
        f"there is no configuration yet.  Looked for (also .yaml, .yml, .json):\n{places}\n"
        f"Write one of them; this is enough for a start:\n\n{SMALLEST}\n"
        "`homeport providers` tells which providers there are.  A file elsewhere is named with -c FILE."
    )


def beside(file: Path, name: str) -> Path:
    """The file that `HOMEPORT_ENV` lays over the first one: homeport.NAME.toml beside homeport.toml."""
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ConfigError("HOMEPORT_ENV must be a plain word, such as test or office")
    suffixes = sorted(SUFFIXES, key=lambda suffix: suffix != file.suffix.lower())
    files = [file.with_name(f"{file.stem}.{name}{suffix}") for suffix in suffixes]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        raise ConfigError(f"HOMEPORT_ENV={name}: there is no file {files[0]} to lay over {file.name}")
    return found


def folders(environ: Mapping[str, str]) -> Iterator[Path]:
    """Where a configuration is looked for, in this order."""
    import platformdirs  # noqa: PLC0415 - a run with -c does not pay for it

    yield Path()
    with suppress(RuntimeError):  # in a container, a user may have neither a name nor a home folder
        yield platformdirs.user_config_path("homeport", appauthor=False)
    yield _program_data(environ) if os.name == "nt" else Path("/etc/homeport")


def state_dir(environ: Mapping[str, str], first: Path | None = None) -> Path:
    """The platform's place for what a program remembers.

    On Windows it lies where the configuration does: with the person whose file it is, or with the machine.
    """
    if sys.platform == "win32":
        import platformdirs  # noqa: PLC0415 - a run with a state_dir does not pay for it

        home = platformdirs.user_config_path("homeport", appauthor=False)
        profile = environ.get("USERPROFILE")  # an account of a service may have none
        own = first is not None and profile and first.absolute().is_relative_to(profile)
        return (home if own else _program_data(environ)) / "state"
    if os.geteuid() == 0:
        return Path("/var/lib/homeport")
    import platformdirs  # noqa: PLC0415 - a run with a state_dir does not pay for it

    try:
        return platformdirs.user_state_path("homeport", appauthor=False)
    except RuntimeError:
        return Path("/var/lib/homeport")  # a user without a home folder; containers have a volume there


def _program_data(environ: Mapping[str, str]) -> Path:
    found = environ.get("PROGRAMDATA") or environ.get("ProgramData") or r"C:\ProgramData"
    return Path(found) / "Homeport"
