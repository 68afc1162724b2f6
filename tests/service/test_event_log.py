"""What goes to Windows' Event Log, by which number, and what does not."""

from __future__ import annotations

import logging

import pytest

from homeport.core.events import Event
from homeport.service.event_log import (
    ERROR,
    INFORMATION,
    LONGEST,
    MESSAGES,
    WARNING,
    EventLog,
    Reporter,
    kind_of,
    values,
)

Told = list[tuple[int, int, str]]


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def log(told: Told) -> logging.Logger:
    return logger(lambda kind, number, text: told.append((kind, number, text)))


def logger(report: Reporter) -> logging.Logger:
    found = logging.getLogger("tests.event_log")
    found.handlers[:] = [EventLog(report)]
    found.setLevel(logging.DEBUG)
    return found


def test_a_line_with_an_event_goes_there_under_its_number(log: logging.Logger, told: Told) -> None:
    log.info("a A (cf): updated to %s", "192.0.2.1", extra={"event": Event.UPDATED})
    log.warning("a A (cf): failed: no", extra={"event": Event.FAILED})
    assert told == [
        (INFORMATION, 200, "a A (cf): updated to 192.0.2.1"),
        (WARNING, 202, "a A (cf): failed: no"),
    ]


def test_other_trouble_goes_there_too_and_other_talk_does_not(log: logging.Logger, told: Told) -> None:
    log.info("upnp: listening")
    log.debug("a A (cf): is right", extra={"event": Event.RIGHT})
    log.info("told by gateway", extra={"event": Event.TOLD})
    log.warning("the state cannot be kept")
    log.error("a bug in Homeport")
    assert [(kind, number) for kind, number, _ in told] == [(WARNING, 990), (ERROR, 991)]


def test_the_traceback_of_a_bug_is_there(log: logging.Logger, told: Told) -> None:
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError:
        log.exception("a bug in Homeport")
    assert "ZeroDivisionError: by zero" in told[0][2]


def test_a_long_text_is_cut_and_a_zero_octet_does_not_end_it(log: logging.Logger, told: Told) -> None:
    log.warning("a\0b%s", "x" * 100_000)
    assert len(told[0][2]) == LONGEST and told[0][2].startswith("a b")


def test_an_event_log_that_takes_nothing_does_not_stop_the_agent() -> None:
    def full(kind: int, number: int, text: str) -> None:
        raise OSError(1502, "The event log file is full.")

    logger(full).error("a bug in Homeport")


def test_numbers_are_those_that_the_message_table_of_windows_has_and_all_differ() -> None:
    numbers = [event.number for event in Event]
    assert len(set(numbers)) == len(numbers)
    assert all(1 <= number <= 1000 for number in numbers)
    assert values()["EventMessageFile"] == (MESSAGES, "REG_EXPAND_SZ")


def test_numbers_stay_what_they_were() -> None:
    """Somebody's alarm hangs on them: a new event gets a new number."""
    assert {event.name: event.number for event in Event} == {
        "STARTED": 100,
        "ENDED": 101,
        "NOT_STARTED": 102,
        "ADOPTED": 103,
        "NOT_ADOPTED": 104,
        "STOOD_STILL": 105,
        "UPDATED": 200,
        "RIGHT": 201,
        "FAILED": 202,
        "HELD": 203,
        "UNKNOWN": 204,
        "LIVE": 205,
        "NOT_LIVE": 206,
        "TOLD": 300,
        "OTHER_WARNING": 990,
        "OTHER_ERROR": 991,
    }


@pytest.mark.parametrize(
    ("level", "kind"),
    [
        (logging.DEBUG, INFORMATION),
        (logging.INFO, INFORMATION),
        (logging.WARNING, WARNING),
        (logging.ERROR, ERROR),
        (logging.CRITICAL, ERROR),
    ],
)
def test_levels_are_windows_kinds(level: int, kind: int) -> None:
    assert kind_of(level) == kind
