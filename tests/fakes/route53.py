"""Route 53's hosted zones and record sets, in XML."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring

from homeport.core.secret import Secret
from homeport.providers.route53 import Route53
from homeport.wire import xml
from homeport.wire.http import Content, Reply, Request
from homeport.wire.sign_aws import AWS, Credentials, sign

from . import Fake, header, query

BASE = "https://route53.amazonaws.com/2013-04-01"
SPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
KEY_ID = "AKIDEXAMPLE"
UPSERT = (
    f'<ChangeResourceRecordSetsRequest xmlns="{SPACE}"><ChangeBatch><Changes><Change>'
    "<Action>UPSERT</Action><ResourceRecordSet><Name>new.example.com.</Name><Type>A</Type><TTL>60</TTL>"
    "<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>"
    "</ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
)


def reversed_labels(name: str) -> list[str]:
    return name.removesuffix(".").split(".")[::-1]


def escaped(name: str) -> str:
    return name.replace("*", "\\052") + "."


def named(text: str) -> str:
    return text.replace("\\052", "*").removesuffix(".").lower()


def tag(name: str, *inside: str) -> str:
    return f"<{name}>{''.join(inside)}</{name}>"


def document(name: str, *inside: str) -> bytes:
    return f'<?xml version="1.0"?>\n<{name} xmlns="{SPACE}">{"".join(inside)}</{name}>'.encode()


class No(Exception):
    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(body)
        self.reply = Reply(status, body)


class FakeRoute53(Fake):
    exchanges = {
        "list_hosted_zones_by_name": (
            "GET",
            f"{BASE}/hostedzonesbyname?dnsname=example.com.&maxitems=100",
            None,
        ),
        "list_resource_record_sets": ("GET", f"{BASE}/hostedzone/Z1/rrset", None),
        "change_upsert": (
            "POST",
            f"{BASE}/hostedzone/Z1/rrset",
            Content("application/xml", UPSERT.encode()),
        ),
    }

    def __init__(self) -> None:
        super().__init__()
        self.zones: list[tuple[str, str, bool]] = [  # name, id, private
            ("com", "Z0", False),
            (self.zone, "Z1", False),
            (self.zone, "Z2", True),
        ]
        self.odd_sets: dict[tuple[str, str], str] = {}  # (owner, type): elements that a plain set has not

    def driver(self, key: str) -> Route53:
        return Route53(access_key_id=KEY_ID, secret_access_key=Secret(key))

    def __call__(self, request: Request) -> Reply:
        before = [dict(row) for row in self.rows]
        try:
            self.authorised(request)
            path = request.url.removeprefix(BASE).strip("/").split("/")
            return Reply(200, self.serve(request, path, query(request)))
        except No as no:
            self.rows = before
            return no.reply

    def authorised(self, request: Request) -> None:
        bare = {
            name: value for name, value in request.headers.items() if name in ("content-type", "accept")
        }
        plain = Request(request.method, request.url, request.query, bare, request.body)
        keys = Credentials(KEY_ID, Secret(self.good))
        right = sign(plain, AWS, keys, ("us-east-1", "route53"), 0.0)
        if header(request, "authorization") != header(right, "authorization"):
            raise failed(403, "SignatureDoesNotMatch", "The signature we calculated does not match.")

    def serve(self, request: Request, path: list[str], asked: dict[str, str]) -> bytes:
        match request.method, path:
            case "GET", ["hostedzonesbyname"]:
                return self.zones_from(asked)
            case "GET", ["hostedzone", id]:
                return document("GetHostedZoneResponse", self.shown_zone(*self.zone_with(id)))
            case "GET", ["hostedzone", id, "rrset"]:
                self.zone_with(id)
                return self.sets_from(asked)
            case "POST", ["hostedzone", id, "rrset"]:
                self.zone_with(id)
                assert header(request, "content-type") == "application/xml"
                self.change(request.body)
                told = tag("Id", "/change/C1") + tag("Status", "PENDING") + tag("SubmittedAt", "2026-01-02")
                return document("ChangeResourceRecordSetsResponse", tag("ChangeInfo", told))
            case _:
                raise failed(404, "UnknownOperation", "no such operation")

    def zone_with(self, id: str) -> tuple[str, str, bool]:
        for zone in self.zones:
            if zone[1] == id:
                return zone
        raise failed(404, "NoSuchHostedZone", f"No hosted zone found with ID: {id}")

    def zones_from(self, asked: dict[str, str]) -> bytes:
        """In the order of reversed labels; the list begins at the name and does not end with it."""
        ordered = sorted(self.zones, key=lambda zone: (reversed_labels(zone[0]), zone[1]))
        start = reversed_labels(named(asked.get("dnsname", "")))
        rest = [
            zone
            for zone in ordered
            if "dnsname" not in asked
            or (reversed_labels(zone[0]), zone[1]) >= (start, asked.get("hostedzoneid", ""))
        ]
        most = min(int(asked.get("maxitems", 100)), 100)
        shown = [self.shown_zone(*zone) for zone in rest[:most]]
        more = rest[most:]
        after = (
            tag("NextDNSName", escaped(more[0][0])) + tag("NextHostedZoneId", more[0][1]) if more else ""
        )
        truncated = tag("IsTruncated", "true" if more else "false")
        return document(
            "ListHostedZonesByNameResponse",
            tag("HostedZones", *shown) + truncated + after + tag("MaxItems", str(most)),
        )

    def shown_zone(self, name: str, id: str, private: bool) -> str:
        return tag(
            "HostedZone",
            tag("Id", f"/hostedzone/{id}") + tag("Name", escaped(name)),
            tag("Config", tag("PrivateZone", "true" if private else "false")),
        )

    def sets_from(self, asked: dict[str, str]) -> bytes:
        if "type" in asked and "name" not in asked:
            raise failed(400, "InvalidInput", "The input is not valid")
        keys = dict.fromkeys((row["owner"], row["type"]) for row in self.rows)
        keys |= dict.fromkeys(self.odd_sets) | {(self.zone, "NS"): None}
        ordered = sorted(keys, key=lambda key: (reversed_labels(key[0]), key[1]))
        start = (
            (reversed_labels(named(asked["name"])), asked.get("type", "")) if "name" in asked else ([], "")
        )
        rest = [key for key in ordered if (reversed_labels(key[0]), key[1]) >= start]
        most = min(int(asked.get("maxitems", 300)), 300)
        more = rest[most:]
        after = (
            tag("NextRecordName", escaped(more[0][0])) + tag("NextRecordType", more[0][1]) if more else ""
        )
        return document(
            "ListResourceRecordSetsResponse",
            tag("ResourceRecordSets", *(self.shown_set(*key) for key in rest[:most])),
            tag("IsTruncated", "true" if more else "false") + after + tag("MaxItems", str(most)),
        )

    def shown_set(self, owner: str, rrtype: str) -> str:
        held = [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrtype)]
        values = [row["address"] for row in held] or ["ns-1.awsdns-1.com."]
        records = tag("ResourceRecords", *(tag("ResourceRecord", tag("Value", value)) for value in values))
        plain = tag("TTL", str(held[0]["ttl"] if held else 172800)) + records
        return tag(
            "ResourceRecordSet",
            tag("Name", escaped(owner)) + tag("Type", rrtype),
            self.odd_sets.get((owner, rrtype), plain),
        )

    def change(self, body: bytes) -> None:
        root = fromstring(body)
        assert root.tag == f"{{{SPACE}}}ChangeResourceRecordSetsRequest"
        changes = list(xml.need(xml.need(root, "ChangeBatch"), "Changes"))
        records = 0
        seen = set()
        for change in changes:
            action, new = xml.child(change, "Action"), xml.need(change, "ResourceRecordSet")
            owner, rrtype = named(xml.child(new, "Name")), xml.child(new, "Type")
            values = [xml.child(one, "Value") for one in xml.need(new, "ResourceRecords")]
            ttl = int(xml.child(new, "TTL"))
            records += len(values) * (2 if action == "UPSERT" else 1)
            if not values or not 0 <= ttl < 2**31 or (owner, rrtype) in seen:
                raise failed(400, "InvalidInput", "Invalid request")
            seen.add((owner, rrtype))
            self.change_one(action, owner, rrtype, ttl, values)
        if records > 1000:
            raise invalid("Number of records limit of 1000 exceeded.")

    def change_one(self, action: str, owner: str, rrtype: str, ttl: int, values: list[str]) -> None:
        if owner in self.refused or not f".{owner}".endswith(f".{self.zone}"):
            raise invalid(f"RRSet with DNS name {owner}. is not permitted in zone {self.zone}.")
        assert (owner, rrtype) not in self.odd_sets, "an update would destroy it"
        which = f"Tried to delete resource record set [name='{owner}.', type='{rrtype}']"
        held: list[dict[str, Any]] = [r for r in self.rows if (r["owner"], r["type"]) == (owner, rrtype)]
        if action == "DELETE":
            if not held:
                raise invalid(f"{which} but it was not found")
            if (held[0]["ttl"], sorted(r["address"] for r in held)) != (ttl, sorted(values)):
                raise invalid(f"{which} but the values provided do not match the current values")
            self.put(owner, rrtype, [])
        else:
            assert action == "UPSERT"
            for row in held:
                row["ttl"] = ttl
            self.rows = [row for row in self.rows if row not in held or row["address"] in values]
            for value in set(values) - {row["address"] for row in held}:
                self.add(owner, rrtype, value, ttl=ttl)


def failed(status: int, code: str, message: str) -> No:
    told = tag("Error", tag("Type", "Sender"), tag("Code", code), tag("Message", escape(message)))
    return No(status, document("ErrorResponse", told, tag("RequestId", "r1")))


def invalid(message: str) -> No:
    told = tag("Messages", tag("Message", escape(message)))
    return No(400, document("InvalidChangeBatch", told, tag("RequestId", "r1")))
