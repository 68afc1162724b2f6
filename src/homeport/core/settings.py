"""From annotated fields to checked values, to a manual, and to a JSON Schema.

A setting is an annotated field of a dataclass: `token: Annotated[Secret, "what it is, where to find
it"]`.  The field is the only place where the setting is described: reading, checking, the manual and
the schema of the configuration file are all made from it.

Types of settings: `str`, `Secret`, `SecretUrl`, `Name`, `bool`, `int`, `Seconds`, `timedelta`, `IPAddress`,
`Literal` of texts, a `StrEnum`, `Mapping[str, object]`, a table of texts or of secrets (`Mapping[str,
str]`, `Mapping[str, Secret]`), `tuple[X, ...]` (one X or a list of them), `X | None` (may be left out),
and whatever class the caller gives a maker for.  `Bounds` beside the
description limits a number.

A message about a setting never holds the value that was written: it might be a secret in the wrong place.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    NamedTuple,
    NewType,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from .dns import IPAddress, Name
from .errors import ConfigError
from .secret import Secret, SecretUrl

T = TypeVar("T")

KeyPath = tuple[str | int, ...]  # ("record", 0, "name")
Report = Callable[[KeyPath, str, str], None]  # where, what is wrong, what to write instead
Maker = Callable[[str, KeyPath], object]  # makes a value of text; raises `ConfigError`

Seconds = NewType("Seconds", int)  # written as a whole number, or as a duration such as "5m"


class Text(str):
    """Text that has yet to find its type: what an environment variable holds."""

    __slots__ = ()


class Bounds(NamedTuple):
    """The least and the greatest number (of a duration: seconds) that a setting takes."""

    least: int
    most: int


class Setting(NamedTuple):
    """One setting, as the manual tells it."""

    name: str
    type: Any
    help: str
    required: bool
    default: object = None
    bounds: Bounds | None = None
    may_be_empty: bool = False  # of a list: does an empty one mean something?

    @property
    def secret(self) -> bool:
        kind = _needed(self.type)
        return kind is Secret or (_is_mapping(kind) and get_args(kind)[1] is Secret)

    @property
    def expects(self) -> str:
        """What to write, in words: 'one of "text", "json"'."""
        if self.secret:
            what = "a table of texts" if _is_mapping(_needed(self.type)) else "text"
            return f"{what}; best a reference: {_REFERENCES}"
        if _needed(self.type) is SecretUrl:
            return f"a URL; with a password in it, best a reference: {_REFERENCES}"
        return _expects(self.type, self.bounds)

    @property
    def default_text(self) -> str | None:
        """The default as it would be written; None if there is none."""
        plain = _plain(self.default)
        if plain is None:
            return None
        if isinstance(plain, bool):
            return "true" if plain else "false"
        if isinstance(plain, list):
            return ", ".join(map(str, plain))
        return str(plain)


_REFERENCES = "env:NAME, file:PATH, keyring:NAME or command:LINE"
MAY_BE_EMPTY = "may be empty"  # mark of a list, beside its description


def settings(cls: type) -> tuple[Setting, ...]:
    """The settings of a dataclass, in the order of its fields."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_setting(one, hints[one.name]) for one in dataclasses.fields(cls) if one.init)


def _setting(one: dataclasses.Field[Any], hint: Any) -> Setting:
    kind, description, *more = get_args(hint)
    default = one.default
    if one.default_factory is not dataclasses.MISSING:
        default = one.default_factory()
    required = default is dataclasses.MISSING
    bounds = next((mark for mark in more if isinstance(mark, Bounds)), None)
    return Setting(
        name=one.name,
        type=kind,
        help=description,
        required=required,
        default=None if required else default,
        bounds=bounds,
        may_be_empty=MAY_BE_EMPTY in more,
    )


def _bare_secret(text: str, _: KeyPath) -> Secret:
    return Secret(text)


