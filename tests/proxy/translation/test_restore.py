from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neutral_requests import event_lines

from proxy.model import (
    AnswerEnded,
    CallKind,
    CustomTool,
    Event,
    FunctionTool,
    Message,
    Namespace,
    Origin,
    PartEnded,
    Protocol,
    Request,
    Role,
    SignatureDelta,
    StopReason,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ThinkingSealed,
    ThinkingStarted,
    ToolCall,
    ToolCallArguments,
    ToolCallStarted,
    ToolResult,
    gather,
)
from proxy.translation.fit import fit
from proxy.translation.names import Names, names_of
from proxy.translation.restore import Restorer
from proxy.translation.thinking import opened
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS
from proxy.wire.sealing import unseal

_MAKER = Origin(Protocol.MESSAGES, "there", "model-x")


def _run(restorer: Restorer, *events: Event) -> list[Event]:
    return [each for event in events for each in restorer.feed(event)]


def _names(*tools: FunctionTool | CustomTool | Namespace) -> Names:
    called = Message(Role.ASSISTANT, (ToolCall("old", "gone.tool", "{}"),))
    request = Request(Protocol.RESPONSES, "m", (called,), tools=tools)
    return names_of(request, Protocol.CHAT, VENDOR_DIALECTS[Protocol.MESSAGES])


def test_names_groups_and_kinds_come_back() -> None:
    names = _names(
        CustomTool("apply_patch"), Namespace("fs", None, (FunctionTool("open"),))
    )
    restorer = Restorer(names, _MAKER, Protocol.RESPONSES)
    out = _run(
        restorer,
        ToolCallStarted(0, "a", "fs__open"),
        PartEnded(0),
        ToolCallStarted(1, "b", "apply_patch"),
        ToolCallArguments(1, '{"input": "x\\'),
        ToolCallArguments(1, 'ny"}'),
        PartEnded(1),
        ToolCallStarted(2, "c", "gone_tool"),
        ToolCallStarted(3, "d", "made_up"),
    )
    assert out == [
        ToolCallStarted(0, "a", "open", CallKind.FUNCTION, "fs"),
        PartEnded(0),
        ToolCallStarted(1, "b", "apply_patch", CallKind.CUSTOM),
        ToolCallArguments(1, "x"),
        ToolCallArguments(1, "\ny"),
        PartEnded(1),
        ToolCallStarted(2, "c", "gone.tool"),
        ToolCallStarted(3, "d", "made_up"),
    ]


def test_text_the_model_did_not_wrap_goes_through() -> None:
    restorer = Restorer(_names(CustomTool("p")), _MAKER, Protocol.CHAT)
    out = _run(
        restorer,
        ToolCallStarted(0, "a", "p"),
        ToolCallArguments(0, '{"patch": "x"}'),
        AnswerEnded(StopReason.TOOL_USE),
    )
    assert ToolCallArguments(0, "x") in out
    assert isinstance(out[-1], AnswerEnded)


def test_ids_are_new_to_the_client() -> None:
    restorer = Restorer(_names(), _MAKER, Protocol.MESSAGES)
    out = _run(
        restorer,
        ToolCallStarted(0, "old", "t"),
        ToolCallStarted(1, "functions.t:0", "t"),
        ToolCallStarted(2, "", "t"),
        ToolCallStarted(3, "", "t"),
    )
    ids = [each.id for each in out if isinstance(each, ToolCallStarted)]
    assert ids[:2] == ["old_2", "functions_t_0"]
    assert len(set(ids)) == 4
    assert all(ids)


_PROVEN: list[Event] = [
    ThinkingStarted(0, origin=Origin(Protocol.MESSAGES)),
    ThinkingDelta(0, "hm "),
    ThinkingDelta(0, "so"),
    SignatureDelta(0, "si"),
    SignatureDelta(0, "g"),
    PartEnded(0),
    ToolCallStarted(1, "call_1", "run"),
    ToolCallArguments(1, "{}"),
    PartEnded(1),
    ToolCallStarted(2, "call_2", "run"),
    PartEnded(2),
    AnswerEnded(StopReason.TOOL_USE),
]


def test_proofs_are_wrapped_for_clients_of_other_protocols() -> None:
    out = _run(Restorer(Names(), _MAKER, Protocol.RESPONSES), *_PROVEN)
    assert out[0] == ThinkingStarted(0, origin=_MAKER)
    sealed = out[3]
    assert isinstance(sealed, ThinkingSealed)
    inside = unseal(sealed.data)
    assert inside is not None
    assert (inside.signature, inside.text, inside.origin) == ("sig", "hm so", _MAKER)
    gemini = _run(Restorer(Names(), _MAKER, Protocol.GEMINI), *_PROVEN)
    assert isinstance(gemini[3], SignatureDelta)
    assert unseal(gemini[3].signature) == inside
    own = _run(Restorer(Names(), _MAKER, Protocol.MESSAGES), *_PROVEN)
    assert own[1:] == _PROVEN[1:]


