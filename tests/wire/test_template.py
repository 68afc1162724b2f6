"""Texts with placeholders."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.core.secret import Secret
from homeport.wire.http import Query
from homeport.wire.template import body, fill, in_json, parameters, percent, placeholders

ANY = st.text(max_size=20)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{a}{b_2}", {"a", "b_2"}),
        ("{{a}} {} { a } {A} {2} {a-b}", set()),
        ('{"x":{"y":"{a}"}}', {"a"}),
        ("{{{a}}}", set()),
    ],
)
def test_what_is_a_placeholder(text: str, found: set[str]) -> None:
    assert placeholders(text) == found


def test_a_doubled_brace_is_a_brace_and_a_missing_value_is_an_error() -> None:
    assert fill("{{a}}={a}", {"a": Secret("{b}")}).reveal() == "{a}={b}"
    with pytest.raises(LookupError):
        fill("{a}", {})


@given(value=ANY, secret=ANY)
def test_a_value_arrives_as_it_is_in_a_query_and_in_json(value: str, secret: str) -> None:
    values: Query = {"a": value, "b": Secret(secret)}
    found = parse_qsl(parameters("x={a}&y={b}", values, ()).reveal(), keep_blank_values=True)
    assert found == [("x", value), ("y", secret)]
    written = body("application/json; charset=utf-8", '{"x": "{a}", "y": ["{b}"]}', values)
    assert json.loads(written.data) == {"x": value, "y": [secret]}


def test_a_parameter_without_its_value_goes_and_the_others_stay() -> None:
    assert parameters("a=1&b={b}&c={c}", {"c": "3"}, {"b", "c"}).reveal() == "a=1&c=3"
    assert parameters("b={b}", {}, {"b"}).reveal() == ""


def test_other_bodies_are_filled_as_they_are() -> None:
    assert body("text/plain", "a={a}&b", {"a": "x&y"}).data == b"a=x&y&b"
    assert body("application/x-www-form-urlencoded", "a={a}", {"a": "x&y"}).data == b"a=x%26y"


def test_how_values_are_escaped() -> None:
    assert percent("a/b c*é") == "a%2Fb%20c%2A%C3%A9"
    assert in_json('a"b\\') == 'a\\"b\\\\'
