"""Lets a stream's bytes pass and holds its tail until the record is on disk.

Bytes are never changed. They wait for the record from the line of the first event that
a client may take for the end, and for nothing else, but for their own line and their
own event: no client acts on half of one, and where a stream breaks there, what has
left must not spoil the error event that follows.
"""

from __future__ import annotations

from typing import Final

from proxy.model import Protocol, Usage, Variant
from proxy.wire.answer import Said, read_event
from proxy.wire.counts import Counts, later, settled
from proxy.wire.served import latest
from proxy.wire.sse import BOM, LINE, field, last_line_end
from proxy.wire.watch import DONE, WATCHES

LINE_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of an unfinished line or event that are kept to be read; more pass unread."""

HOLD_LIMIT: Final = 32 * 1024 * 1024
"""Most bytes held; of a longer tail the first part leaves and only the last waits."""

PART_LIMIT: Final = 64 * 1024
"""Bytes of an unfinished line or event that wait for its end; of a longer one they
leave as they come."""

_HEAD: Final = 4_096
_GAPS: Final = (b"\n\n", b"\r\n\r\n")


class TailHolder:
    """Watches one streamed answer; make it with `tail_holder`.

    `finishing`: holding has begun. `ended`: the protocol's last event has come whole.
    `failed`: that event was the provider's own error. `stop_reason` is in the
    provider's own words.
    """

    __slots__ = (
        "_after_cr",
        "_begun",
        "_calm",
        "_counts",
        "_data",
        "_doubt",
        "_ending",
        "_event_at",
        "_from",
        "_kept",
        "_last",
        "_left",
        "_open",
        "_parts",
        "_parts_size",
        "_protocol",
        "_seen",
        "_served",
        "_size",
        "_taken",
        "_unread",
        "_watch",
        "ended",
        "failed",
        "finishing",
        "stop_reason",
    )

    def __init__(self, protocol: Protocol) -> None:
        """Start before the first byte of an answer."""
        self._protocol = protocol
        self._watch = WATCHES[protocol]
        self.ended = False
        self.finishing = False
        self.failed = False
        self.stop_reason: str | None = None
        self._counts: Counts = {}
        self._served: Variant | None = None
        # Places are counted from the stream's first byte: what came, what left, and
        # where holding begins (None: nowhere yet).
        self._seen = 0
        self._left = 0
        self._from: int | None = None
        self._kept: list[bytes] = []
        self._last = b""
        self._taken = False
        # The unfinished line; `_unread` once it is too long to be kept.
        self._parts: list[bytes] = []
        self._parts_size = 0
        self._unread = False
        self._after_cr = False
        # The unfinished event and where its data begins (None: it has none yet);
        # `_doubt` while it may be an ending but is no JSON yet.
        self._open = False
        self._event_at: int | None = None
        self._data: list[bytes] = []
        self._size = 0
        self._doubt = False
        self._ending = False
        self._begun = False
        # Nothing is unfinished, held or over: the short way through `feed` is open.
        self._calm = False

    @property
    def usage(self) -> Usage:
        """What has been told so far."""
        return Usage(**settled(self._counts), served=self._served)

    @property
    def complete_at_eof(self) -> bool:
        """Whether a clean end of the connection now would make a complete answer.

        So it is with the last event there but for its empty line, and with a Chat
        answer that has its finish reason and lacks only `[DONE]`. A Gemini stream has
        no last event: after the finish reason it is over when the connection is.
        """
        watch = self._watch
        may_end = watch.ends_done or watch.ends_closed
        return self._ending or (may_end and self.finishing)

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes of the stream; return those that may leave now."""
        if self._calm and chunk.endswith(_GAPS) and not self._watch.sees(chunk):
            # Whole events that say nothing of interest: nearly every chunk there is.
            self._seen += len(chunk)
            self._left = self._seen
            self._last = chunk
            return chunk
        if self._taken or not chunk:
            return chunk
        self._scan(chunk)
        out = chunk
        part = self._part()
        if self._from is None and not self._kept and part == self._seen:
            self._left = self._seen
            self._last = chunk
        else:
            out = self._release(chunk, part)
        self._calm = self._begun and not (
            self._open or self._parts or self._after_cr or self._kept or self.finishing
        )
        return out

    def finish(self) -> None:
        """Read an unfinished last line; the provider has closed the stream."""
        if self._taken:
            return
        if self._unread:
            self._long_line()
        elif self._parts:
            line = b"".join(self._parts)
            self._drop_parts()
            self._line(line, self._seen - len(line))

    def take(self) -> bytes:
        """Return the held bytes, once; from now on everything passes."""
        kept = b"".join(self._kept)
        self._kept = []
        self._taken = True
        self._calm = False
        return kept

    def break_off(self) -> bytes:
        """Return what to write before an error event of our own.

        Only whole lines have left, so the error stands alone: it needs nothing but the
        second half of a CRLF. What was too long to wait has left in part; its line and
        its event are ended then. After half a line of a Messages stream only the line
        is: the error's name then covers both, and clients go by the name.
        """
        last = self._last
        if not self._torn():
            return b"\n" if last.endswith(b"\r") else b""
        if last.endswith(b"\n"):
            return b"\n"
        messages = self._protocol is Protocol.MESSAGES and not last.endswith(b"\r")
        return b"\n" if messages else b"\n\n"

    def _part(self) -> int:
        """Return where the unfinished line or event begins that waits for its end."""
        at = self._event_at
        if at is None:
            at = self._seen - self._parts_size
        return at if self._seen - at <= PART_LIMIT else self._seen

    def _torn(self) -> bool:
        """Say whether a line, or an event with data, has left in part."""
        at = self._event_at
        if at is None:
            at = self._seen - self._parts_size
        return at < self._left

    def _release(self, chunk: bytes, part: int) -> bytes:
        self._kept.append(chunk)
        stop = part if self._from is None else min(self._from, part)
        stop = max(stop, self._left)
        if self._seen - stop > HOLD_LIMIT:
            stop = self._from = self._seen
        if stop == self._left:
            return b""
        out = b"".join(self._kept)
        if stop == self._seen:
            self._kept = []
        else:
            self._kept = [out[stop - self._left :]]
            out = out[: stop - self._left]
        self._left = stop
        self._last = out
        return out

    def _scan(self, chunk: bytes) -> None:
        base = self._seen
        self._seen += len(chunk)
        if self._after_cr:
            self._after_cr = False
            if chunk[0] == 10:  # the second half of a CRLF
                chunk = chunk[1:]
                base += 1
        if b"\n" not in chunk and b"\r" not in chunk:
            self._keep_part(chunk)
            return
        if self._unread:
            self._long_line()
            found = LINE.match(chunk)
            skip = found.end() if found else 0
            text, start = chunk[skip:], base + skip
        elif self._parts:
            text = b"".join([*self._parts, chunk])
            start = base - self._parts_size
            self._drop_parts()
        else:
            text, start = chunk, base
        self._after_cr = chunk[-1] == 13
        self._lines(text, start)

    def _lines(self, text: bytes, start: int) -> None:
        at = len(BOM) if start == 0 and text.startswith(BOM) else 0
        # Up to the last line end only: what follows it is no line yet.
        stop = last_line_end(text)
        # The event under way is read to its end. Of the others only those are read
        # that may say something; the whole ones between them are skipped in one step.
        at = self._read(text, at, stop, start, beyond=-1)
        if self._whole():
            for spot in self._watch.spots(text, at):
                at = self._skip(text, at, spot)
                at = self._read(text, at, stop, start, beyond=spot)
            at = self._skip(text, at, stop)
        at = self._read(text, at, stop, start, beyond=stop)
        if at < len(text):
            self._keep_part(text[at:])

    def _read(self, text: bytes, at: int, stop: int, start: int, *, beyond: int) -> int:
        """Read lines until the event at `beyond` is over; return where that is."""
        for found in LINE.finditer(text, at, stop):
            if at > beyond and self._whole():
                break
            self._line(found[1], start + at)
            at = found.end()
        return at

    def _whole(self) -> bool:
        """Say whether no event is unfinished; the first is always read."""
        return self._begun and not self._open

    def _skip(self, text: bytes, at: int, until: int) -> int:
        """Return where the last whole event before `until` ends."""
        if not self._whole():
            return at
        gap = b"\r\n\r\n" if b"\r" in text else b"\n\n"
        last = text.rfind(gap, at, until)
        return at if last < 0 else last + len(gap)

    def _line(self, line: bytes, at: int) -> None:
        if not line:
            self._event_end(at)
            return
        name, value = field(line)
        if name == b"data":
            self._open = True
            self._data_line(value, at)
        elif name == b"event":
            self._open = True
            if value in self._watch.ends:
                self._hold(at)
                self._ending = True
                self.failed |= value in self._watch.failures

    def _data_line(self, value: bytes, at: int) -> None:
        watch = self._watch
        if self._event_at is None:
            self._event_at = at
        if watch.holds_done and value.startswith(DONE):
            self._hold(at)
            self._ending |= watch.ends_done
            return
        self._size += len(value)
        if self._size > LINE_LIMIT:
            self._data = []
            self._too_long(value, at)
            return
        self._data.append(value)
        if self._doubt:
            return
        seen = watch.sees(value)
        if not (seen or (not self._begun and len(self._data) == 1)):
            return
        said = read_event(self._protocol, b"\n".join(self._data))
        if said is not None:
            self._note(said, at)
        elif seen:
            self._doubt = True
            self._hold_from(at)

    def _event_end(self, at: int) -> None:
        if self._data and (self._doubt or not self._begun):
            self._last_look(b"\n".join(self._data), at)
        if not self.finishing:
            self._from = None
        self.ended |= self._ending
        self._begun |= self._size > 0
        self._open = False
        self._event_at = None
        self._doubt = False
        self._data = []
        self._size = 0

    def _last_look(self, data: bytes, at: int) -> None:
        said = read_event(self._protocol, data)
        if said is not None:
            self._note(said, at)
        elif self._watch.closing.search(data):
            # Some client may read what we cannot, so it is held as an ending.
            self._hold(at)

    def _note(self, said: Said, at: int) -> None:
        self._begun = True
        self._counts = later(self._protocol, self._counts, said.counts)
        self._served = latest(self._served, said.served)
        self.stop_reason = said.stop_reason or self.stop_reason
        self.failed |= said.failed
        self._ending |= said.ends
        if said.ends or said.finishes:
            self._hold(at)

    def _hold(self, at: int) -> None:
        self.finishing = True
        self._hold_from(at)

    def _hold_from(self, at: int) -> None:
        if self._from is None:
            self._from = at if self._event_at is None else min(at, self._event_at)

    def _keep_part(self, piece: bytes) -> None:
        if self._unread:
            return
        self._parts.append(piece)
        self._parts_size += len(piece)
        if self._parts_size > LINE_LIMIT:
            self._parts = [b"".join(self._parts)[:_HEAD]]
            self._unread = True

    def _drop_parts(self) -> None:
        self._parts = []
        self._parts_size = 0
        self._unread = False

    def _long_line(self) -> None:
        name, value = field(self._parts[0])
        self._drop_parts()
        self._open = True
        if name == b"data":
            self._event_at = 0  # somewhere that has left
            self._data = []
            self._size = LINE_LIMIT + 1
            self._too_long(value, self._left)

    def _too_long(self, value: bytes, at: int) -> None:
        # What it is shows in its first bytes; its counts stay unknown.
        self._ending |= bool(self._watch.long_end.match(value))
        if self._ending or self._doubt or self._watch.closing.search(value[:_HEAD]):
            self._hold(at)


def tail_holder(protocol: Protocol) -> TailHolder:
    """Return a holder for one streamed answer of a native protocol.

    Raises KeyError for a protocol whose streams are not server-sent events we read.
    """
    return TailHolder(protocol)
