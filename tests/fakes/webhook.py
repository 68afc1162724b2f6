"""Services of nobody's, called by a webhook: one call for each family, and one for both."""

from __future__ import annotations

import json
from ipaddress import ip_address
from urllib.parse import parse_qsl

from homeport.core.secret import Secret
from homeport.providers.webhook import Webhook
from homeport.wire.http import Reply, Request

from . import Fake, answer, header, shown


class FakeEachFamily(Fake):
    """Everything stands in the URL."""

    readable = several = empties = False

    def driver(self, key: str) -> Webhook:
        return Webhook(
            url="https://dyn.example.net/u/{zone}/{label}?type={type}&ip={ip}&key={key}",
            secrets={"key": Secret(key)},
            success="^(good|nochg) ",
        )

    def __call__(self, request: Request) -> Reply:
        assert (request.method, request.url, request.body) == ("GET", "https://dyn.example.net", b"")
        path, _, query = shown(request.hidden or "").partition("?")
        zone, label = path.removeprefix("/u/").split("/")
        asked = dict(parse_qsl(query, strict_parsing=True))
        assert asked.keys() == {"type", "ip", "key"}
        if asked["key"] != self.good:
            return Reply(401, b"badauth")
        label = label.replace("%2A", "*").replace("%40", "@")
        owner = zone if label == "@" else f"{label}.{zone}"
        if zone != self.zone:
            return Reply(404, b"no such zone")
        if owner in self.refused:
            return Reply(409, b"no")
        assert ip_address(asked["ip"]).version == (4 if asked["type"] == "A" else 6)
        self.put(owner, asked["type"], [asked["ip"]])
        return Reply(200, f"good {asked['ip']}".encode())


class FakeBothFamilies(Fake):
    """JSON; a family that is not named is removed, unless it says "keep"."""

    readable = empties = False

    def driver(self, key: str) -> Webhook:
        return Webhook(
            url="https://dyn.example.net/hosts/{name}",
            method="PUT",
            secrets={"key": Secret(key)},
            header={"X-Key": "{key}", "Accept": "application/json"},
            body='{"host": {"name": "{name}", "key": "{key}"}, "A": "{ipv4}", "AAAA": "{ipv6}"}',
            unknown="keep",
            several=True,
            success='"status": "ok"',
        )

    def __call__(self, request: Request) -> Reply:
        assert (request.method, request.url) == ("PUT", "https://dyn.example.net")
        assert header(request, "content-type") == "application/json"
        assert header(request, "accept") == "application/json"
        told = json.loads(request.body)
        owner = told["host"]["name"]
        assert shown(request.hidden or "") == f"/hosts/{owner.replace('*', '%2A')}"
        if header(request, "x-key") != self.good or told["host"]["key"] != self.good:
            return answer({"status": "denied"}, 403)
        if not f".{owner}".endswith(f".{self.zone}"):
            return answer({"status": "unknown"}, 404)
        if owner in self.refused:
            return answer({"status": "refused"}, 422)
        for rrtype in ("A", "AAAA"):
            if told[rrtype] != "keep":
                self.put(owner, rrtype, [str(ip_address(text)) for text in told[rrtype].split(",")])
        return answer({"status": "ok"})
