"""Zones at Scaleway.  API: https://www.scaleway.com/en/developers/api/domains-and-dns/ (read 2026-11-21).

One request makes many changes of a zone, all or none; it would also make the zone if there were none,
unless told not to.  An unknown zone is 403.  What is set is set as a whole, so comment and priority are
said again; dynamic records (by place, weight, view or health) are left alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from ..core.dns import Name, Record, RRType, Zone
from ..core.errors import BadCredentials, NoSuchName, ProviderError, Refused, Stale, Unreachable
from ..core.plan import Change, Create, Delete, Put, Replace
from ..core.secret import Secret
from ..driver import Api, RestRecords, Unusable, owner_of, told
from ..wire.auth import key
from ..wire.http import Query, Reply

_DYNAMIC = ("geo_ip_config", "http_service_config", "weighted_config", "view_config")
_ERRORS: dict[str, type[ProviderError]] = {
    "denied_authentication": BadCredentials,
    "permissions_denied": BadCredentials,
    "invalid_arguments": Refused,
    "quotas_exceeded": Refused,
    "locked": Refused,
    "resource_expired": Refused,
    "precondition_failed": Stale,
    "conflict": Stale,
    "transient_state": Unreachable,
}


@dataclass(frozen=True, kw_only=True)
class Scaleway(RestRecords):
    secret_key: Annotated[Secret, "the secret key of an API key"]

    title = "Scaleway"
    example = {"secret_key": "env:SCW_SECRET_KEY"}
    credential = (
        "console.scaleway.com › IAM & API keys: an application with the permission set "
        "DomainsDNSFullAccess for the one project, and an API key for it; its secret key."
    )
    base = "https://api.scaleway.com/domain/v2beta1"
    zones, zones_at, zones_query = "/dns-zones", "dns_zones", {"page_size": "100"}
    collection, rows_at, apex = "/dns-zones/{zone}/records", "records", ""
    address_at, update_with, kept = "data", "PUT", ("priority", "comment", *_DYNAMIC)
    least_ttl = 60
    batch = 100

    def headers(self) -> dict[str, Secret]:
        return key("x-auth-token", self.secret_key)

    def check_failure(self, reply: Reply, said: str) -> None:
        if reply.status == 403 and "domain not found" in told(reply, "message"):
            raise NoSuchName(said)
        if kind := _ERRORS.get(told(reply, "type")):
            raise kind(said)
        if reply.status == 409:
            raise Unreachable(f"{said}; another change of the zone is under way")

    def later_pages(self, payload: Any) -> Iterable[Query]:
        [size] = [len(rows) for name, rows in payload.items() if name in ("records", "dns_zones")]
        pages = -(-payload["total_count"] // size) if size else 1  # it may give fewer rows than asked for
        return ({"page": str(number)} for number in range(2, pages + 1))

    def zone_of(self, row: Any) -> Zone | Unusable | None:
        apex = owner_of(".".join(part for part in (row["subdomain"], row["domain"]) if part))
        if apex and row["status"] == "locked":
            return Unusable(apex, Refused(f"{self.title}: the zone {apex} is locked"))
        return Zone(apex, apex.text) if apex else None

    def query(self, zone: Zone, owner: Name | None, rrtype: RRType) -> Query:
        named = {"name": owner.label_in(zone.apex, apex="")} if owner else {}
        return {**named, "type": rrtype.value, "page_size": "100"}

    def special(self, record: Record) -> str | None:
        return "a dynamic record" if any(record.options.get(field) for field in _DYNAMIC) else None

    def defaults(self) -> dict[str, Any]:
        return {"ttl": 3600}

    async def commit(self, api: Api, zone: Zone, changes: Sequence[Change]) -> None:
        self.spare(changes)
        steps: list[dict[str, Any]] = []
        for change in changes:
            match change:
                case Create(wanted, address):
                    steps.append({"add": {"records": [self.new(zone, wanted, address)]}})
                case Replace(wanted, record, address):
                    new = self.changed(zone, wanted, record, address)
                    steps.append({"set": {"id": record.id, "records": [new]}})
                case Delete(_, record):
                    steps.append({"delete": {"id": record.id}})
                case Put():
                    raise AssertionError("planned by record")
        body = {"return_all_records": False, "disallow_new_zone_creation": True, "changes": steps}
        try:
            rows = (await api.patch(self.path(zone), body))["records"]
        except NoSuchName as error:  # the zone was there a moment ago
            raise Stale(str(error)) from None
        if not isinstance(rows, list):
            raise TypeError("records were expected")
