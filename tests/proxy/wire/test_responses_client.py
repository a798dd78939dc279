"""Responses answers as a client gets them: losses, ids, wraps, memory."""

import gc
import json
from typing import Any

import pytest
from answer_scripts import CASES, Script, scripts
from hypothesis import given
from request_bodies import RESPONSES
from sdk_types import check_answer, check_stream
from stream_order import check_responses, events_of

from proxy.model import (
    AnswerEnded,
    AnswerStarted,
    Event,
    Message,
    Origin,
    PartEnded,
    Protocol,
    Request,
    Role,
    StopReason,
    Text,
    TextDelta,
    TextStarted,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
)
from proxy.wire.responses.client.answer import write_answer
from proxy.wire.responses.client.request import read_request
from proxy.wire.responses.client.stream import StreamWriter
from proxy.wire.sealing import Sealed, seal

_REQUEST = Request(Protocol.RESPONSES, "m", ())
_WRAP = seal(Sealed(Protocol.MESSAGES, "anthropic", "m", signature="c2ln"))
_START = AnswerStarted("abc", "m")
_END = AnswerEnded(StopReason.END_TURN)


def _stream(script: Script, request: Request = _REQUEST) -> tuple[bytes, list[str]]:
    writer = StreamWriter(request, created=1)
    stream = b"".join(writer.write(event) for event in script)
    return stream, [each.name for each in writer.losses]


def _output(*events: Event) -> list[Any]:
    stream, _ = _stream((_START, *events, _END))
    check_responses(stream)
    check_stream(Protocol.RESPONSES, stream)
    output: list[Any] = events_of(stream)[-1][1]["response"]["output"]
    whole = write_answer(_REQUEST, (_START, *events, _END), created=1)
    check_answer(Protocol.RESPONSES, whole.body)
    assert json.loads(whole.body)["output"] == output
    return output


@pytest.mark.parametrize("case", sorted(set(CASES) - {"failed"}))
def test_a_whole_answer_names_what_its_stream_names(case: str) -> None:
    _, lost = _stream(CASES[case])
    whole = write_answer(_REQUEST, CASES[case], created=1)
    assert {each.name for each in whole.losses} == set(lost)


@given(script=scripts())
def test_any_answer_s_losses_are_named_alike(script: Script) -> None:
    _, lost = _stream(script)
    whole = write_answer(_REQUEST, script, created=1)
    named = {each.name for each in whole.losses}
    # A proof in pieces that are empty is none in the answer that is gathered.
    assert named <= set(lost)
    assert set(lost) - named <= {"signature"}


def test_a_wrap_is_sealed_reasoning_whoever_made_it() -> None:
    foreign = Origin(Protocol.MESSAGES)
    shown, hidden = _output(
        ThinkingStarted(0, origin=foreign),
        ThinkingDelta(0, "Hm."),
        ThinkingSealed(0, _WRAP),
        PartEnded(0),
        ThinkingStarted(1, _WRAP, foreign),
        PartEnded(1),
    )
    assert (shown["encrypted_content"], hidden["encrypted_content"]) == (_WRAP, _WRAP)
    assert shown["content"] == [{"type": "reasoning_text", "text": "Hm."}]
    back = read_request(json.dumps({"model": "m", "input": [shown]}).encode())
    (part,) = back.messages[0].parts
    assert getattr(part, "sealed", None) == _WRAP


def test_reasoning_keeps_the_id_it_is_sealed_with() -> None:
    own = Origin(Protocol.RESPONSES)
    first, second, third = _output(
        ThinkingStarted(0, origin=own, id="rs_1"),
        ThinkingSealed(0, "eA=="),
        PartEnded(0),
        ThinkingStarted(1, origin=own, id="rs_1"),
        ThinkingSealed(1, "eQ=="),
        PartEnded(1),
        ThinkingStarted(2, origin=Origin(Protocol.MESSAGES), id="x"),
        ThinkingDelta(2, "Hm."),
        PartEnded(2),
    )
    assert (first["id"], second["id"], third["id"]) == ("rs_1", "rs_abc_1", "rs_abc_2")


@given(script=scripts())
def test_ids_are_one_of_a_kind(script: Script) -> None:
    stream, _ = _stream(script)
    ids = [each["id"] for each in events_of(stream)[-1][1]["response"]["output"]]
    assert len(set(ids)) == len(ids)


def test_text_that_was_held_back_is_said() -> None:
    first, second = _output(
        TextStarted(0),
        TextStarted(1),
        TextDelta(1, "two"),
        TextDelta(0, "one"),
        PartEnded(0),
        TextDelta(1, ' "three"\n'),
        PartEnded(1),
    )
    assert first["content"][0]["text"] == "one"
    assert second["content"][0]["text"] == 'two "three"\n'


def test_the_conversation_is_not_kept_for_its_answer() -> None:
    said = (Message(Role.USER, (Text("x" * 1000),)),)
    request = Request(Protocol.RESPONSES, "m", said)
    writer = StreamWriter(request, created=1)
    writer.write(_START)
    seen: set[int] = set()
    waiting: list[Any] = [writer.__dict__]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type):
            continue
        seen.add(id(each))
        assert each is not request
        assert each is not said
        waiting += [
            below
            for below in gc.get_referents(each)
            if isinstance(below, dict | list | tuple | set)
            or hasattr(below, "__slots__")
        ]


def test_the_head_repeats_the_request() -> None:
    body = {**RESPONSES, "previous_response_id": "resp_0", "truncation": "auto"}
    body |= {"max_tool_calls": 4, "safety_identifier": "u", "metadata": {"a": "b"}}
    request = read_request(json.dumps(body).encode())
    stream, _ = _stream((_START, _END), request)
    check_stream(Protocol.RESPONSES, stream)
    for _, event in events_of(stream):
        head = event["response"]
        assert head["previous_response_id"] == "resp_0"
        assert head["instructions"] == "You code."
        assert [each["type"] for each in head["tools"]] == [
            "function",
            "custom",
            "namespace",
            "web_search",
        ]
        assert head["text"] == {"format": {"type": "text"}, "verbosity": "low"}
        assert (head["prompt_cache_key"], head["safety_identifier"]) == ("k1", "u")
        assert (head["truncation"], head["max_tool_calls"]) == ("auto", 4)
        assert head["metadata"] == {"a": "b"}
    whole = json.loads(write_answer(request, (_START, _END), created=1).body)
    assert whole == events_of(stream)[-1][1]["response"]
