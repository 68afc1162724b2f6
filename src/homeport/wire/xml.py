"""XML that anyone in the network may have written: UPnP's, and that of services.

No DTD is read, so there are no entities to expand, and nothing is ever fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..core.errors import SourceError


def read(body: bytes, what: str, limit: int) -> Any:
    """The root element of a document of at most `limit` octets; `SourceError` if it is none.

    `what` is the word for it in a message: "a device description".
    """
    # PLC0415: 0.8 MiB, and most machines never meet a router that speaks UPnP.
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415 - see above

    from defusedxml import DefusedXmlException  # noqa: PLC0415 - see above
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415 - see above

    if len(body) > limit:
        raise SourceError(f"answered with {what} of more than {limit} octets")
    try:
        return fromstring(body, forbid_dtd=True)
    except DefusedXmlException as error:
        raise SourceError(f"answered with {what} that has a DTD, which may be an attack") from error
    except (ParseError, LookupError, ValueError) as error:  # the latter two: an encoding that nobody knows
        raise SourceError(f"answered with {what} that is no XML") from error


def name(element: Any) -> str:
    """Its name without the namespace: routers are careless with those."""
    return str(element.tag).rpartition("}")[2]


def text(element: Any) -> str:
    """What stands in it before its first child."""
    return (element.text or "").strip()


def child(element: Any, wanted: str) -> str:
    """The text of the first child of that name, or ""."""
    return next((text(one) for one in element if name(one) == wanted), "")


def children(element: Any, wanted: str) -> Iterator[Any]:
    """Its children of that name."""
    return (one for one in element if name(one) == wanted)


def need(element: Any, wanted: str) -> Any:
    """The first child of that name; `LookupError` if there is none."""
    for one in children(element, wanted):
        return one
    raise LookupError(f"no {wanted} in {name(element)}")
