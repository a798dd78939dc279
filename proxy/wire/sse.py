"""Takes server-sent events apart and puts them together; pure bytes, no meaning.

Lines and fields after the HTML standard, section 9.2.6: a line ends with LF, CR or
CRLF, one blank after the colon is not part of the value, an empty line ends an event.
"""

from __future__ import annotations

import re
from typing import Final

LINE: Final = re.compile(rb"([^\r\n]*)(?:\r\n|\n|\r)")
"""One whole line; the first group is the line without its end."""

BOM: Final = b"\xef\xbb\xbf"
"""A stream may begin with this mark, which belongs to no line."""


def field(line: bytes) -> tuple[bytes, bytes]:
    """Split a line into its field name and value; a comment has the name b''."""
    name, _, value = line.partition(b":")
    return name, value[1:] if value[:1] == b" " else value


def last_line_end(data: bytes) -> int:
    """Return where the last line end in `data` stops, 0 where there is none."""
    return max(data.rfind(b"\n"), data.rfind(b"\r")) + 1


def write_event(data: bytes, name: str | None = None) -> bytes:
    """Write one event; `data` holds no line end, which JSON never needs."""
    head = f"event: {name}\n".encode() if name else b""
    return b"%bdata: %b\n\n" % (head, data)
