"""Valid octets to start from, and words that the grammars know."""

from __future__ import annotations

import struct
from base64 import b64encode
from ipaddress import ip_address
from pathlib import Path

import dns.message
import dns.rrset

from homeport.core.dns import IPAddress
from homeport.core.secret import Secret
from homeport.wire import icmp, pcp, tsig
from homeport.wire.whoami import CH, IN, Question
from tests.net import fritz_box
from tests.wire import test_rtnetlink as netlink

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
V4, V6 = ip_address("192.0.2.1"), ip_address("2001:db8::1")


def stun_answer(address: IPAddress, transaction: bytes = TRANSACTION) -> bytes:
    mask = struct.pack("!I", 0x2112A442) + transaction
    masked = bytes(a ^ b for a, b in zip(address.packed, mask, strict=False))
    value = struct.pack("!BBH", 0, 1 if address.version == 4 else 2, 4242) + masked
    attributes = struct.pack("!HH", 0x0020, len(value)) + value + struct.pack("!HH4s", 0x8022, 4, b"test")
    return struct.pack("!HHI12s", 0x0101, len(attributes), 0x2112A442, transaction) + attributes


STUN = (
    stun_answer(V4),
    stun_answer(V6),
    struct.pack("!HHI12sHHBBHI", 0x0101, 12, 0x2112A442, TRANSACTION, 1, 8, 0, 1, 1, 0xC0000201),
    struct.pack("!HHI12sHH4s8s", 0x0111, 16, 0x2112A442, TRANSACTION, 9, 12, b"\0\0\4\1", b"Unauthor"),
)
NATPMP = (
    b"\0\x80\0\0\0\0\1\0\xc0\0\2\1",
    b"\0\x80\0\3\0\0\1\0\0\0\0\0",
    b"\0\x80\0\2\0\0\1\0",
)


def _pcp(address: bytes) -> bytes:
    head = struct.pack("!BBxBII12x", 2, 129, 0, 120, 77)
    return head + struct.pack("!12sB3xHH16s", TRANSACTION, 17, pcp._port(TRANSACTION), 4000, address)


PCP = (
    _pcp(bytes(10) + b"\xff\xff" + V4.packed),
    _pcp(V6.packed),
    struct.pack("!BBxBII12x", 2, 128, 0, 0, 9),
    struct.pack("!BBxBII12x", 2, 129, 2, 0, 9),
    b"\0\x80\0\1\0\0\0\0",
)
SSDP = (
    (
        b"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\nLOCATION: http://192.168.1.1:49000/igddesc.xml\r\n"
        b"SERVER: x UPnP/1.0 y\r\nST: urn:schemas-upnp-org:service:WANIPConnection:1\r\nUSN: uuid:1\r\n\r\n"
    ),
    b"HTTP/1.0 200 OK\r\nlocation:http://192.168.1.1/x?y=1\r\n\r\n",
)
SSDP_WORDS = (
    b"\r\n",
    b"LOCATION: ",
    b"http://",
    b"192.168.1.1",
    b"@",
    b"[::1]",
    b"%",
    b":0",
    b"//",
    b"\\",
    b"\x1f",
)
ICMP = (
    bytes((0,)) + icmp.request(4, 1, TRANSACTION)[1:],
    bytes((129,)) + icmp.request(6, 1, TRANSACTION)[1:],
    b"E" + bytes(19) + bytes((0,)) + icmp.request(4, 1, TRANSACTION)[1:],
)


def _response(owner: str, rdtype: str, *rdata: str, rdclass: str = "IN", extra: str = "") -> bytes:
    query = dns.message.make_query(owner, rdtype, rdclass, id=4660)
    query.use_edns(False)
    message = dns.message.make_response(query)
    message.flags |= 0x0400
    message.answer.append(dns.rrset.from_text(owner, 60, rdclass, rdtype, *rdata))
    if extra:
        message.authority.append(dns.rrset.from_text("example.com.", 60, "IN", "NS", extra))
        message.additional.append(dns.rrset.from_text(extra, 60, "IN", "A", "192.0.2.53"))
    return message.to_wire()


DNS = (
    _response("home.example.com.", "A", "192.0.2.1", "192.0.2.2", extra="ns.example.com."),
    _response("home.example.com.", "AAAA", "2001:db8::1", extra="ns.example.net."),
    _response("home.example.com.", "CNAME", "www.example.com."),
    _response("example.com.", "SOA", "ns.example.com. a.example.com. 1 2 3 4 5"),
    _response("example.com.", "TXT", '"v=spf1 -all" "and more"'),
)
DNS_WORDS = (
    b"\xc0\x0c",
    b"\xc0\x00",
    b"\xff\xff",
    b"\x3f",
    b"\0\1\0\1",
    b"\0\x1c\0\1",
    b"\0\0\0\x3c\0\4",
    b"\x80\0\0\0",
)
QUESTIONS = (
    Question(4660, "myip.opendns.com", 1, IN),
    Question(4660, "whoami.cloudflare", 16, CH),
    Question(4660, "o-o.myaddr.l.google.com", 16, IN),
)
WHOAMI = (
    _response("myip.opendns.com.", "A", "192.0.2.1"),
    _response("whoami.cloudflare.", "TXT", '"192.0.2.1"', rdclass="CH"),
    _response("o-o.myaddr.l.google.com.", "TXT", '"2001:db8::1"', '"edns0-client-subnet 192.0.2.0/24"'),
)
NOW = 1_800_000_000
MAC = bytes(range(32))
KEY = tsig.Key("homeport", Secret(b64encode(b"k" * 32).decode()))


