"""Takes a provider's stream apart as its bytes arrive; bytes only, no meaning.

Server-sent events after the HTML standard, section 9.2.6, and newline-delimited JSON.
A single event may be large, but not without bound: `TooBig` says where it ends.
"""

from __future__ import annotations

from typing import Final

from proxy.wire.sse import BOM, field

EVENT_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of one event or line; a longer one is not read but refused."""


class TooBig(ValueError):
    """An event longer than `EVENT_LIMIT`; nothing behind it is read any more."""


class Lines:
    """Cuts a stream into lines at LF, CR or CRLF, wherever its chunks are cut."""

    __slots__ = ("_after_cr", "_begun", "_parts", "_size")

    def __init__(self) -> None:
        """Start before the first byte."""
        self._begun = False
        self._after_cr = False
        self._parts: list[bytes] = []
        self._size = 0

    @property
    def between(self) -> bool:
        """Whether the next byte begins a line, and is not the first one of all."""
        return self._begun and not self._parts and not self._after_cr

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that these bytes complete, without their ends.

        Raises TooBig where a line does not end in time.
        """
        if not data:
            return []
        if self._after_cr and data[:1] == b"\n":
            data = data[1:]
        self._after_cr = data[-1:] == b"\r" if data else False
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *rest = data.split(b"\n")
        if not rest:
            self._keep(first)
            return []
        self._keep(first)
        lines = [b"".join(self._parts), *rest[:-1]]
        self._parts, self._size = [], 0
        self._keep(rest[-1])
        if not self._begun:
            self._begun = True
            lines[0] = lines[0].removeprefix(BOM)
        return lines

    def rest(self) -> bytes:
        """Return the unfinished line, as the last bytes of a stream may be one."""
        line = b"".join(self._parts)
        self._parts, self._size = [], 0
        return line if self._begun else line.removeprefix(BOM)

    def _keep(self, piece: bytes) -> None:
        if not piece:
            return
        self._size += len(piece)
        if self._size > EVENT_LIMIT:
            raise TooBig
        self._parts.append(piece)


class ServerEvents:
    """Reads server-sent events: their names and data, comments as signs of life."""

    __slots__ = ("_data", "_lines", "_name", "_size", "comments")

    def __init__(self) -> None:
        """Start before the first byte; `comments` counts those seen so far."""
        self._lines = Lines()
        self._name = b""
        self._data: list[bytes] = []
        self._size = 0
        self.comments = 0

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Return name and data of each event that these bytes complete.

        Events without data are none (section 9.2.6). Raises TooBig.
        """
        if data[-2:] == b"\n\n" or data[-4:] == b"\r\n\r\n":
            # Nearly all servers write whole events at a time.
            whole = data.replace(b"\r\n", b"\n") if b"\r" in data else data
            if self._is_between() and b"\r" not in whole and len(data) <= EVENT_LIMIT:
                return self._blocks(whole)
        return self._read(self._lines.feed(data))

    def finish(self) -> list[tuple[bytes, bytes]]:
        """Return the event that the end of the stream completes, if any.

        The standard drops it; several servers leave out the last empty line, and an
        event whose data is whole is worth reading.
        """
        line = self._lines.rest()
        return self._read([line, b""] if line else [b""])

    def _is_between(self) -> bool:
        return not self._data and not self._name and self._lines.between

    def _blocks(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Read bytes that begin and end as events do, with no line end but LF."""
        events: list[tuple[bytes, bytes]] = []
        for block in data[:-2].split(b"\n\n"):
            first, gap, second = block.partition(b"\n")
            if not gap and first[:6] == b"data: ":
                events.append((b"", first[6:]))
            elif (
                first[:7] == b"event: "
                and second[:6] == b"data: "
                and b"\n" not in second
            ):
                events.append((first[7:], second[6:]))
            else:
                events += self._read([*block.split(b"\n"), b""])
        return events

    def _read(self, lines: list[bytes]) -> list[tuple[bytes, bytes]]:
        events: list[tuple[bytes, bytes]] = []
        for line in lines:
            if line[:6] == b"data: ":
                self._keep(line[6:])
            elif line:
                self._field(line)
            elif self._data:
                events.append((self._name, b"\n".join(self._data)))
                self._data, self._size, self._name = [], 0, b""
            else:
                self._name = b""
        return events

    def _field(self, line: bytes) -> None:
        name, value = field(line)
        if name == b"data":
            self._keep(value)
        elif name == b"event":
            self._name = value
        elif not name:
            self.comments += 1

    def _keep(self, value: bytes) -> None:
        self._size += len(value)
        if self._size > EVENT_LIMIT:
            raise TooBig
        self._data.append(value)
