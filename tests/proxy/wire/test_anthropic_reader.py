"""Answers of Messages providers, streamed and whole, however they arrive."""

import json
from typing import Any

import pytest
from golden_files import Golden
from hypothesis import given
from hypothesis import strategies as st
from neutral_requests import event_lines

from proxy.errors import FailureKind
from proxy.model import (
    Answer,
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    CitationAdded,
    Event,
    Opaque,
    Origin,
    PartEnded,
    PartWhole,
    Ping,
    Protocol,
    Request,
    ServerPart,
    SignatureDelta,
    StopReason,
    Text,
    TextDelta,
    TextStarted,
    Thinking,
    ThinkingStarted,
    ToolCall,
    ToolCallArguments,
    ToolCallStarted,
    Usage,
    UsageReported,
    gather,
)
from proxy.wire.anthropic.client.stream import StreamWriter
from proxy.wire.anthropic.provider.answer import read_answer
from proxy.wire.anthropic.provider.stream import StreamReader
from proxy.wire.fields import WireError
from proxy.wire.incoming import EVENT_LIMIT

_OWN = Origin(Protocol.MESSAGES)
Data = dict[str, Any]


def _sse(*events: Data) -> bytes:
    lines = (f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)
    return "".join(lines).encode()


def _read(*pieces: bytes) -> list[Event]:
    reader = StreamReader(answer_id="abc", model="asked")
    events = [event for piece in pieces for event in reader.feed(piece)]
    events += reader.finish()
    assert not reader.feed(b"data: {}\n\n")
    assert not reader.finish()
    check_line(events)
    return events


def check_line(events: list[Event]) -> None:
    """Holds a line of events against the promise of `proxy.model.events`."""
    assert isinstance(events[-1], AnswerEnded | AnswerFailed)
    assert sum(isinstance(e, AnswerEnded | AnswerFailed) for e in events) == 1
    if len(events) == 1:
        assert isinstance(events[0], AnswerFailed)
        return
    assert isinstance(events[0], AnswerStarted)
    begun, closed = 0, set()
    for event in events[1:-1]:
        match event:
            case TextStarted() | ThinkingStarted() | ToolCallStarted() | PartWhole():
                assert event.index == begun
                begun += 1
                if isinstance(event, PartWhole):
                    closed.add(event.index)
            case PartEnded():
                assert event.index < begun
                assert event.index not in closed
                closed.add(event.index)
            case UsageReported() | Ping():
                continue
            case AnswerStarted() | AnswerEnded() | AnswerFailed():
                raise AssertionError(event)
            case _:
                assert event.index < begun
                assert event.index not in closed
    if isinstance(events[-1], AnswerEnded):
        assert len(closed) == begun


_START: Data = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 20,
            "cache_read_input_tokens": 5,
            "cache_creation_input_tokens": 9,
            "cache_creation": {
                "ephemeral_5m_input_tokens": 2,
                "ephemeral_1h_input_tokens": 7,
            },
            "output_tokens": 1,
        },
    },
}
_STOP: Data = {"type": "message_stop"}


def _begin(index: int, **block: Any) -> Data:
    return {"type": "content_block_start", "index": index, "content_block": block}


def _piece(index: int, kind: str, **fields: Any) -> Data:
    delta = {"type": f"{kind}_delta", **fields}
    return {"type": "content_block_delta", "index": index, "delta": delta}


def _end(index: int) -> Data:
    return {"type": "content_block_stop", "index": index}


def _delta(reason: str | None = "end_turn", **more: Any) -> Data:
    usage = more.pop("usage", {"output_tokens": 9})
    delta = {"stop_reason": reason, "stop_sequence": None, **more}
    return {"type": "message_delta", "delta": delta, "usage": usage}


def _body(*events: Data, reason: str = "end_turn", **more: Any) -> list[Event]:
    return _read(_sse(_START, *events, _delta(reason, **more), _STOP))


def _answer(*events: Data, reason: str = "end_turn", **more: Any) -> Answer:
    return gather(_body(*events, reason=reason, **more))


# --- recorded transcripts -------------------------------------------------------------

_CITED: Data = {
    "type": "web_search_result_location",
    "url": "https://example.com/b",
    "title": "B",
    "cited_text": "sun",
    "encrypted_index": "eA==",
}
_RESULT: Data = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [
        {
            "type": "web_search_result",
            "url": "https://example.com/b",
            "title": "B",
            "encrypted_content": "eA==",
            "page_age": None,
        }
    ],
}
_SEARCH: Data = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
}

