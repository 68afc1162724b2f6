"""What a provider driver is, and everything it need not write itself.

A driver is a frozen dataclass: its fields are its settings, its methods its API.  It holds no
connection, no cache and no state; the agent passes an `Api` in.  It inherits from the family that
matches the granularity of the service:

    RecordApi       one record at a time, by id         find_zones, records, create, replace, delete
    RestRecords     the same, as a REST collection      attributes, and what does not fit them
    SingleRRsetApi  whole RRsets, one in a request      find_zones, records, put
    RRsetApi        whole RRsets, many in a request     find_zones, records, commit
    UpdateApi       "my address is ...", unreadable     put

The family plans the changes, finds the zones, cuts the work into requests as large as the service
takes, and turns any reply the driver trips over into `Unintelligible`.  `Api` maps HTTP statuses to
errors.  A driver raises only what it alone can know, such as a refusal inside a "200 OK".
"""

from ..core.budget import Budget
from .base import (
    Api,
    DnsTransport,
    HttpProvider,
    NoOptions,
    Provider,
    Settled,
    Task,
    Together,
    Verdict,
    one_by_one,
    understanding,
)
from .domains import domain_of, not_in
from .faults import Fault, raise_fault, raise_for_words, told
from .library import Failed, Library, NoLibrary, Session, Step
from .pages import every_page, linked, until_short, until_total
from .primary import Primary
from .updates import Update, UpdateApi
from .zones import (
    NoBatch,
    RecordApi,
    RestRecords,
    RRsetApi,
    SingleRRsetApi,
    Unusable,
    ZoneApi,
    ZoneWriter,
    ask_for_zones,
    owner_of,
    seen_before,
)

__all__ = [
    "Api",
    "Budget",
    "DnsTransport",
    "Failed",
    "Fault",
    "HttpProvider",
    "Library",
    "NoBatch",
    "NoLibrary",
    "NoOptions",
    "Primary",
    "Provider",
    "RRsetApi",
    "RecordApi",
    "RestRecords",
    "Session",
    "Settled",
    "SingleRRsetApi",
    "Step",
    "Task",
    "Together",
    "Unusable",
    "Update",
    "UpdateApi",
    "Verdict",
    "ZoneApi",
    "ZoneWriter",
    "ask_for_zones",
    "domain_of",
    "every_page",
    "linked",
    "not_in",
    "one_by_one",
    "owner_of",
    "raise_fault",
    "raise_for_words",
    "seen_before",
    "told",
    "understanding",
    "until_short",
    "until_total",
]