@dataclass(frozen=True)
class Reader:
    """Reads tables, and reports every mistake it meets instead of stopping at the first."""

    report: Report
    makers: Mapping[Any, Maker] = field(default_factory=lambda: {Secret: _bare_secret})

    def table(self, cls: Callable[..., T], written: object, at: KeyPath) -> T | None:
        """Make a `cls` of a table; None if anything in it was reported."""
        values, fine = self.values(settings(cast("type", cls)), written, at)
        return cls(**values) if fine else None

    def values(
        self, wanted: Iterable[Setting], written: object, at: KeyPath, *, besides: Collection[str] = ()
    ) -> tuple[dict[str, Any], bool]:
        """The values of the settings that are written and right, by name; and: was nothing reported?

        Keys in `besides` are somebody else's business.
        """
        written = untangled(written, dict)
        if not isinstance(written, Mapping):
            self.report(at, f"must be a table, not {kind_of(written)}", "")
            return {}, False
        known = {setting.name: setting for setting in wanted}
        fine = True
        for key in written:
            if key not in known and key not in besides:
                self.report((*at, key), "no such setting", meant(key, [*known, *besides]))
                fine = False
        values: dict[str, Any] = {}
        for name, setting in known.items():
            if name not in written:
                if setting.required:
                    self.report((*at, name), f"missing: {setting.help}", "")
                    fine = False
                continue
            value = self.value(setting, written[name], (*at, name))
            if value is _WRONG:
                fine = False
            else:
                values[name] = value
        return values, fine

    def value(self, setting: Setting, written: object, at: KeyPath) -> object:
        """The value of one setting, or the object `_WRONG`, which is told by `is_wrong`."""
        kind = _needed(setting.type)
        if _is_mapping(kind) and get_args(kind)[1] is not object:
            return self._texts(get_args(kind)[1], setting, written, at)
        if get_origin(kind) is not tuple:
            return self._one(kind, setting, written, at)
        written = untangled(written, list)
        items = written if isinstance(written, list) else [written]
        if not items and not setting.may_be_empty:
            self.report(at, "is an empty list", f"write {_expects(kind, setting.bounds)}")
            return _WRONG
        many = isinstance(written, list)
        [inner, _] = get_args(kind)
        values = [self._one(inner, setting, item, (*at, i) if many else at) for i, item in enumerate(items)]
        return _WRONG if any(value is _WRONG for value in values) else tuple(values)

    def _texts(self, kind: Any, setting: Setting, written: object, at: KeyPath) -> object:
        """A table whose values are all of one kind."""
        table = self._one(setting.type, setting, written, at)
        if table is _WRONG or not isinstance(table, Mapping):
            return _WRONG
        values = {key: self._one(kind, setting, value, (*at, key)) for key, value in table.items()}
        return _WRONG if any(value is _WRONG for value in values.values()) else values

    def _one(self, kind: Any, setting: Setting, written: object, at: KeyPath) -> object:
        try:
            return self._convert(_needed(kind), setting, written, at)
        except _Mismatch as error:
            self.report(at, str(error), error.remedy)
        except ConfigError as error:
            self.report(at, str(error), "")
        return _WRONG

    def _convert(self, kind: Any, setting: Setting, written: object, at: KeyPath) -> object:
        if isinstance(written, Text):
            written = _typed(kind, written)
        if kind is bool and isinstance(written, bool):
            return written
        if kind is int and type(written) is int:
            return _bounded(written, setting.bounds)
        if kind in (timedelta, Seconds) and type(written) in (int, str):
            number = _bounded(duration(cast("int | str", written)), setting.bounds)
            return timedelta(seconds=number) if kind is timedelta else number
        if get_origin(kind) is Literal or _is_enum(kind):
            return _chosen(kind, written)
        if _is_mapping(kind) and isinstance(written, Mapping):
            return written
        if type(written) is not str or kind in (bool, int) or _is_mapping(kind):
            raise _mismatch(kind, setting.bounds, written)
        if not written.strip():
            raise ConfigError(f"is empty: {setting.help}")
        return self._from_text(kind, setting, written, at)

    def _from_text(self, kind: Any, setting: Setting, text: str, at: KeyPath) -> object:
        if kind in self.makers:
            return self.makers[kind](text, at)
        if kind is str:
            return text
        if kind is Name:
            return Name.parse(text)
        if kind == IPAddress:
            try:
                return ip_address(text.strip())
            except ValueError:
                raise _mismatch(kind, setting.bounds, text) from None
        raise TypeError(f"the setting {setting.name!r} has the type {kind}, which nobody can make")


_WRONG = object()


def is_wrong(value: object) -> bool:
    """Is this what `Reader.value` gives after it has reported a mistake?"""
    return value is _WRONG


class _Mismatch(ConfigError):
    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


def _mismatch(kind: Any, bounds: Bounds | None, written: object) -> _Mismatch:
    remedy = ""
    if type(written) in (int, float, bool) and kind not in (bool, int):
        remedy = "write it in quotes"
    if kind in (bool, int) and type(written) is str and type(_typed(kind, Text(written))) is kind:
        remedy = "write it without quotes"
    shaped = kind in (IPAddress, timedelta, Seconds)  # so text was right, but not this text
    found = "" if shaped and isinstance(written, str) else f", not {kind_of(written)}"
    return _Mismatch(f"must be {_expects(kind, bounds)}{found}", remedy)


