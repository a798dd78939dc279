"""The neutral language: values, merging, gathering."""

import dataclasses

import pytest
from answer_scripts import CASES
from hypothesis import given
from hypothesis import strategies as st

from proxy import model
from proxy.errors import FailureKind
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    BrokenOff,
    CallKind,
    CustomTool,
    FunctionTool,
    Message,
    Namespace,
    Offered,
    Protocol,
    Request,
    Role,
    ServerTool,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    ToolsAdded,
    Usage,
    UsageReported,
    gather,
)

_COUNT = st.none() | st.integers(min_value=0)
_USAGE = st.builds(Usage, *[_COUNT] * 7)


@given(_USAGE, _USAGE, _USAGE)
def test_later_counts_win_and_unknown_ones_change_nothing(
    first: Usage, second: Usage, third: Usage
) -> None:
    merged = first.merged(second)
    for field in dataclasses.fields(Usage):
        later = getattr(second, field.name)
        wanted = getattr(first, field.name) if later is None else later
        assert getattr(merged, field.name) == wanted
    assert first.merged(Usage()) == first == Usage().merged(first)
    assert merged.merged(third) == first.merged(second.merged(third))


def test_zero_told_is_not_unknown() -> None:
    assert Usage(input_tokens=5).merged(Usage(input_tokens=0)).input_tokens == 0
    assert Usage().whole_input is None
    assert Usage(input_tokens=0).whole_input == 0
    assert Usage(1, 2, 3, 3).whole_input == 6


def test_values_are_frozen_and_have_slots() -> None:
    kinds = [
        kind
        for name in model.__all__
        if dataclasses.is_dataclass(kind := getattr(model, name))
    ]
    assert len(kinds) > 40
    for kind in kinds:
        assert isinstance(kind, type)
        assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert "__slots__" in kind.__dict__, kind


def test_everything_public_is_exported_once() -> None:
    assert len(model.__all__) == len(set(model.__all__))
    assert all(hasattr(model, name) for name in model.__all__)


def test_offered_tools_are_those_a_client_runs() -> None:
    inner = FunctionTool("spawn")
    search = ServerTool(Protocol.RESPONSES, "web_search", None, {})
    later = CustomTool("exec")
    request = Request(
        Protocol.RESPONSES,
        "m",
        (
            Message(Role.USER, (Text("Hello"),)),
            Message(Role.DEVELOPER, (ToolsAdded((later,)),)),
        ),
        tools=(search, Namespace("agents", None, (inner, search)), FunctionTool("f")),
    )
    assert request.offered == (
        Offered(inner, "agents"),
        Offered(FunctionTool("f")),
        Offered(later),
    )


def test_an_answer_is_gathered_in_the_order_its_parts_began() -> None:
    answer = gather(CASES["interleaved_calls"])
    assert answer.parts == (
        ToolCall("call_1", "read_file", '{"path":"a.py"}'),
        ToolCall("call_2", "list_files", '{"folder":"b"}'),
        ToolCall("call_3", "now", ""),
    )
    assert answer.ended.stop is StopReason.TOOL_USE
    assert (answer.id, answer.model) == ("abc123", "some-model")


def test_thinking_and_custom_calls_are_gathered_whole() -> None:
    thinking = gather(CASES["thinking_then_call"]).parts[0]
    assert isinstance(thinking, Thinking)
    assert (thinking.text, thinking.signature) == ("Which file is it?", "c2ln")
    sealed = gather(CASES["summary_and_sealed"]).parts[0]
    assert isinstance(sealed, Thinking)
    assert sealed.summary == ("First.", "Second one.")
    assert sealed.sealed == "c2VhbGVk"
    (custom,) = gather(CASES["custom_call"]).parts
    assert isinstance(custom, ToolCall)
    assert (custom.kind, custom.namespace) == (CallKind.CUSTOM, "files")


def test_usage_is_the_last_known() -> None:
    answer = gather(
        (
            AnswerStarted("a", "m", Usage(input_tokens=9, output_tokens=0)),
            UsageReported(Usage(output_tokens=3)),
            AnswerEnded(StopReason.END_TURN, usage=Usage(output_tokens=4)),
        )
    )
    assert answer.usage == Usage(input_tokens=9, output_tokens=4)


def test_a_broken_answer_is_not_gathered() -> None:
    failed = AnswerFailed(FailureKind.CUT, "It broke off.")
    with pytest.raises(BrokenOff) as caught:
        gather((AnswerStarted("a", "m"), failed))
    assert caught.value.failed == failed
    for events in ((), (AnswerEnded(StopReason.END_TURN),), CASES["text"][:-1]):
        with pytest.raises(BrokenOff) as caught:
            gather(events)
        assert caught.value.failed is None
