"""Google Cloud DNS: assertions signed with RSA, tokens, and changes that must know what they remove."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from homeport.core.secret import Secret
from homeport.providers.googleclouddns import GoogleCloudDNS
from homeport.wire.http import Reply, Request

from . import Fake, answer, header
from ._rest import Failure, RestFake

PROJECT = "https://dns.googleapis.com/dns/v1/projects/example.com"
ZONE = f"{PROJECT}/managedZones/699036609868956548"
TOKEN = f"ya29.{Fake.good.replace(' ', '_')}"


@cache
def key_of(word: str) -> rsa.RSAPrivateKey:
    """A key of its own for each word; short, since it is read a thousand times."""
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)


def pem(word: str) -> str:
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key_of(word).private_bytes(*kinds).decode()


def failure(status: int, reason: str, message: str) -> tuple[int, object]:
    errors = [{"message": message, "domain": "global", "reason": reason}]
    return status, {"error": {"code": status, "message": message, "errors": errors}}


class FakeGoogleCloudDNS(RestFake):
    base = PROJECT
    missing = failure(404, "notFound", "The 'parameters.managedZone' resource does not exist.")
    denied = failure(400, "cnameResourceRecordSetConflict", "The resource record set is invalid.")
    special = {"policy": {"wrr": {"items": [{"weight": 1, "rrdatas": ["192.0.2.7"]}]}}}
    session = {"token": Secret(TOKEN)}
    exchanges = {
        "change_create": (
            "POST",
            f"{ZONE}/changes",
            {
                "additions": [
                    {"name": "new.example.com.", "type": "A", "ttl": 3600, "rrdatas": ["192.0.2.5"]}
                ]
            },
        )
    }

    def driver(self, key: str) -> GoogleCloudDNS:
        account = {
            "type": "service_account",
            "project_id": "example.com",
            "private_key_id": key,
            "private_key": pem(key),
            "client_email": "dns@example.com.iam.gserviceaccount.com",
        }
        return GoogleCloudDNS(credentials=Secret(json.dumps(account)))

    def reads(self, request: Request) -> bool:
        return super().reads(request) or request.url.endswith("/token")

    def __call__(self, request: Request) -> Reply:
        if request.url == "https://oauth2.googleapis.com/token":
            return self.login(parse_qs(request.body.decode()))
        return super().__call__(request)

    def login(self, form: dict[str, list[str]]) -> Reply:
        [grant], [assertion] = form["grant_type"], form["assertion"]
        assert grant == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        text, _, signature = assertion.rpartition(".")
        _, claims = (json.loads(urlsafe_b64decode(part + "==")) for part in text.split("."))
        assert claims["aud"] == "https://oauth2.googleapis.com/token"
        assert 0 < claims["exp"] - claims["iat"] <= 3600 and "clouddns" in claims["scope"]
        try:
            raw = urlsafe_b64decode(signature + "==")
            key_of(self.good).public_key().verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            said = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            return answer(said, 400)
        return answer({"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})

    def authorised(self, request: Request) -> None:
        if header(request, "authorization") != f"Bearer {TOKEN}":
            raise Failure(*failure(401, "authError", "Request had invalid authentication credentials."))

    def inside(self, apex: str) -> list[dict[str, Any]]:
        return super().inside(self.zone if apex == "699036609868956548" else apex)

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        about = {"dnsName": f"{self.zone}.", "kind": "dns#managedZone"}
        match method, path:
            case "GET", ["managedZones"]:
                ours = about | {"id": "699036609868956548", "name": "ours", "visibility": "public"}
                private = about | {"id": "1", "name": "theirs", "visibility": "private"}
                return self.list("managedZones", [private, ours], "dns#managedZonesListResponse", asked)
            case "GET", ["managedZones", zone, "rrsets"]:
                rows = [row for row in self.inside(zone) if asked.get("type", row["type"]) == row["type"]]
                rows = [row for row in rows if asked.get("name", f"{row['owner']}.") == f"{row['owner']}."]
                sets = dict.fromkeys((row["owner"], row["type"]) for row in rows)
                shown = [self.shown(*rrset) for rrset in sets]
                return self.list("rrsets", shown, "dns#resourceRecordSetsListResponse", asked)
            case "POST", ["managedZones", zone, "changes"]:
                self.inside(zone)
                return self.change_all(new)
            case _:
                return Reply(405)

    def change_all(self, new: dict[str, Any]) -> Reply:
        removed, added = new.get("deletions", []), new.get("additions", [])
        if not (removed or added) or len(removed) > 1000 or len(added) > 1000:
            raise Failure(*failure(400, "invalid", "The change is empty, or too large."))
        numbers: dict[tuple[str, str], list[str]] = {}
        for rrset in removed:
            key = (rrset["name"].removesuffix("."), rrset["type"])
            rows = [row for row in self.rows if (row["owner"], row["type"]) == key]
            if not rows:
                raise Failure(*failure(404, "notFound", "The 'entity.change.deletions[0]' does not exist."))
            if {k: v for k, v in self.shown(*key).items() if k in rrset} != rrset:
                raise Failure(*failure(412, "conditionNotMet", "Precondition not met."))
            numbers[key] = [row["id"] for row in rows]
            self.rows = [row for row in self.rows if row not in rows]
        for rrset in added:
            key = (rrset["name"].removesuffix("."), rrset["type"])
            if any((row["owner"], row["type"]) == key for row in self.rows):
                raise Failure(*failure(409, "alreadyExists", "The resource exists already."))
            if not rrset["rrdatas"] or rrset["ttl"] < 0:
                raise Failure(*self.denied)
            for address in rrset["rrdatas"]:
                row = self.create(*key, address)
                row |= {"ttl": rrset["ttl"], "id": (numbers.get(key) or [row["id"]]).pop(0)}
        shown = [rrset | {"kind": "dns#resourceRecordSet"} for rrset in added]
        change = {"kind": "dns#change", "id": "212", "status": "pending"}
        return answer(change | ({"additions": shown} if shown else {}))

    def shown(self, owner: str, rrtype: str) -> dict[str, Any]:
        rows = [row for row in self.rows if (row["owner"], row["type"]) == (owner, rrtype)]
        about = {"kind": "dns#resourceRecordSet", "name": f"{owner}.", "type": rrtype}
        if "policy" in rows[0]:
            return about | {"ttl": rows[0]["ttl"], "routingPolicy": rows[0]["policy"]}
        return about | {"ttl": rows[0]["ttl"], "rrdatas": [row["address"] for row in rows]}

    def list(self, at: str, rows: list[Any], kind: str, asked: dict[str, str]) -> Reply:
        """At most 300 rows; an empty list is left out."""
        start = int(asked.get("pageToken", "0"))
        some = rows[start : start + 300]
        more = {"nextPageToken": str(start + 300)} if len(rows) > start + 300 else {}
        return answer({"kind": kind} | ({at: some} if some else {}) | more)