def _signed() -> bytes:
    """A response, signed as a server does: bound to the MAC of the request (RFC 8945, 5.4.1)."""
    plain = DNS[0]
    name, when = b"\x08homeport\0", struct.pack("!HIH", NOW >> 32, NOW & 0xFFFFFFFF, 300)
    variables = name + struct.pack("!HI", 255, 0) + KEY.wire_algorithm + when + b"\0\0\0\0"
    mac = KEY.mac(struct.pack("!H", len(MAC)), MAC, plain, variables)
    rdata = KEY.wire_algorithm + when + struct.pack("!H", len(mac)) + mac + plain[:2] + b"\0\0\0\0"
    counted = plain[:10] + struct.pack("!H", 2) + plain[12:]
    return counted + name + struct.pack("!HHIH", 250, 255, 0, len(rdata)) + rdata


SIGNED, SIGNED_END = _signed(), len(DNS[0])
RTNETLINK = (
    netlink.address("192.0.2.1", peer="192.0.2.9") + netlink.address("2001:db8::1", flags=0x101),
    netlink.route(netlink.attribute(5, V4.packed), netlink.attribute(4, struct.pack("=I", 3)))
    + netlink.link(0x10043)
    + netlink.address("fe80::1", scope=253, gone=True),
    netlink.route(
        netlink.attribute(9, struct.pack("=HBBi", 16, 0, 0, 3) + netlink.attribute(5, V4.packed)),
        netlink.attribute(18, struct.pack("=H", 10) + V6.packed),
        replaces=True,
    ),
    netlink.neighbour() + netlink.neighbour("2001:db8::6", state=0x20),
)
RTNETLINK_WORDS = (
    V4.packed,
    V6.packed,
    struct.pack("=HH", 8, 5),
    struct.pack("=HH", 4, 9),
    struct.pack("=I", 16),
)
ROUTING_SOCKET = (
    struct.pack("=HBBii", 16, 5, 1, 0, 0x2) + bytes(4) + struct.pack("=HBB12x", 16, 5, 0xC),
    struct.pack("=HBB12x", 16, 5, 0xE) + struct.pack("=HBBii4x", 16, 5, 2, 0, 0x6),
)
_INET = struct.pack("<HH4s20x", 2, 0, V4.packed)
_INET6 = struct.pack("<HHI16sI", 23, 0, 0, V6.packed, 0)
WINDOWS = (
    struct.pack("<I4x", 2)
    + b"".join(
        struct.pack("<28s4xQIiiIIBB2xiIq", one, 6, 7, 4, 5, 900, 900, 64, 0, 4, 0, 0)
        for one in (_INET, _INET6)
    ),
    struct.pack("<I4x", 1)
    + struct.pack(
        "<QI28sB3x28sB3xIIIiBBBBIi",
        6,
        7,
        bytes(_INET[:4]) + bytes(24),
        0,
        _INET,
        0,
        1,
        1,
        5,
        3,
        0,
        0,
        0,
        0,
        9,
        0,
    ),
    struct.pack("<I4x", 1) + struct.pack("<28sIQ32sIiB3xI", _INET6, 7, 6, b"\2\0\x5e\x10\0\1", 6, 5, 0, 9),
)

