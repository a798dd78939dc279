"""What all codecs promise: order, the vendors' types, stream and answer alike."""

import json
from dataclasses import replace

import pytest
from answer_scripts import CASES, Script, scripts
from golden_files import Golden
from hypothesis import given, settings
from hypothesis import strategies as st
from sdk_types import accumulated, check_answer, check_stream, joined
from stream_order import CHECKS, events_of

from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    BrokenOff,
    Event,
    Message,
    Ping,
    Protocol,
    Request,
    Role,
    StopReason,
    Text,
    TextDelta,
    TextStarted,
)
from proxy.wire import CLIENT_CODEC_OF, CLIENT_CODECS, ClientCodec, WireError

_EACH = pytest.mark.parametrize(
    "codec", CLIENT_CODECS, ids=lambda codec: codec.protocol
)
_CREATED = 1_790_000_000


def _request(codec: ClientCodec) -> Request:
    said = (Message(Role.USER, (Text("Hello"),)),)
    return Request(codec.protocol, "a-model", said, stream=True, stream_usage=True)


def _stream(codec: ClientCodec, script: Script) -> bytes:
    writer = codec.stream_writer(_request(codec), created=_CREATED, request_id="req_1")
    return b"".join(writer.write(event) for event in script)


def _answer(codec: ClientCodec, script: Script) -> bytes:
    return codec.write_answer(_request(codec), script, created=_CREATED).body


def test_the_codecs_are_found_by_protocol() -> None:
    assert [each.protocol for each in CLIENT_CODECS] == list(CLIENT_CODEC_OF)
    assert set(CLIENT_CODEC_OF) == {
        Protocol.MESSAGES,
        Protocol.RESPONSES,
        Protocol.CHAT,
        Protocol.GEMINI,
    }


@_EACH
@pytest.mark.parametrize("case", CASES)
def test_answers_look_as_recorded(
    codec: ClientCodec, case: str, golden: Golden
) -> None:
    folder = f"{codec.protocol}/{case}"
    golden.check(f"{folder}/stream.sse", _stream(codec, CASES[case]))
    if case != "failed":
        answer = json.loads(_answer(codec, CASES[case]))
        text = json.dumps(answer, indent=1, ensure_ascii=False)
        golden.check(f"{folder}/answer.json", f"{text}\n".encode())


@_EACH
@pytest.mark.parametrize("case", CASES)
def test_streams_keep_order_and_types(codec: ClientCodec, case: str) -> None:
    stream = _stream(codec, CASES[case])
    CHECKS[codec.protocol](stream)
    assert check_stream(codec.protocol, stream)


@_EACH
@pytest.mark.parametrize("case", sorted(set(CASES) - {"failed"}))
def test_a_client_gets_the_same_answer_streamed_or_whole(
    codec: ClientCodec, case: str
) -> None:
    _assert_same_answer(codec, CASES[case])


@_EACH
@settings(max_examples=50)
@given(script=scripts())
def test_any_answer_can_be_written(codec: ClientCodec, script: Script) -> None:
    CHECKS[codec.protocol](_stream(codec, script))
    _assert_same_answer(codec, script)


def _assert_same_answer(codec: ClientCodec, script: Script) -> None:
    answer = check_answer(codec.protocol, _answer(codec, script))
    whole = answer.model_dump(mode="json", exclude_none=True)
    assert _comparable(accumulated(codec.protocol, _stream(codec, script))) == (
        _comparable(whole)
    )


def _comparable(answer: dict[str, object]) -> dict[str, object]:
    """Levels what one of the two forms cannot say, and what the other adds."""
    choices, candidates = answer.get("choices", []), answer.get("candidates", [])
    assert isinstance(choices, list)
    assert isinstance(candidates, list)
    for candidate in candidates:
        # Where one text ends and the next begins is not to be seen here.
        candidate["content"]["parts"] = joined(candidate["content"]["parts"])
    for choice in choices:
        message = choice["message"]
        # A stream of Chat has no place for annotations; an empty text is no text.
        message.pop("annotations", None)
        for key in ("content", "refusal", "reasoning_content"):
            if not message.get(key):
                message.pop(key, None)
        for call in message.get("tool_calls", []):
            call.setdefault("type", "custom")
    return answer


