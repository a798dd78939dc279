"""Answers of Messages providers, streamed and whole, however they arrive."""

import json
from typing import Any

import pytest
from golden_files import Golden
from hypothesis import given
from hypothesis import strategies as st
from messages_streams import (
    CITED,
    OWN,
    RESULT,
    SEARCH,
    START,
    STOP,
    Data,
    begin,
    check_line,
    delta,
    end,
    piece,
    read,
    sse,
)
from neutral_requests import event_lines

from proxy.errors import FailureKind
from proxy.model import (
    Answer,
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    CitationAdded,
    Event,
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
    gather,
)
from proxy.wire.anthropic.client.stream import StreamWriter
from proxy.wire.anthropic.provider.answer import read_answer
from proxy.wire.fields import WireError

_TRANSCRIPTS: dict[str, list[Data]] = {
    "provider_thinking_and_calls": [
        START,
        {"type": "ping"},
        begin(0, type="thinking", thinking="", signature=""),
        piece(0, "thinking", thinking="Which file"),
        piece(0, "thinking", thinking=" is it \N{LINE SEPARATOR} ü?"),
        piece(0, "signature", signature="c2ln"),
        end(0),
        begin(1, type="redacted_thinking", data="cmVkYWN0ZWQ="),
        end(1),
        begin(2, type="text", text=""),
        piece(2, "text", text="Reading \N{GRINNING FACE}"),
        piece(2, "text", text=" both."),
        end(2),
        begin(3, type="tool_use", id="toolu_1", name="read", input={}),
        piece(3, "input_json", partial_json=""),
        piece(3, "input_json", partial_json='{"path": "a'),
        piece(3, "input_json", partial_json='.py"}'),
        end(3),
        begin(4, type="tool_use", id="toolu_2", name="now", input={}),
        end(4),
        delta(
            "tool_use",
            usage={
                "output_tokens": 30,
                "output_tokens_details": {"thinking_tokens": 12},
            },
        ),
        STOP,
    ],
    "provider_search": [
        START,
        begin(0, **SEARCH, input={}),
        piece(0, "input_json", partial_json='{"query":'),
        piece(0, "input_json", partial_json=' "weather"}'),
        end(0),
        begin(1, **RESULT),
        end(1),
        begin(2, type="text", text="", citations=[]),
        piece(2, "citations", citation=CITED),
        piece(2, "text", text="Sunny."),
        end(2),
        delta(
            usage={
                "output_tokens": 9,
                "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0},
            }
        ),
        STOP,
    ],
    "provider_refusal": [
        START,
        begin(0, type="text", text=""),
        piece(0, "text", text="I"),
        end(0),
        delta(
            "refusal",
            stop_details={
                "type": "refusal",
                "category": "cyber",
                "explanation": "Not this.",
            },
        ),
        STOP,
    ],
    "provider_overloaded": [
        START,
        begin(0, type="text", text=""),
        piece(0, "text", text="Once"),
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
                "Which file is it \N{LINE SEPARATOR} ü?", signature="c2ln", origin=OWN
            ),
            Thinking(sealed="cmVkYWN0ZWQ=", origin=OWN),
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
    stream = sse(*_TRANSCRIPTS[request.param])
    golden.check(f"anthropic-messages/{request.param}/stream.sse", stream)
    return stream


@pytest.mark.parametrize("name", _TOLD)
def test_transcripts_tell_their_answers(name: str) -> None:
    events = read(sse(*_TRANSCRIPTS[name]))
    wanted = _TOLD[name]
    if isinstance(wanted, Answer):
        assert gather(events) == wanted
    else:
        assert events[-1] == wanted


def test_a_search_is_kept_whole() -> None:
    search, result, text = gather(read(sse(*_TRANSCRIPTS["provider_search"]))).parts
    query = {**SEARCH, "input": {"query": "weather"}}
    messages = Protocol.MESSAGES
    assert search == ServerPart(messages, "server_tool_use", query, "srvtoolu_1")
    assert result == ServerPart(
        messages, "web_search_tool_result", RESULT, "srvtoolu_1"
    )
    assert isinstance(text, Text)
    (cited,) = text.citations
    assert (cited.url, cited.title, cited.quote) == (
        "https://example.com/b",
        "B",
        "sun",
    )
    assert cited.raw == CITED


def test_a_stream_is_the_same_however_it_is_cut(transcript: bytes) -> None:
    whole = read(transcript)
    assert read(*(bytes([byte]) for byte in transcript)) == whole
    for at in range(0, len(transcript), 7):
        assert read(transcript[:at], transcript[at:]) == whole


def test_a_stream_is_the_same_however_its_lines_end(transcript: bytes) -> None:
    whole = read(transcript)
    assert read(transcript.replace(b"\n", b"\r\n")) == whole
    assert read(transcript.replace(b"\n", b"\r")) == whole
    broken = transcript.replace(b'"type":', b'\ndata: "type":').replace(
        b'"type": ', b'\ndata:"type": '
    )
    assert read(broken) == whole
    nameless = b"\n".join(
        line for line in transcript.split(b"\n") if not line.startswith(b"event")
    )
    assert read(nameless) == whole
    assert read(b"\xef\xbb\xbf" + transcript.rstrip(b"\n")) == whole


def test_comments_are_signs_of_life(transcript: bytes) -> None:
    pieces = transcript.split(b"\n\n")
    commented = [b": hello\n\n", *(piece + b"\n\n: hi\n\n" for piece in pieces[:-1])]
    events = read(*commented)
    quiet = [each for each in events if not isinstance(each, Ping)]
    assert quiet == [each for each in read(transcript) if not isinstance(each, Ping)]
    assert len(events) > len(quiet)


def test_a_stream_that_breaks_off_is_cut(transcript: bytes) -> None:
    whole = read(transcript)
    for at in range(1, len(transcript) - 2):
        events = read(transcript[:at])
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
    events = read(b"".join(writer.write(event) for event in line))
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


# --- whole answers --------------------------------------------------------------------

_WHOLE: Data = {
    **START["message"],
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "text", "text": "Hello", "citations": [CITED]},
        {"type": "tool_use", "id": "t", "name": "read", "input": {"path": "a"}},
        {**SEARCH, "input": {"query": "q"}},
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
    assert read(b"\n", json.dumps(_WHOLE).encode()) == events


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
        b"data: %b\n\n" % json.dumps(event).encode() for event in [START, *events]
    )
    read(stream)


@given(stream=st.binary() | st.binary().map(lambda raw: b"data: %b\n\n" % raw))
def test_no_bytes_make_the_reader_raise(stream: bytes) -> None:
    read(stream)


@given(content=st.lists(_JSON), rest=_JSON)
def test_no_whole_answer_raises_but_wire_error(content: Any, rest: Any) -> None:
    body = {"content": content, "usage": rest, "stop_reason": rest, "id": rest}
    _read_whole(json.dumps(body).encode())
