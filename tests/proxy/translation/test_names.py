from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from proxy.model import (
    FunctionTool,
    Message,
    Namespace,
    Protocol,
    Request,
    Role,
    ToolCall,
)
from proxy.translation.names import CallIds, names_of
from proxy.wire.dialect import VENDOR_DIALECTS, Dialect

_NAME = st.text(st.sampled_from("ab_.-/ä1"), max_size=12) | st.text("a", min_size=60)


def _request(*tools: FunctionTool | Namespace, calls: tuple[str, ...] = ()) -> Request:
    parts = tuple(ToolCall(f"c{at}", name, "{}") for at, name in enumerate(calls))
    messages = (Message(Role.ASSISTANT, parts),)
    return Request(Protocol.RESPONSES, "m", messages, tools=tools)


@given(
    st.lists(_NAME, max_size=6),
    st.lists(_NAME, max_size=3),
    st.lists(_NAME, max_size=4).map(tuple),
    st.sampled_from([Protocol.CHAT, Protocol.GEMINI, Protocol.RESPONSES]),
)
def test_every_tool_gets_a_legal_name_of_its_own_and_comes_back(
    plain: list[str], grouped: list[str], calls: tuple[str, ...], protocol: Protocol
) -> None:
    tools = [FunctionTool(name) for name in plain]
    group = Namespace("g", None, tuple(FunctionTool(name) for name in grouped))
    request = _request(*tools, group, calls=calls)
    names = names_of(request, protocol, VENDOR_DIALECTS[protocol])
    asked = {(None, name) for name in [*plain, *calls]} | {("g", n) for n in grouped}
    sent = {key: names.sent(key[1], key[0]) for key in asked}
    places = {(each.namespace, each.name) for each in sent.values()}
    assert len(places) == len(asked)
    for (namespace, name), called in sent.items():
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", called.name)
        if protocol is Protocol.GEMINI:
            assert re.match(r"[a-zA-Z_]", called.name)
        back = names.restored(called.name, called.namespace)
        assert back is not None
        assert (back.namespace, back.name) == (namespace, name)


def test_legal_names_stay_even_where_others_would_become_them() -> None:
    request = _request(FunctionTool("a.b"), FunctionTool("a_b"))
    names = names_of(request, Protocol.CHAT, VENDOR_DIALECTS[Protocol.CHAT])
    assert names.sent("a_b").name == "a_b"
    assert names.sent("a.b").name.startswith("a_b_")


def test_names_of_the_beginning_do_not_hang_on_the_end() -> None:
    dialect = VENDOR_DIALECTS[Protocol.CHAT]
    short = names_of(_request(calls=("a.b",)), Protocol.CHAT, dialect)
    longer = names_of(_request(calls=("a.b", "a/b", "a_b")), Protocol.CHAT, dialect)
    assert short.sent("a.b") == longer.sent("a.b")


def test_a_name_nobody_gave_is_not_touched() -> None:
    names = names_of(_request(), Protocol.CHAT, VENDOR_DIALECTS[Protocol.CHAT])
    assert names.restored("other") is None
    assert names.sent("other").name == "other"


@given(st.lists(st.text(max_size=80), max_size=8), st.sampled_from([0, 9]))
def test_ids_are_legal_and_given_once(clients: list[str], length: int) -> None:
    dialect = replace(Dialect(), call_id_length=length)
    first, again = CallIds(dialect), CallIds(dialect)
    given_ids = [first.give(each) for each in clients]
    assert len(set(given_ids)) == len(clients)
    pattern = r"[a-zA-Z0-9]{9}" if length else r"[a-zA-Z0-9_-]{1,64}"
    assert all(re.fullmatch(pattern, each) for each in given_ids)
    assert [again.give(each) for each in clients] == given_ids


def test_legal_ids_stay() -> None:
    assert CallIds(Dialect()).give("toolu_01A-b") == "toolu_01A-b"
    assert (
        CallIds(replace(Dialect(), call_id_length=9)).give("abcDEF123") == "abcDEF123"
    )
