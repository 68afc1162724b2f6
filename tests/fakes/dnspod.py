"""DNSPod's domains and records, by the API that takes a token."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from homeport.core.secret import Secret
from homeport.providers.dnspod import DNSPod
from homeport.wire.auth import form
from homeport.wire.http import Reply, Request

from . import answer, header
from ._rest import Failure, RestFake

URL = "https://dnsapi.cn"
LEAST = 1  # in the greatest plan
DOMAIN = "38280687"
DONE = {"code": "1", "message": "Action completed successful", "created_at": "2016-05-11 03:00:13"}
AGENT = re.compile(r"[A-Za-z ]+/[0-9.]+ ?\([^()@ ]+@[^()@ ]+\)")


def failure(code: str, message: str = "no") -> Failure:
    status = {"code": code, "message": message, "created_at": "2016-05-11 02:55:55"}
    return Failure(200, {"status": status})


def call(**fields: str) -> object:
    return form({"login_token": Secret(RestFake.good), "format": "json", **fields})


class FakeDNSPod(RestFake):
    base = f"{URL}/"
    exchanges = {
        "error_domain_not_exist": (
            "POST",
            f"{URL}/Record.List",
            call(domain="not-mine.example", length="3000"),
        ),
        "record_create": (
            "POST",
            f"{URL}/Record.Create",
            call(
                domain_id=DOMAIN, sub_domain="new", record_type="A", value="192.0.2.5", record_line="默认"
            ),
        ),
        "record_list": ("POST", f"{URL}/Record.List", call(domain="example.com")),
        "record_modify": (
            "POST",
            f"{URL}/Record.Modify",
            call(
                domain_id=DOMAIN,
                record_id="1",
                sub_domain="www",
                record_type="A",
                value="192.0.2.6",
                record_line="默认",
            ),
        ),
    }
    attributes = {"line": "默认", "line_id": "0", "enabled": "1", "weight": 7, "remark": "mine"}

    def __init__(self) -> None:
        super().__init__()
        self.ids_of_lines = False  # the recorded lists are older than they

    def driver(self, key: str) -> DNSPod:
        return DNSPod(token=Secret(key), email="me@example.com")

    def reads(self, request: Request) -> bool:
        return request.url.endswith(".List")

    def decoded(self, body: bytes) -> dict[str, str]:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))

    def authorised(self, request: Request) -> None:
        said = self.decoded(request.body) if request.body else {}
        if request.method != "POST":
            raise failure("2")
        if header(request, "content-type") != "application/x-www-form-urlencoded" or request.query:
            raise failure("3")
        if not AGENT.fullmatch(header(request, "user-agent")):
            raise failure("-15", "this client is banned")
        if said.get("format") != "json" or said.get("login_token") != self.good:
            raise failure("-1", f"Login failed: {said.get('login_token')}")

    def serve(self, method: str, path: list[str], asked: dict[str, str], new: Any) -> Reply:
        match path:
            case ["Domain.List"]:
                row = {"id": int(DOMAIN), "name": self.zone, "status": "enable", "grade": "DP_Ultra"}
                return self.done(info={"domain_total": 1}, domains=self.part([row], new))
            case ["Record.List"]:
                self.within(new)
                return self.list(new)
            case ["Record.Create"]:
                self.within(new)
                told = self.told(new)
                row = self.create(
                    told.pop("owner"), told.pop("type"), told.pop("address"), **told, remark=""
                )
                return self.done(record={"id": row["id"], "name": self.label(row), "status": "enabled"})
            case ["Record.Modify"]:
                self.within(new)
                told, row = self.told(new), self.row(new["record_id"])
                if all(row[field] == told[field] for field in told):
                    raise failure("21", "the record is locked for an hour")  # the real one forgives five
                self.change(new["record_id"], **told)
                return self.done(
                    record={"id": int(new["record_id"]), "name": self.label(row), "status": "enable"}
                )
            case ["Record.Remove"]:
                self.within(new)
                self.rows.remove(self.row(new["record_id"]))
                return self.done()
            case _:
                raise failure("3")

    def done(self, **more: Any) -> Reply:
        return answer({"status": DONE, **more})

    def told(self, new: dict[str, str]) -> dict[str, Any]:
        """What a write says about a record; what it does not say has a default."""
        lines = {"0": "默认", "10=1": "联通"}
        line = new.get("record_line_id") or next(
            (one for one in lines if lines[one] == new.get("record_line")), ""
        )
        if line not in lines:
            raise failure("26")
        return {
            "owner": self.full(new.get("sub_domain", "@")),
            "type": new["record_type"],
            "address": new["value"],
            "ttl": int(new.get("ttl", 600)),
            "line": lines[line],
            "line_id": line,
            "enabled": "1" if new.get("status", "enable") == "enable" else "0",
            "weight": int(new["weight"]) if "weight" in new else None,
        }

    def within(self, new: dict[str, str]) -> None:
        if new.get("domain_id", DOMAIN) != DOMAIN:
            raise failure("6")
        if new.get("domain", self.zone) != self.zone:
            raise failure("13", "Domain is not exists")

    def row(self, id: str) -> dict[str, Any]:
        for row in self.rows:
            if row["id"] == id:
                return row
        raise failure("8")

    def valid(self, row: dict[str, Any]) -> None:
        if row["owner"] in self.refused:
            raise failure("22")
        if not LEAST <= row["ttl"] <= 604800:
            raise failure("29")
        same = ("owner", "type", "address", "line_id")
        if any(all(other[key] == row[key] for key in same) for other in self.rows if other is not row):
            raise failure("104")

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        told = {"id": row["id"], "name": self.label(row), "type": row["type"], "value": row["address"]}
        told |= {"ttl": str(row["ttl"]), "mx": "0", "weight": row["weight"], "remark": row["remark"]}
        line = {"line": row["line"], **({"line_id": row["line_id"]} if self.ids_of_lines else {})}
        return told | line | {"enabled": row["enabled"], "monitor_status": "", "use_aqb": "no"}

    def part(self, rows: list[Any], new: dict[str, str]) -> list[Any]:
        """The rows of the part that is asked for."""
        size, start = int(new.get("length", 3000)), int(new.get("offset", 0))
        return rows[start : start + min(size, 3000)]

    def list(self, new: dict[str, str]) -> Reply:
        label = new.get("sub_domain")
        rows = [row for row in self.rows if label is None or row["owner"] == self.full(label)]
        if not rows and new.get("error_on_empty", "yes") == "yes":
            raise failure("10", "No records")
        some = self.part([self.shown(row) for row in rows], new)
        domain = {"id": DOMAIN, "name": self.zone, "grade": "DP_Ultra"}
        return self.done(domain=domain, info={"record_total": str(len(rows))}, records=some)
