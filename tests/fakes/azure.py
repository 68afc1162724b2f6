"""Azure DNS: client secrets, tokens, and RRsets that are replaced only as they were read."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote

from homeport.core.secret import Secret
from homeport.providers.azure import Azure
from homeport.wire.http import Reply, Request

from . import Fake, answer, header
from ._rest import Failure, RestFake

GROUP = "https://management.azure.com/subscriptions/SUBSCRIPTION_ID/resourceGroups/dns-test"
ZONE = f"{GROUP}/providers/Microsoft.Network/dnsZones/example.com"
TOKEN = f"eyJ.{Fake.good.replace(' ', '_')}"
LISTS = {"A": ("ARecords", "ipv4Address"), "AAAA": ("AAAARecords", "ipv6Address")}


def failure(status: int, code: str, message: str = "It cannot be done.") -> tuple[int, object]:
    return status, {"error": {"code": code, "message": message}}


class FakeAzure(RestFake):
    base = f"{GROUP}/providers/Microsoft.Network/dnsZones"
    missing = failure(404, "ResourceNotFound")
    denied = failure(400, "BadRequest", "The record could not be created: a CNAME is there.")
    attributes = {"metadata": {"owner": "me"}}
    session = {"token": Secret(TOKEN)}
    exchanges = {
        "rrset_put": (
            "PUT",
            f"{ZONE}/A/localhost?api-version=2018-05-01",
            {"properties": {"ARecords": [{"ipv4Address": "192.0.2.10"}], "TTL": 3600}},
        )
    }

    def driver(self, key: str) -> Azure:
        return Azure(
            tenant_id="TENANT",
            client_id="CLIENT",
            client_secret=Secret(key),
            subscription_id="SUBSCRIPTION_ID",
            resource_group="dns-test",
        )

    def reads(self, request: Request) -> bool:
        return super().reads(request) or request.url.endswith("/token")

    def __call__(self, request: Request) -> Reply:
        if request.url == "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token":
            form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
            assert form["grant_type"] == "client_credentials" and form["client_id"] == "CLIENT"
            assert form["scope"] == "https://management.azure.com/.default"
            if form["client_secret"] != self.good:
                said = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid secret."}
                return answer(said, 401)
            return answer({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})
        self.request = request
        return super().__call__(request)

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Bearer {TOKEN}":
            raise Failure(*failure(401, "InvalidAuthenticationToken"))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        if asked.get("api-version") != "2018-05-01":
            raise Failure(*failure(400, "MissingApiVersionParameter"))
        match method, path:
            case "GET", [""]:
                private = {"name": self.zone, "id": "1", "properties": {"zoneType": "Private"}}
                return answer(
                    {"value": [private, {"name": self.zone, "properties": {"zoneType": "Public"}}]}
                )
            case "GET", [zone, rrtype]:
                rows = [row for row in self.inside(zone) if row["type"] == rrtype]
                sets = list(dict.fromkeys(row["owner"] for row in rows))
                start = int(asked.get("$skiptoken", "0"))
                shown = [self.shown(owner, rrtype) for owner in sets[start : start + 100]]
                link = f"{ZONE}/{rrtype}?api-version=2018-05-01&%24skiptoken={start + 100}"
                more = {"nextLink": link} if len(sets) > start + 100 else {}
                return answer({"value": shown} | more)
            case _, [zone, rrtype, label]:
                self.inside(zone)
                return self.act(method, self.full(unquote(label)), rrtype, new)
            case _:
                return Reply(405)

    def act(self, method: str, owner: str, rrtype: str, new: Any) -> Reply:
        rows = self.rrset(owner, rrtype)
        if method == "GET":
            if not rows:
                raise Failure(*self.missing)
            return answer(self.shown(owner, rrtype))
        etag, none = header(self.request, "if-match"), header(self.request, "if-none-match")
        if (etag and (not rows or etag != self.etag(rows))) or (none == "*" and rows):
            raise Failure(*failure(412, "PreconditionFailed"))
        self.rows = [row for row in self.rows if row not in rows]
        if method == "DELETE":
            return Reply(200)
        said, (at, inside) = new["properties"], LISTS[rrtype]
        if not said[at] or said["TTL"] < 1:
            raise Failure(*self.denied)
        numbers = [row["id"] for row in rows]
        for record in said[at]:
            row = self.create(owner, rrtype, record[inside])
            row |= {"ttl": said["TTL"], "metadata": said.get("metadata")}
            row["id"] = numbers.pop(0) if numbers else row["id"]
        return answer(self.shown(owner, rrtype), 200 if rows else 201)

    def rrset(self, owner: str, rrtype: str) -> list[dict[str, Any]]:
        return [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrtype)]

    def etag(self, rows: list[dict[str, Any]]) -> str:
        return str([(row["address"], row["ttl"], row.get("metadata")) for row in rows])

    def shown(self, owner: str, rrtype: str) -> dict[str, Any]:
        rows, (at, inside) = self.rrset(owner, rrtype), LISTS[rrtype]
        label, target = self.label(rows[0]), rows[0].get("target")
        about = {
            "fqdn": f"{owner}.",
            "TTL": rows[0]["ttl"],
            at: [] if target else [{inside: row["address"]} for row in rows],
            "targetResource": {"id": target} if target else {},
            "provisioningState": "Succeeded",
        }
        metadata = {"metadata": rows[0]["metadata"]} if rows[0].get("metadata") else {}
        return {
            "id": f"/subscriptions/SUBSCRIPTION_ID/{rrtype}/{label}",
            "name": label,
            "type": f"Microsoft.Network/dnszones/{rrtype}",
            "etag": self.etag(rows),
            "properties": about | metadata,
        }
