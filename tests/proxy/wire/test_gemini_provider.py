"""Gemini's providers: requests as they take them, answers as they come in pieces."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    CallKind,
    Citation,
    CitationAdded,
    Event,
    Opaque,
    Origin,
    PartEnded,
    PartWhole,
    Ping,
    Protocol,
    ServerPart,
    SignatureDelta,
    StopReason,
    Text,
    TextDelta,
    TextStarted,
    Thinking,
    ThinkingDelta,
    ThinkingStarted,
    ToolCallArguments,
    ToolCallStarted,
    Usage,
    UsageReported,
    gather,
)
from proxy.wire.answer import read_answer as facts_of
from proxy.wire.fields import WireError
from proxy.wire.gemini.provider.answer import read_answer
from proxy.wire.gemini.provider.stream import StreamReader
from proxy.wire.incoming import EVENT_LIMIT
from proxy.wire.tail import tail_holder

ORIGIN = Origin(Protocol.GEMINI)

# --- answers --------------------------------------------------------------------------


def _response(*parts: Any, reason: str | None = None, **fields: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {
        "content": {"parts": list(parts), "role": "model"},
        "index": 0,
    }
    candidate |= {"groundingMetadata": fields.pop("grounding", None)}
    if reason is not None:
        candidate["finishReason"] = reason
    return {
        "candidates": [{k: v for k, v in candidate.items() if v is not None}],
        "modelVersion": "gemini-3-pro",
        "responseId": "r1",
        **fields,
    }


USAGE = {
    "promptTokenCount": 20,
    "cachedContentTokenCount": 5,
    "candidatesTokenCount": 6,
    "thoughtsTokenCount": 3,
    "toolUsePromptTokenCount": 2,
    "totalTokenCount": 31,
}
COUNTED = Usage(17, 5, 0, None, 9, 3)
LONG: list[dict[str, Any]] = [
    _response(
        {"text": "Let me", "thought": True}, usageMetadata={"promptTokenCount": 20}
    ),
    _response({"text": " see.", "thought": True}),
    _response({"text": "H\u00e9llo"}),
    _response({"text": " w\u00f6rld \u2028"}),
    _response(
        {"functionCall": {"name": "ls", "args": {"a": 1}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"id": "own", "name": "now"}},
    ),
    _response({"executableCode": {"code": "1", "language": "PYTHON"}}),
    _response(
        {"text": "Sunny"},
        grounding={
            "groundingChunks": [
                {"web": {"uri": "https://example.com/a", "title": "A"}},
                {"web": {"title": "no address"}},
            ],
            "groundingSupports": [
                {"groundingChunkIndices": [0, 9], "segment": {"text": "Sun"}}
            ],
        },
    ),
    _response(
        {"text": "", "thoughtSignature": "c2lu"}, reason="STOP", usageMetadata=USAGE
    ),
]
TOLD: list[Event] = [
    AnswerStarted("r1", "gemini-3-pro", Usage(20, 0, 0)),
    ThinkingStarted(0, origin=ORIGIN),
    ThinkingDelta(0, "Let me"),
    ThinkingDelta(0, " see."),
    PartEnded(0),
    TextStarted(1),
    TextDelta(1, "H\u00e9llo"),
    TextDelta(1, " w\u00f6rld \u2028"),
    PartEnded(1),
    ThinkingStarted(2, origin=ORIGIN),
    SignatureDelta(2, "c2ln"),
    PartEnded(2),
    ToolCallStarted(3, "call_abc_0", "ls"),
    ToolCallArguments(3, '{"a":1}'),
    PartEnded(3),
    ToolCallStarted(4, "own", "now"),
    ToolCallArguments(4, "{}"),
    PartEnded(4),
    PartWhole(
        5,
        ServerPart(
            Protocol.GEMINI,
            "executableCode",
            {"executableCode": {"code": "1", "language": "PYTHON"}},
        ),
    ),
    TextStarted(6),
    TextDelta(6, "Sunny"),
    CitationAdded(
        6,
        Citation(
            Protocol.GEMINI,
            {"web": {"uri": "https://example.com/a", "title": "A"}},
            "https://example.com/a",
            "A",
            "Sun",
        ),
    ),
    PartEnded(6),
    ThinkingStarted(7, origin=ORIGIN),
    SignatureDelta(7, "c2lu"),
    PartEnded(7),
    AnswerEnded(StopReason.TOOL_USE, usage=COUNTED),
]


def _reader() -> StreamReader:
    return StreamReader(answer_id="abc", model="m")


def _read(chunks: Sequence[bytes]) -> list[Event]:
    reader = _reader()
    found = [event for chunk in chunks for event in reader.feed(chunk)]
    found += reader.finish()
    assert reader.feed(b"data: {}\n\n") == ()
    assert reader.finish() == ()
    return found


def _sse(*responses: Any, end: str = "\n") -> bytes:
    lines = [
        f"data: {json.dumps(each, ensure_ascii=False)}{end}{end}" for each in responses
    ]
    return "".join(lines).encode()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_stream_whole_and_cut_at_every_byte(end: str) -> None:
    data = _sse(*LONG, end=end)
    assert _read([data]) == TOLD
    assert _read([bytes([byte]) for byte in data]) == TOLD
    for at in range(0, len(data), 7):
        assert _read([data[:at], data[at:]]) == TOLD


def test_a_stream_in_other_forms() -> None:
    data = _sse(*LONG)
    assert _read([b"\xef\xbb\xbf" + data]) == TOLD
    assert _read([data.rstrip()]) == TOLD
    assert _read([data + b"data: [DONE]\n\n"]) == TOLD
    array = json.dumps(LONG, indent=1).encode()
    assert _read([b"\n", array]) == TOLD
    assert _read([bytes([byte]) for byte in array]) == TOLD
    assert list(read_answer(array, answer_id="abc", model="m")) == TOLD
    spread = data.replace(b'"candidates": ', b'\ndata: "candidates": ')
    assert _read([spread]) == TOLD
    noted = _read([b": here\n\n", data])
    assert noted == [Ping(), *TOLD]


def test_a_whole_answer() -> None:
    body = json.dumps(_response({"text": "a"}, {"text": "b"}, reason="STOP")).encode()
    answer = gather(read_answer(body, answer_id="abc", model="m"))
    assert (answer.id, answer.model) == ("r1", "gemini-3-pro")
    assert answer.parts == (Text("ab"),)
    bare = {"candidates": [{"content": {"parts": [{"text": "a"}]}}]}
    answer = gather(read_answer(json.dumps(bare).encode(), answer_id="abc", model="m"))
    assert (answer.id, answer.model, answer.parts) == ("abc", "m", (Text("a"),))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b"[]", b"null", b"\xff", b"[" * 99_999, b'{"a":1}']
)
def test_a_body_that_is_no_answer(body: bytes) -> None:
    with pytest.raises(WireError):
        read_answer(body, answer_id="abc", model="m")


def test_only_the_first_candidate_is_read() -> None:
    two = _response({"text": "a"}, reason="STOP")
    two["candidates"].insert(0, {"index": 1, "content": {"parts": [{"text": "b"}]}})
    assert gather(_read([_sse(two)])).parts == (Text("a"),)


def test_a_late_signature_cuts_no_sentence() -> None:
    events = _read(
        [
            _sse(
                _response({"text": "One"}),
                _response({"text": " two", "thoughtSignature": "c2ln"}),
                _response({"text": "."}, reason="STOP"),
            )
        ]
    )
    assert gather(events).parts == (
        Text("One two."),
        Thinking(signature="c2ln", origin=ORIGIN),
    )


def test_a_signed_thought_stays_signed() -> None:
    thought = {"text": "Hm", "thought": True, "thoughtSignature": "c2ln"}
    events = _read([_sse(_response(thought, {"text": "a"}, reason="STOP"))])
    assert gather(events).parts == (
        Thinking("Hm", signature="c2ln", origin=ORIGIN),
        Text("a"),
    )


def test_calls_of_one_answer_never_share_an_id() -> None:
    call = {"functionCall": {"id": "same", "name": "a", "args": {}}}
    events = _read([_sse(_response(call, call, call, reason="STOP"))])
    ids = [each.id for each in events if isinstance(each, ToolCallStarted)]
    assert len(set(ids)) == 3
    assert ids[0] == "same"


def test_parts_nobody_reads_are_kept_whole() -> None:
    image: Any = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    later: Any = {"hologram": {"depth": 3}, "thoughtSignature": "c2ln"}
    events = _read([_sse(_response(image, later, {}, reason="STOP"))])
    assert gather(events).parts == (
        Opaque(Protocol.GEMINI, "inlineData", image),
        Opaque(Protocol.GEMINI, "hologram", later),
    )


def test_what_comes_after_the_end_is_none_of_it() -> None:
    events = _read(
        [
            _sse(
                _response({"text": "a"}, reason="STOP"),
                _response({"text": "b"}, reason="MAX_TOKENS", usageMetadata=USAGE),
            )
        ]
    )
    answer = gather(events)
    assert answer.parts == (Text("a"),)
    assert answer.ended == AnswerEnded(StopReason.END_TURN, usage=COUNTED)


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("STOP", StopReason.END_TURN),
        ("MAX_TOKENS", StopReason.MAX_TOKENS),
        ("SAFETY", StopReason.REFUSAL),
        ("RECITATION", StopReason.REFUSAL),
        ("PROHIBITED_CONTENT", StopReason.REFUSAL),
    ],
)
def test_why_an_answer_ended(reason: str, stop: StopReason) -> None:
    response = _response({"text": "a"}, reason=reason)
    response["candidates"][0]["finishMessage"] = "So it is."
    ended = gather(_read([_sse(response)])).ended
    assert ended.stop is stop
    if stop is StopReason.REFUSAL:
        assert (ended.category, ended.explanation) == (reason, "So it is.")


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("MALFORMED_FUNCTION_CALL", False),
        ("UNEXPECTED_TOOL_CALL", False),
        ("MISSING_THOUGHT_SIGNATURE", True),
        ("TOO_MANY_TOOL_CALLS", True),
        ("OTHER", True),
        ("SOMETHING_NEW", True),
        ("words of a text", True),
    ],
)
def test_ends_that_are_none(reason: str, told: bool) -> None:
    response = _response({"text": "a"}, reason=reason)
    response["candidates"][0]["finishMessage"] = "So it is."
    *_, last = _read([_sse(response)])
    assert isinstance(last, AnswerFailed)
    assert last.kind is FailureKind.UPSTREAM_ERROR
    assert ("So it is." in last.message) is told
    assert (reason in last.message) is (" " not in reason)


def test_a_blocked_prompt_is_a_refusal() -> None:
    blocked = {
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 7},
    }
    for events in (
        _read([_sse(blocked)]),
        list(read_answer(json.dumps(blocked).encode(), answer_id="abc", model="m")),
    ):
        ended = gather(events).ended
        assert ended.stop is StopReason.REFUSAL
        assert ended.category == "PROHIBITED_CONTENT"
        assert ended.usage == Usage(7, 0, 0, None, 0)


@pytest.mark.parametrize(
    ("usage", "output"),
    [
        ({"promptTokenCount": 7}, 0),
        ({"promptTokenCount": 7, "cachedContentTokenCount": 4}, 0),
        ({"promptTokenCount": 7, "totalTokenCount": 7}, 0),
        ({"promptTokenCount": 7, "totalTokenCount": 9}, None),
        ({"promptTokenCount": 7, "thoughtsTokenCount": 3}, 3),
        ({}, None),
    ],
)
@pytest.mark.parametrize("parts", [[], [{"text": ""}]])
def test_an_answer_without_a_word_has_no_output(
    parts: list[Any], usage: Any, output: int | None
) -> None:
    response = _response(*parts, reason="STOP", usageMetadata=usage)
    assert gather(_read([_sse(response)])).usage.output_tokens == output
    body = json.dumps(response).encode()
    native = facts_of(Protocol.GEMINI, body).usage
    assert native.output_tokens == output
    holder = tail_holder(Protocol.GEMINI)
    holder.feed(_sse(response))
    assert holder.usage == native


def test_words_nobody_counted_are_not_none() -> None:
    usage = {"promptTokenCount": 7}
    said = _response({"text": "a"}, reason="STOP", usageMetadata=usage)
    assert gather(_read([_sse(said)])).usage.output_tokens is None
    cut = _response({"text": "a"}, usageMetadata=usage)
    assert _read([_sse(cut)])[0] == AnswerStarted("r1", "gemini-3-pro", Usage(7, 0, 0))
    holder = tail_holder(Protocol.GEMINI)
    holder.feed(_sse(said))
    assert holder.usage == Usage(7, 0, 0)


def test_a_silent_end_takes_no_output_back() -> None:
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 2}
    said = _response({"text": "a"}, usageMetadata=usage)
    end = _response(reason="STOP", usageMetadata={"promptTokenCount": 7})
    assert gather(_read([_sse(said, end)])).usage.output_tokens == 2
    holder = tail_holder(Protocol.GEMINI)
    holder.feed(_sse(said, end))
    assert holder.usage.output_tokens == 2


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 429, "status": "RESOURCE_EXHAUSTED"}, FailureKind.RATE_LIMITED),
        ({"code": 401, "status": "UNAUTHENTICATED"}, FailureKind.AUTH),
        ({"code": 400, "status": "INVALID_ARGUMENT"}, FailureKind.REJECTED),
        ({"code": 503, "status": "UNAVAILABLE"}, FailureKind.UPSTREAM_ERROR),
        ({}, FailureKind.UPSTREAM_ERROR),
    ],
)
def test_errors_keep_the_providers_words(error: Any, kind: FailureKind) -> None:
    told = {"error": {**error, "message": "Too much.", "details": [{"a": 1}]}}
    failed = AnswerFailed(kind, "Too much.")
    assert _read([_sse(told)]) == [failed]
    assert _read([json.dumps([told]).encode()]) == [failed]
    body = json.dumps(told).encode()
    assert list(read_answer(body, answer_id="abc", model="m")) == [failed]
    *_, usage, last = _read([_sse(_response({"text": "a"}, usageMetadata=USAGE), told)])
    assert (usage, last) == (UsageReported(COUNTED), failed)


def test_an_error_of_few_words() -> None:
    assert _read([_sse({"error": "It broke."})])[-1] == AnswerFailed(
        FailureKind.UPSTREAM_ERROR, "It broke."
    )
    (failed,) = _read([_sse({"error": {"status": "UNAVAILABLE"}})])
    assert isinstance(failed, AnswerFailed)
    assert failed.message == "UNAVAILABLE"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", FailureKind.CUT),
        (_sse(_response({"text": "a"})), FailureKind.CUT),
        (_sse(_response({"text": "a"}))[:-9], FailureKind.MALFORMED),
        (b"<html><body>Busy</body></html>", FailureKind.MALFORMED),
        (b"data: {\n\n", FailureKind.MALFORMED),
        (b"data: \xff\n\n", FailureKind.MALFORMED),
        (b'data: {"candidates":7}\n\n', FailureKind.MALFORMED),
        (_sse(_response({"functionCall": {"args": {}}})), FailureKind.MALFORMED),
        (b'[{"candidates":', FailureKind.MALFORMED),
        (b"data: " + b"[" * 99_999 + b"\n\n", FailureKind.MALFORMED),
        (b"data: " + b"x" * EVENT_LIMIT + b"xx", FailureKind.MALFORMED),
        (b"[" + b" " * (EVENT_LIMIT + 1), FailureKind.MALFORMED),
    ],
)
def test_streams_that_are_none(data: bytes, kind: FailureKind) -> None:
    *_, last = _read([data])
    assert isinstance(last, AnswerFailed)
    assert last.kind is kind


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def _spoilt(draw: st.DrawFn) -> bytes:
    """A stream with one value of it put in another's place, or cut."""
    responses = json.loads(json.dumps(LONG))
    at: Any = responses
    while isinstance(at, dict | list) and at:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = draw(st.sampled_from(keys))
        if draw(st.integers(0, 3)) == 0 or not isinstance(at[key], dict | list):
            at[key] = draw(_JSON)
            break
        at = at[key]
    data = _sse(*responses)
    return data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data


