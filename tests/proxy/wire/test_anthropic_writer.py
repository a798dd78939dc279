"""What a Messages client is told beside the shared cases: calls, losses, counts."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sdk_types import accumulated, check_answer, check_stream
from stream_order import check_messages, events_of

from proxy.model import (
    AnswerEnded,
    AnswerStarted,
    CallKind,
    Citation,
    CitationAdded,
    Event,
    Loss,
    Opaque,
    Origin,
    PartEnded,
    PartWhole,
    Protocol,
    Request,
    SignatureDelta,
    StopReason,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
    ToolCallArguments,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from proxy.wire.anthropic.client.answer import write_answer
from proxy.wire.anthropic.client.call_arguments import CallArguments
from proxy.wire.anthropic.client.stream import StreamWriter

_REQUEST = Request(Protocol.MESSAGES, "m", ())


def _line(*events: Event, usage: Usage | None = None) -> tuple[Event, ...]:
    return (
        AnswerStarted("a", "m", usage),
        *events,
        AnswerEnded(StopReason.END_TURN),
    )


def _stream(*line: Event) -> tuple[bytes, list[Loss]]:
    writer = StreamWriter(_REQUEST, created=0)
    stream = b"".join(writer.write(event) for event in line)
    check_messages(stream)
    check_stream(Protocol.MESSAGES, stream)
    return stream, writer.losses


# --- arguments ------------------------------------------------------------------------


def _sent(*pieces: str) -> tuple[str, bool]:
    arguments = CallArguments()
    said = [arguments.feed(piece) for piece in pieces]
    last, broken = arguments.finish()
    return "".join([*said, last]), broken


def _refuse(word: str) -> Any:
    raise ValueError(word)


def _strict(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse)


def _object(text: str) -> Any:
    try:
        value = _strict(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _cut(text: str, at: list[int]) -> list[str]:
    places = [0, *sorted(each % (len(text) + 1) for each in at), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(places)]


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_CUTS = st.lists(st.integers(0, 500), max_size=8)


@given(
    value=st.dictionaries(st.text(), _VALUES),
    spaced=st.booleans(),
    escaped=st.booleans(),
    cuts=_CUTS,
)
def test_whole_arguments_go_out_as_they_are(
    value: dict[str, Any], spaced: bool, escaped: bool, cuts: list[int]
) -> None:
    text = json.dumps(value, indent=1 if spaced else None, ensure_ascii=escaped)
    assert _sent(*_cut(text, cuts)) == (text, False)


_SOUP = st.lists(
    st.sampled_from([*'{}[]:,"\\ \nu0-.eEa', "true", "null", '"a"', "\\u00", "{}"]),
    max_size=14,
).map("".join)


@given(text=_SOUP | _SOUP.map(lambda soup: "{" + soup), cuts=_CUTS)
@example('{"a":1}{"a":2}', [])
@example('{"a":[1,', [])
@example('{"a":{"b"', [])
@example('{"a":{"b":1,', [])
@example('{"a', [])
@example('{"a":"x\\', [])
@example('{"a":"x\ny"}', [])
@example('{"a":01}', [])
@example('{"a":1,}', [])
@example("[1]", [])
def test_any_text_ends_as_an_object(text: str, cuts: list[int]) -> None:
    sent, broken = _sent(*_cut(text, cuts))
    if not text.strip():
        assert (sent, broken) == ("", False)
        return
    value = _strict(sent)
    assert isinstance(value, dict)
    assert broken is (_object(text) is None)
    if not broken:
        assert value == _object(text)
    elif not _begins_whole(text):
        # Nothing that was sent before can be taken for what the model wanted.
        assert value.pop("input") == text
        assert set(value.values()) <= {None}


def _begins_whole(text: str) -> bool:
    """Whether the text is an object with something behind it."""
    try:
        value, _ = json.JSONDecoder(parse_constant=_refuse).raw_decode(text.lstrip())
    except ValueError:
        return False
    return isinstance(value, dict)


def test_pieces_go_out_at_once() -> None:
    arguments = CallArguments()
    pieces = ['{"path', '":"a', ' b\\n"', ',"n":', "1", "2", "}"]
    assert [arguments.feed(each) for each in pieces] == [
        '{"path',
        '":"a',
        ' b\\n"',
        ',"n":',
        "",
        "",
        "12}",
    ]


def test_half_a_command_is_no_command() -> None:
    said = '{"command":"rm -rf /tmp'
    sent, broken = _sent(said)
    assert broken
    assert sent.startswith(said)
    assert json.loads(sent) == {"command": None, "input": said}


@pytest.mark.parametrize("long", ["1" * 1000, "[" * 1000])
def test_what_would_be_held_too_long_is_broken(long: str) -> None:
    sent, broken = _sent('{"a":', *long, "}")
    assert broken
    assert isinstance(_strict(sent), dict)


@pytest.mark.parametrize(
    ("pieces", "wanted", "lost"),
    [
        ([], {}, False),
        (["", " "], {}, False),
        (['{"a"', ":1}"], {"a": 1}, False),
        (['{"a"', ":1} x"], {"a": 1}, True),
        (["*** patch"], {"input": "*** patch"}, True),
        (['{"a": "b'], {"a": None, "input": '{"a": "b'}, True),
    ],
)
def test_a_streamed_call_has_an_object_for_input(
    pieces: list[str], wanted: Any, lost: bool
) -> None:
    stream, losses = _stream(
        *_line(
            ToolCallStarted(0, "c", "run"),
            *(ToolCallArguments(0, each) for each in pieces),
            PartEnded(0),
        )
    )
    (block,) = accumulated(Protocol.MESSAGES, stream)["content"]
    assert block["input"] == wanted
    assert [each.name for each in losses] == (["broken_arguments"] if lost else [])


# --- losses ---------------------------------------------------------------------------

_CITED = Citation(Protocol.RESPONSES, {"type": "url_citation"}, url="https://e.com")


@pytest.mark.parametrize(
    ("events", "name"),
    [
        ([TextStarted(0), TextDelta(0, "a")], None),
        ([TextStarted(0), CitationAdded(0, _CITED)], "citation"),
        ([PartWhole(0, Opaque(Protocol.RESPONSES, "x", {}))], "provider_part"),
        ([ThinkingStarted(0, "x", Origin(Protocol.RESPONSES))], "sealed_thinking"),
        ([ThinkingStarted(0, "x", Origin(Protocol.MESSAGES))], None),
        (
            [ThinkingStarted(0), ThinkingDelta(0, "a"), ThinkingSealed(0, "x")],
            "sealed_thinking",
        ),
        ([ToolCallStarted(0, "c", "a"), ToolCallArguments(0, "[")], "broken_arguments"),
        ([ToolCallStarted(0, "c", "a"), ToolCallArguments(0, "{}")], None),
        (
            [
                ToolCallStarted(0, "c", "a", CallKind.CUSTOM),
                ToolCallArguments(0, "["),
            ],
            None,
        ),
    ],
)
def test_losses_are_the_same_streamed_or_whole(
    events: list[Event], name: str | None
) -> None:
    ends = [] if isinstance(events[0], PartWhole) else [PartEnded(0)]
    line = _line(*events, *ends)
    _, losses = _stream(*line)
    written = write_answer(_REQUEST, line, created=0)
    check_answer(Protocol.MESSAGES, written.body)
    assert [each.name for each in losses] == ([] if name is None else [name])
    assert list(written.losses) == losses


def test_a_loss_is_named_once() -> None:
    line = _line(TextStarted(0), *(CitationAdded(0, _CITED) for _ in range(9)))
    assert len(_stream(*line)[1]) == 1


# --- signatures and counts ------------------------------------------------------------


def test_a_signature_goes_out_in_one_piece() -> None:
    # The vendor's client takes each delta for the whole signature.
    stream, _ = _stream(
        *_line(
            ThinkingStarted(0, origin=Origin(Protocol.GEMINI)),
            SignatureDelta(0, "dHVy"),
            ThinkingDelta(0, "Hm."),
            SignatureDelta(0, "bm91dDE6"),
            PartEnded(0),
        )
    )
    (block,) = accumulated(Protocol.MESSAGES, stream)["content"]
    assert block["signature"] == "dHVybm91dDE6"
    assert stream.count(b"signature_delta") == 1


def test_a_start_tells_what_is_known_and_an_end_corrects_it() -> None:
    stream, _ = _stream(
        AnswerStarted("a", "m", Usage(input_tokens=100)),
        UsageReported(Usage(90, 10, 8, 3)),
        AnswerEnded(StopReason.END_TURN, usage=Usage(output_tokens=5)),
    )
    (_, start), (_, delta), _ = events_of(stream)
    assert start["message"]["usage"] == {"input_tokens": 100, "output_tokens": 0}
    assert delta["usage"] == {
        "input_tokens": 90,
        "output_tokens": 5,
        "cache_creation_input_tokens": 8,
        "cache_read_input_tokens": 10,
    }


@pytest.mark.parametrize(
    ("usage", "short"),
    [(Usage(1, 0, 9, 7), 2), (Usage(1, 0, None, 7), 0), (Usage(1, 0, 7, 7), 0)],
)
def test_cache_writes_are_told_by_lifetime(usage: Usage, short: int) -> None:
    wanted = {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": 7}
    stream, _ = _stream(*_line(usage=usage))
    start = events_of(stream)[0][1]
    assert start["message"]["usage"]["cache_creation"] == wanted
    body = write_answer(_REQUEST, _line(usage=usage), created=0).body
    check_answer(Protocol.MESSAGES, body)
    assert json.loads(body)["usage"]["cache_creation"] == wanted


@given(
    pieces=st.lists(st.text(), max_size=6),
    waits=st.booleans(),
)
def test_the_short_way_writes_the_same_bytes(pieces: list[str], waits: bool) -> None:
    # A text that waits behind an open call takes the long way.
    text: list[Event] = [
        TextStarted(1),
        *(TextDelta(1, each) for each in pieces),
        PartEnded(1),
    ]
    call = ToolCallStarted(0, "c", "a")
    if waits:
        stream, _ = _stream(*_line(call, *text, PartEnded(0)))
    else:
        stream, _ = _stream(*_line(call, PartEnded(0), *text))
    told = [data["delta"]["text"] for _, data in events_of(stream) if _is_text(data)]
    assert told == pieces
    for data in (data for _, data in events_of(stream) if _is_text(data)):
        assert list(data) == ["type", "index", "delta"]
        assert data["index"] == 1


def _is_text(data: Any) -> bool:
    return bool(data.get("delta", {}).get("type") == "text_delta")


def test_text_behind_the_end_of_its_part_is_dropped() -> None:
    writer = StreamWriter(_REQUEST, created=0)
    for event in _line(TextStarted(0), TextDelta(0, "a"), PartEnded(0))[:-1]:
        writer.write(event)
    assert writer.write(TextDelta(0, "late")) == b""
