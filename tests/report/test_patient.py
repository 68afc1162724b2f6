"""Streams that nobody reads: what is written by a thread, as on Windows."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator

import pytest

from homeport.report import patient
from homeport.report.patient import Aside, Patient

LINE = "x" * 99 + "\n"
WIRE = LINE.replace("\n", os.linesep).encode()


class Reader:
    """The far end of a pipe whose near end is a stream; it reads when it is told to."""

    def __init__(self) -> None:
        self.read, write = os.pipe()
        self.stream = open(write, "w", encoding="utf-8")  # noqa: SIM115 - closed below

    def take(self, octets: int) -> bytes:
        found = b""
        while len(found) < octets:
            found += os.read(self.read, octets - len(found))
        return found

    def close(self) -> None:
        os.close(self.read)  # whoever writes wakes up with an error
        self.stream.close()


@pytest.fixture
def reader() -> Iterator[Reader]:
    one = Reader()
    yield one
    one.close()


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient, "PATIENCE", 0.1)


def said(stream: Patient) -> None:
    stream.write(LINE)
    stream.flush()


def test_what_is_read_arrives_whole_and_in_order(reader: Reader) -> None:
    told: list[int] = []
    stream = Patient(reader.stream, told.append, Aside(reader.stream))
    lines = [f"line {n} é {'x' * 700}\n" for n in range(50)]
    wire = "".join(lines).replace("\n", os.linesep).encode()
    got: list[bytes] = []
    taking = threading.Thread(target=lambda: got.append(reader.take(len(wire))))
    taking.start()
    for line in lines:
        stream.write(line)
        stream.flush()
    taking.join()
    assert (got, told) == ([wire], [])


def test_who_writes_does_not_wait_for_who_does_not_read_and_says_later_what_was_dropped(
    reader: Reader,
) -> None:
    told: list[int] = []
    stream = Patient(reader.stream, told.append, Aside(reader.stream))
    kept = 0
    while not stream._lost:
        said(stream)
        kept += not stream._lost
    for _ in range(999):
        stream.write(LINE)
    assert told == []

    # The last line of those kept is in the hands of the thread; the pipe may hold a part of it.
    got = reader.take(len(WIRE) * kept)
    assert got == WIRE * kept
    while not told:
        stream.write("and on\n")
    stream.flush()
    assert told[0] >= 1000
    assert reader.take(7 + len(os.linesep) - 1).startswith(b"and on")


def test_a_reader_who_has_left_is_an_error_of_who_writes(reader: Reader) -> None:
    stream = Patient(reader.stream, print, Aside(reader.stream))
    os.close(reader.read)
    try:
        for _ in range(2):  # each line is told of
            with pytest.raises(OSError):
                said(stream)
    finally:
        reader.read = os.open(os.devnull, os.O_RDONLY)


def test_a_stream_that_is_none_of_the_system_is_written_at_once() -> None:
    text = io.StringIO()
    stream = Patient(text, print, Aside(text))
    said(stream)
    assert text.getvalue() == LINE
