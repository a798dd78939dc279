"""What Chat providers answer, in every way known; no bytes break a reader."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import pytest
from chat_transcripts import (
    CALLED,
    COUNTED,
    DONE,
    ROLE,
    STOP,
    TRANSCRIPTS,
    USAGE,
    call,
    chunk,
    data,
)
from golden_files import Golden
from hypothesis import given
from hypothesis import strategies as st
from neutral_requests import event_lines

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    CallKind,
    CitationAdded,
    Event,
    Opaque,
    PartEnded,
    PartWhole,
    Ping,
    Protocol,
    Request,
    SignatureDelta,
    StopReason,
    Text,
    TextDelta,
    TextStarted,
    Thinking,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
    ToolCall,
    ToolCallArguments,
    ToolCallStarted,
    Usage,
    UsageReported,
    gather,
)
from proxy.wire.chat.client.stream import StreamWriter
from proxy.wire.chat.provider.answer import read_answer
from proxy.wire.chat.provider.stream import StreamReader
from proxy.wire.incoming import EVENT_LIMIT

_EACH = pytest.mark.parametrize("case", TRANSCRIPTS)


def _read(*pieces: bytes, finish: bool = True) -> list[Event]:
    reader = StreamReader(answer_id="ans_0123456789abcdef", model="asked")
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events + (list(reader.finish()) if finish else [])


def _without_pings(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, Ping)]


def check_order(events: Sequence[Event]) -> None:
    """What `proxy.model.events` promises of the order."""
    assert isinstance(events[-1], AnswerEnded | AnswerFailed)
    assert not any(isinstance(e, AnswerEnded | AnswerFailed) for e in events[:-1])
    if not isinstance(events[0], AnswerStarted):
        assert len(events) == 1
        assert isinstance(events[0], AnswerFailed)
    opened: dict[int, type[Event]] = {}
    ended: set[int] = set()
    pieces: dict[type[Event], tuple[type[Event], ...]] = {
        TextStarted: (TextDelta, CitationAdded),
        ThinkingStarted: (ThinkingDelta, SignatureDelta, ThinkingSealed),
        ToolCallStarted: (ToolCallArguments,),
    }
    for event in events[1:]:
        match event:
            case TextStarted() | ThinkingStarted() | ToolCallStarted() | PartWhole():
                assert event.index == len(opened)
                opened[event.index] = type(event)
                if isinstance(event, PartWhole):
                    ended.add(event.index)
            case AnswerStarted():
                pytest.fail("a second start")
            case AnswerEnded():
                assert ended == set(opened)
            case AnswerFailed() | UsageReported() | Ping():
                pass
            case PartEnded():
                assert event.index in opened
                assert event.index not in ended
                ended.add(event.index)
            case _:
                assert event.index not in ended
                assert isinstance(event, pieces[opened[event.index]])


@_EACH
def test_transcripts_are_read_as_recorded(case: str, golden: Golden) -> None:
    stream = b"".join(TRANSCRIPTS[case])
    events = _read(stream)
    check_order(_without_pings(events))
    golden.check(f"openai-chat/provider_{case}/stream.sse", stream)
    told = "".join(f"{_told(event)}\n" for event in _without_pings(events))
    golden.check(f"openai-chat/provider_{case}/events.txt", told.encode())


def _told(event: Event) -> str:
    fields = {k: v for k, v in asdict(event).items() if v or v == 0}
    text = json.dumps(_known(fields), ensure_ascii=False)
    return f"{type(event).__name__} {text}"


def _known(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {k: _known(v) for k, v in value.items() if v is not None and v is not False}


@_EACH
def test_it_does_not_matter_where_a_stream_is_cut(case: str) -> None:
    stream = b"".join(TRANSCRIPTS[case])
    whole = _without_pings(_read(stream))
    assert _without_pings(_read(*(bytes([each]) for each in stream))) == whole
    for at in range(1, len(stream)):
        assert _without_pings(_read(stream[:at], stream[at:])) == whole


@_EACH
def test_line_ends_and_comments_change_nothing(case: str) -> None:
    stream = b"".join(TRANSCRIPTS[case])
    whole = _without_pings(_read(stream))
    assert _without_pings(_read(stream.replace(b"\n", b"\r\n"))) == whole
    noted = stream.replace(b"\n\n", b"\n\n: still here\n\nretry: 5\nid: 3\n\n")
    assert _without_pings(_read(noted)) == whole
    assert _without_pings(_read(b"\xef\xbb\xbf", stream)) == whole


@_EACH
def test_a_stream_cut_anywhere_ends_once(case: str) -> None:
    stream = b"".join(TRANSCRIPTS[case])
    for at in range(len(stream)):
        check_order(_without_pings(_read(stream[:at])))


def _parts(case: str) -> tuple[object, ...]:
    return gather(_read(*TRANSCRIPTS[case])).parts


def _calls(case: str) -> list[tuple[str, str, str]]:
    parts = [each for each in _parts(case) if isinstance(each, ToolCall)]
    return [(each.id, each.name, each.arguments) for each in parts]


@pytest.mark.parametrize(
    ("case", "calls"),
    [
        (
            "openai_interleaved_calls",
            [
                ("call_a", "read", '{"path":"a.py"}'),
                ("call_b", "list", '{"folder":"b"}'),
            ],
        ),
        (
            "mistral_whole_calls",
            [("aB3dE6gH9", "read", '{"path":"a"}'), ("zB3dE6gH9", "now", "{}")],
        ),
        (
            "gemini_layer",
            [
                ("call_456789abcdef_0", "read", '{"path":"a"}'),
                ("call_456789abcdef_1", "read", '{"path":"b"}'),
            ],
        ),
        ("vllm_new_id_each_piece", [("x1", "read", '{"path":"a"}')]),
        (
            "calls_without_index",
            [("c1", "read", '{"path":"a"}'), ("c2", "list", "{}")],
        ),
        ("name_in_pieces", [("c1", "read_file", '{"a":1}')]),
        ("name_and_id_repeated", [("c1", "read", '{"a":1}')]),
        (
            "new_id_at_one_index",
            [("c1", "read", '{"a":1}'), ("c2", "read", '{"a":2}')],
        ),
        ("arguments_as_object", [("c1", "read", '{"path":"a"}')]),
        ("call_without_arguments", [("c1", "now", "")]),
        ("openai_old_function_call", [("call_456789abcdef_0", "read", "{}")]),
    ],
)
def test_calls_are_put_together(case: str, calls: list[tuple[str, str, str]]) -> None:
    assert _calls(case) == calls
    assert gather(_read(*TRANSCRIPTS[case])).ended.stop is StopReason.TOOL_USE


def test_a_whole_call_is_given_as_soon_as_the_next_begins() -> None:
    events = _read(*TRANSCRIPTS["text_after_a_call"][:3], finish=False)
    second = next(
        at
        for at, each in enumerate(events)
        if isinstance(each, ToolCallStarted) and each.id == "c2"
    )
    assert PartEnded(0) in events[:second]


def test_reasoning_is_read_under_all_its_names() -> None:
    for case in ("deepseek_reasoning", "mistral_thinking"):
        assert _parts(case)[0] == Thinking("Hm", origin=_origin())
    thought, call = _parts("openrouter_details")
    assert isinstance(thought, Thinking)
    assert isinstance(call, ToolCall)
    assert thought.text == "Hm."
    assert json.loads(thought.sealed or "") == [
        {
            "type": "reasoning.text",
            "text": "Hm.",
            "format": "anthropic-claude-v1",
            "signature": "c2ln",
        }
    ]
    text, sealed = _parts("openrouter_encrypted")
    assert text == Text("Yes.")
    assert isinstance(sealed, Thinking)
    assert (sealed.text, "eA==" in (sealed.sealed or "")) == ("", True)


def _origin() -> Any:
    started = _read(chunk({"reasoning": "x"}), finish=False)[1]
    assert isinstance(started, ThinkingStarted)
    assert started.origin is not None
    assert started.origin.protocol is Protocol.CHAT
    return started.origin


def test_a_signature_stands_before_its_call() -> None:
    proof, call, _ = _parts("gemini_layer")
    assert proof == Thinking(signature="c2ln", origin=_origin())
    assert isinstance(call, ToolCall)


def test_a_custom_call_is_free_text() -> None:
    call = ToolCall("c1", "apply_patch", "*** Begin", CallKind.CUSTOM)
    assert _parts("openai_custom_call") == (call,)


@pytest.mark.parametrize(
    ("case", "stop"),
    [
        ("openai_text", StopReason.END_TURN),
        ("openai_refusal", StopReason.REFUSAL),
        ("vllm_stop_word", StopReason.STOP_SEQUENCE),
        ("mistral_thinking", StopReason.MAX_TOKENS),
        ("together_eos", StopReason.END_TURN),
        ("no_done", StopReason.END_TURN),
        ("no_finish_reason", StopReason.END_TURN),
    ],
)
def test_why_an_answer_ended(case: str, stop: StopReason) -> None:
    assert gather(_read(*TRANSCRIPTS[case])).ended.stop is stop


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("length", StopReason.MAX_TOKENS),
        ("content_filter", StopReason.REFUSAL),
        ("tool_calls", StopReason.END_TURN),
        ("some_new_word", StopReason.END_TURN),
    ],
)
def test_finish_reasons(reason: str, stop: StopReason) -> None:
    events = _read(chunk({"content": "a"}), chunk({}, reason), DONE)
    assert gather(events).ended.stop is stop


def test_length_stays_length_when_a_call_was_cut() -> None:
    begun = chunk(call(0, id="c1", name="read", arguments='{"pa'))
    ended = gather(_read(begun, chunk({}, "length"), DONE)).ended
    assert ended.stop is StopReason.MAX_TOKENS


@pytest.mark.parametrize(
    "case", ["openai_text", "groq_usage", "together_eos", "usage_in_each_chunk"]
)
def test_usage_is_found_wherever_it_stands(case: str) -> None:
    assert gather(_read(*TRANSCRIPTS[case])).usage == COUNTED


def test_usage_inside_the_choice_is_read() -> None:
    choice = {"index": 0, "delta": {"content": "a"}, "usage": USAGE}
    told = data({"id": "c", "choices": [choice | {"finish_reason": "stop"}]})
    assert gather(_read(told, DONE)).usage == COUNTED
    # Neither does text hide it.
    begun = chunk({"content": "b"})
    assert gather(_read(begun, data({"choices": [choice]}), DONE)).usage == COUNTED


@pytest.mark.parametrize("last", [{"prompt_tokens": 0, "completion_tokens": 0}, [1]])
def test_a_last_usage_of_nothing_takes_nothing_back(last: Any) -> None:
    told = chunk({"content": "a"}, "stop", usage=USAGE)
    assert gather(_read(told, data({"choices": [], "usage": last}), DONE)).usage == (
        COUNTED
    )


def test_an_end_alone_is_no_answer() -> None:
    (failed,) = _read(DONE)
    assert isinstance(failed, AnswerFailed)
    assert failed.kind is FailureKind.CUT


@pytest.mark.parametrize(
    ("case", "kind", "words"),
    [
        ("openrouter_error", FailureKind.RATE_LIMITED, "Upstream is busy"),
        ("error_alone", FailureKind.UPSTREAM_ERROR, "Too busy"),
        ("error_as_text", FailureKind.UPSTREAM_ERROR, "out of memory"),
        ("error_event", FailureKind.UPSTREAM_ERROR, "bad"),
        ("cut", FailureKind.CUT, "ended before"),
    ],
)
def test_failures_keep_the_provider_s_words(
    case: str, kind: FailureKind, words: str
) -> None:
    last = _read(*TRANSCRIPTS[case])[-1]
    assert isinstance(last, AnswerFailed)
    assert last.kind is kind
    assert words in last.message


def test_what_a_cut_answer_cost_is_told() -> None:
    assert _read(*TRANSCRIPTS["cut"])[-2] == UsageReported(COUNTED)


@pytest.mark.parametrize("reason", ["error", "network_error"])
def test_some_reasons_are_failures(reason: str) -> None:
    last = _read(chunk({"content": "a"}), chunk({}, reason), DONE)[-1]
    assert isinstance(last, AnswerFailed)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", FailureKind.CUT),
        (b"<html>Sign in</html>", FailureKind.MALFORMED),
        (b"data: {broken\n\n", FailureKind.MALFORMED),
        (
            b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n',
            FailureKind.MALFORMED,
        ),
        (b"data: " + b'{"a":' * 20_000 + b"\n\n", FailureKind.MALFORMED),
        (b": ping\n\n", FailureKind.MALFORMED),
    ],
)
def test_what_is_no_stream_is_named(body: bytes, kind: FailureKind) -> None:
    (last,) = _read(body)
    assert isinstance(last, AnswerFailed)
    assert last.kind is kind


def test_a_huge_event_is_refused() -> None:
    reader = StreamReader(answer_id="a", model="m")
    piece = b"data: " + b"x" * (EVENT_LIMIT // 2)
    events = [*reader.feed(piece), *reader.feed(piece), *reader.feed(piece)]
    (last,) = events
    assert isinstance(last, AnswerFailed)
    assert last.kind is FailureKind.MALFORMED
    assert list(reader.finish()) == []


def test_comments_are_signs_of_life_once_begun() -> None:
    assert _read(b": wait\n\n", finish=False) == []
    begun = _read(chunk({"content": "a"}), b": wait\n\n", finish=False)
    assert isinstance(begun[-1], Ping)


def test_id_and_model_stand_in() -> None:
    assert _read(data({"choices": []}), finish=False) == [
        AnswerStarted("ans_0123456789abcdef", "asked")
    ]


# --- whole answers -------------------------------------------------------------------


def _whole(message: Any, reason: str = "stop", **more: Any) -> list[Event]:
    choice = {"index": 0, "message": message, "finish_reason": reason}
    body = {"id": "c", "model": "m", "choices": [choice], "usage": USAGE, **more}
    events = read_answer(json.dumps(body).encode(), answer_id="a1", model="asked")
    check_order(events)
    return list(events)


def test_a_whole_answer_is_read() -> None:
    message = {
        "role": "assistant",
        "content": "Reading.",
        "reasoning_content": "Hm.",
        "tool_calls": [
            {
                "id": "c1",
                "type": "function",
                "function": {"name": "read", "arguments": '{"a":1}'},
            },
            {"id": "c2", "type": "custom", "custom": {"name": "p", "input": "x"}},
        ],
    }
    answer = gather(_whole(message, "tool_calls"))
    assert answer.parts == (
        Thinking("Hm.", origin=_origin()),
        Text("Reading."),
        ToolCall("c1", "read", '{"a":1}'),
        ToolCall("c2", "p", "x", CallKind.CUSTOM),
    )
    assert answer.usage == COUNTED
    assert (answer.id, answer.model) == ("c", "m")
    assert answer.ended.stop is StopReason.TOOL_USE


def test_spoken_answers_are_kept_whole() -> None:
    audio = {"id": "a", "data": "eA==", "transcript": "Hi"}
    (part,) = gather(_whole({"content": None, "audio": audio})).parts
    assert part == Opaque(Protocol.CHAT, "audio", audio)


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b'{"error":{"message":"No"}}', FailureKind.UPSTREAM_ERROR, "No"),
        (
            b'{"error":{"code":"rate_limit_exceeded"}}',
            FailureKind.RATE_LIMITED,
            "error",
        ),
        (b"{}", FailureKind.MALFORMED, "no Chat completion"),
        (b"<html>", FailureKind.MALFORMED, "no Chat completion"),
        (b'{"choices":[]}', FailureKind.MALFORMED, "no Chat completion"),
    ],
)
def test_what_is_no_answer_is_named(body: bytes, kind: FailureKind, words: str) -> None:
    (last,) = read_answer(body, answer_id="a", model="m")
    assert isinstance(last, AnswerFailed)
    assert last.kind is kind
    assert words in last.message


# --- whatever the bytes are -----------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "message",
                    "content",
                    "tool_calls",
                    "index",
                    "id",
                    "function",
                    "custom",
                    "name",
                    "arguments",
                    "input",
                    "type",
                    "text",
                    "thinking",
                    "reasoning_details",
                    "annotations",
                    "url_citation",
                    "finish_reason",
                    "stop_reason",
                    "usage",
                    "x_groq",
                    "error",
                    "extra_content",
                    "audio",
                    "data",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
_CHUNKS = st.fixed_dictionaries(
    {
        "choices": st.lists(
            st.fixed_dictionaries(
                {"delta": _JSON}, optional={"index": _JSON, "finish_reason": _JSON}
            ),
            max_size=2,
        )
    },
    optional={"usage": _JSON, "error": _JSON, "id": _JSON, "model": _JSON},
)


@given(
    st.lists(
        st.binary(max_size=30)
        | _JSON.map(data)
        | _CHUNKS.map(data)
        | st.sampled_from([ROLE, STOP, DONE, *TRANSCRIPTS["gemini_layer"]])
    )
)
def test_no_bytes_break_the_reader(pieces: list[bytes]) -> None:
    check_order(_without_pings(_read(*pieces)))


@given(st.binary() | (_JSON | _CHUNKS).map(lambda value: json.dumps(value).encode()))
def test_no_bytes_break_the_reader_of_whole_answers(body: bytes) -> None:
    check_order(read_answer(body, answer_id="a", model="m"))


# --- what the writer says, the reader hears -------------------------------------------


@given(event_lines(Protocol.CHAT, complete=True), st.data())
def test_what_is_written_is_read_again(
    line: tuple[Event, ...], data: st.DataObject
) -> None:
    asked = Request(Protocol.CHAT, "m", (), stream=True, stream_usage=True)
    writer = StreamWriter(asked, created=1_790_000_000)
    stream = b"".join(writer.write(event) for event in line)
    at = data.draw(st.integers(0, len(stream)))
    events = _read(stream[:at], stream[at:])
    check_order(_without_pings(events))
    found, told = gather(events), gather(line)
    assert found.ended.stop is told.ended.stop
    assert list(found.parts) == _as_chat(told.parts)
    assert found.usage.whole_input == _zero(told.usage, told.usage.whole_input)
    assert found.usage.output_tokens == _zero(told.usage, told.usage.output_tokens)


def _zero(usage: Usage, count: int | None) -> int | None:
    """What a count becomes: the protocol tells input and output, or neither."""
    nothing = usage.whole_input is None and usage.output_tokens is None
    return count if nothing else count or 0


def _as_chat(parts: Sequence[object]) -> list[object]:
    """The parts as one stream of Chat has them: neighbours of one kind are one."""
    found: list[object] = []
    thought = False
    for part in parts:
        last = found[-1] if found else None
        if isinstance(part, Thinking):
            text = f"\n\n{part.text}" if thought else part.text
            thought = True
            if isinstance(last, Thinking):
                found[-1] = replace(last, text=last.text + text)
            else:
                found.append(replace(part, text=text))
        elif isinstance(part, Text) and isinstance(last, Text):
            found[-1] = Text(last.text + part.text)
        else:
            found.append(part)
    return found


def test_parts_of_content_nobody_knows_are_kept_whole() -> None:
    content = ["Hi", {"type": "refusal", "refusal": "No."}, {"type": "odd", "a": 1}]
    hi, refused, odd = gather(_whole({"content": content})).parts
    assert hi == Text("Hi")
    assert refused == Text("No.", refusal=True)
    assert odd == Opaque(Protocol.CHAT, "odd", {"type": "odd", "a": 1})


def test_reasoning_in_a_plain_thinking_part() -> None:
    (part,) = gather(
        _whole({"content": [{"type": "thinking", "thinking": "Hm"}]})
    ).parts
    assert part == Thinking("Hm", origin=_origin())


def test_a_call_cut_off_by_the_next_is_given_as_it_came() -> None:
    cut = chunk(call(0, id="c1", name="read", arguments='{"a"}'))
    after = chunk(call(1, id="c2", name="read", arguments="{}"))
    calls = gather(_read(cut, after, CALLED, DONE)).parts
    assert calls == (ToolCall("c1", "read", '{"a"}'), ToolCall("c2", "read", "{}"))