_TRANSCRIPTS: dict[str, list[Data]] = {
    "provider_thinking_and_calls": [
        _START,
        {"type": "ping"},
        _begin(0, type="thinking", thinking="", signature=""),
        _piece(0, "thinking", thinking="Which file"),
        _piece(0, "thinking", thinking=" is it \N{LINE SEPARATOR} ü?"),
        _piece(0, "signature", signature="c2ln"),
        _end(0),
        _begin(1, type="redacted_thinking", data="cmVkYWN0ZWQ="),
        _end(1),
        _begin(2, type="text", text=""),
        _piece(2, "text", text="Reading \N{GRINNING FACE}"),
        _piece(2, "text", text=" both."),
        _end(2),
        _begin(3, type="tool_use", id="toolu_1", name="read", input={}),
        _piece(3, "input_json", partial_json=""),
        _piece(3, "input_json", partial_json='{"path": "a'),
        _piece(3, "input_json", partial_json='.py"}'),
        _end(3),
        _begin(4, type="tool_use", id="toolu_2", name="now", input={}),
        _end(4),
        _delta(
            "tool_use",
            usage={
                "output_tokens": 30,
                "output_tokens_details": {"thinking_tokens": 12},
            },
        ),
        _STOP,
    ],
    "provider_search": [
        _START,
        _begin(0, **_SEARCH, input={}),
        _piece(0, "input_json", partial_json='{"query":'),
        _piece(0, "input_json", partial_json=' "weather"}'),
        _end(0),
        _begin(1, **_RESULT),
        _end(1),
        _begin(2, type="text", text="", citations=[]),
        _piece(2, "citations", citation=_CITED),
        _piece(2, "text", text="Sunny."),
        _end(2),
        _delta(
            usage={
                "output_tokens": 9,
                "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0},
            }
        ),
        _STOP,
    ],
    "provider_refusal": [
        _START,
        _begin(0, type="text", text=""),
        _piece(0, "text", text="I"),
        _end(0),
        _delta(
            "refusal",
            stop_details={
                "type": "refusal",
                "category": "cyber",
                "explanation": "Not this.",
            },
        ),
        _STOP,
    ],
    "provider_overloaded": [
        _START,
        _begin(0, type="text", text=""),
        _piece(0, "text", text="Once"),
        {
            "type": "error",
            "error": {"type": "overloaded_error", "message": "Overloaded"},
        },
    ],
}

_USAGE = Usage(20, 5, 9, 7, 30, 12)
_TOLD: dict[str, Answer | AnswerFailed] = {
    "provider_thinking_and_calls": Answer(
        "msg_1",
        "claude-opus-5-5",
        (
            Thinking(
                "Which file is it \N{LINE SEPARATOR} ü?", signature="c2ln", origin=_OWN
            ),
            Thinking(sealed="cmVkYWN0ZWQ=", origin=_OWN),
            Text("Reading \N{GRINNING FACE} both."),
            ToolCall("toolu_1", "read", '{"path": "a.py"}'),
            ToolCall("toolu_2", "now", "{}"),
        ),
        AnswerEnded(StopReason.TOOL_USE, usage=_USAGE),
        _USAGE,
    ),
    "provider_refusal": Answer(
        "msg_1",
        "claude-opus-5-5",
        (Text("I"),),
        AnswerEnded(
            StopReason.REFUSAL, None, Usage(20, 5, 9, 7, 9), "Not this.", "cyber"
        ),
        Usage(20, 5, 9, 7, 9),
    ),
    "provider_overloaded": AnswerFailed(FailureKind.UPSTREAM_ERROR, "Overloaded"),
}


@pytest.fixture(params=_TRANSCRIPTS)
def transcript(request: pytest.FixtureRequest, golden: Golden) -> bytes:
    """A recorded stream, which stays as it is."""
    stream = _sse(*_TRANSCRIPTS[request.param])
    golden.check(f"anthropic-messages/{request.param}/stream.sse", stream)
    return stream


