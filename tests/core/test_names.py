"""`Name` by its laws, with an independent implementation as oracle: dnspython."""

from __future__ import annotations

import dns.name
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from homeport.core.dns import Name
from homeport.core.errors import ConfigError

LABEL = st.from_regex(r"[a-z0-9_]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
NAME = st.lists(LABEL, min_size=1, max_size=5).map(".".join)
HOSTS = st.lists(
    st.from_regex(r"_?[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True), min_size=1, max_size=4
)
FQDN = st.tuples(HOSTS.map(".".join), st.from_regex(r"[a-z][a-z0-9]{1,8}", fullmatch=True)).map(".".join)


@given(NAME, NAME)
def test_label_in_and_within_agree_with_dnspython(owner: str, zone: str) -> None:
    for name in owner, f"{owner}.{zone}", f"{owner}{zone}", zone:
        ours, theirs = (Name(name), Name(zone)), (dns.name.from_text(name), dns.name.from_text(zone))
        assert ours[0].within(ours[1]) == theirs[0].is_subdomain(theirs[1])
        if theirs[0].is_subdomain(theirs[1]):
            assert ours[0].label_in(ours[1]) == theirs[0].relativize(theirs[1]).to_text()
        else:
            with pytest.raises(ConfigError):
                ours[0].label_in(ours[1])


@given(NAME)
def test_the_ancestors_are_the_parents_that_dnspython_finds(text: str) -> None:
    name, parents = dns.name.from_text(text), []
    while name != dns.name.root:
        parents.append(name.to_text(omit_final_dot=True))
        name = name.parent()
    assert [ancestor.text for ancestor in Name(text).ancestors()] == parents
    assert all(Name(text).within(ancestor) for ancestor in Name(text).ancestors())


@given(FQDN, st.data())
def test_case_a_final_dot_and_blanks_around_make_no_other_name(text: str, data: st.DataObject) -> None:
    flips = data.draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    typed = "".join(c.upper() if flip else c for c, flip in zip(text, flips, strict=True))
    assert Name.parse(typed) == Name.parse(f" {typed}.\n") == Name(text)


@given(st.one_of(st.text(max_size=80), st.lists(st.text(max_size=20), max_size=4).map(".".join)))
def test_whatever_is_typed_is_a_name_or_a_config_error(text: str) -> None:
    try:
        name = Name.parse(text)
    except ConfigError:
        return
    assert Name.parse(name.text) == name
    assert dns.name.from_text(name.text).to_text(omit_final_dot=True) == name.text
    assert name.text.isascii() and name.text == name.text.lower() and "." in name.text


@example(text="_.example.com")
@given(text=st.from_regex(r"[a-z0-9_.\-]{1,70}(\.[a-z0-9_\-]{1,3})?", fullmatch=True))
def test_the_short_way_to_a_name_leads_where_the_long_way_does(text: str) -> None:
    def way(typed: str) -> str | None:
        try:
            return Name.parse(typed).text
        except ConfigError:
            return None

    assert way(text) == way(f" {text}")  # a blank is seen on the long way only


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 4))
def test_lengths_are_those_that_fit_on_the_wire(first: int, second: int, more: int) -> None:
    text = ".".join(["a" * first, "b" * second, *(["c" * 63] * more), "example"])
    try:
        wire = dns.name.from_text(text).to_wire()
    except (dns.name.LabelTooLong, dns.name.NameTooLong):
        wire = None
    if wire is None:
        with pytest.raises(ConfigError, match="longer than"):
            Name.parse(text)
    else:
        assert Name.parse(text).text == text


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("*.Example.com", "*.example.com"),
        ("_acme.example.com", "_acme.example.com"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("家。example。com", "xn--fct.example.com"),
        ("straße.example", "xn--strae-oqa.example"),  # IDNA 2008 keeps the sharp s
    ],
)
def test_names_are_kept_as_a_labels(typed: str, text: str) -> None:
    assert Name.parse(typed).text == text


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "empty name"),
        (" . ", "empty name"),
        ("home", "single label; write an FQDN such as home.example.com"),
        ("a..example.com", "empty label"),
        (".example.com", "empty label"),
        ("www.*.example.com", "'\\*' may only be the first label"),
        ("w*.example.com", "forbidden character"),
        ("192.0.2.1", "looks like an address"),
        ("-a.example.com", "starts or ends with '-'"),
        ("a-.example.com", "starts or ends with '-'"),
        ("a b.example.com", "forbidden character"),
        ("a/b.example.com", "forbidden character"),
        ("https://example.com", "forbidden character"),
        ("a" * 64 + ".example.com", "longer than 63"),
        ("☃☃\u200d.example.com", "not a domain name"),
    ],
)
def test_what_cannot_be_an_owner_name_is_told_why(typed: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        Name.parse(typed)


@given(FQDN)
def test_names_that_only_end_alike_are_not_within_each_other(text: str) -> None:
    assert not Name(f"not{text}").within(Name(text))
    assert Name(f"not.{text}").within(Name(text))
