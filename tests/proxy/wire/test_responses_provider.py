"""A provider's Responses answer, read as it comes, however its bytes are cut."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from golden_files import Golden
from hypothesis import given
from hypothesis import strategies as st
from neutral_requests import event_lines

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    CitationAdded,
    Event,
    Opaque,
    PartEnded,
    PartWhole,
    Ping,
    Protocol,
    Request,
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
    gather,
)
from proxy.wire.fields import WireError
from proxy.wire.incoming import EVENT_LIMIT
from proxy.wire.responses.client.answer import write_answer
from proxy.wire.responses.client.stream import StreamWriter
from proxy.wire.responses.provider.answer import read_answer
from proxy.wire.responses.provider.stream import StreamReader

_GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "openai-responses"
_CASES = sorted(each.parent.name for each in _GOLDEN.glob("provider_*/stream.sse"))


def _bytes(case: str) -> bytes:
    return (_GOLDEN / case / "stream.sse").read_bytes()


def _read(*chunks: bytes) -> list[Event]:
    reader = StreamReader(answer_id="turn_7f", model="a-model")
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    return [*events, *reader.finish()]


def _spoken(*chunks: bytes) -> list[Event]:
    """All but signs of life: how many there are depends on the cuts."""
    return [each for each in _read(*chunks) if not isinstance(each, Ping)]


def _stream(*events: dict[str, Any]) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(each).encode() for each in events)


_CREATED: dict[str, Any] = {
    "type": "response.created",
    "response": {"id": "resp_1", "model": "m-1"},
}
_DONE: dict[str, Any] = {"type": "response.completed", "response": {}}


def _said(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **fields}


def _text(events: list[Event]) -> str:
    return "".join(each.text for each in events if isinstance(each, TextDelta))


@pytest.mark.parametrize("case", _CASES)
def test_transcripts_tell_what_is_recorded(case: str, golden: Golden) -> None:
    golden.check(f"openai-responses/{case}/stream.sse", _bytes(case))
    told = "".join(f"{event!r}\n" for event in _spoken(_bytes(case)))
    golden.check(f"openai-responses/{case}/events.txt", told.encode())


@pytest.mark.parametrize("case", _CASES)
def test_no_cut_changes_what_is_told(case: str) -> None:
    stream = _bytes(case)
    whole = _spoken(stream)
    assert _spoken(*(stream[at : at + 1] for at in range(len(stream)))) == whole
    for at in range(0, len(stream), 97):
        assert _spoken(stream[:at], stream[at:]) == whole
    assert _spoken(stream.replace(b"\n", b"\r\n")) == whole
    assert _spoken(stream.replace(b"\n", b"\r")) == whole
    assert _spoken(stream.replace(b"\n\n", b"\n\n: still here\n\n")) == whole
    assert _spoken(b"\xef\xbb\xbf" + stream) == whole


def test_lost_pieces_are_told_at_the_end_and_nothing_twice() -> None:
    whole = gather(_read(_bytes("provider_whole")))
    for case in ("provider_only_done", "provider_only_items", "provider_only_last"):
        found = gather(_read(_bytes(case)))
        assert found.parts == whole.parts
        assert found.ended == whole.ended


@pytest.mark.parametrize("case", _CASES)
def test_every_stream_is_in_order(case: str) -> None:
    _assert_order(_read(_bytes(case)))


def _assert_order(events: list[Event]) -> None:
    """What `proxy.model.events` promises."""
    ends = [isinstance(each, AnswerEnded | AnswerFailed) for each in events]
    assert ends == [False] * (len(events) - 1) + [True]
    if len(events) == 1 and isinstance(events[0], AnswerFailed):
        return
    assert [isinstance(each, AnswerStarted) for each in events].index(True) == 0
    assert sum(isinstance(each, AnswerStarted) for each in events) == 1
    begun, still = 0, set[int]()
    for event in events:
        match event:
            case TextStarted() | ThinkingStarted() | ToolCallStarted():
                assert event.index == begun
                begun += 1
                still.add(event.index)
            case PartWhole():
                assert event.index == begun
                begun += 1
            case PartEnded():
                still.remove(event.index)
            case (
                TextDelta()
                | ThinkingDelta()
                | ToolCallArguments()
                | ThinkingSealed()
                | CitationAdded()
            ):
                assert event.index in still
            case _:
                pass
    assert not still or isinstance(events[-1], AnswerFailed)


@given(script=event_lines(Protocol.RESPONSES, complete=True))
def test_what_our_writers_say_is_read_back(script: tuple[Event, ...]) -> None:
    request = Request(Protocol.RESPONSES, "m", ())
    writer = StreamWriter(request, created=1)
    streamed = gather(_read(b"".join(writer.write(each) for each in script)))
    body = write_answer(request, script, created=1).body
    whole = gather(read_answer(body, answer_id="a", model="m"))
    assert streamed == whole
    told = gather(script)
    assert [type(each) for each in whole.parts] == [type(each) for each in told.parts]
    assert len(whole.parts) == len(told.parts)


_EVENTS = st.sampled_from(
    [line for case in _CASES for line in _bytes(case).split(b"\n\n") if line]
)


@given(lines=st.lists(_EVENTS, max_size=25))
def test_events_in_any_order_do_no_harm(lines: list[bytes]) -> None:
    _assert_order(_read(*(each + b"\n\n" for each in lines)))


_FIELDS = ("output_index", "content_index", "delta", "item", "part", "text", "item_id")
_ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, -1, 10**30, 1.5, True, "x", [], {}, [{}], {"type": 7}]
)


@given(data=st.data())
def test_wrong_values_do_no_harm(data: st.DataObject) -> None:
    lines = data.draw(st.lists(_EVENTS, max_size=12))
    chunks = []
    for line in lines:
        text = line.rpartition(b"data: ")[2]
        if not text.startswith(b"{"):
            continue
        event = json.loads(text)
        if data.draw(st.booleans()):
            event[data.draw(st.sampled_from(_FIELDS))] = data.draw(_ODD)
        chunks.append(_stream(event))
    _assert_order(_read(*chunks))


@given(body=st.binary(), more=st.binary())
def test_no_bytes_make_it_raise(body: bytes, more: bytes) -> None:
    _assert_order(_read(_stream(_CREATED), b"data: " + body + b"\n\n", more))
    _assert_order(_read(body, more))


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (b"", FailureKind.CUT),
        (b": working\n\n", FailureKind.CUT),
        (b'data: {"choices":[]}\n\n', FailureKind.MALFORMED),
        (b"<html><body>Bad gateway</body></html>\n", FailureKind.MALFORMED),
        (b"data: {broken\n\n", FailureKind.MALFORMED),
        (_stream(_CREATED), FailureKind.CUT),
        (_stream(_CREATED) + b"data: [DONE]\n\n", FailureKind.CUT),
        (_stream({"error": {"message": "No."}}), FailureKind.UPSTREAM_ERROR),
        (
            _stream({"type": "error", "error": {"code": "invalid_api_key"}}),
            FailureKind.AUTH,
        ),
        (
            _stream(_said("failed", response={"error": {"code": "invalid_prompt"}})),
            FailureKind.REJECTED,
        ),
        (_stream(_said("cancelled", response={})), FailureKind.UPSTREAM_ERROR),
    ],
)
def test_what_is_no_answer_fails(stream: bytes, kind: FailureKind) -> None:
    *_, last = _read(stream)
    assert isinstance(last, AnswerFailed)
    assert last.kind is kind
    assert last.message.endswith(".")


def test_the_provider_s_wording_is_kept() -> None:
    *_, last = _read(_bytes("provider_failed"))
    assert last == AnswerFailed(
        FailureKind.RATE_LIMITED, "Rate limit reached for gpt-5.6."
    )


_SPENT = {
    "input_tokens": 200,
    "input_tokens_details": {"cached_tokens": 150},
    "output_tokens": 40,
}


def test_what_a_failed_answer_cost_is_told_first() -> None:
    response = {"status": "failed", "error": {"message": "No."}, "usage": _SPENT}
    streamed = _read(_stream(_CREATED, _said("failed", response=response)))
    whole = read_answer(json.dumps(response).encode(), answer_id="a", model="m")
    for events in (streamed, list(whole)):
        _assert_order(events)
        assert events[1:] == [
            UsageReported(Usage(50, 150, 0, None, 40)),
            AnswerFailed(FailureKind.UPSTREAM_ERROR, "No."),
        ]


def test_an_event_without_end_is_not_kept() -> None:
    reader = StreamReader(answer_id="a", model="m")
    piece = b"data: " + b"x" * (1024 * 1024)
    events = [event for _ in range(17) for event in reader.feed(piece)]
    assert len(piece) * 17 > EVENT_LIMIT
    assert [type(each) for each in events] == [AnswerFailed]
    assert reader.feed(_stream(_CREATED)) == ()
    assert not reader.finish()


def test_nothing_follows_the_end() -> None:
    stream = _bytes("provider_whole")
    assert _spoken(stream + stream) == _spoken(stream)
    assert _spoken(stream + _stream({"type": "error"})) == _spoken(stream)


def test_comments_and_signs_of_life_are_pings() -> None:
    reader = StreamReader(answer_id="a", model="m")
    assert reader.feed(b": early\n\n") == []
    reader.feed(_stream(_CREATED))
    assert reader.feed(b": late\n\n") == [Ping()]
    assert reader.feed(_stream({"type": "keepalive"})) == [Ping()]


def test_an_answer_without_id_has_the_one_handed_in() -> None:
    events = _read(_bytes("provider_bare"))
    assert events[0] == AnswerStarted("turn_7f", "a-model")
    call = next(each for each in events if isinstance(each, ToolCallStarted))
    assert call.id == "call_turn7f_1"
    assert isinstance(events[-1], AnswerEnded)
    assert events[-1].stop is StopReason.TOOL_USE


def test_two_calls_with_one_id_are_two() -> None:
    item = {"type": "function_call", "name": "f", "call_id": "c", "arguments": "{}"}
    events = _read(
        _stream(
            _CREATED,
            _said("output_item.done", output_index=0, item={**item, "id": "fc_1"}),
            _said("output_item.done", output_index=1, item={**item, "id": "fc_2"}),
            _DONE,
        )
    )
    ids = [each.id for each in events if isinstance(each, ToolCallStarted)]
    assert ids == ["c", "call_turn7f_2"]


def test_a_call_without_a_name_is_kept_unread() -> None:
    item = {"type": "function_call", "call_id": "c", "arguments": "{}"}
    events = _read(_stream(_CREATED, _said("output_item.done", item=item), _DONE))
    part = next(each.part for each in events if isinstance(each, PartWhole))
    assert part == Opaque(Protocol.RESPONSES, "function_call", item)


def test_unread_content_is_kept_once() -> None:
    part = {"type": "output_audio", "data": "AA=="}
    item = {"type": "message", "id": "msg_1", "content": [part]}
    events = _read(
        _stream(
            _CREATED,
            _said("output_item.added", output_index=0, item={**item, "content": []}),
            _said("content_part.done", output_index=0, content_index=0, part=part),
            _said("output_item.done", output_index=0, item=item),
            _DONE,
        )
    )
    kept = [each.part for each in events if isinstance(each, PartWhole)]
    assert kept == [Opaque(Protocol.RESPONSES, "output_audio", part)]


def test_a_repeated_place_is_a_new_item() -> None:
    def message(own_id: str, text: str) -> dict[str, Any]:
        content = [{"type": "output_text", "text": text}]
        return {"type": "message", "id": own_id, "content": content}

    added = [
        _said("output_item.added", output_index=0, item=message("a", "")),
        _said("output_item.added", output_index=0, item=message("a", "")),
        _said("output_text.delta", output_index=0, content_index=0, delta="One"),
        _said("output_item.added", output_index=0, item=message("b", "")),
        _said("output_text.delta", output_index=0, content_index=0, delta="Two"),
        _said("output_item.done", output_index=0, item=message("b", "Two")),
        _said("output_item.done", output_index=0, item=message("c", "Three")),
    ]
    events = _read(_stream(_CREATED, *added, _DONE))
    _assert_order(events)
    assert _text(events) == "OneTwoThree"
    assert sum(isinstance(each, TextStarted) for each in events) == 3


def test_a_text_that_is_none_of_its_pieces_is_not_told_again() -> None:
    events = _read(
        _stream(
            _CREATED,
            _said("output_text.delta", output_index=0, delta=" Hello"),
            _said("output_text.done", output_index=0, text="Hello"),
            _DONE,
        )
    )
    assert _text(events) == " Hello"


def test_reasoning_without_a_word_is_no_part() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": []}
    events = _read(_stream(_CREATED, _said("output_item.done", item=item), _DONE))
    assert [type(each) for each in events] == [AnswerStarted, AnswerEnded]


# --- whole answers --------------------------------------------------------------------


def test_a_whole_answer_is_read(golden: Golden) -> None:
    body = (_GOLDEN / "provider_answer" / "answer.json").read_bytes()
    golden.check("openai-responses/provider_answer/answer.json", body)
    events = list(read_answer(body, answer_id="a", model="m"))
    _assert_order(events)
    told = "".join(f"{event!r}\n" for event in events)
    golden.check("openai-responses/provider_answer/events.txt", told.encode())


def test_an_error_in_place_of_an_answer() -> None:
    body = b'{"error":{"message":"Slow down.","type":"rate_limit_error"}}'
    (failed,) = read_answer(body, answer_id="a", model="m")
    assert failed == AnswerFailed(FailureKind.RATE_LIMITED, "Slow down.")
    (failed,) = read_answer(b'{"error":"Out of memory"}', answer_id="a", model="m")
    assert failed == AnswerFailed(FailureKind.UPSTREAM_ERROR, "Out of memory")
    (failed,) = read_answer(
        b'{"status":"failed","output":[]}', answer_id="a", model="m"
    )
    assert isinstance(failed, AnswerFailed)


@given(body=st.binary() | st.just(b"{}") | st.just(b"[]") | st.just(b'{"output":7}'))
def test_a_body_is_an_answer_or_a_wire_error(body: bytes) -> None:
    with contextlib.suppress(WireError):
        _assert_order(list(read_answer(body, answer_id="a", model="m")))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'{"output"'])
def test_what_is_no_answer_is_a_wire_error(body: bytes) -> None:
    with pytest.raises(WireError) as caught:
        read_answer(body, answer_id="a", model="m")
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("max_output_tokens", StopReason.MAX_TOKENS),
        ("content_filter", StopReason.REFUSAL),
        ("steered", StopReason.END_TURN),
        ("max_messages", StopReason.MAX_TOKENS),
        (None, StopReason.MAX_TOKENS),
    ],
)
def test_an_incomplete_answer_says_why(reason: str | None, stop: StopReason) -> None:
    shape = {
        "status": "incomplete",
        "incomplete_details": {"reason": reason},
        "output": [],
    }
    events = read_answer(json.dumps(shape).encode(), answer_id="a", model="m")
    assert isinstance(events[-1], AnswerEnded)
    assert events[-1].stop is stop
