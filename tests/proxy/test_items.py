"""What the gateway remembers for a client: found again, bounded, given to no other."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neutral_requests import event_lines

from proxy.errors import FailureKind
from proxy.items import ItemStore, KeptAnswer, NotKept, expand
from proxy.model import (
    AnswerEnded,
    AnswerFailed,
    AnswerStarted,
    Event,
    Kept,
    Message,
    Opaque,
    Origin,
    PartEnded,
    PartWhole,
    Protocol,
    Request,
    Role,
    ServerPart,
    StopReason,
    Text,
    TextDelta,
    TextStarted,
    Thinking,
    ThinkingDelta,
    ThinkingStarted,
    ToolCall,
    ToolCallArguments,
    ToolCallStarted,
    ToolResult,
)
from proxy.wire.responses.client.answer import write_answer
from proxy.wire.responses.client.request import read_request

_THOUGHT = Thinking("hm", origin=Origin(Protocol.GEMINI))


class _Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def store(clock: _Clock) -> ItemStore:
    return ItemStore(clock, ttl_seconds=60, max_bytes=100_000)


def _events(answer_id: str = "a1", text: str = "Yes.") -> tuple[Event, ...]:
    return (
        AnswerStarted(answer_id, "m"),
        ThinkingStarted(0),
        ThinkingDelta(0, "hm"),
        PartEnded(0),
        TextStarted(1),
        TextDelta(1, text),
        PartEnded(1),
        PartWhole(2, ServerPart(Protocol.MESSAGES, "web_search", {})),
        ToolCallStarted(3, "c1", "read"),
        ToolCallArguments(3, "{}"),
        PartEnded(3),
        AnswerEnded(StopReason.TOOL_USE),
    )


def _user(text: str, name: str | None = None) -> Message:
    return Message(Role.USER, (Text(text),), id=name)


def _request(*messages: Message, previous: str | None = None) -> Request:
    kept = Kept(store=True, previous=previous)
    return Request(Protocol.RESPONSES, "m", messages, kept=kept)


def _reference(name: object) -> Message:
    raw = {"type": "item_reference", "id": name}
    part = Opaque(Protocol.RESPONSES, "item_reference", raw)  # type: ignore[arg-type]
    return Message(Role.ASSISTANT, (part,))


def test_an_answer_is_found_with_all_that_went_before(store: ItemStore) -> None:
    before = (_user("Hi"),)
    store.keep(_events(), "ann", before, "local/qwen")
    found = store.find("resp_a1", "ann")
    assert isinstance(found, KeptAnswer)
    assert found.provider == "local/qwen"
    assert found.messages[:1] == before
    last = found.messages[1]
    assert last.role is Role.ASSISTANT
    kinds = [type(part) for part in last.parts]
    assert kinds == [Thinking, Text, ServerPart, ToolCall]
    assert store.find("a1", "ann") == found


def test_a_request_that_continues_gets_the_whole_conversation(
    store: ItemStore,
) -> None:
    store.keep(_events(), "ann", (_user("Hi"),), "p")
    result = Message(Role.USER, (ToolResult("c1", (Text("r"),)),))
    request = _request(result, previous="resp_a1")
    whole = expand(request, store, "ann")
    assert [each.role for each in whole.messages] == [
        Role.USER,
        Role.ASSISTANT,
        Role.USER,
    ]
    assert whole.messages[-1] is result
    assert whole.kept == Kept(store=True)
    assert replace(whole, messages=(), kept=Kept()) == replace(
        request, messages=(), kept=Kept()
    )


def test_a_request_that_refers_to_nothing_stays_as_it_is(store: ItemStore) -> None:
    request = _request(_user("Hi"))
    assert expand(request, store, "ann") is request


def test_items_go_by_the_ids_the_client_was_told(store: ItemStore) -> None:
    asked = read_request(b'{"model":"m","input":"Hi"}')
    body = json.loads(write_answer(asked, _events(), created=1).body)
    store.keep(_events(), "ann", (_user("Hi", "msg_own"),), "p")
    thought, text, call = (each["id"] for each in body["output"])
    request = _request(*map(_reference, (thought, text, "msg_own", call)))
    expanded = expand(request, store, "ann")
    parts = [each.parts[0] for each in expanded.messages]
    assert parts == [
        Thinking("hm"),
        Text("Yes."),
        Text("Hi"),
        ToolCall("c1", "read", "{}"),
    ]
    roles = [each.role for each in expanded.messages]
    assert roles[2] is Role.USER
    assert store.find(body["id"], "ann") is not None


def test_reasoning_of_the_input_is_an_item_too(store: ItemStore) -> None:
    thought = Thinking(sealed="c2VhbGVk", id="rs_own")
    before = Message(Role.ASSISTANT, (thought,))
    store.keep(_events(), "ann", (before,), "p")
    beside = _user("Go on.")
    expanded = expand(_request(_reference("rs_own"), beside), store, "ann")
    assert expanded.messages[0].parts == (thought,)
    assert expanded.messages[1] is beside


@pytest.mark.parametrize(
    "request_",
    [
        _request(previous="resp_other"),
        _request(previous=""),
        _request(_reference("msg_other")),
        _request(_reference(7)),
        _request(_reference(None)),
    ],
)
def test_what_is_not_kept_is_said_plainly(request_: Request, store: ItemStore) -> None:
    store.keep(_events(), "ann", (), "p")
    with pytest.raises(NotKept) as caught:
        expand(request_, store, "ann")
    sentence = str(caught.value)
    assert "in memory only" in sentence
    assert "`store`" in sentence
    assert "other" not in sentence


def test_no_client_gets_what_another_said(store: ItemStore) -> None:
    store.keep(_events(), "ann", (_user("Hi", "msg_own"),), "p")
    store.remember_thinking("c1", "ann", (_THOUGHT,))
    assert store.find("resp_a1", "bob") is None
    assert store.item("msg_own", "bob") is None
    assert store.thinking("c1", "bob") == ()
    # The same ids are two things where two clients use them.
    store.keep(_events(text="No."), "bob", (), "p")
    found = store.find("resp_a1", "ann")
    assert found is not None
    assert Text("Yes.") in found.messages[-1].parts


def test_thinking_is_recalled_for_its_own_client(store: ItemStore) -> None:
    store.remember_thinking("c1", "ann", [_THOUGHT])
    assert store.recall("ann").thinking("c1") == (_THOUGHT,)
    assert store.recall("bob").thinking("c1") == ()
    store.remember_thinking("c1", "ann", [])
    assert store.recall("ann").thinking("c1") == ()


def test_an_answer_that_broke_off_is_not_kept(store: ItemStore) -> None:
    broken = (*_events()[:3], AnswerFailed(FailureKind.CUT, "Cut."))
    for told in (broken, (), _events()[:-1]):
        store.keep(told, "ann", (_user("Hi"),), "p")
    assert store.find("resp_a1", "ann") is None
    assert store.size == 0


def test_what_nobody_asks_for_is_forgotten(store: ItemStore, clock: _Clock) -> None:
    store.keep(_events("a1"), "ann", (_user("Hi", "msg_1"),), "p")
    store.keep(_events("a2"), "ann", (), "p")
    store.remember_thinking("c1", "ann", (_THOUGHT,))
    clock.now += 50
    assert store.find("a1", "ann") is not None
    clock.now += 50
    assert store.find("a2", "ann") is None
    assert store.thinking("c1", "ann") == ()
    assert store.item("msg_1", "ann") is not None
    clock.now += 61
    assert store.item("msg_1", "ann") is None
    assert store.find("a1", "ann") is None
    assert store.size == 0


def test_the_least_recently_used_makes_room(store: ItemStore) -> None:
    for at in range(4):
        store.keep(_events(f"a{at}", "x" * 30_000), "ann", (), "p")
        assert store.size <= 100_000
        assert store.find("a0", "ann") is not None or at == 3
        if at == 2:
            # Asked for last, a2 and a1 are the fresh ones now.
            assert store.find("a1", "ann") is not None
            assert store.find("a2", "ann") is not None
    assert store.find("a0", "ann") is None
    assert all(store.find(f"a{at}", "ann") for at in (1, 2, 3))


def test_what_is_larger_than_all_the_room_is_not_kept(store: ItemStore) -> None:
    store.keep(_events(text="x" * 200_000), "ann", (_user("a", "msg_1"),), "p")
    assert store.find("a1", "ann") is None
    assert store.item("msg_1", "ann") is None
    assert store.size == 0


def test_a_growing_conversation_is_counted_once(clock: _Clock) -> None:
    store = ItemStore(clock)
    store.keep(_events("a0"), "ann", (_user("x" * 1_000_000),), "p")
    one = store.size
    assert one > 1_000_000
    for at in range(50):
        request = _request(_user("more"), previous=f"resp_a{at}")
        whole = expand(request, store, "ann")
        store.keep(_events(f"a{at + 1}"), "ann", whole.messages, "p")
    assert store.size < one + 300_000
    assert store.find("a50", "ann") is not None


def test_keeping_an_answer_again_replaces_it(store: ItemStore) -> None:
    store.keep(_events(text="Yes."), "ann", (_user("Hi"),), "p")
    before = store.size
    store.keep(_events(text="Nay."), "ann", (_user("Hi"),), "p")
    assert store.size == before
    found = store.find("a1", "ann")
    assert found is not None
    assert Text("Nay.") in found.messages[-1].parts


_STEP = st.tuples(
    st.sampled_from(["keep", "think", "find", "wait"]),
    st.integers(0, 5),
    st.sampled_from(["ann", "bob"]),
    st.integers(0, 40_000),
)


@given(st.lists(_STEP, max_size=30))
def test_the_books_balance_whatever_happens(
    steps: list[tuple[str, int, str, int]],
) -> None:
    clock = _Clock()
    store = ItemStore(clock, ttl_seconds=60, max_bytes=100_000)
    for what, at, owner, size in steps:
        match what:
            case "keep":
                found = store.find(f"a{at - 1}", owner)
                before = () if found is None else found.messages
                store.keep(_events(f"a{at}", "x" * size), owner, before, "p")
            case "think":
                thought = replace(_THOUGHT, text="x" * size)
                store.remember_thinking(f"c{at}", owner, (thought,))
            case "find":
                store.find(f"a{at}", owner)
            case _:
                clock.now += size / 1_000
        assert 0 <= store.size <= 100_000
    clock.now += 61
    assert store.find("a0", "ann") is None
    assert store.size == 0
    assert not store._shared
    assert not store._items


@given(event_lines(Protocol.RESPONSES, complete=True))
def test_any_answer_can_be_kept(events: tuple[Event, ...]) -> None:
    store = ItemStore(_Clock())
    store.keep(events, "ann", (), "p")
    assert store.find("abc123", "ann") is not None
