"""What services share whose calls are named actions: lists in pages, errors as codes."""

from __future__ import annotations

from typing import Any, cast

import pytest

from homeport.core.errors import ProviderError, Refused, Stale, Throttled, Unintelligible
from homeport.driver import Fault, every_page, raise_fault
from tests.contract.test_every_driver import run
from tests.fakes.aliyun import FakeAliyun

FAULTS = (Fault(Stale, ("Busy.Twice",), "; ask again"), Fault(Throttled, ("Busy",)), Fault(Refused, ("6",)))


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("Busy", Throttled, "no"),
        ("Busy.User", Throttled, "no"),
        ("Busy.Twice", Stale, "no; ask again"),
        ("Busy.Twice.More", Stale, "no; ask again"),
        ("6", Refused, "no"),
    ],
)
def test_a_code_stands_for_all_that_begin_with_it_and_a_dot(
    code: str, kind: type[ProviderError], said: str
) -> None:
    with pytest.raises(kind, match=f"^{said}$") as raised:
        raise_fault(FakeAliyun().driver("k"), FAULTS, code, "no")
    assert type(raised.value) is kind
    assert not isinstance(raised.value, Throttled) or raised.value.retry_after == 60


@pytest.mark.parametrize("code", ["Busy2", "66", "", "busy"])
def test_a_code_that_nobody_knows_is_left_to_the_status(code: str) -> None:
    raise_fault(FakeAliyun().driver("k"), FAULTS, code, "no")


def pages(*answers: tuple[object, bool]) -> list[Any]:
    asked: list[int] = []

    async def ask(number: int) -> tuple[list[Any], bool]:
        asked.append(number)
        return cast("tuple[list[Any], bool]", answers[(number - 1) % len(answers)])

    rows = run(every_page(ask))
    assert asked == list(range(1, len(asked) + 1))
    return rows


def test_pages_are_asked_for_until_there_are_no_more() -> None:
    assert pages(([1, 2], True), ([3], False), ([4], False)) == [1, 2, 3]
    assert pages(([1, 2], True), ([], True), ([4], False)) == [1, 2]
    assert pages(([], False)) == []


def test_a_list_without_an_end_or_of_another_shape_is_no_list() -> None:
    with pytest.raises(Unintelligible, match="without an end"):
        pages(([1], True))
    with pytest.raises(TypeError, match="a list was expected"):
        pages(({}, False))
