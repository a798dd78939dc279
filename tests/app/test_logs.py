"""The log: what may stand in it, how it is written, rotated and read."""

import logging
import os
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.logs import LOG_NAME, LogLine, LogWriter, log_line, read_log


def record(name: str, message: str, *args: object, **extra: object) -> Any:
    made: Any = logging.LogRecord(name, logging.INFO, "f", 1, message, args, None)
    for key, value in extra.items():
        setattr(made, key, value)
    return made


def plainly(text: str) -> str:
    return text


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LogWriter]:
    made = LogWriter(tmp_path, plainly, limit=2000, kept=3)
    yield made
    made.close()


# --- what may stand in a line ---


def test_fields_are_taken_by_name_and_shape() -> None:
    line = log_line(
        record(
            "proxy.recorder",
            "request %s finished",
            "r1",
            event="request_finished",
            request="req_1-A",
            client="claude-code",
            route="scripted/large:7b@x",
            status=200,
            error_kind="rate_limited",
            duration_ms=12,
            prompt="canary",
        ),
        plainly,
    )
    assert line.event == "request_finished"
    assert (line.request, line.client, line.route) == (
        "req_1-A",
        "claude-code",
        "scripted/large:7b@x",
    )
    assert (line.status, line.error_kind, line.duration_ms) == (
        "200",
        "rate_limited",
        12,
    )
    assert line.detail == "request r1 finished"
    assert b"canary" not in msgspec.json.encode(line)


def test_what_does_not_look_as_it_should_is_left_out() -> None:
    line = log_line(
        record(
            "app.x",
            "m",
            event="Not An Event",
            request="a b",
            client="a\nb",
            route="no slash",
            status="x" * 99,
            error_kind="<script>",
            duration_ms="soon",
        ),
        plainly,
    )
    assert line == LogLine(line.time, "info", "log", detail="m")


def test_of_a_librarys_record_the_text_stays_out() -> None:
    line = log_line(record("aiohttp.server", "canary %s", "canary"), plainly)
    assert (line.event, line.level, line.detail) == ("aiohttp.server", "info", None)


def test_sentences_are_masked_before_they_are_cut() -> None:
    secret = "tnt_" + "s" * 40
    told = "x" * 390 + secret
    line = log_line(
        record("proxy.a", told), lambda text: text.replace(secret, "[hidden]")
    )
    assert line.detail is not None
    assert "tnt_" not in line.detail
    assert len(line.detail) <= 400


ANY = st.text(st.characters(exclude_categories=()))


@given(ANY, ANY, ANY)
def test_any_text_makes_one_line(message: str, client: str, route: str) -> None:
    made = record("proxy.a", "%s", message, client=client, route=route)
    line = log_line(made, plainly)
    assert b"\n" not in msgspec.json.encode(line)


# --- writing ---


def test_lines_are_written_for_this_user_only(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path, plainly)
    writer.handle(record("proxy.a", "first"))
    writer.handle(record("proxy.a", "second"))
    writer.close()
    path = tmp_path / LOG_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    page = read_log(tmp_path, 10)
    assert [line.detail for line in page.lines] == ["first", "second"]


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / LOG_NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        LogWriter(tmp_path, plainly)
    assert not (tmp_path / "elsewhere").exists()


def test_files_are_rotated_by_size_and_few_are_kept(
    tmp_path: Path, writer: LogWriter
) -> None:
    for number in range(200):
        writer.handle(record("proxy.a", f"line {number} {'x' * 60}"))
        if number % 10 == 9:
            drained(writer)
    writer.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [LOG_NAME, f"{LOG_NAME}.1", f"{LOG_NAME}.2"]
    assert all(path.stat().st_size < 4000 for path in tmp_path.iterdir())
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in tmp_path.iterdir())
    last = read_log(tmp_path, 3).lines
    assert [line.detail and line.detail.split()[1] for line in last] == [
        "197",
        "198",
        "199",
    ]


def drained(writer: LogWriter) -> None:
    """Wait until the thread has taken everything that waits."""
    turn = threading.Event()
    while not writer._waiting.empty():
        turn.wait(0.001)


def test_two_gateways_lose_no_line_to_each_others_rotation(tmp_path: Path) -> None:
    both = [LogWriter(tmp_path, plainly, limit=3000, kept=99) for _ in range(2)]
    for number in range(300):
        both[number % 2].handle(record("proxy.a", f"line {number}"))
        if number % 20 == 0:
            drained(both[0])
    for writer in both:
        writer.close()
    text = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    seen = {
        msgspec.json.decode(line, type=LogLine).detail for line in text.splitlines()
    }
    assert seen == {f"line {number}" for number in range(300)}