def _bounded(number: int, bounds: Bounds | None) -> int:
    if bounds and not bounds.least <= number <= bounds.most:
        raise ConfigError(f"must be from {bounds.least} to {bounds.most}")
    return number


def _chosen(kind: Any, written: object) -> object:
    words = _choices(kind)
    if isinstance(written, str) and written in words:
        return kind(written) if _is_enum(kind) else written
    if not isinstance(written, str):
        raise _mismatch(kind, None, written)
    remedy = meant(written, [str(word) for word in words])
    if remedy.startswith("there are"):
        raise _Mismatch(f"must be {_expects(kind, None)}")
    raise _Mismatch("is not one of the words known here", remedy)


_DIGITS = {"w": 5, "d": 6, "h": 7, "m": 8, "s": 9}  # so many at most, so that no sum overflows
_DURATION = "".join(f"(?:([0-9]{{1,{digits}}}){unit})?" for unit, digits in _DIGITS.items())
_UNITS = (604_800, 86_400, 3600, 60, 1)


def duration(written: int | str) -> int:
    """Seconds of "1h30m", "90s", "2d", or of a plain number of seconds."""
    if isinstance(written, int):
        return written
    text = written.strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    if not text or not (match := re.fullmatch(_DURATION, text)):
        raise _mismatch(timedelta, None, written)
    return sum(int(number or 0) * unit for number, unit in zip(match.groups(), _UNITS, strict=True))


def untangled(written: object, wanted: type[list[Any] | dict[str, Any]]) -> object:
    """What an environment variable says where a list or a table is wanted; anything else unchanged.

    A list is a JSON array or separated by commas, a table is a JSON object.
    """
    if not isinstance(written, Text):
        return written
    text = written.strip()
    if text.startswith("[" if wanted is list else "{"):
        import json  # noqa: PLC0415 - a run that meets no JSON does not pay for it

        try:
            return json.loads(text)
        except ValueError:
            return written
    if wanted is list:
        return [Text(part.strip()) for part in text.split(",") if part.strip()]
    return written


def _typed(kind: Any, text: Text) -> object:
    """The number, truth value or table that the text stands for; otherwise the text."""
    bare = text.strip()
    if kind is bool and bare.lower() in ("true", "false"):
        return bare.lower() == "true"
    if kind in (int, timedelta, Seconds) and re.fullmatch(r"[-+]?[0-9]{1,18}", bare):
        return int(bare)
    if _is_mapping(kind):
        found = untangled(text, dict)
        return found if isinstance(found, dict) else str(text)
    return str(text)


def meant(word: object, known: Iterable[str]) -> str:
    """'did you mean "token"?', or a list of what there is."""
    import difflib  # noqa: PLC0415 - only a mistake pays for it

    words = [other for other in known if len(other) <= _LONGEST_WORD]
    said = str(word)[:_LONGEST_WORD].lower().replace("-", "_")  # to compare takes the square of the length
    by_look = {other.lower().replace("-", "_"): other for other in words[:_MOST_WORDS]}
    if close := difflib.get_close_matches(said, by_look, n=1, cutoff=0.6):
        return f'did you mean "{by_look[close[0]]}"?'
    if other := next((other for other in _ALSO_CALLED.get(said, ()) if other in words), None):
        return f'did you mean "{other}"?'
    some = ", ".join(words[:_MOST_NAMED])
    more = f" and {len(words) - _MOST_NAMED} more" if len(words) > _MOST_NAMED else ""
    return f"there are: {some}{more}" if words else "there are none"


_LONGEST_WORD, _MOST_WORDS, _MOST_NAMED = 64, 1000, 25

# What other programs call it.
_ALSO_CALLED: Mapping[str, tuple[str, ...]] = {
    "domain": ("name",),
    "fqdn": ("name",),
    "owner": ("name",),
    "hostname": ("name",),
    "host": ("name", "server"),
    "provider": ("account",),
    "family": ("type",),
    "ip_version": ("type",),
    "driver": ("provider",),
    "protocol": ("provider",),
    "kind": ("provider",),
    "type": ("provider",),
    "api_key": ("token", "key"),
    "secret": ("token", "password"),
    "login": ("username",),
    "user": ("username",),
    "url": ("endpoint",),
    "period": ("interval",),
    "domains": ("record",),
    "hosts": ("record",),
    "providers": ("account",),
}


