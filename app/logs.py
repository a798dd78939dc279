"""Writes and reads the log: lines of JSON with a fixed list of fields, and no others.

No request text, no header values, no exception text can get in: fields are taken by
name and shape, sentences come from our own rooms only, and secrets are masked by a
callable handed in. A thread writes, so that the event loop never waits for a disk.
"""

from __future__ import annotations

import fcntl
import logging
import os
import queue
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

LOG_NAME = "gateway.log"
FILE_LIMIT = 2 << 20
"""Bytes after which a new file is begun."""

FILES_KEPT = 3
"""Files in all, the current one included."""

_QUEUED = 10_000
_DETAIL_LIMIT = 400
_OWN_ROOMS = frozenset({"app", "proxy", "discovery", "wizard"})
_READ_LIMIT = 1 << 20


class LogLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the log.

    `event` is a fixed word, `detail` a sentence of our own. `duration_ms` is
    milliseconds, `status` an HTTP status or an event's status word.
    """

    time: datetime
    level: str
    event: str
    request: str | None = None
    client: str | None = None
    route: str | None = None
    status: str | None = None
    error_kind: str | None = None
    duration_ms: int | None = None
    detail: str | None = None


# What a field may look like; anything else is left out.
_SHAPES = {
    "request": re.compile(r"[A-Za-z0-9_-]{1,64}"),
    "client": re.compile(r"[a-z0-9][a-z0-9._-]{0,63}"),
    "route": re.compile(
        r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,63}/[A-Za-z0-9._:@/+-]{1,128}"
    ),
    "status": re.compile(r"[a-z0-9_]{1,32}"),
    "error_kind": re.compile(r"[a-z0-9_]{1,64}"),
}
_EVENT = re.compile(r"[a-z][a-z0-9_.]{0,63}")


def log_line(record: logging.LogRecord, redact: Callable[[str], str]) -> LogLine:
    """Return what may be written of a log record.

    Our own rooms log sentences; of a library's record only its name and level stay,
    because its text can quote what a client sent. Fields come from `extra`.
    """
    ours = record.name.partition(".")[0] in _OWN_ROOMS
    told = {name: _shaped(shape, record, name) for name, shape in _SHAPES.items()}
    duration = getattr(record, "duration_ms", None)
    event = getattr(record, "event", None) or record.name
    return LogLine(
        time=datetime.fromtimestamp(record.created, UTC),
        level=record.levelname.lower(),
        event=event if _EVENT.fullmatch(str(event)) else "log",
        duration_ms=duration if isinstance(duration, int) else None,
        detail=_sentence(record, redact) if ours else None,
        **told,
    )


def _shaped(shape: re.Pattern[str], record: logging.LogRecord, name: str) -> str | None:
    value = getattr(record, name, None)
    if value is None or not shape.fullmatch(str(value)):
        return None
    return str(value)


def _sentence(record: logging.LogRecord, redact: Callable[[str], str]) -> str:
    # Redacted whole, then cut: the other way round could cut a secret in two.
    text = redact(record.getMessage())[:_DETAIL_LIMIT]
    return "".join(c if c.isprintable() else " " for c in text)


class LogWriter(logging.Handler):
    """The handler that `logging` is given; `close` writes what waits and ends.

    `folder` holds the files (0600). Two gateways may write for a while during a
    restart, so the file is locked for each batch and opened anew if it was rotated.
    """

    def __init__(
        self,
        folder: Path,
        redact: Callable[[str], str],
        *,
        limit: int = FILE_LIMIT,
        kept: int = FILES_KEPT,
    ) -> None:
        """Open the log in `folder` and start the thread. Raises `OSError`."""
        super().__init__()
        self._redact = redact
        self._file = _LogFile(folder / LOG_NAME, limit, kept)
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_QUEUED)
        self._lost = 0
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue one line; where too many wait, or it has no form, it is dropped.

        Not `handleError`: that would print the line's arguments.
        """
        try:
            line = msgspec.json.encode(log_line(record, self._redact)) + b"\n"
            self._waiting.put_nowait(line)
        except (queue.Full, TypeError, ValueError):
            self._lost += 1

    def close(self) -> None:
        """Write what waits, end the thread and close the file."""
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join(timeout=2)
        super().close()

    def _write(self) -> None:
        more = True
        while more:
            batch = [self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get())
            more = None not in batch
            lines = [line for line in batch if line is not None]
            lost, self._lost = self._lost, 0
            if lost:
                lines.append(_lost_line(lost))
            self._file.append(b"".join(lines))
        self._file.close()