def test_too_many_lines_are_dropped_counted_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.logs._QUEUED", 2)
    gate = threading.Event()
    writer = LogWriter(tmp_path, plainly)
    real = writer._file.append

    def slow(lines: bytes) -> None:
        gate.wait(5)
        real(lines)

    monkeypatch.setattr(writer._file, "append", slow)
    writer.handle(record("proxy.a", "taken"))
    drained(writer)
    for number in range(10):
        writer.handle(record("proxy.a", f"line {number}"))
    gate.set()
    writer.close()
    details = [line.detail for line in read_log(tmp_path, 99).lines]
    assert details[-1] == "8 lines were dropped"
    assert "line 0" in details


def test_a_log_that_cannot_be_written_stops_nothing(
    tmp_path: Path, writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    writer.handle(record("proxy.a", "lost"))
    drained(writer)
    monkeypatch.undo()
    writer.handle(record("proxy.a", "kept"))
    writer.close()
    assert "kept" in [line.detail for line in read_log(tmp_path, 9).lines]


def test_a_line_whose_words_do_not_fit_is_counted_not_printed(
    tmp_path: Path, writer: LogWriter, capfd: pytest.CaptureFixture[str]
) -> None:
    writer.handle(record("proxy.a", "%d pieces", "canary"))
    writer.close()
    assert [line.detail for line in read_log(tmp_path, 9).lines] == [
        "1 lines were dropped"
    ]
    assert "canary" not in "".join(capfd.readouterr())


def test_closing_twice_is_fine(writer: LogWriter) -> None:
    writer.close()
    writer.close()


# --- reading ---


def put(path: Path, *details: str) -> None:
    with path.open("ab") as file:
        for detail in details:
            line = LogLine(datetime(2026, 1, 1, tzinfo=UTC), "info", "e", detail=detail)
            file.write(msgspec.json.encode(line) + b"\n")


def details(folder: Path, count: int = 99, since: str | None = None) -> list[object]:
    return [line.detail for line in read_log(folder, count, since).lines]


def test_without_a_log_there_are_no_lines(tmp_path: Path) -> None:
    page = read_log(tmp_path, 5)
    assert page.lines == ()
    put(tmp_path / LOG_NAME, "a")
    assert details(tmp_path, since=page.cursor) == ["a"]


def test_the_last_lines_and_then_what_came_after(tmp_path: Path) -> None:
    put(tmp_path / LOG_NAME, "a", "b", "c")
    page = read_log(tmp_path, 2)
    assert [line.detail for line in page.lines] == ["b", "c"]
    assert details(tmp_path, since=page.cursor) == []
    put(tmp_path / LOG_NAME, "d")
    assert details(tmp_path, since=page.cursor) == ["d"]


def test_a_line_half_written_waits_for_its_end(tmp_path: Path) -> None:
    put(tmp_path / LOG_NAME, "a")
    with (tmp_path / LOG_NAME).open("ab") as file:
        file.write(b'{"time":"2026-01-01T00:00:00Z","level":"info",')
        file.flush()
        page = read_log(tmp_path, 5)
        assert [line.detail for line in page.lines] == ["a"]
        file.write(b'"event":"e","detail":"b"}\n')
    assert details(tmp_path, since=page.cursor) == ["b"]


def test_reading_goes_on_across_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / LOG_NAME
    put(path, "a")
    cursor = read_log(tmp_path, 5).cursor
    put(path, "b")
    path.rename(tmp_path / f"{LOG_NAME}.1")
    put(path, "c")
    assert details(tmp_path, since=cursor) == ["b", "c"]
    assert details(tmp_path, 2) == ["b", "c"]


@pytest.mark.parametrize("cursor", ["", "x", "1", "1:2:3", "-1:5", "9" * 30 + ":1"])
def test_a_wrong_cursor_shows_the_whole_file(tmp_path: Path, cursor: str) -> None:
    put(tmp_path / LOG_NAME, "a")
    assert details(tmp_path, since=cursor) == ["a"]


def test_what_is_no_line_of_ours_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / LOG_NAME).write_bytes(b'half"}\n\xff\n[]\n')
    put(tmp_path / LOG_NAME, "a")
    assert details(tmp_path) == ["a"]
