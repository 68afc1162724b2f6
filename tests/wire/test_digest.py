"""HTTP Digest, held to the vectors of the RFCs and to the implementation in `requests`."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.auth import HTTPDigestAuth

from homeport.core.errors import SourceError
from homeport.core.secret import Secret
from homeport.wire.digest import Challenge, authorization, challenge

# AVM's, as users show them in reports of their clients: no space behind the commas.
FRITZ = 'Digest realm="HTTPS Access",nonce="88B30A35B27FDC00",algorithm=MD5,qop="auth"'
RFC7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC2617 = (
    'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20)


def said(
    asked: Challenge, user: str, password: str, *, target: str = "/dir/index.html", cnonce: str, method: str
) -> dict[str, str]:
    header = authorization(
        asked, Secret(user), Secret(password), method=method, target=target, count=1, cnonce=cnonce
    )["authorization"].reveal()
    assert header.startswith("Digest ")
    parts = re.findall(
        r'([a-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^", ]+))(?:, |$)', header.removeprefix("Digest ")
    )
    return {name: re.sub(r"\\(.)", r"\1", quoted) or plain for name, quoted, plain in parts}


@pytest.mark.parametrize(
    ("header", "password", "cnonce", "response"),
    [
        (
            RFC7616.format("MD5"),
            "Circle of Life",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            "8ca523f5e9506fed4657c9700eebdbec",
        ),
        (
            RFC7616.format("SHA-256"),
            "Circle of Life",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
        (RFC2617, "Circle Of Life", "0a4f113b", "6629fae49393a05397450978507c4ef1"),
    ],
)
def test_the_examples_of_the_rfcs(header: str, password: str, cnonce: str, response: str) -> None:
    asked = challenge(header)
    parts = said(asked, "Mufasa", password, cnonce=cnonce, method="GET")
    assert parts["response"] == response
    assert parts["opaque"] == asked.opaque
    assert (parts["nonce"], parts["realm"]) == (asked.nonce, asked.realm)
    assert (parts["qop"], parts["nc"], parts["username"]) == ("auth", "00000001", "Mufasa")


@given(
    st.sampled_from(["MD5", "MD5-SESS", "SHA-256"]),
    texts,
    texts,
    texts.filter(lambda t: '"' not in t),
    texts,
)
def test_whatever_the_words_are_requests_says_the_same(
    algorithm: str, user: str, password: str, realm: str, nonce: str
) -> None:
    oracle = HTTPDigestAuth(user, password)
    oracle.init_per_thread_state()
    local = oracle._thread_local  # its only way in without a server
    local.chal = {"realm": realm, "nonce": nonce, "qop": "auth", "algorithm": algorithm}
    theirs = oracle.build_digest_header("POST", "http://192.168.178.1:49000/upnp/control/x") or ""
    cnonce = re.findall(r'cnonce="([0-9a-f]+)"', theirs)[0]
    named = {"MD5-SESS": "MD5-sess"}.get(algorithm, algorithm)
    ours = said(
        Challenge(realm, nonce, named),
        user,
        password,
        target="/upnp/control/x",
        cnonce=cnonce,
        method="POST",
    )
    assert re.findall(r'response="([0-9a-f]+)"', theirs) == [ours["response"]]
    assert (ours["username"], ours["realm"], ours["nonce"]) == (user, realm, nonce)


def test_a_challenge_is_found_among_others_and_however_it_is_spaced() -> None:
    asked = Challenge("HTTPS Access", "88B30A35B27FDC00")
    assert challenge(FRITZ) == asked
    assert challenge(f'Basic realm="HTTPS Access", {FRITZ}') == asked
    assert challenge(f'Negotiate YII==, {FRITZ}, Basic realm="x", stale=true') == asked
    assert challenge(FRITZ.replace("Digest", "DIGEST").replace(",", " , ").replace("=", " = ")) == asked
    assert challenge(FRITZ + ", stale=TRUE").stale
    assert challenge(FRITZ.replace("HTTPS", r"a \"b\" \\")).realm == r'a "b" \ Access'
    both = f"{RFC7616.format('SHA-512-256')}, {RFC7616.format('SHA-256')}, {RFC7616.format('MD5')}"
    assert challenge(both).algorithm == "SHA-256"


@pytest.mark.parametrize(
    "header",
    [
        "",
        'Basic realm="HTTPS Access"',
        FRITZ.replace(',qop="auth"', ""),  # lets whoever asks prepare a dictionary
        FRITZ.replace('"auth"', '"auth-int"'),
        FRITZ.replace("MD5", "SHA-1"),
        FRITZ.replace("nonce", "nonsense"),
        FRITZ.replace("Digest", "Digits"),
        " " * 5000 + FRITZ,
    ],
)
def test_what_cannot_be_answered_safely_is_not_answered(header: str) -> None:
    with pytest.raises(SourceError, match="the password is not sent"):
        challenge(header)


@given(st.text() | st.text(alphabet='Digest="\\, realmnonceqopauth=\t', max_size=200))
def test_any_header_is_a_challenge_or_none(header: str) -> None:
    try:
        found = challenge(header)
    except SourceError:
        return
    assert len(found.realm) + len(found.nonce) <= len(header)


@given(realm=texts, nonce=texts, opaque=st.none() | texts, stale=st.booleans())
def test_a_challenge_survives_being_written(
    realm: str, nonce: str, opaque: str | None, *, stale: bool
) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    header = f"Digest realm={quoted(realm)}, nonce={quoted(nonce)}, qop=auth, algorithm=md5-SESS"
    header += f", opaque={quoted(opaque)}" if opaque is not None else ""
    header += ", stale=true" if stale else ""
    assert challenge(header) == Challenge(realm, nonce, "MD5-sess", opaque, stale)


def test_the_header_does_not_print_itself() -> None:
    header = authorization(
        challenge(FRITZ),
        Secret("somebody"),
        Secret("s3cret"),
        method="POST",
        target="/",
        count=1,
        cnonce="1",
    )
    assert "somebody" not in repr(header)
    assert "s3cret" not in header["authorization"].reveal()
