"""netcup's zones and records, behind a login."""

from __future__ import annotations

import json
from typing import Any

from homeport.core.secret import Secret
from homeport.providers.netcup import Netcup
from homeport.wire.http import Reply, Request

from . import Fake, answer
from ._rest import Failure, RestFake

URL = "https://ccp.netcup.net/run/webservice/servers/endpoint.php"
SESSION = "s3cr3t-session"  # must be seen in a message as little as the key
WHO = {"customernumber": "12345", "apikey": "key-0815"}


def asked(action: str, **param: Any) -> dict[str, Any]:
    return {"action": action, "param": {**WHO, "apisessionid": SESSION, **param}}


def said(code: int, words: str, data: object = "") -> dict[str, Any]:
    return {
        "serverrequestid": "x9YDWnc1YON522yQMlFld01zMw14",
        "clientrequestid": "",
        "action": "",
        "status": "success" if code == 2000 else "error",
        "statuscode": code,
        "shortmessage": "...",
        "longmessage": words,
        "responsedata": data,
    }


class FakeNetcup(RestFake):
    base = URL
    missing = (200, said(5031, "Can not get DNS records for zone.  Domain not found."))
    denied = (200, said(4013, "Value in field hostname does not match requirements of type: hostname."))
    twice = (200, said(4013, "The record is there already."))
    ttls = True
    attributes = {"priority": "0", "state": "yes"}
    exchanges = {
        "error_zone": ("POST", URL, asked("infoDnsZone", domainname="not-mine.example")),
        "info_dns_records": ("POST", URL, asked("infoDnsRecords", domainname="example.com")),
        "login": ("POST", URL, {"action": "login", "param": {**WHO, "apipassword": Fake.good}}),
    }

    def driver(self, key: str) -> Netcup:
        return Netcup(customer="12345", key=Secret("key-0815"), password=Secret(key))

    def reads(self, request: Request) -> bool:
        return bool(json.loads(request.body)["action"] != "updateDnsRecords")

    def authorised(self, request: Request) -> None:
        new = json.loads(request.body)
        param = new["param"]
        if request.method != "POST" or {name: param.get(name) for name in WHO} != WHO:
            raise Failure(200, said(4013, "Value in field apikey does not match requirements."))
        if new["action"] == "login":
            if param.get("apipassword") != self.good:
                raise Failure(200, said(4011, "The login to the API failed."))
        elif param.get("apisessionid") != SESSION:
            raise Failure(200, said(4001, "The session id is not in a valid format."))

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        param = new["param"]
        match new["action"]:
            case "login":
                return self.done({"apisessionid": SESSION})
            case "infoDnsZone":
                self.inside(param["domainname"])
                return self.done({"name": self.zone, "ttl": "300", "serial": "1"})
            case "infoDnsRecords":
                return self.done({"dnsrecords": [self.shown(r) for r in self.inside(param["domainname"])]})
            case "updateDnsRecords":
                self.inside(param["domainname"])
                for row in param["dnsrecordset"]["dnsrecords"]:
                    self.update(row)
                return self.done({"dnsrecords": [self.shown(row) for row in self.rows]})
            case _:
                raise Failure(200, said(4013, "Value in field action does not match requirements."))

    def update(self, row: dict[str, Any]) -> None:
        if "id" in row and row["id"] not in [held["id"] for held in self.rows]:
            raise Failure(200, said(4013, "The record id does not exist."))
        owner = self.full(row["hostname"])
        if row["deleterecord"]:
            self.rows.remove(self.row(row["id"]))
        elif "id" in row:
            priority = row.get("priority", "")  # what is not said, it sets
            self.change(row["id"], owner=owner, address=row["destination"], priority=priority)
        else:
            self.create(owner, row["type"], row["destination"])

    def done(self, data: object) -> Reply:
        return answer(said(2000, "Done.", data))

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": row["id"],
            "hostname": self.label(row),
            "type": row["type"],
            "priority": row["priority"],
            "destination": row["address"],
            "deleterecord": False,
            "state": row["state"],
        }