@settings(deadline=None)
@given(data=st.binary(max_size=60) | _spoilt(), at=st.integers(0, 3000))
def test_no_bytes_break_the_reader(data: bytes, at: int) -> None:
    events = _read([data[:at], data[at:]])
    _check_order(events)
    with contextlib.suppress(WireError):
        _check_order(list(read_answer(data, answer_id="abc", model="m")))


def _check_order(events: list[Event]) -> None:
    """One start, parts that begin in order, one end and nothing behind it."""
    lasts = [isinstance(each, AnswerEnded | AnswerFailed) for each in events]
    assert lasts == [False] * (len(lasts) - 1) + [True]
    told = [each for each in events if not isinstance(each, Ping)]
    assert isinstance(told[0], AnswerStarted | AnswerFailed)
    opened: int | None = None
    begun = -1
    for event in told:
        match event:
            case TextStarted() | ThinkingStarted() | ToolCallStarted() | PartWhole():
                assert opened is None
                begun += 1
                assert event.index == begun
                opened = None if isinstance(event, PartWhole) else begun
            case PartEnded():
                assert event.index == opened
                opened = None
            case AnswerEnded():
                assert opened is None
            case AnswerStarted() | UsageReported() | AnswerFailed() | Ping():
                pass
            case _:
                assert event.index == opened
                assert not isinstance(event, ToolCallArguments) or event.text


def test_calls_are_functions() -> None:
    kinds = {each.kind for each in TOLD if isinstance(each, ToolCallStarted)}
    assert kinds == {CallKind.FUNCTION}
