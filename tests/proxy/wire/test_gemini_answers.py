"""Answers as Gemini's clients get them, streamed and whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st
from sdk_types import check_answer

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Citation,
    CitationAdded,
    Event,
    Loss,
    PartEnded,
    PartWhole,
    Ping,
    Protocol,
    Request,
    ServerPart,
    SignatureDelta,
    StopReason,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingStarted,
    ToolCallArguments,
    ToolCallStarted,
    Usage,
)
from proxy.wire.gemini.client.answer import write_answer
from proxy.wire.gemini.client.stream import StreamWriter

# --- answers --------------------------------------------------------------------------


def _stream(*events: Event) -> tuple[list[Any], list[Loss]]:
    writer = StreamWriter(Request(Protocol.GEMINI, "m", ()), created=1)
    raw = b"".join(writer.write(each) for each in (AnswerStarted("a", "m"), *events))
    found = [json.loads(each[6:]) for each in raw.decode().split("\n\n")[:-1]]
    return found, writer.losses


def _whole(*events: Event) -> Any:
    request = Request(Protocol.GEMINI, "m", ())
    body = write_answer(request, (AnswerStarted("a", "m"), *events), created=1).body
    check_answer(Protocol.GEMINI, body)
    return json.loads(body)["candidates"][0]


def _thought(at: int, text: str, signature: str) -> list[Event]:
    shown = [ThinkingDelta(at, text)] if text else []
    return [
        ThinkingStarted(at),
        *shown,
        SignatureDelta(at, signature),
        PartEnded(at),
    ]


def _end(stop: StopReason = StopReason.END_TURN, **told: Any) -> AnswerEnded:
    return AnswerEnded(stop, **told)


def test_a_signature_stands_on_the_call_that_follows() -> None:
    call = (
        ToolCallStarted(1, "c", "ls"),
        ToolCallArguments(1, '{"a":'),
        ToolCallArguments(1, "1}"),
        PartEnded(1),
    )
    events = (*_thought(0, "", "c2ln"), *call, _end(StopReason.TOOL_USE))
    shape = {"id": "c", "name": "ls", "args": {"a": 1}}
    signed = {"functionCall": shape, "thoughtSignature": "c2ln"}
    assert _whole(*events)["content"]["parts"] == [signed]
    chunks, losses = _stream(*events)
    assert [each["candidates"][0]["content"]["parts"] for each in chunks] == [
        [signed],
        [{"text": ""}],
    ]
    assert not losses


def test_signatures_nothing_follows_are_not_lost() -> None:
    events = (*_thought(0, "Hm", "c2ln"), *_thought(1, "", "c2lu"), _end())
    assert _whole(*events)["content"]["parts"] == [
        {"text": "Hm", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "", "thoughtSignature": "c2lu"},
    ]


def test_what_is_no_base64_would_break_the_clients_reader() -> None:
    _, losses = _stream(*_thought(0, "", "no base64"), _end())
    assert [loss.name for loss in losses] == ["signature"]


@pytest.mark.parametrize("text", ["{", "[1]", '"x"', "[" * 100_000])
def test_broken_arguments_are_told_as_a_text(text: str) -> None:
    call = (ToolCallStarted(0, "c", "a"), ToolCallArguments(0, text), PartEnded(0))
    chunks, losses = _stream(*call, _end())
    part = chunks[0]["candidates"][0]["content"]["parts"][0]
    assert part["functionCall"]["args"] == {"input": text}
    assert [loss.name for loss in losses] == ["broken_arguments"]


def test_a_ping_says_nothing_and_separators_are_escaped() -> None:
    writer = StreamWriter(Request(Protocol.GEMINI, "m", ()), created=1)
    assert writer.write(AnswerStarted("a", "m")) == b""
    assert writer.write(Ping()) == b""
    assert writer.write(TextStarted(0)) == b""
    said = writer.write(TextDelta(0, "a\u2028b\u2029c\n"))
    assert b"a\\u2028b\\u2029c\\n" in said
    failed = writer.write(AnswerFailed(FailureKind.CUT, "It broke\u2028off."))
    assert json.loads(failed[6:])["error"]["message"] == "It broke\u2028off."
    assert "\u2028" not in failed.decode()


def test_sources_stand_in_the_grounding() -> None:
    raw: Any = {"maps": {"uri": "https://example.com/m", "title": "M"}}
    events = (
        TextStarted(0),
        TextDelta(0, "Sunny"),
        CitationAdded(0, Citation(Protocol.CHAT, {}, "https://example.com/a", "A")),
        CitationAdded(0, Citation(Protocol.CHAT, {}, "https://example.com/a", "A")),
        CitationAdded(0, Citation(Protocol.GEMINI, raw, "https://example.com/m")),
        CitationAdded(0, Citation(Protocol.CHAT, {})),
        PartEnded(0),
        _end(),
    )
    chunks = [{"web": {"uri": "https://example.com/a", "title": "A"}}, raw]
    assert _whole(*events)["groundingMetadata"] == {"groundingChunks": chunks}
    streamed, losses = _stream(*events)
    last = streamed[-1]["candidates"][0]
    assert last["groundingMetadata"] == {"groundingChunks": chunks}
    assert [loss.name for loss in losses] == ["citation"]


def test_the_providers_own_parts_come_whole() -> None:
    raw: Any = {"executableCode": {"code": "1", "language": "PYTHON"}}
    part = ServerPart(Protocol.GEMINI, "executableCode", raw)
    assert _whole(PartWhole(0, part), _end())["content"]["parts"] == [raw]


@pytest.mark.parametrize(
    ("end", "reason", "message"),
    [
        (_end(), "STOP", None),
        (_end(StopReason.TOOL_USE), "STOP", None),
        (_end(StopReason.STOP_SEQUENCE), "STOP", None),
        (_end(StopReason.PAUSE_TURN), "STOP", None),
        (_end(StopReason.MAX_TOKENS), "MAX_TOKENS", None),
        (_end(StopReason.CONTEXT_EXCEEDED), "MAX_TOKENS", "longer than the model"),
        (_end(StopReason.REFUSAL), "SAFETY", None),
        (
            _end(StopReason.REFUSAL, category="RECITATION", explanation="No."),
            "RECITATION",
            "No.",
        ),
    ],
)
def test_why_it_ended(end: AnswerEnded, reason: str, message: str | None) -> None:
    candidate = _whole(end)
    assert candidate["finishReason"] == reason
    assert (message or "") in candidate.get("finishMessage", "")
    assert types.FinishReason(reason)


def test_the_usage_is_told_in_the_last_chunk_only() -> None:
    usage = Usage(20, 5, 2, output_tokens=9, reasoning_tokens=4)
    chunks, _ = _stream(
        TextStarted(0), TextDelta(0, "a"), PartEnded(0), _end(usage=usage)
    )
    assert "usageMetadata" not in chunks[0]
    assert chunks[-1]["usageMetadata"] == {
        "promptTokenCount": 27,
        "cachedContentTokenCount": 5,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 4,
        "totalTokenCount": 36,
    }


@given(text=st.text())
def test_every_text_arrives(text: str) -> None:
    chunks, _ = _stream(TextStarted(0), TextDelta(0, text), PartEnded(0), _end())
    said = "".join(c["candidates"][0]["content"]["parts"][0]["text"] for c in chunks)
    assert said == text
