"""Checks the order of a produced stream against its protocol; one checker each.

They know the protocol's grammar and nothing of the writers under test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from proxy.model import Protocol

Data = dict[str, Any]


def events_of(stream: bytes) -> list[tuple[str | None, Any]]:
    """Splits a stream of ours into (event name, decoded data); comments left out.

    Data that is not JSON (`[DONE]`) stays text.
    """
    assert not stream or stream.endswith(b"\n\n"), "the last event is not closed"
    found: list[tuple[str | None, Any]] = []
    for block in stream.decode().split("\n\n")[:-1]:
        if block.startswith(":"):
            continue
        match = re.fullmatch(r"(?:event: (\S+)\n)?data: ([^\n]*)", block)
        assert match, f"not an event: {block!r}"
        text = match[2]
        found.append((match[1], text if text == "[DONE]" else json.loads(text)))
    return found


def check_messages(stream: bytes) -> None:
    """message_start, blocks one after the other, message_delta, message_stop."""
    events = events_of(stream)
    for name, data in events:
        assert data["type"] == name
    names = [name for name, _ in events if name != "ping"]
    datas = [data for name, data in events if name != "ping"]
    assert names[0] == "message_start"
    if names[-1] == "error":
        assert "message_stop" not in names
        assert "message_delta" not in names
        _check_blocks(datas[1:-1], whole=False)
        return
    assert names[-2:] == ["message_delta", "message_stop"]
    assert names.count("message_delta") == names.count("message_stop") == 1
    _check_blocks(datas[1:-2], whole=True)


_DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "tool_use": {"input_json_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
}


def _check_blocks(datas: list[Data], *, whole: bool) -> None:
    open_kind: str | None = None
    index = -1
    for data in datas:
        match data["type"]:
            case "content_block_start":
                assert open_kind is None, "two blocks are open"
                index += 1
                open_kind = data["content_block"]["type"]
            case "content_block_delta":
                assert open_kind is not None, "a delta without a block"
                assert data["delta"]["type"] in _DELTAS.get(open_kind, set())
            case "content_block_stop":
                assert open_kind is not None, "a stop without a block"
                open_kind = None
            case other:
                raise AssertionError(f"{other} has no place here")
        assert data["index"] == index
    assert open_kind is None or not whole, "the last block is open"


def check_responses(stream: bytes) -> None:
    """created, in_progress, items in order, one ending; numbered from 0."""
    events = events_of(stream)
    datas = [data for _, data in events]
    assert [name for name, _ in events] == [data["type"] for data in datas]
    assert [data["sequence_number"] for data in datas] == list(range(len(datas)))
    assert datas[0]["type"] == "response.created"
    assert datas[1]["type"] == "response.in_progress"
    ends = {"response.completed", "response.incomplete", "response.failed"}
    assert [data["type"] in ends for data in datas] == [False] * (len(datas) - 1) + [
        True
    ]
    last = datas[-1]
    items = _check_items(datas[2:-1], whole=last["type"] != "response.failed")
    if last["type"] != "response.failed":
        assert last["type"] == f"response.{last['response']['status']}"
        assert last["response"]["output"] == items


def _check_items(datas: list[Data], *, whole: bool) -> list[Data]:
    done: list[Data] = []
    opened: _Item | None = None
    for data in datas:
        assert data["output_index"] == len(done)
        match data["type"]:
            case "response.output_item.added":
                assert opened is None, "two items are open"
                opened = _Item(data["item"])
            case "response.output_item.done":
                assert opened is not None
                opened.close(data["item"])
                done.append(data["item"])
                opened = None
            case _:
                assert opened is not None, "a piece without an item"
                opened.take(data)
    assert opened is None or not whole
    return done


class _Item:
    """One item of a Responses stream and the part of it that is open."""

    def __init__(self, begun: Data) -> None:
        self.begun = begun
        self.part: str | None = None
        self.pieces: dict[str, list[str]] = {}
        self.parts = 0
        self.marks = 0

    def take(self, data: Data) -> None:
        assert data["item_id"] == self.begun["id"]
        name = data["type"].removeprefix("response.")
        what, _, word = name.rpartition(".")
        if what in {"content_part", "reasoning_summary_part"}:
            self._frame(what, word, data)
        elif name == "output_text.annotation.added":
            assert data["annotation_index"] == self.marks
            self.marks += 1
        elif word == "delta":
            self._needs_part(what)
            self.pieces.setdefault(what, []).append(data["delta"])
        else:
            assert word == "done", name
            told = data[{"refusal": "refusal"}.get(what, _DONE_KEYS.get(what, "text"))]
            assert told == "".join(self.pieces.pop(what, [])), name

    def _frame(self, what: str, word: str, data: Data) -> None:
        kind = data["part"]["type"]
        if word == "added":
            assert self.part is None, "two parts are open"
            self.part = kind
            self.parts += 1
        else:
            assert self.part == kind, "the part that ends is not the one open"
            self.part = None
            assert not self.pieces, "the part ends before its text does"

    def _needs_part(self, what: str) -> None:
        if what not in _DONE_KEYS:
            wanted = {"reasoning_summary_text": "summary_text"}.get(what, what)
            assert self.part == wanted

    def close(self, finished: Data) -> None:
        assert self.part is None
        assert not self.pieces
        assert finished["id"] == self.begun["id"]
        assert finished["type"] == self.begun["type"]
        assert finished.get("status", "completed") == "completed"


_DONE_KEYS = {
    "function_call_arguments": "arguments",
    "custom_tool_call_input": "input",
}


def check_chat(stream: bytes) -> None:
    """Role first, pieces of known calls, one finish, perhaps usage, `[DONE]`."""
    datas = [data for _, data in events_of(stream)]
    assert all(name is None for name, _ in events_of(stream))
    failed = "error" in datas[-1]
    if failed:
        chunks = datas[:-1]
    else:
        assert datas[-1] == "[DONE]"
        chunks = datas[:-1]
    assert "[DONE]" not in chunks
    assert len({(c["id"], c["model"], c["created"]) for c in chunks}) == 1
    told = [chunk for chunk in chunks if chunk["choices"]]
    assert told[0]["choices"][0]["delta"]["role"] == "assistant"
    assert sum("role" in chunk["choices"][0]["delta"] for chunk in told) == 1
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in told]
    assert [each is not None for each in reasons] == [
        not failed and at == len(reasons) - 1 for at in range(len(reasons))
    ]
    usages = [chunk for chunk in chunks if not chunk["choices"]]
    assert usages == chunks[len(told) :], "the usage is not last"
    assert len(usages) <= 1
    _check_calls([chunk["choices"][0]["delta"] for chunk in told])


def _check_calls(deltas: list[Data]) -> None:
    known = 0
    for delta in deltas:
        for call in delta.get("tool_calls", []):
            if "id" in call:
                assert call["index"] == known
                assert call[call["type"]]["name"]
                known += 1
            assert call["index"] < known


def check_gemini(stream: bytes) -> None:
    """Nothing but `data: {...}` blocks of one model and id, and one finish, last.

    The vendor's JavaScript client reads no comment, no name and no raw U+2028.
    """
    assert "\N{LINE SEPARATOR}" not in stream.decode()
    assert "\N{PARAGRAPH SEPARATOR}" not in stream.decode()
    blocks = stream.decode().split("\n\n")[:-1]
    assert all(block.startswith("data: {") for block in blocks)
    datas = [data for _, data in events_of(stream)]
    failed = "error" in datas[-1]
    chunks = datas[:-1] if failed else datas
    assert all("error" not in chunk for chunk in chunks)
    assert len({(c["responseId"], c["modelVersion"]) for c in chunks}) <= 1
    told = [chunk["candidates"] for chunk in chunks if "candidates" in chunk]
    assert all(len(each) == 1 and each[0].get("index", 0) == 0 for each in told)
    reasons = [each[0].get("finishReason") for each in told]
    # What is blocked before the first word has no candidate.
    blocked = any("promptFeedback" in chunk for chunk in chunks)
    assert [reason is not None for reason in reasons] == [
        not failed and at == len(reasons) - 1 for at in range(len(reasons))
    ]
    assert reasons or failed or blocked
    for candidate in told:
        _check_gemini_content(candidate[0].get("content"))


def _check_gemini_content(content: Data | None) -> None:
    if content is None:
        return
    assert content.get("role", "model") == "model"
    for part in content.get("parts", []):
        if "functionCall" in part:
            assert part["functionCall"]["name"]
            assert isinstance(part["functionCall"].get("args", {}), dict)


CHECKS: dict[Protocol, Callable[[bytes], None]] = {
    Protocol.MESSAGES: check_messages,
    Protocol.RESPONSES: check_responses,
    Protocol.CHAT: check_chat,
    Protocol.GEMINI: check_gemini,
}
