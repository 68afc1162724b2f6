"""What a service allows, as its driver says it: the same in the manual, on its page, and for programs."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any, NamedTuple

from ..core.dns import Name, RRset, RRType
from ..core.settings import Reader, settings
from ..driver import Budget, Provider, UpdateApi, ZoneWriter

STOPS = (
    "Where asking again would change nothing, Homeport does not, since many services punish that: if the "
    "credential is not accepted it stops for all names of the account, if a name is not there or a change "
    "is refused it stops for that name. It goes on when a setting of the account changes, or after "
    "`homeport retry`; `homeport status` shows what has stopped, and why."
)
_SHORT, _LONG = 2, 2**31 - 1  # seconds; a TTL of 1 means "automatic" to some


class Facts(NamedTuple):
    """None: nobody knows, or it depends on the settings."""

    credential: str  # where to get it, and the least rights that do
    ttl: str  # who sets it: "record", "account" or "service"
    least_ttl: int | None
    most_ttl: int | None
    ttls: tuple[int, ...]  # the only ones it takes, if it is choosy
    budget: Budget | None
    at_once: int | None  # changes, or names with the same addresses, in one request
    both_families: bool | None  # may one request carry the IPv4 and the IPv6 address of a name?
    readable: bool
    several: bool | None  # may a name have several addresses of one type?


def facts(driver: type[Provider]) -> Facts:
    """By the class, and by what an account with the settings of the example answers."""
    sample = Reader(lambda *_: None).table(driver, dict(driver.example), ())
    assert sample is not None, "a driver's example is right"
    owner = Name(driver.example_owner)
    shortest = sample.fit(RRset(owner, RRType.A, frozenset(), _SHORT)).ttl
    longest = sample.fit(RRset(owner, RRType.A, frozenset(), _LONG)).ttl
    own = any(setting.name == "ttl" for setting in settings(driver))
    found = Facts(
        credential=driver.credential,
        ttl="record" if shortest is not None else "account" if own else "service",
        least_ttl=shortest if shortest != _SHORT and not driver.ttls else None,
        most_ttl=longest if longest != _LONG and not driver.ttls else None,
        ttls=driver.ttls,
        budget=driver.budget,
        at_once=driver.batch if issubclass(driver, ZoneWriter) else None,
        both_families=None,
        readable=driver.readable,
        several=True,
    )
    if not isinstance(sample, UpdateApi):
        return found
    if sample.varies:
        return found._replace(several=None)
    two = RRset(owner, RRType.A, frozenset({IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")}))
    several = sample.cannot(two, None) is None
    return found._replace(at_once=sample.hosts(), both_families=sample.both(), several=several)


def told(driver: type[Provider]) -> list[tuple[str, str]]:
    """The facts in words: what each is about, and what it is."""
    found = facts(driver)
    rows = [("Credential", found.credential)] if found.credential else []
    reading = (
        "is read before anything is written, so what stands there counts"
        if found.readable
        else "cannot be read: Homeport remembers what it was told, and tells it only what has changed"
    )
    rows += [("Records", f"The service {reading}."), ("TTL", _ttl(found)), ("Addresses", _several(found))]
    rows += [("Requests", _requests(found))]
    return [*rows, ("Good to know", driver.notes)] if driver.notes else rows


def _ttl(found: Facts) -> str:
    if found.ttl == "service":
        return "The service sets it; `ttl` of a record changes nothing."
    if found.ttl == "account":
        return "It is a setting of the account; `ttl` of a record changes nothing."
    if len(found.ttls) == 1:
        return f"Always {found.ttls[0]} seconds."
    if found.ttls:
        return (
            f"One of {_listed(found.ttls)} seconds; the next one above what is asked for, or the longest."
        )
    if found.least_ttl is not None and found.most_ttl is not None:
        return f"From {found.least_ttl} to {found.most_ttl} seconds; anything else becomes the nearer one."
    if found.least_ttl is not None:
        return f"{found.least_ttl} seconds or more; less becomes that."
    return "Any." if found.most_ttl is None else f"Up to {found.most_ttl} seconds; more becomes that."


def _several(found: Facts) -> str:
    if found.several is None:
        return "How many addresses of a type a name may have depends on the settings."
    return (
        "A name may have several addresses of a type."
        if found.several
        else "A name has one address of a type; with several uplinks, that of the first that works."
    )


def _requests(found: Facts) -> str:
    parts: list[str] = []
    if found.budget is not None:
        per = _period(found.budget.seconds)
        parts.append(f"The service takes {found.budget.requests} in {per} from an account.")
    else:
        parts.append("No limit is known.")
    if found.readable and found.at_once is not None and found.at_once > 1:
        parts.append(f"One may hold {found.at_once} changes of a zone, which come true all or none.")
    if not found.readable and found.at_once is not None and found.at_once > 1:
        parts.append(f"One may name {found.at_once} names that have the same addresses.")
    if found.both_families:
        parts.append("IPv4 and IPv6 of a name go in one.")
    return " ".join(parts)


def _period(seconds: int) -> str:
    for size, word in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count, rest = divmod(seconds, size)
        if count and not rest:
            return f"{count} {word}s" if count > 1 else f"one {word}"
    return f"{seconds} seconds"


def _listed(numbers: tuple[int, ...]) -> str:
    *most, last = map(str, numbers)
    return f"{', '.join(most)} or {last}"


def as_json(driver: type[Provider]) -> dict[str, Any]:
    """The facts for programs; null is what nobody knows, or what depends on the settings."""
    found = facts(driver)._asdict()
    budget = found["budget"]
    return found | {
        "ttls": list(found["ttls"]),
        "budget": None if budget is None else {"requests": budget.requests, "seconds": budget.seconds},
    }
