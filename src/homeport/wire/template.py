"""Texts with placeholders such as `{name}`, filled with values of which some are secret.  Pure.

A placeholder is a word in braces: lower-case letters, digits and underscores.  `{{word}}` stands for
"{word}" itself; any other brace stands for itself, so that JSON can be written as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from ..core.secret import Secret
from .http import Content

WORD = re.compile(r"[a-z][a-z0-9_]*")
_PLACE = re.compile(rf"\{{\{{({WORD.pattern})\}}\}}|\{{({WORD.pattern})\}}")

Values = Mapping[str, str | Secret]
Escape = Callable[[str], str]


def placeholders(text: str) -> set[str]:
    return {match[2] for match in _PLACE.finditer(text) if match[2]}


def fill(text: str, values: Values, escape: Escape = str) -> Secret:
    """The text with `values`, each of them escaped; `LookupError` for a placeholder without a value."""

    def value(match: re.Match[str]) -> str:
        if match[1]:
            return f"{{{match[1]}}}"
        found = values[match[2]]
        return escape(found.reveal() if isinstance(found, Secret) else found)

    return Secret(_PLACE.sub(value, text))


def parameters(text: str, values: Values, maybe: Collection[str]) -> Secret:
    """The same for `a=1&b={b}`; a parameter goes without a trace if one of `maybe` in it has no value."""
    parts = [part for part in text.split("&") if not (placeholders(part) & set(maybe)) - values.keys()]
    return fill("&".join(parts), values, percent)


def percent(text: str) -> str:
    """RFC 3986, 2.1: fit for one segment of a path, or one value of a query or a form."""
    from urllib.parse import quote  # noqa: PLC0415 - only a webhook pays for it

    return quote(text, safe="")


def in_json(text: str) -> str:
    """RFC 8259, 7: fit to stand between the quotation marks of a string."""
    import json  # noqa: PLC0415 - as above

    return json.dumps(text)[1:-1]


def is_form(kind: str) -> bool:
    return kind.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


def is_json(kind: str) -> bool:
    return kind.partition(";")[0].strip().lower().endswith(("/json", "+json"))


def body(kind: str, text: str, values: Values, maybe: Collection[str] = ()) -> Content:
    """A body of that media type; `maybe` as in `parameters`, which a form consists of."""
    if is_form(kind):
        return Content(kind, parameters(text, values, maybe).reveal().encode())
    return Content(kind, fill(text, values, in_json if is_json(kind) else str).reveal().encode())