@pytest.mark.parametrize("name", _TOLD)
def test_transcripts_tell_their_answers(name: str) -> None:
    events = _read(_sse(*_TRANSCRIPTS[name]))
    wanted = _TOLD[name]
    if isinstance(wanted, Answer):
        assert gather(events) == wanted
    else:
        assert events[-1] == wanted


def test_a_search_is_kept_whole() -> None:
    search, result, text = gather(_read(_sse(*_TRANSCRIPTS["provider_search"]))).parts
    query = {**_SEARCH, "input": {"query": "weather"}}
    messages = Protocol.MESSAGES
    assert search == ServerPart(messages, "server_tool_use", query, "srvtoolu_1")
    assert result == ServerPart(
        messages, "web_search_tool_result", _RESULT, "srvtoolu_1"
    )
    assert isinstance(text, Text)
    (cited,) = text.citations
    assert (cited.url, cited.title, cited.quote) == (
        "https://example.com/b",
        "B",
        "sun",
    )
    assert cited.raw == _CITED


def test_a_stream_is_the_same_however_it_is_cut(transcript: bytes) -> None:
    whole = _read(transcript)
    assert _read(*(bytes([byte]) for byte in transcript)) == whole
    for at in range(0, len(transcript), 7):
        assert _read(transcript[:at], transcript[at:]) == whole


def test_a_stream_is_the_same_however_its_lines_end(transcript: bytes) -> None:
    whole = _read(transcript)
    assert _read(transcript.replace(b"\n", b"\r\n")) == whole
    assert _read(transcript.replace(b"\n", b"\r")) == whole
    broken = transcript.replace(b'"type":', b'\ndata: "type":').replace(
        b'"type": ', b'\ndata:"type": '
    )
    assert _read(broken) == whole
    nameless = b"\n".join(
        line for line in transcript.split(b"\n") if not line.startswith(b"event")
    )
    assert _read(nameless) == whole
    assert _read(b"\xef\xbb\xbf" + transcript.rstrip(b"\n")) == whole


def test_comments_are_signs_of_life(transcript: bytes) -> None:
    pieces = transcript.split(b"\n\n")
    commented = [b": hello\n\n", *(piece + b"\n\n: hi\n\n" for piece in pieces[:-1])]
    events = _read(*commented)
    quiet = [each for each in events if not isinstance(each, Ping)]
    assert quiet == [each for each in _read(transcript) if not isinstance(each, Ping)]
    assert len(events) > len(quiet)


def test_a_stream_that_breaks_off_is_cut(transcript: bytes) -> None:
    whole = _read(transcript)
    for at in range(1, len(transcript) - 2):
        events = _read(transcript[:at])
        if isinstance(events[-1], AnswerEnded) or events == whole:
            # All but the last line ends was there.
            assert at > len(transcript) - 40
            continue
        assert isinstance(events[-1], AnswerFailed)
        assert events[-1].kind in {FailureKind.CUT, FailureKind.MALFORMED}


@given(line=event_lines(Protocol.MESSAGES))
def test_what_our_writer_says_is_read_again(line: tuple[Event, ...]) -> None:
    request = Request(Protocol.MESSAGES, "m", ())
    writer = StreamWriter(request, created=0)
    events = _read(b"".join(writer.write(event) for event in line))
    if isinstance(line[-1], AnswerFailed):
        assert isinstance(events[-1], AnswerFailed)
        assert events[-1].message == line[-1].message
        return
    assert [_bare(each) for each in gather(events).parts] == [
        _bare(each) for each in gather(line).parts
    ]


def _bare(part: Any) -> Any:
    if isinstance(part, ToolCall):
        return (part.id, part.name, json.loads(part.arguments or "{}"))
    return part


# --- servers that keep to the protocol only roughly -----------------------------------


def test_a_call_whose_input_comes_at_once() -> None:
    given_ = _begin(0, type="tool_use", id="t", name="read", input={"path": "a"})
    text = _begin(1, type="tool_use", id="u", name="read", input='{"path":"b"}')
    answer = _answer(given_, _end(0), text, _end(1))
    assert answer.parts == (
        ToolCall("t", "read", '{"path":"a"}'),
        ToolCall("u", "read", '{"path":"b"}'),
    )
    # The provider said `end_turn`; the calls say otherwise.
    assert answer.ended.stop is StopReason.TOOL_USE