def test_what_a_client_cannot_carry_is_remembered() -> None:
    restorer = Restorer(Names(), _MAKER, Protocol.CHAT)
    out = _run(restorer, *_PROVEN)
    assert not any(isinstance(e, SignatureDelta | ThinkingSealed) for e in out)
    thought = Thinking("hm so", signature="sig", origin=_MAKER)
    assert restorer.remembered == {"call_1": (thought,), "call_2": ()}


def test_sealed_reasoning_is_wrapped_too() -> None:
    maker = Origin(Protocol.RESPONSES, "there", "model-x")
    out = _run(
        Restorer(Names(), maker, Protocol.MESSAGES),
        ThinkingStarted(0, sealed="whole"),
        ThinkingDelta(0, "sum", summary=0),
        PartEnded(0),
    )
    assert isinstance(out[0], ThinkingStarted)
    assert out[0].sealed is None
    assert isinstance(out[2], SignatureDelta)
    inside = unseal(out[2].signature)
    assert inside is not None
    assert inside.sealed == "whole"


@pytest.mark.parametrize("client", Protocol)
def test_reasoning_without_a_proof_says_in_messages_whose_it_is(
    client: Protocol,
) -> None:
    """Anthropic refuses an empty signature, should the session ever move there."""
    maker = Origin(Protocol.OLLAMA, "there", "model-x")
    said: list[Event] = [ThinkingStarted(0), ThinkingDelta(0, "hm"), PartEnded(0)]
    proofs = [
        event
        for event in _run(Restorer(Names(), maker, client), *said)
        if isinstance(event, SignatureDelta | ThinkingSealed)
    ]
    if client is not Protocol.MESSAGES:
        assert proofs == []
        return
    (proof,) = proofs
    assert isinstance(proof, SignatureDelta)
    inside = unseal(proof.signature)
    assert inside is not None
    assert (inside.origin, inside.signature, inside.sealed) == (maker, None, None)
    brought = Thinking("hm", signature=proof.signature)
    assert opened(brought) == Thinking("hm", origin=maker)


@pytest.mark.parametrize("client", [Protocol.MESSAGES, Protocol.RESPONSES])
def test_reasoning_comes_back_to_its_maker_as_it_was(client: Protocol) -> None:
    maker = replace(_MAKER, protocol=Protocol.GEMINI)
    events: list[Event] = [
        replace(e, origin=maker) if isinstance(e, ThinkingStarted) else e
        for e in _PROVEN
    ]
    parts = []
    from proxy.model import AnswerStarted

    out = _run(Restorer(Names(), maker, client), AnswerStarted("a", "m"), *events)
    for part in gather(out).parts:
        kept = part
        if isinstance(part, Thinking):
            # As a client brings it back: with no word about who made it.
            kept = replace(part, origin=Origin(client))
            if client is Protocol.RESPONSES:
                kept = replace(kept, text="")
        parts.append(kept)
    request = Request(
        client,
        "m",
        (
            Message(Role.USER, (Text("x"),)),
            Message(Role.ASSISTANT, tuple(parts)),
            Message(
                Role.USER,
                (ToolResult("call_1", ()), ToolResult("call_2", ())),
            ),
        ),
    )
    dialect = VENDOR_DIALECTS[Protocol.GEMINI]
    target = Target(Protocol.GEMINI, "there", "model-x", dialect)
    first = fit(request, target).request.messages[1].parts[0]
    assert first == Thinking("hm so", signature="sig", origin=maker)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_restored_answers_stay_whole_answers(data: st.DataObject) -> None:
    protocol = data.draw(st.sampled_from(list(Protocol)))
    client = data.draw(st.sampled_from([p for p in Protocol if p != Protocol.OLLAMA]))
    events = data.draw(event_lines(protocol))
    restorer = Restorer(Names(), Origin(protocol, "p", "m"), client)
    out = _run(restorer, *events)
    text = [e for e in events if isinstance(e, TextDelta)]
    assert [e for e in out if isinstance(e, TextDelta)] == text
    ends = [e.index for e in out if isinstance(e, PartEnded)]
    for index in {e.index for e in events if isinstance(e, PartEnded)}:
        assert index in ends
