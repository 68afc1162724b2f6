"""Where a name is cut into host and domain, for services that want the two apart."""

from __future__ import annotations

from ..core.dns import Name

# Below these, under a top-level domain of two letters, people register: example.co.uk, example.com.au.
_REGISTRIES = frozenset(
    {"ac", "co", "com", "edu", "go", "gob", "gov", "me", "ne", "net", "nom", "or", "org"}
)


def domain_of(owner: Name, domain: Name | None) -> Name:
    """The domain as it was registered: what the setting says, by default the last two labels."""
    return domain or Name(".".join(owner.text.split(".")[-2:]))


def not_in(owner: Name, domain: Name | None, setting: str = "domain") -> str | None:
    """Why `domain_of` cannot be right for that owner; None if it can.  `setting` holds `domain`."""
    found = domain_of(owner, domain)
    if not owner.within(found):
        return f"it is not in the domain of this account, {found}"
    first, _, last = found.text.partition(".")
    if domain is None and len(last) == 2 and first in _REGISTRIES and owner != found:
        meant = ".".join(owner.text.split(".")[-3:])
        return f'which domain is yours?  Write {setting} = "{meant}" in the account'
    return None
