"""Laws of all codecs: what one side writes the other reads, and nothing breaks it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from answer_laws import check_line, essence, same_counts
from hypothesis import given, settings
from hypothesis import strategies as st
from neutral_requests import CLIENTS, event_lines
from sdk_types import check_answer, check_stream
from stream_order import CHECKS

from proxy.model import (
    Answer,
    AnswerEnded,
    AnswerFailed,
    Event,
    Protocol,
    Request,
    Thinking,
    gather,
)
from proxy.wire import (
    CLIENT_CODEC_OF,
    PROVIDER_CODEC_OF,
    PROVIDER_CODECS,
    ProviderCodec,
)

_EACH = pytest.mark.parametrize("protocol", CLIENTS)
_ALL = pytest.mark.parametrize(
    "codec", PROVIDER_CODECS, ids=lambda codec: codec.protocol
)
# What of its own vendor's answers a protocol may name as lost when we write them.
_NAMED: dict[Protocol, set[str]] = {each: set() for each in CLIENTS}
_NAMED[Protocol.CHAT] = {"part_order"}
_CREATED = 1_790_000_000
_some = settings(max_examples=40)


def _asked(protocol: Protocol) -> Request:
    return Request(protocol, "a-model", (), stream=True, stream_usage=True)


def _stream(protocol: Protocol, line: Sequence[Event]) -> tuple[bytes, set[str]]:
    writer = CLIENT_CODEC_OF[protocol].stream_writer(
        _asked(protocol), created=_CREATED, request_id="req_1"
    )
    stream = b"".join(writer.write(event) for event in line)
    return stream, {loss.name for loss in writer.losses}


def _read(codec: ProviderCodec, *chunks: bytes) -> list[Event]:
    reader = codec.stream_reader(answer_id="abc123", model="a-model")
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    return [*events, *reader.finish()]


# --- answers --------------------------------------------------------------------------


@_EACH
@_some
@given(data=st.data())
def test_a_stream_we_write_is_read_again(
    protocol: Protocol, data: st.DataObject
) -> None:
    line = data.draw(event_lines(protocol))
    stream, lost = _stream(protocol, line)
    at = data.draw(st.integers(0, len(stream)))
    events = _read(PROVIDER_CODEC_OF[protocol], stream[:at], stream[at:])
    check_line(events)
    if isinstance(line[-1], AnswerFailed):
        assert isinstance(events[-1], AnswerFailed)
        assert events[-1].message == line[-1].message
        return
    found, told = gather(events), gather(line)
    assert essence(found) == essence(told)
    assert same_counts(found.usage, told.usage)
    if protocol is not Protocol.CHAT:
        assert _proofs(found) == _proofs(told)
    assert lost <= _NAMED[protocol]


def _proofs(answer: Answer) -> list[tuple[str | None, str | None]]:
    """What the maker of reasoning must get back to the letter."""
    thoughts = [each for each in answer.parts if isinstance(each, Thinking)]
    proofs = [(each.signature, each.sealed) for each in thoughts]
    return [each for each in proofs if each != (None, None)]


@_EACH
@_some
@given(data=st.data())
def test_streamed_or_whole_an_answer_reads_alike(
    protocol: Protocol, data: st.DataObject
) -> None:
    line = data.draw(event_lines(protocol, complete=True))
    stream, _ = _stream(protocol, line)
    codec = PROVIDER_CODEC_OF[protocol]
    streamed = gather(_read(codec, stream))
    written = CLIENT_CODEC_OF[protocol].write_answer(
        _asked(protocol), line, created=_CREATED
    )
    check_answer(protocol, written.body)
    events = codec.read_answer(written.body, answer_id="abc123", model="a-model")
    check_line(events)
    whole = gather(events)
    assert essence(whole) == essence(streamed)
    assert same_counts(whole.usage, streamed.usage)
    assert (whole.id, whole.model) == (streamed.id, streamed.model)
    assert {loss.name for loss in written.losses} <= _NAMED[protocol]


@_EACH
@_some
@given(data=st.data())
def test_a_cut_stream_never_looks_complete(
    protocol: Protocol, data: st.DataObject
) -> None:
    line = data.draw(event_lines(protocol, complete=True))
    stream, _ = _stream(protocol, line)
    at = data.draw(st.integers(0, _end_of(protocol, stream)))
    reader = PROVIDER_CODEC_OF[protocol].stream_reader(answer_id="a", model="m")
    events = list(reader.feed(stream[:at]))
    assert not any(isinstance(each, AnswerEnded | AnswerFailed) for each in events)
    last = reader.finish()
    check_line([*events, *last])
    assert isinstance(last[-1], AnswerFailed)
    assert not reader.feed(stream[at:])
    assert not reader.finish()


_ENDS = {
    Protocol.MESSAGES: b'data: {"type":"message_stop"}',
    Protocol.RESPONSES: b"event: response.completed",
    Protocol.CHAT: b'"finish_reason":"',
    Protocol.GEMINI: b'"finishReason"',
}


def _end_of(protocol: Protocol, stream: bytes) -> int:
    """Where the event that ends the answer can last be cut and not be whole."""
    if protocol is Protocol.RESPONSES and _ENDS[protocol] not in stream:
        return stream.index(b"event: response.incomplete")
    return stream.rindex(_ENDS[protocol]) + 5


@_EACH
@pytest.mark.parametrize("maker", Protocol)
@settings(max_examples=12)
@given(data=st.data())
def test_any_provider_s_answer_is_legal_for_any_client(
    protocol: Protocol, maker: Protocol, data: st.DataObject
) -> None:
    stream, _ = _stream(protocol, data.draw(event_lines(maker)))
    CHECKS[protocol](stream)
    check_stream(protocol, stream)
