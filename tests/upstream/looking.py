"""A second small task as a script: think, look at a text and a picture at once, report.

Stateless like `upstream.coding`, and as strict: the report is only given if both came.
"""

import base64
import struct
import zlib
from pathlib import Path

from upstream.coding import (
    BEFORE,
    FILE,
    as_offered,
    coding_task,
    offered_by,
    plain_name,
    results_in,
)
from upstream.record import Seen
from upstream.turns import Answer, Text, Thinking, ToolCall, Ways, say

PICTURE = "picture.png"
IDEA = "A text and a picture can be looked at in one go."
SEEN = "The greeting says hello and the picture is a red square."


def _png() -> bytes:
    """A red square of 16 x 16 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        size = struct.pack(">I", len(data))
        return size + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    rows = (b"\x00" + b"\xc8\x1e\x1e" * 16) * 16
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


PNG = _png()
PNG_TEXT = base64.b64encode(PNG)


def looking_prompt(folder: Path) -> str:
    """The user's words that start the task in this folder."""
    return f"Folder: {folder} . Tell me what {FILE} says and {PICTURE} shows."


def prepare_looking(folder: Path) -> None:
    """Put both files into a folder."""
    (folder / FILE).write_text(BEFORE)
    (folder / PICTURE).write_bytes(PNG)


def looking_task(seen: Seen) -> Answer:
    """The model's answer to one request of the task."""
    calls = _calls(seen)
    if calls is None:
        return coding_task(seen)
    results = list(results_in(seen))
    if not results:
        first = (Thinking(IDEA), Text("I look at both."), *calls)
        return Answer(first, ways=Ways(interleaved=True))
    lacking = _lacking(seen, results)
    return say(f"FAILED: {lacking}" if lacking else SEEN)


def _lacking(seen: Seen, results: list[str]) -> str:
    if len(results) != len(_TOOLS["Read"]):
        return f"{len(results)} results"
    if not any(BEFORE.strip() in result for result in results):
        return "the text is in no result"
    return "" if PNG_TEXT in seen.body else "the picture is not in the request"


# By the tool that tells the client: how it reads the text and the picture.
_TOOLS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "Read": (("Read", "file_path"), ("Read", "file_path")),
    "read_file": (("read_file", "file_path"), ("read_file", "file_path")),
    "read": (("read", "filePath"), ("read", "filePath")),
    "view_image": (("exec_command", "cmd"), ("view_image", "path")),
}


def _calls(seen: Seen) -> tuple[ToolCall, ToolCall] | None:
    """The calls this client understands, or None where it offers no tools."""
    offered = tuple(offered_by(seen))
    named = {plain_name(tool.name) for tool in offered}
    for sign, (text, picture) in _TOOLS.items():
        if sign in named:
            folder = seen.find(r"Folder: ([^\s\"\\]+)") or "."
            command = text[1] == "cmd"
            first = f"cat {FILE}" if command else f"{folder}/{FILE}"
            one = ToolCall.of(text[0], **{text[1]: first})
            other = ToolCall.of(picture[0], **{picture[1]: f"{folder}/{PICTURE}"})
            return as_offered(one, offered), as_offered(other, offered)
    return None