PAGE = "http://192.168.1.1:49000/igddesc.xml"
_SERVICE = (
    "<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>"
    "<controlURL>/ctl</controlURL><eventSubURL>evt?x=1</eventSubURL></service>"
)
IGD = (
    f'<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><URLBase>http://192.168.1.1:49000/</URLBase>'
    f"<device><UDN>uuid:75802409-bccb-40e7-8e6c-3431c4a1b1c2</UDN><serviceList>{_SERVICE}{_SERVICE}</serviceList>"
    f"</device></root>".encode(),
    f"<root><device><UDN>uuid:1</UDN>{_SERVICE}</device></root>".encode(),
)
SOAP = (
    fritz_box.answer(fritz_box.PPP, "GetExternalIPAddress", {"NewExternalIPAddress": "192.0.2.1"}).encode(),
    fritz_box.answer(
        fritz_box.AVM,
        "X_AVM_DE_GetIPv6Prefix",
        {"NewIPv6Prefix": "2001:db8:7600::", "NewPrefixLength": "56"},
    ).encode(),
    fritz_box.answer(
        fritz_box.LAYER3,
        "GetDefaultConnectionService",
        {"NewDefaultConnectionService": "1.WANPPPConnection.1"},
    ).encode(),
    fritz_box.answer(fritz_box.DEVICE, "GetSecurityPort", {"NewSecurityPort": "49443"}).encode(),
    fritz_box.answer(
        fritz_box.PPP,
        "GetInfo",
        {"NewConnectionStatus": "Connecting", "NewLastConnectionError": "ERROR_NO_CARRIER"},
    ).encode(),
    fritz_box.fault(606, "Action not authorized").encode(),
)
GENA = (
    (
        b'<e:propertyset xmlns:e="urn:schemas-upnp-org:event-1-0"><e:property><ExternalIPAddress>192.0.2.1'
        b"</ExternalIPAddress></e:property><e:property><PossibleConnectionTypes>x</PossibleConnectionTypes></e:property>"
        b"</e:propertyset>"
    ),
    b"NT: upnp:event\nNTS: upnp:propchange\nSID: uuid:7\nSEQ: 41\nTIMEOUT: Second-1800\n",
    b"SID: uuid:75802409-bccb-40e7\nTIMEOUT: Second-infinite\n",
)
XML_WORDS = (
    b"<a>",
    b"</a>",
    b"<a/>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"&b;",
    b"&#49;",
    b"<![CDATA[",
    b"]]>",
    b'<?xml version="1.0" encoding="utf-7"?>',
    b"<!--",
    b'xmlns:a="b" ',
    b"http://192.168.1.2/",
    b"//",
    b"\xff\xfe",
)
DIGEST = (
    b'Digest realm="HTTPS Access",nonce="88B30A35B27FDC00",algorithm=MD5,qop="auth"',
    (
        b'Basic realm="x", Digest realm="a \\"b\\"", '
        b'nonce="1", opaque="2", stale=true, qop="auth,auth-int", algorithm=SHA-256'
    ),
)
DIGEST_WORDS = (b'"', b"\\", b",", b"=", b"Digest ", b"nonce=", b"qop=auth", b'\\"', b"a=", b" \t")
ECHO = (
    b"192.0.2.1\n",
    b" 2001:db8::1\r\n",
    b'{"ip": "192.0.2.1", "country": "XY", "n": 1}',
    b'{"address": "2001:db8::1", "ipv4": "192.0.2.1", "ipv6": null}',
    b"fl=1\nh=api.cloudflare.com\nip=192.0.2.1\nts=1\nwarp=off\nloc=DE\n",
    b"<html><body>192.0.2.1</body></html>",
)
JSON_WORDS = (
    b"[",
    b"{",
    b"]",
    b"}",
    b'"',
    b"null",
    b"1e999",
    b"NaN",
    b"-",
    b"\\u0031",
    b"\\ud800",
    b"true",
    b"9" * 5000,
    b"[" * 3000,
)
DYNDNS2 = (
    b"good 192.0.2.1\r\nnochg 192.0.2.1",
    b"badauth",
    b"911",
    b"w30m",
    b"good 127.0.0.1",
    b'{"status": "ok", "msg": "updated", "data": {"ip": "192.0.2.1"}}',
    b"<SOLIDERROR><TEXT>x</TEXT></SOLIDERROR>",
    b"Updated 1 host(s) home.example.com to 192.0.2.1 in 0.1 seconds",
    b"OK",
    b"KO",
    b"ERROR: Address 192.0.2.1 has not changed.",
)
DYNDNS2_WORDS = (
    *(
        word.encode()
        for word in ("good", "nochg", "abuse", "badauth", "home.example.com", "192.0.2.1", "w9999h")
    ),
    b"<",
    b">",
    b' = "',
    b"{",
    b"[",
    b'":',
    b"\n",
    b"\x85",
    b"a ",
    b"\xe2\x80\xa8",
)
RECORDING = tuple(
    file.read_bytes()[:6000]
    for file in sorted((Path(__file__).parents[1] / "replay" / "recordings").glob("*.jsonl"))
)
WORDS = (
    b"::1234",
    b"02:00:5e:10:00:01",
    b"neighbour:02:00:5e:10:00:01",
    b"0:0:0:5::1234/56",
    b"icmp:192.0.2.1 x2",
    b"tcp:[2001:db8::1]:443",
    b"http:https://example.com/x?y",
    b"home.example.com",
    "*.b\u00fccher.example".encode(),
    b"xn--bcher-kva.example",
)
NAME_WORDS = (
    b".",
    b"-",
    b"*",
    b"xn--",
    b":",
    b"/",
    b"::",
    b" x",
    b"%",
    b"[",
    b"]",
    "\u00df".encode(),
    "\u200d".encode(),
    b"9" * 5000,
)