def test_ids_of_calls_are_there_and_unique() -> None:
    calls = [
        _begin(0, type="tool_use", name="a", input={}),
        _begin(1, type="tool_use", id="t", name="b", input={}),
        _begin(2, type="tool_use", id="t", name="c", input={}),
    ]
    parts = _answer(*calls).parts
    ids = [each.id for each in parts if isinstance(each, ToolCall)]
    assert ids == ["call_abc_1", "t", "call_abc_3"]


def test_interleaved_calls_stay_apart() -> None:
    assert _answer(
        _begin(0, type="tool_use", id="t", name="a", input={}),
        _begin(1, type="tool_use", id="u", name="b", input={}),
        _piece(0, "input_json", partial_json='{"x":'),
        _piece(1, "input_json", partial_json='{"y":'),
        _piece(0, "input_json", partial_json="1}"),
        _piece(1, "input_json", partial_json="2}"),
        _end(0),
        _end(1),
    ).parts == (ToolCall("t", "a", '{"x":1}'), ToolCall("u", "b", '{"y":2}'))


def test_thinking_inside_a_text_block_gets_its_own_part() -> None:
    assert _answer(
        _begin(0, type="text", text=""),
        _piece(0, "thinking", thinking="Hm."),
        _piece(0, "signature", signature="c2ln"),
        _piece(0, "text", text="Hello"),
        _piece(0, "signature", signature="late"),
        _end(0),
    ).parts == (
        Text(""),
        Thinking("Hm.", signature="c2ln", origin=_OWN),
        Text("Hello"),
    )


def test_what_stands_in_the_start_of_a_block_counts() -> None:
    parts = _answer(
        _begin(0, type="thinking", thinking="Hm.", signature="c2ln"),
        _begin(1, type="text", text="Hello", citations=[_CITED, 7]),
        _piece(1, "text", text=" you"),
    ).parts
    assert parts[0] == Thinking("Hm.", signature="c2ln", origin=_OWN)
    assert isinstance(parts[1], Text)
    assert parts[1].text == "Hello you"
    assert len(parts[1].citations) == 1


@pytest.mark.parametrize(
    ("events", "parts"),
    [
        ([_piece(0, "text", text="a"), _piece(0, "text", text="b")], (Text("ab"),)),
        ([_begin(3, type="text", text=""), _piece(0, "text", text="a")], (Text("a"),)),
        ([_begin(0, type="text", text="a"), _end(5), _end(0)], (Text("a"),)),
        (
            [
                _begin(0, type="text", text="a"),
                _begin(0, type="text", text="b"),
                _end(0),
                _end(0),
            ],
            (Text("a"), Text("b")),
        ),
        (
            [
                _begin(1, type="tool_use", id="t", name="a", input={}),
                _piece(0, "input_json", partial_json="{}"),
                _piece(1, "text", text="lost: a call has no text"),
            ],
            (ToolCall("t", "a", "{}"),),
        ),
        ([_piece(0, "input_json", partial_json="{}"), _end(0)], ()),
        ([_piece(0, "signature", signature="x")], ()),
        ([_piece(0, "from_the_future", x=1)], ()),
        ([_piece(0, "citations", citation=_CITED)], ()),
        ([{"type": "content_block_start", "content_block": {"type": "text"}}], None),
        ([{"type": "content_block_start"}], None),
        ([{"type": "content_block_stop"}], ()),
        ([{"type": "content_block_delta", "index": 1.5, "delta": 3}], ()),
        ([{"type": "from_the_future", "x": 1}], ()),
        ([_START, _START], ()),
        ([_begin(0, type="redacted_thinking", data=7)], None),
        ([_begin(0, type="tool_use", id="t", input={})], None),
    ],
)
def test_rough_streams_make_sense(events: list[Data], parts: Any) -> None:
    answer = _answer(*events)
    assert parts is None or answer.parts == parts


def test_unknown_blocks_are_kept_with_their_pieces() -> None:
    (part,) = _answer(
        _begin(0, type="compaction", content=None),
        _piece(0, "compaction", content="Short.", encrypted_content="eA=="),
        _end(0),
    ).parts
    raw = {"type": "compaction", "content": "Short.", "encrypted_content": "eA=="}
    assert part == Opaque(Protocol.MESSAGES, "compaction", raw)


