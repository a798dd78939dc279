"""Every field of the vendors' answer types is read, or it is said here why not.

Each type has a full sample. A field that is read says something else when it changes;
one that is not changes nothing. A field that is new in an SDK is in neither list and
fails here until somebody decides.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, get_args, get_origin

import pytest
from answer_kinds import GENERATED, KINDS, MESSAGE, RESPONSE, Data, Kind, camel
from answer_laws import check_line
from anthropic import types as messages
from google.genai import types as gemini
from openai.types import responses
from pydantic import BaseModel

from proxy.model import (
    Answer,
    AnswerEnded,
    Event,
    PartWhole,
    Protocol,
    Thinking,
    gather,
)
from proxy.wire import PROVIDER_CODEC_OF

_EACH = pytest.mark.parametrize(
    "kind", KINDS, ids=[f"{each.protocol}-{each.type.__name__}" for each in KINDS]
)


@_EACH
def test_every_field_of_an_answer_is_decided(kind: Kind) -> None:
    assert not set(kind.read) & set(kind.left)
    # `type` tells some kinds apart; where it is in no list it is a constant.
    known = set(kind.type.model_fields) - ({"type"} - set(kind.read) - set(kind.left))
    assert known == set(kind.read) | set(kind.left)


@_EACH
def test_what_is_read_says_something_else_when_it_changes(kind: Kind) -> None:
    before = kind.events()
    check_line(before)
    assert isinstance(before[-1], AnswerEnded)
    for name, value in kind.read.items():
        where = _ONLY_WITH.get((kind.type, name), {})
        after = kind.events(**where, **{name: value})
        check_line(after)
        assert after != kind.events(**where), name


@_EACH
def test_what_is_left_changes_nothing(kind: Kind) -> None:
    before = kind.events()
    for name in kind.left:
        assert kind.events(**{name: _ODD_VALUES.get(name)}) == before, name


# Fields that say something only beside another.
_ONLY_WITH: dict[tuple[type[BaseModel], str], Data] = {
    (messages.Message, "stop_sequence"): {"stop_reason": "stop_sequence"},
    (messages.Message, "stop_details"): {"stop_reason": "refusal"},
    (responses.Response, "incomplete_details"): {"status": "incomplete"},
    (gemini.GenerateContentResponse, "prompt_feedback"): {"candidates": [{}]},
    (gemini.Candidate, "finish_message"): {"finish_reason": "SAFETY"},
}

# What a field that is left holds here, where it is not null.
_ODD_VALUES: dict[str, Any] = {
    name: 7 for kind in KINDS for name in kind.left if name.endswith(("_at", "count"))
} | {
    name: {"kept": 1}
    for kind in KINDS
    for name in kind.left
    if name.endswith(("_metadata", "_details", "_diagnostics", "_ratings"))
}


# --- kinds of content -----------------------------------------------------------------


def _members(union: Any) -> list[Any]:
    while get_origin(union) is Annotated:
        union = get_args(union)[0]
    return list(get_args(union))


def _word(kind: type[BaseModel]) -> str:
    found: str = get_args(kind.model_fields["type"].annotation)[0]
    return found


_READ_BLOCKS = {"text", "thinking", "redacted_thinking", "tool_use"}
_READ_ITEMS = {"message", "reasoning", "function_call", "custom_tool_call"}
_BLOCKS = {_word(each) for each in _members(messages.ContentBlock)}
_ITEMS = {_word(each) for each in _members(responses.ResponseOutputItem)}


@pytest.mark.parametrize("word", sorted(_BLOCKS - _READ_BLOCKS))
def test_other_blocks_of_messages_are_kept_whole(word: str) -> None:
    block = {"type": word, "id": "b1", "content": {"kept": 1}}
    body = {**MESSAGE, "content": [block], "stop_reason": "end_turn"}
    _assert_kept(Protocol.MESSAGES, body, block)


@pytest.mark.parametrize("word", sorted(_ITEMS - _READ_ITEMS))
def test_other_items_of_responses_are_kept_whole(word: str) -> None:
    item = {"type": word, "id": "i1", "kept": {"kept": 1}}
    _assert_kept(Protocol.RESPONSES, {**RESPONSE, "output": [item]}, item)


@pytest.mark.parametrize(
    "name",
    sorted(
        set(gemini.Part.model_fields)
        - {"text", "thought", "thought_signature", "function_call", "part_metadata"}
    ),
)
def test_other_parts_of_gemini_are_kept_whole(name: str) -> None:
    part = {camel(name): {"kept": 1}}
    candidate = {"content": {"parts": [part]}, "finishReason": "STOP"}
    _assert_kept(Protocol.GEMINI, {**GENERATED, "candidates": [candidate]}, part)


def _assert_kept(protocol: Protocol, body: Data, raw: Data) -> None:
    read = PROVIDER_CODEC_OF[protocol].read_answer
    events = read(json.dumps(body).encode(), answer_id="a", model="m")
    (kept,) = [each.part for each in events if isinstance(each, PartWhole)]
    assert dict(kept.raw) == raw
    assert kept.protocol is protocol


# --- kinds of events ------------------------------------------------------------------

_MESSAGES_EVENTS = {_word(each) for each in _members(messages.RawMessageStreamEvent)}
_RESPONSES_EVENTS = {_word(each) for each in _members(responses.ResponseStreamEvent)}
_LAST = {"response.completed", "response.incomplete", "response.failed", "error"}


def test_messages_has_the_events_that_are_read() -> None:
    assert {
        "message_start",
        "message_delta",
        "message_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
    } == _MESSAGES_EVENTS


@pytest.mark.parametrize("word", sorted(_RESPONSES_EVENTS - _LAST))
def test_no_event_of_responses_disturbs_an_answer(word: str) -> None:
    """What steps of the provider's own tools tell stands in their items again."""
    odd = {"type": word, "output_index": 9, "item_id": "none", "sequence_number": 1}
    created = {"type": "response.created", "response": {"id": "resp_1", "model": "m"}}
    completed = {"type": "response.completed", "response": RESPONSE}

    def read(*told: Data) -> list[Event]:
        reader = PROVIDER_CODEC_OF[Protocol.RESPONSES].stream_reader(
            answer_id="a", model="m"
        )
        data = b"".join(b"data: %b\n\n" % json.dumps(each).encode() for each in told)
        return [*reader.feed(data), *reader.finish()]

    events = read(created, odd, completed)
    check_line(events)
    plain, found = gather(read(created, completed)), gather(events)
    assert _spoken(found) == _spoken(plain)
    assert found.ended == plain.ended


def _spoken(answer: Answer) -> list[Any]:
    return [part for part in answer.parts if not isinstance(part, Thinking)]