@_EACH
def test_a_broken_answer_never_looks_complete(codec: ClientCodec) -> None:
    stream = _stream(codec, CASES["failed"])
    for end in (b"message_stop", b"response.completed", b"[DONE]", b'finish_reason":"'):
        assert end not in stream
    assert b"broke off" in stream
    with pytest.raises(BrokenOff) as caught:
        _answer(codec, CASES["failed"])
    assert caught.value.failed == CASES["failed"][-1]


@_EACH
def test_an_answer_without_end_is_not_given(codec: ClientCodec) -> None:
    with pytest.raises(BrokenOff) as caught:
        _answer(codec, CASES["text"][:-1])
    assert caught.value.failed is None


@_EACH
@pytest.mark.parametrize("case", ["text", "failed"])
def test_nothing_follows_the_end(codec: ClientCodec, case: str) -> None:
    late: Script = (
        TextStarted(7),
        TextDelta(7, "late"),
        Ping(),
        AnswerEnded(StopReason.END_TURN),
        AnswerFailed(FailureKind.CUT, "late"),
    )
    assert _stream(codec, (*CASES[case], *late)) == _stream(codec, CASES[case])


@_EACH
def test_every_event_can_leave_at_once(codec: ClientCodec) -> None:
    writer = codec.stream_writer(_request(codec), created=_CREATED)
    for event in CASES["text"]:
        said = writer.write(event)
        assert said.endswith(b"\n\n") or not said
        if isinstance(event, TextDelta):
            assert json.dumps(event.text.strip(), ensure_ascii=False)[
                1:-1
            ].encode() in (said)


@_EACH
def test_parts_left_open_are_closed_at_the_end(codec: ClientCodec) -> None:
    script: list[Event] = [e for e in CASES["text"] if type(e).__name__ != "PartEnded"]
    assert _stream(codec, tuple(script)) == _stream(codec, CASES["text"])


_LOST: dict[tuple[Protocol, str], set[str]] = {
    (Protocol.MESSAGES, "summary_and_sealed"): {"sealed_thinking"},
    (Protocol.MESSAGES, "searched_and_cited"): {"provider_part", "citation"},
    (Protocol.MESSAGES, "searched_by_another"): {"citation"},
    (Protocol.MESSAGES, "sealed_by_another"): {"sealed_thinking"},
    (Protocol.RESPONSES, "thinking_then_call"): {"signature"},
    (Protocol.RESPONSES, "searched_by_another"): {"provider_part", "citation"},
    (Protocol.RESPONSES, "sealed_by_another"): {"signature"},
    (Protocol.CHAT, "searched_by_another"): {"provider_part", "citation"},
    (Protocol.CHAT, "sealed_by_another"): {"sealed_thinking"},
    (Protocol.RESPONSES, "summary_and_sealed"): {"sealed_thinking"},
    (Protocol.CHAT, "thinking_then_call"): {"signature"},
    (Protocol.CHAT, "custom_call"): {"namespace"},
    (Protocol.CHAT, "summary_and_sealed"): {"sealed_thinking"},
    (Protocol.CHAT, "searched_and_cited"): {"provider_part", "citation"},
    (Protocol.CHAT, "refusal"): {"stop_detail"},
    (Protocol.CHAT, "stop_sequence"): {"stop_sequence"},
    (Protocol.RESPONSES, "refusal"): {"stop_detail"},
    (Protocol.RESPONSES, "stop_sequence"): {"stop_sequence"},
    (Protocol.GEMINI, "stop_sequence"): {"stop_sequence"},
    (Protocol.GEMINI, "custom_call"): {"namespace", "custom_tool"},
    (Protocol.GEMINI, "summary_and_sealed"): {"sealed_thinking"},
    (Protocol.GEMINI, "searched_and_cited"): {"provider_part"},
    (Protocol.GEMINI, "searched_by_another"): {"provider_part", "citation"},
    (Protocol.GEMINI, "sealed_by_another"): {"sealed_thinking"},
}


