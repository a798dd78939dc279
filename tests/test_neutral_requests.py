"""The strategies keep the promises that codecs and translation rely on."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neutral_requests import CLIENTS, event_lines, fitted, requests

from proxy.model import (
    AnswerFailed,
    BrokenOff,
    CallKind,
    Protocol,
    Request,
    Role,
    ToolCall,
    ToolResult,
    gather,
)

few = settings(max_examples=25)


def _calls_and_results(request: Request) -> tuple[list[str], list[str]]:
    parts = [part for message in request.messages for part in message.parts]
    calls = [part.id for part in parts if isinstance(part, ToolCall)]
    return calls, [part.call_id for part in parts if isinstance(part, ToolResult)]


@pytest.mark.parametrize("protocol", CLIENTS)
@few
@given(st.data())
def test_every_call_has_its_result(protocol: Protocol, data: st.DataObject) -> None:
    calls, results = _calls_and_results(data.draw(requests(protocol)))
    assert calls == results
    assert len(set(calls)) == len(calls)


@pytest.mark.parametrize("protocol", Protocol)
@few
@given(st.data())
def test_fitted_requests_alternate(protocol: Protocol, data: st.DataObject) -> None:
    request = data.draw(fitted(protocol))
    turns = [Role.USER, Role.ASSISTANT]
    said = [each for each in request.messages if each.role in turns]
    assert said[0].role is said[-1].role is Role.USER
    assert [each.role for each in said] == (turns * len(said))[: len(said)]
    for message in said:
        results = [isinstance(part, ToolResult) for part in message.parts]
        assert results == sorted(results, reverse=True)
        for part in message.parts:
            if isinstance(part, ToolCall) and part.kind is CallKind.FUNCTION:
                assert isinstance(json.loads(part.arguments), dict)


@pytest.mark.parametrize("protocol", Protocol)
@few
@given(st.data())
def test_lines_of_events_are_legal(protocol: Protocol, data: st.DataObject) -> None:
    line = data.draw(event_lines(protocol))
    begun = [
        each.index
        for each in line
        if type(each).__name__.endswith("Started") and hasattr(each, "index")
    ]
    assert begun == list(range(len(begun)))
    if isinstance(line[-1], AnswerFailed):
        with pytest.raises(BrokenOff):
            gather(line)
    else:
        assert len(gather(line).parts) == len(begun)
