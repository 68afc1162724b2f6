"""Services that give out a key for each name, instead of one for the account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from ..core.dns import Name
from ..core.errors import BadCredentials, ConfigError, Refused
from ..core.secret import Secret
from .updates import UpdateApi


@dataclass(frozen=True, kw_only=True)
class KeyForEachName(UpdateApi):
    """A service at which every name has a key of its own."""

    key: Annotated[Secret | None, "the key, where one is good for all names of this account"] = None
    keys: Annotated[
        Mapping[str, Secret], 'the key of each name: { "home.example.com" = "env:HOME_KEY" }'
    ] = field(default_factory=dict, hash=False)

    def mistakes(self) -> Iterator[tuple[str, str]]:
        if self.key is None and not self.keys:
            yield (
                "keys",
                'missing: write keys = { "NAME" = "env:..." }, or key if one is good for all names',
            )
        yield from wrong_names("keys", self.keys)

    def key_of(self, owner: Name) -> Secret | None:
        return by_name(self.keys).get(owner, self.key)

    def why_not(self, owner: Name) -> str | None:
        if self.key_of(owner) is None:
            return f'there is no key for it; write keys = {{ "{owner}" = "env:..." }} in the account'
        return None

    def denied(self, owner: Name, said: str) -> Refused:
        """The key was not accepted: of the name's own, that tells nothing about the others."""
        return Refused(said) if owner in by_name(self.keys) else BadCredentials(said)


def by_name(written: Mapping[str, Secret]) -> dict[Name, Secret]:
    """A table of secrets whose keys are owner names."""
    return {Name.parse(name): secret for name, secret in written.items()}


def wrong_names(setting: str, written: Mapping[str, Secret]) -> Iterator[tuple[str, str]]:
    """What is wrong among the names in the table, as `Provider.mistakes` says it."""
    for name in written:
        try:
            Name.parse(name)
        except ConfigError as error:
            yield setting, str(error)