@_EACH
@pytest.mark.parametrize("case", CASES)
def test_what_has_no_place_is_named(codec: ClientCodec, case: str) -> None:
    writer = codec.stream_writer(_request(codec), created=_CREATED)
    for event in CASES[case]:
        writer.write(event)
    lost = {loss.name for loss in writer.losses}
    assert lost == _LOST.get((codec.protocol, case), set())


@_EACH
def test_the_usage_is_told_as_the_protocol_counts(codec: ClientCodec) -> None:
    events = events_of(_stream(codec, CASES["text"]))
    match codec.protocol:
        case Protocol.MESSAGES:
            usage = events[-2][1]["usage"]
            assert usage["input_tokens"] == 20
            assert usage["cache_read_input_tokens"] == 5
            assert usage["cache_creation_input_tokens"] == 2
        case Protocol.RESPONSES:
            usage = events[-1][1]["response"]["usage"]
            assert (usage["input_tokens"], usage["total_tokens"]) == (27, 36)
        case Protocol.GEMINI:
            usage = events[-1][1]["usageMetadata"]
            assert (usage["promptTokenCount"], usage["totalTokenCount"]) == (27, 36)
            assert usage["cachedContentTokenCount"] == 5
        case _:
            usage = events[-2][1]["usage"]
            assert (usage["prompt_tokens"], usage["total_tokens"]) == (27, 36)


def test_chat_tells_the_usage_only_if_asked() -> None:
    codec = CLIENT_CODEC_OF[Protocol.CHAT]
    quiet = replace(_request(codec), stream_usage=False)
    writer = codec.stream_writer(quiet, created=_CREATED)
    stream = b"".join(writer.write(event) for event in CASES["text"])
    assert b"usage" not in stream
    assert stream.endswith(b"data: [DONE]\n\n")


_PREFIXES = {
    Protocol.MESSAGES: "msg_",
    Protocol.RESPONSES: "resp_",
    Protocol.CHAT: "chatcmpl-",
    Protocol.GEMINI: "",
}


@_EACH
def test_ids_of_the_protocol_stay_as_they_are(codec: ClientCodec) -> None:
    prefix = _PREFIXES[codec.protocol]
    end = AnswerEnded(StopReason.END_TURN)
    for own in ("x1", f"{prefix}x1"):
        body = json.loads(_answer(codec, (AnswerStarted(own, "m"), end)))
        assert body.get("id", body.get("responseId")) == f"{prefix}x1"


# --- requests, whatever they are ------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)


@_EACH
@given(body=st.binary() | _JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_a_request_or_an_error(codec: ClientCodec, body: bytes) -> None:
    _read(codec, body)


def _read(codec: ClientCodec, body: bytes) -> Request | None:
    try:
        return codec.read_request(body)
    except WireError as error:
        message = str(error)
    assert message.endswith(".")
    return None


@_EACH
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b'{"model":"m","messages":[],"input":[]} tail',
        b'{"model":"\xff","messages":[]}',
        b'{"model":"\\ud800","messages":[]}',
        b'{"model":NaN}',
        b'{"a":' * 10_000,
        b'{"model":"m","messages":' + b"[" * 100_000,
        b'{"model":"m","input":' + b"[" * 800 + b"]" * 800 + b"}",
        b'{"model":7}',
        b"{}",
    ],
)
def test_bad_bodies_are_named_and_not_quoted(codec: ClientCodec, body: bytes) -> None:
    with pytest.raises(WireError) as caught:
        codec.read_request(body)
    assert len(str(caught.value)) < 120


@_EACH
def test_an_error_quotes_nothing(codec: ClientCodec) -> None:
    canary = "canary-7f3a"
    for body in (
        {"model": "m", "messages": canary, "input": {"a": canary}},
        {"model": [canary], "messages": [], "input": []},
        {"model": "m", "messages": [{"role": canary}], "input": [{"role": canary}]},
        {"model": "m", "messages": [], "tool_choice": canary, "input": []},
    ):
        with pytest.raises(WireError) as caught:
            codec.read_request(json.dumps(body).encode())
        assert canary not in str(caught.value)