def kind_of(written: object) -> str:
    """What sort of thing was written, in words; never the thing itself."""
    if written is None:
        return "nothing"
    if isinstance(written, bool):
        return "true or false"
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (str, "text"),
        (int, "a whole number"),
        (float, "a number"),
        (list, "a list"),
        (Mapping, "a table"),
    )
    return next((words for kind, words in kinds if isinstance(written, kind)), "a date or time")


def schema(setting: Setting) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one setting, with its description and its default."""
    kind = _needed(setting.type)
    if get_origin(kind) is tuple:
        inner = _schema(get_args(kind)[0], setting.bounds)
        least = {} if setting.may_be_empty else {"minItems": 1}
        found: dict[str, Any] = {"anyOf": [inner, {"type": "array", "items": inner, **least}]}
    else:
        found = _schema(kind, setting.bounds)
    found = {"description": setting.help, **found}
    default = _plain(setting.default)
    return found if default is None else {**found, "default": default}


def object_schema(parts: Iterable[Setting], **extra: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a table: these settings, the `extra` ones, and no others."""
    parts = tuple(parts)
    required = [setting.name for setting in parts if setting.required]
    properties = {**extra, **{setting.name: schema(setting) for setting in parts}}
    found: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**found, "required": required} if required else found


def _schema(kind: Any, bounds: Bounds | None) -> dict[str, Any]:
    whole: dict[str, Any] = {"type": "integer"}
    if bounds:
        whole |= {"minimum": bounds.least, "maximum": bounds.most}
    text = {"type": "string", "pattern": r"\S"}
    if kind is bool:
        return {"type": "boolean"}
    if kind is int:
        return whole
    if kind in (timedelta, Seconds):
        parts = "".join(f"(?:[0-9]{{1,{digits}}}{unit})?" for unit, digits in _DIGITS.items())
        pattern = f"^(?=[0-9])(?:[0-9]{{1,9}}|{parts})$"
        return {"anyOf": [whole, {"type": "string", "pattern": pattern, "examples": ["5m", "1h30m"]}]}
    if get_origin(kind) is Literal or _is_enum(kind):
        return {"enum": [str(word) if _is_enum(kind) else word for word in _choices(kind)]}
    if _is_mapping(kind):
        inner = get_args(kind)[1]
        within = {} if inner is object else {"additionalProperties": _schema(inner, None)}
        return {"type": "object", **within}
    if kind in (Secret, SecretUrl):
        return {**text, "examples": ["env:NAME", "file:PATH", "keyring:NAME", "command:LINE"]}
    return text


def _plain(value: object) -> Any:
    """A default as JSON would write it; None for what has no written form."""
    if isinstance(value, timedelta):
        return _short(int(value.total_seconds()))
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, bool | int):
        return value
    if value is None or isinstance(value, Secret | Mapping):
        return None
    return str(value)


def _short(seconds: int) -> str:
    """The shortest way to write a duration."""
    parts: list[str] = []
    for unit, letter in zip(_UNITS[1:], "dhms", strict=True):
        count, seconds = divmod(seconds, unit)
        parts += [f"{count}{letter}"] if count else []
    return "".join(parts) or "0s"


def _expects(kind: Any, bounds: Bounds | None) -> str:
    kind = _needed(kind)
    if get_origin(kind) is tuple:
        return f"{_expects(get_args(kind)[0], bounds)}, or a list of such"
    if get_origin(kind) is Literal or _is_enum(kind):
        return "one of " + ", ".join(f'"{word}"' for word in _choices(kind))
    if _is_mapping(kind):
        return "a table" if get_args(kind)[1] is object else "a table of texts"
    limits = f" from {bounds.least} to {bounds.most}" if bounds else ""
    if kind == IPAddress:
        return "an IPv4 or IPv6 address"
    words: Mapping[Any, str] = {
        bool: "true or false",
        int: f"a whole number{limits}",
        timedelta: 'a duration such as "5m", "90s" or "1h30m", or a number of seconds',
        Seconds: 'a number of seconds, or a duration such as "5m"',
        Name: "a name such as home.example.com",
    }
    return words.get(kind, "text")


def _needed(kind: Any) -> Any:
    """`X` of `X | None`."""
    if kind != IPAddress and get_origin(kind) in (UnionType, Union):
        some = [part for part in get_args(kind) if part is not NoneType]
        return some[0] if len(some) == 1 else Union[tuple(some)]  # noqa: UP007 - the parts are not known here
    return kind


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum)


def _is_mapping(kind: Any) -> bool:
    return isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping)


def _choices(kind: Any) -> list[Any]:
    return list(kind) if _is_enum(kind) else list(get_args(kind))
