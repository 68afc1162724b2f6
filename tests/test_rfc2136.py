"""What the RFC 2136 driver makes of answers that real servers seldom give; those are in tests/peers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address
from typing import Any

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rrset
import dns.tsig
import dns.update
import pytest

from homeport.core.dns import Name, Present, Record, RRset, RRType, Zone
from homeport.core.errors import (
    BadCredentials,
    NoSuchName,
    ProviderError,
    Reaction,
    Refused,
    Unintelligible,
    Unreachable,
)
from homeport.core.plan import Change, Create, Put
from homeport.core.secret import Secret
from homeport.driver import Api
from homeport.providers.rfc2136 import RFC2136
from homeport.wire.http import Reply, Request

HOME, ZONE = Name("home.example.com"), Zone(Name("example.com"), "example.com")
SECRET = "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBvY3RldHMuLi4="
SOA = "example.com. 60 IN SOA ns1.example.com. hostmaster.example.com. 1 2 3 4 5"
HERE = frozenset({IPv4Address("45.0.0.10")})
WANTED = RRset(HOME, RRType.A, HERE, 60)
Answer = Callable[[dns.message.Message], dns.message.Message | bytes]


@dataclass
class Peer:
    """A server on no socket, that answers by a function; keeps what it was sent."""

    answer: Answer
    sent: list[dns.message.Message] = field(default_factory=list)

    async def exchange(self, host: str, port: int, messages: Sequence[bytes]) -> list[bytes]:
        answers = []
        for message in messages:
            self.sent.append(dns.message.from_wire(message, keyring=False))
            answer = self.answer(self.sent[-1])
            answers.append(answer if isinstance(answer, bytes) else answer.to_wire())
        return answers


class NoHttp:
    async def send(self, request: Request) -> Reply:
        raise AssertionError("no HTTP here")


def plain(**settings: Any) -> RFC2136:
    return RFC2136(server="192.0.2.53", **settings)


def signing() -> RFC2136:
    return plain(tsig_name="k.", tsig_key=Secret(SECRET))


def says(
    rcode: str, *rows: str, flags: int = dns.flags.AA, section: str = "answer"
) -> Callable[[dns.message.Message], dns.message.Message]:
    """The same answer to everything; rows are lines of a zone file."""

    def answer(request: dns.message.Message) -> dns.message.Message:
        request.tsig = None
        response = dns.message.make_response(request)
        response.flags |= flags
        response.set_rcode(dns.rcode.from_text(rcode))
        for row in rows:
            owner, ttl, _, rdtype, rdata = row.split(maxsplit=4)
            getattr(response, section).append(dns.rrset.from_text(owner, int(ttl), "IN", rdtype, rdata))
        return response

    return answer


def look(answer: Answer, driver: RFC2136 | None = None) -> Present | ProviderError:
    driver = driver or plain()
    api = Api(driver, NoHttp(), Peer(answer), lambda: 0.0)
    return asyncio.run(driver.look(api, [WANTED.key]))[WANTED.key]


def commit(answer: Answer, driver: RFC2136, *changes: Change) -> Peer:
    peer = Peer(answer)
    api = Api(driver, NoHttp(), peer, lambda: 1_800_000_000.0)
    asyncio.run(driver.commit(api, ZONE, changes or [Put(WANTED)]))
    return peer


def test_what_is_read_has_the_zone_that_the_answer_shows() -> None:
    row = "HOME.example.com. 300 IN A 45.0.0.9"
    for answer in (says("NOERROR", row, SOA), says("NOERROR", SOA, row)):
        address = IPv4Address("45.0.0.9")
        assert look(answer) == Present(ZONE, (Record("45.0.0.9", address, 300),))
    assert look(says("NXDOMAIN", SOA, section="authority")) == Present(ZONE, ())
    assert look(says("NOERROR", SOA, section="authority")) == Present(ZONE, ())


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (says("REFUSED", flags=0), NoSuchName, r"server contains home\.example\.com \(REFUSED"),
        (says("NOTAUTH", flags=0), NoSuchName, r"\(NOTAUTH\)"),
        (says("SERVFAIL", flags=0), Unreachable, "SERVFAIL for home"),
        (says("NOERROR", "home.example.com. 60 IN A 45.0.0.9", flags=0), NoSuchName, "as a resolver does"),
        (says("NXDOMAIN", flags=0), NoSuchName, "as a resolver does"),
        (says("NOERROR"), NoSuchName, r"no zone of this server .*\(NOERROR\)"),
        (
            says("NOERROR", "home.example.com. 60 IN NS ns.else.example.", flags=0, section="authority"),
            NoSuchName,
            r"home\.example\.com lies in home\.example\.com, which is delegated to ns\.else\.example",
        ),
        (says("NOERROR", "home.example.com. 60 IN CNAME x.example."), Refused, "is a CNAME to x.example;"),
        (says("NOERROR", SOA, flags=dns.flags.AA | dns.flags.TC), Unintelligible, "truncated answer"),
        (lambda _: b"junk", Unintelligible, "RFC 2136: unexpected reply"),
        (lambda _: b"", Unintelligible, "RFC 2136: unexpected reply"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_never_taken_for_nothing(
    answer: Answer, kind: type[ProviderError], said: str
) -> None:
    found = look(answer)
    assert type(found) is kind, found
    with pytest.raises(kind, match=said):
        raise found


@pytest.mark.parametrize(
    ("rcode", "kind", "said"),
    [
        ("FORMERR", Refused, "FORMERR for an update of example.com"),
        ("SERVFAIL", Unreachable, "its log says why"),
        ("NXDOMAIN", Refused, "NXDOMAIN"),
        ("NOTIMP", Refused, "takes no dynamic updates"),
        ("REFUSED", Refused, "does it want a TSIG key"),
        ("NOTAUTH", Refused, "does it want a TSIG key"),
        ("YXRRSET", Refused, "there is a CNAME"),
        ("NOTZONE", NoSuchName, "primary server"),
        ("YXDOMAIN", Refused, "YXDOMAIN for an update"),
    ],
)
def test_what_the_server_says_about_an_unsigned_update_becomes_what_the_agent_must_do(
    rcode: str, kind: type[ProviderError], said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        commit(says(rcode), plain())
    assert type(caught.value) is kind


def test_an_unsigned_update_that_is_acknowledged_is_one() -> None:
    [message] = commit(says("NOERROR"), plain()).sent
    assert message.opcode() == dns.opcode.UPDATE
    assert not message.had_tsig


def test_what_is_new_is_only_added_and_what_is_replaced_is_deleted_first() -> None:
    def shape(*changes: Change) -> tuple[int, int]:
        [message] = commit(says("NOERROR"), plain(), *changes).sent
        assert isinstance(message, dns.update.UpdateMessage)
        return len(message.prerequisite), len(message.update)

    two = RRset(HOME, RRType.A, HERE | {IPv4Address("45.0.0.11")}, 60)
    assert shape(*plain().changes(two, ())) == (1, 2)
    assert shape(Put(two)) == (0, 3)
    assert shape(Put(two), Create(replace(two, owner=Name("b.example.com")), IPv4Address("45.0.0.10"))) == (
        1,
        5,
    )


@pytest.mark.parametrize(
    ("rcode", "kind", "said"),
    [
        ("NOERROR", Unintelligible, "not signed: the update may not have been made"),
        ("FORMERR", Unintelligible, "FORMERR, but the answer is not signed"),
        ("SERVFAIL", Unreachable, "SERVFAIL; its log says why"),
        ("NOTAUTH", BadCredentials, "does not accept the TSIG key 'k' .* and both clocks"),
        ("REFUSED", BadCredentials, "does not accept the TSIG key"),
    ],
)  # fmt: skip
def test_an_answer_without_signature_to_a_signed_update_acknowledges_nothing(
    rcode: str, kind: type[ProviderError], said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        commit(says(rcode), signing())
    assert SECRET not in str(caught.value)


def test_a_clock_that_is_not_set_yet_is_no_wrong_key() -> None:
    """A small machine without a battery begins every boot in 1970; PowerDNS says NOTAUTH to that."""
    driver = signing()
    api = Api(driver, NoHttp(), Peer(says("NOTAUTH")), lambda: 86400.0)

    with pytest.raises(Unreachable, match="this machine's clock is wrong"):
        asyncio.run(driver.commit(api, ZONE, [Put(WANTED)]))


@pytest.mark.parametrize("error", [16, 17, 22])
def test_what_the_server_says_about_our_signature_speaks_of_the_whole_account(error: int) -> None:
    def complains(request: dns.message.Message) -> dns.message.Message:
        assert request.tsig is not None
        bare = request.tsig[0].replace(mac=b"", error=error, other=b"")
        response = says("NOTAUTH")(request)
        response.tsig = dns.rrset.from_rdata("k.", 0, bare)
        return response

    with pytest.raises(BadCredentials, match="compare") as caught:
        commit(complains, signing())
    assert (caught.value.reaction, caught.value.whole_account) == (Reaction.HALT, True)


def test_more_than_a_message_holds_is_refused_so_that_its_halves_are_sent() -> None:
    many = [
        Put(RRset(Name(f"{'x' * 50}{number}.example.com"), RRType.A, HERE, 60)) for number in range(1000)
    ]
    api = Api(plain(), NoHttp(), Peer(says("NOERROR")), lambda: 0.0)
    with pytest.raises(Refused, match="do not fit one message"):
        asyncio.run(plain().commit(api, ZONE, many))


def test_the_ttl_that_a_record_has_is_kept_unless_another_is_asked_for() -> None:
    old = Record("45.0.0.9", IPv4Address("45.0.0.9"), 300)
    for ttl, sent in ((None, 300), (60, 60), (0, 0)):
        [change] = plain().changes(RRset(HOME, RRType.A, HERE, ttl), [old])
        assert change == Put(RRset(HOME, RRType.A, HERE, sent))
    wanted = RRset(HOME, RRType.A, HERE, None)
    assert plain().changes(wanted, ()) == (Create(wanted, IPv4Address("45.0.0.10")),)
    assert plain().changes(wanted, [Record("", IPv4Address("45.0.0.10"), 300)]) == ()


@pytest.mark.parametrize(
    ("settings", "mistakes"),
    [
        ({}, []),
        ({"server": "ns1.example.com."}, []),
        ({"server": "2001:db8::53"}, []),
        ({"server": "fe80::53%eth0"}, []),
        ({"server": "bind"}, []),
        ({"server": "192.0.2.53:5353"}, ["server"]),
        ({"server": "[2001:db8::53]"}, ["server"]),
        ({"server": "tcp://192.0.2.53"}, ["server"]),
        ({"server": ""}, ["server"]),
        ({"server": "ns1.example.com 53"}, ["server"]),
        ({"port": 0}, ["port"]),
        ({"port": 65536}, ["port"]),
        ({"tsig_name": "k"}, ["tsig_key"]),
        ({"tsig_key": Secret(SECRET)}, ["tsig_name"]),
        ({"tsig_name": "k", "tsig_key": Secret("not base64!")}, ["tsig_key"]),
        ({"tsig_name": "K.Example.", "tsig_key": Secret(SECRET)}, []),
    ],
)
def test_settings_that_cannot_be_are_mistakes(settings: dict[str, Any], mistakes: list[str]) -> None:
    driver = RFC2136(**({"server": "192.0.2.53"} | settings))
    assert [setting for setting, _ in driver.mistakes()] == mistakes
    assert SECRET not in repr(driver)


def test_the_name_of_a_key_is_the_same_with_and_without_its_final_dot() -> None:
    for name in ("K.Example.", "k.example"):
        key = plain(tsig_name=name, tsig_key=Secret(SECRET)).key()
        assert key is not None
        assert key.name == "k.example"
    assert plain().key() is None
    assert plain().primary() == ("192.0.2.53", 53)
