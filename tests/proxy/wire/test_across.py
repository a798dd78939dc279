"""From any provider to any client: what was said arrives, streamed and whole.

The providers are scripted ones, which know nothing of our writers and readers; what
the client got is read back by its own protocol's reader.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from answer_laws import Essence, check_line, essence
from answer_ways import CREATED, NAMES, SCRIPTED, Way
from hypothesis import given, settings
from hypothesis import strategies as st
from neutral_requests import CLIENTS
from sdk_types import check_answer, check_stream
from stream_order import CHECKS
from upstream.turns import Answer, Part, Text, Thinking, Tokens, ToolCall, Ways

from proxy.model import Protocol, StopReason, gather
from proxy.wire import CLIENT_CODEC_OF, PROVIDER_CODEC_OF

_PAIRS = [(client, provider) for client in CLIENTS for provider in Protocol]
_EACH = pytest.mark.parametrize(
    ("client", "provider"), _PAIRS, ids=lambda each: each.value
)
# What a client may be told to have lost of answers as simple as these.
_NAMED = {"part_order"}

_WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=9
)
_VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [{}, {"a": "ü\n\N{LINE SEPARATOR}"}, {"a": [1, None, 2.5]}, {"a": {"b": True}}]
)


_WAYS = (
    Ways(),
    Ways(interleaved=True, reasoning="reasoning"),
    Ways(whole_arguments=True, sloppy_stop=True, call_ids=True),
)


@st.composite
def _answers(draw: st.DrawFn, way: Way) -> tuple[Answer, Essence]:
    """A turn of a provider's model, and what the client must hear of it."""
    parts: list[Part] = []
    if draw(st.booleans()):
        parts.append(Thinking(draw(_WORDS)))
    if draw(st.booleans()):
        parts.append(Text(draw(_WORDS)))
    calls: list[tuple[str, Any]] = []
    for _ in range(draw(st.integers(0 if parts else 1, 3))):
        name = draw(st.sampled_from(NAMES[:3]))
        calls.append((name, draw(_VALUES)))
        parts.append(ToolCall(way.known_as(name), tuple(calls[-1][1].items())))
    reasoning = draw(st.integers(0, 50))
    tokens = Tokens(1200, 300, 0, 60 + reasoning, reasoning)
    cut_short = not calls and draw(st.booleans())
    ways = draw(st.sampled_from(_WAYS))
    answer = Answer(tuple(parts), tokens, cut_short=cut_short, ways=ways)
    return answer, _expected(answer, calls)


def _expected(answer: Answer, calls: list[tuple[str, Any]]) -> Essence:
    stop = StopReason.MAX_TOKENS if answer.cut_short else StopReason.END_TURN
    thoughts = [each.text for each in answer.parts if isinstance(each, Thinking)]
    return Essence(
        "".join(each.text for each in answer.parts if isinstance(each, Text)),
        "",
        "".join(thoughts).replace("\n\n", ""),
        tuple(("", name, value) for name, value in calls),
        StopReason.TOOL_USE if calls else stop,
    )


def _nameless(found: Essence) -> Essence:
    """Without the ids of calls, which must differ from each other and no more."""
    ids = [each[0] for each in found.calls]
    assert len(set(ids)) == len(ids)
    assert all(ids)
    return replace(found, calls=tuple(("", *each[1:]) for each in found.calls))


def _told(way: Way, answer: Answer) -> list[bytes]:
    module = SCRIPTED[way.provider]
    counted = {"with_usage": True} if way.provider is Protocol.CHAT else {}
    return list(module.stream(answer, "made", 7, **counted))


@_EACH
@settings(max_examples=12)
@given(data=st.data())
def test_what_a_provider_says_the_client_hears(
    client: Protocol, provider: Protocol, data: st.DataObject
) -> None:
    way = Way(client, provider)
    answer, wanted = data.draw(_answers(way))
    chunks = _told(way, answer)
    stream, conversion = way.stream(*chunks)
    CHECKS[client](stream)
    check_stream(client, stream)
    assert _nameless(way.heard(stream)) == wanted
    assert {loss.name for loss in conversion.losses} <= _NAMED
    assert conversion.usage.output_tokens == answer.tokens.output
    assert conversion.usage.whole_input == answer.tokens.prompt
    whole = json.dumps(SCRIPTED[provider].whole(answer, "made", 7)).encode()
    assert _nameless(_whole(way, whole)) == wanted


def _whole(way: Way, body: bytes) -> Essence:
    """What a client that asked for the answer whole hears of a whole answer."""
    restorer = way.restorer()
    events = [
        inner
        for event in way.codec.read_answer(body, answer_id="abc123", model="made")
        for inner in restorer.feed(event)
    ]
    codec = CLIENT_CODEC_OF[way.client]
    written = codec.write_answer(way.request, events, created=CREATED)
    check_answer(way.client, written.body)
    reader = PROVIDER_CODEC_OF[way.client]
    again = reader.read_answer(written.body, answer_id="x", model="x")
    check_line(again)
    return essence(gather(again))