def test_a_broken_input_of_the_providers_own_tool_is_kept() -> None:
    (part,) = _answer(
        _begin(0, **_SEARCH, input={}),
        _piece(0, "input_json", partial_json='{"query'),
    ).parts
    assert isinstance(part, ServerPart)
    assert part.raw["input"] == {"input": '{"query'}


@pytest.mark.parametrize(
    ("word", "stop"),
    [
        ("end_turn", StopReason.END_TURN),
        ("max_tokens", StopReason.MAX_TOKENS),
        ("stop_sequence", StopReason.STOP_SEQUENCE),
        ("tool_use", StopReason.TOOL_USE),
        ("pause_turn", StopReason.PAUSE_TURN),
        ("model_context_window_exceeded", StopReason.CONTEXT_EXCEEDED),
        ("compaction", StopReason.PAUSE_TURN),
        ("from_the_future", StopReason.END_TURN),
    ],
)
def test_stops(word: str, stop: StopReason) -> None:
    assert _answer(reason=word).ended.stop is stop


def test_the_word_that_stopped_is_told() -> None:
    answer = _answer(reason="stop_sequence", stop_sequence="END")
    assert answer.ended.stop_sequence == "END"


def test_usage_is_told_before_a_cut() -> None:
    events = _read(_sse(_START, _delta()))
    assert isinstance(events[0], AnswerStarted)
    assert events[0].usage == Usage(20, 5, 9, 7, 1)
    assert events[1] == UsageReported(Usage(20, 5, 9, 7, 9))
    assert events[-1] == AnswerFailed(
        FailureKind.CUT, "The provider's answer broke off."
    )


def test_an_input_repeated_as_0_takes_nothing_back() -> None:
    answer = _answer(usage={"input_tokens": 0, "output_tokens": 4})
    assert answer.usage == Usage(20, 5, 9, 7, 4)


def test_an_answer_without_start_or_usage() -> None:
    (started, ended) = _read(_sse(_STOP))
    assert started == AnswerStarted("abc", "asked")
    assert ended == AnswerEnded(StopReason.END_TURN)


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            {"type": "rate_limit_error", "message": "Slow down"},
            FailureKind.RATE_LIMITED,
            "Slow down",
        ),
        (
            {"type": "authentication_error", "message": "No"},
            FailureKind.AUTH,
            "No",
        ),
        (
            {"type": "invalid_request_error", "message": "Bad"},
            FailureKind.REJECTED,
            "Bad",
        ),
        ({"type": "api_error", "message": "Oops"}, FailureKind.UPSTREAM_ERROR, "Oops"),
        ({"message": "Oops"}, FailureKind.UPSTREAM_ERROR, "Oops"),
        ("Oops", FailureKind.UPSTREAM_ERROR, "Oops"),
        (None, FailureKind.UPSTREAM_ERROR, "The provider ended its answer with an"),
        ({}, FailureKind.UPSTREAM_ERROR, "The provider ended its answer with an"),
    ],
)
def test_errors_keep_their_wording(error: Any, kind: FailureKind, message: str) -> None:
    said = {"type": "error", "error": error}
    streamed = _read(_sse(said))
    whole = list(read_answer(json.dumps(said).encode(), answer_id="a", model="m"))
    assert streamed == whole
    (failed,) = streamed
    assert isinstance(failed, AnswerFailed)
    assert failed.kind is kind
    assert failed.message.startswith(message)


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (b"", FailureKind.CUT),
        (b"<!doctype html><html>", FailureKind.MALFORMED),
        (b"data: nonsense\n\n", FailureKind.MALFORMED),
        (b"data: [1]\n\n", FailureKind.MALFORMED),
        (b"data: [DONE]\n\n", FailureKind.CUT),
        (b'data: {"a":' + b"[" * 5000 + b"\n\n", FailureKind.MALFORMED),
        (b'data: {"type":"\xff"}\n\n', FailureKind.MALFORMED),
        (b'{"hello": 1}', FailureKind.MALFORMED),
        (b"data: " + b"x" * EVENT_LIMIT, FailureKind.MALFORMED),
        (b"{" + b" " * EVENT_LIMIT, FailureKind.MALFORMED),
    ],
    ids=range(10),
)
def test_what_is_no_answer_fails(stream: bytes, kind: FailureKind) -> None:
    (failed,) = _read(stream)
    assert isinstance(failed, AnswerFailed)
    assert failed.kind is kind