def _lost_line(count: int) -> bytes:
    record = logging.LogRecord(
        __name__, logging.WARNING, "", 0, "%d lines were dropped", (count,), None
    )
    return msgspec.json.encode(log_line(record, str)) + b"\n"


class _LogFile:
    """A file that is rotated by size; used by one thread."""

    def __init__(self, path: Path, limit: int, kept: int) -> None:
        self._path = path
        self._limit = limit
        self._kept = kept
        self._number = self._open()

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(self._path, flags, 0o600)

    def append(self, lines: bytes) -> None:
        """Write the lines; a full disk loses them, the gateway serves on."""
        try:
            self._lock_current()
            try:
                if lines:
                    os.write(self._number, lines)
                if os.fstat(self._number).st_size > self._limit:
                    self._rotate()
            finally:
                fcntl.flock(self._number, fcntl.LOCK_UN)
        except OSError:
            return

    def _lock_current(self) -> None:
        """Lock the file that stands at the path, also if another process rotated it."""
        while True:
            fcntl.flock(self._number, fcntl.LOCK_EX)
            try:
                if self._path.stat().st_ino == os.fstat(self._number).st_ino:
                    return
            except FileNotFoundError:
                pass
            os.close(self._number)
            self._number = self._open()

    def _rotate(self) -> None:
        """Move the files on by one and begin a new one."""
        for age in range(self._kept - 2, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{age}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{age + 1}"))
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        os.close(self._number)
        self._number = self._open()

    def close(self) -> None:
        """Close the file."""
        os.close(self._number)


# --- reading --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of the log, oldest first, and the cursor to ask for what came after."""

    lines: tuple[LogLine, ...]
    cursor: str


def read_log(folder: Path, count: int, since: str | None = None) -> LogPage:
    """Return the last `count` lines, or those after the cursor `since`.

    A cursor is the file's inode and an offset; where the file has been rotated, what
    was left of the old one comes first if it is still kept. At most 1 MB is read.
    """
    path, older = folder / LOG_NAME, folder / f"{LOG_NAME}.1"
    inode, offset = _cursor(since)
    data, now = _tail(path, inode, offset)
    if since is None:
        if data.count(b"\n") < count:
            data = _tail(older, -1, 0)[0] + data
    elif inode != now[0]:
        rest, told = _tail(older, inode, offset)
        data = rest + data if told[0] == inode else data
    lines = tuple(filter(None, map(_parsed, data.splitlines())))
    page = lines if since is not None else lines[-count:]
    return LogPage(page, f"{now[0]}:{now[1]}")


def _cursor(text: str | None) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,20}):(\d{1,20})", text or "", re.ASCII)
    return (int(found[1]), int(found[2])) if found else (-1, 0)


def _tail(path: Path, inode: int, offset: int) -> tuple[bytes, tuple[int, int]]:
    """Return whole lines, from `offset` if the file is still `inode`, and the place."""
    try:
        with path.open("rb") as file:
            told = os.fstat(file.fileno())
            start = offset if told.st_ino == inode else 0
            start = max(start, told.st_size - _READ_LIMIT)
            file.seek(start)
            data = file.read(_READ_LIMIT)
    except FileNotFoundError:
        return b"", (0, 0)
    whole = data[: data.rfind(b"\n") + 1]
    return whole, (told.st_ino, start + len(whole))


def _parsed(line: bytes) -> LogLine | None:
    try:
        return msgspec.json.decode(line, type=LogLine)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # begun before the window, or not ours