def test_a_large_event_is_read() -> None:
    text = "x" * 2_000_000
    answer = _answer(_begin(0, type="text", text=""), _piece(0, "text", text=text))
    assert answer.parts == (Text(text),)


def test_data_that_grows_too_large_with_its_last_line_fails() -> None:
    half = b"data: " + b"x" * (EVENT_LIMIT // 2 + 1)
    (failed,) = _read(half + b"\n" + half)
    assert failed == AnswerFailed(
        FailureKind.MALFORMED, "The provider sent a single event of more than 16 MB."
    )


def test_nesting_at_the_limit_of_what_is_decoded_is_harmless() -> None:
    for depth in range(1, 1000, 9):
        deep = b'{"a":' * depth + b"1" + b"}" * depth
        block = b'{"type":"tool_use","id":"t","name":"a","input":%b}' % deep
        start = b'{"type":"content_block_start","index":0,"content_block":%b}' % block
        stop = b'data: {"type":"content_block_stop","index":0}\n\n'
        _read(_sse(_START) + b"data: %b\n\n" % start + stop + _sse(_STOP))
        _read(_sse(_START) + b"data: %b\n\n" % start + stop.strip())


def test_an_end_that_comes_twice_is_one() -> None:
    stream = _sse(_START, _delta(), _STOP, _STOP, {"type": "error", "error": "late"})
    assert isinstance(_read(stream)[-1], AnswerEnded)


# --- whole answers --------------------------------------------------------------------

_WHOLE: Data = {
    **_START["message"],
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "text", "text": "Hello", "citations": [_CITED]},
        {"type": "tool_use", "id": "t", "name": "read", "input": {"path": "a"}},
        {**_SEARCH, "input": {"query": "q"}},
        7,
    ],
    "stop_reason": "tool_use",
}


def _read_whole(body: bytes) -> list[Event]:
    events = list(read_answer(body, answer_id="abc", model="asked"))
    check_line(events)
    return events


def test_a_whole_answer_is_told() -> None:
    events = _read_whole(json.dumps(_WHOLE).encode())
    assert [type(each) for each in events if not isinstance(each, PartEnded)] == [
        AnswerStarted,
        ThinkingStarted,
        *(type(each) for each in events[2:4]),
        TextStarted,
        TextDelta,
        CitationAdded,
        ToolCallStarted,
        ToolCallArguments,
        PartWhole,
        AnswerEnded,
    ]
    assert isinstance(events[3], SignatureDelta)
    answer = gather(events)
    assert (answer.id, answer.model) == ("msg_1", "claude-opus-5-5")
    assert answer.usage == Usage(20, 5, 9, 7, 1)
    assert answer.ended.stop is StopReason.TOOL_USE
    # A server that does not stream although it was asked to.
    assert _read(b"\n", json.dumps(_WHOLE).encode()) == events


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"content":7}', b"\xff", b"[" * 9000]
)
def test_a_body_that_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        _read_whole(body)


# --- whatever comes -------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "index", "input", "id", "name", "usage"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
_KNOWN = [event for line in _TRANSCRIPTS.values() for event in line]


@st.composite
def _damaged(draw: st.DrawFn) -> Data:
    """A known event in which one field, at any depth, is anything."""
    event: Data = json.loads(json.dumps(draw(st.sampled_from(_KNOWN))))
    inner: Data = event
    while True:
        key = draw(st.sampled_from(sorted(inner)))
        if not (isinstance(inner[key], dict) and inner[key] and draw(st.booleans())):
            inner[key] = draw(_JSON)
            return event
        inner = inner[key]


@given(events=st.lists(st.sampled_from(_KNOWN) | _damaged(), max_size=12))
def test_any_events_make_a_legal_line(events: list[Data]) -> None:
    stream = b"".join(
        b"data: %b\n\n" % json.dumps(event).encode() for event in [_START, *events]
    )
    _read(stream)


@given(stream=st.binary() | st.binary().map(lambda raw: b"data: %b\n\n" % raw))
def test_no_bytes_make_the_reader_raise(stream: bytes) -> None:
    _read(stream)


@given(content=st.lists(_JSON), rest=_JSON)
def test_no_whole_answer_raises_but_wire_error(content: Any, rest: Any) -> None:
    body = {"content": content, "usage": rest, "stop_reason": rest, "id": rest}
    _read_whole(json.dumps(body).encode())
