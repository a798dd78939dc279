"""How much memory a message takes: near the truth, and at once."""

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from neutral_requests import CLIENTS, requests

from proxy.item_size import size_of_json, size_of_message, size_of_part
from proxy.model import (
    Base64,
    Citation,
    CustomTool,
    Document,
    FunctionTool,
    Grammar,
    Image,
    JsonObject,
    Message,
    Namespace,
    Opaque,
    Part,
    Protocol,
    Request,
    Role,
    ServerPart,
    ServerTool,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    ToolsAdded,
    Url,
)

_LONG = "x" * 10_000
_RAW: JsonObject = {"a": [1, None, {"b": _LONG}]}


@pytest.mark.parametrize(
    "part",
    [
        Text(_LONG),
        Text("", citations=(Citation(Protocol.MESSAGES, _RAW),)),
        Text("", extras=_RAW),
        Image(Base64("image/png", _LONG)),
        Image(Url(_LONG)),
        Document(Text(_LONG)),
        Document((Text(_LONG),)),
        Document(Url("u"), context=_LONG),
        Thinking(_LONG),
        Thinking(summary=(_LONG,)),
        Thinking(signature=_LONG),
        Thinking(sealed=_LONG),
        ToolCall("c", "n", _LONG),
        ToolResult("c", (Text(_LONG),)),
        ToolsAdded((FunctionTool("n", _LONG),)),
        ToolsAdded((FunctionTool("n", None, _RAW),)),
        ToolsAdded((CustomTool("n", None, Grammar("lark", _LONG)),)),
        ToolsAdded((CustomTool("n", _LONG),)),
        ToolsAdded((Namespace("n", None, (FunctionTool("n", _LONG),)),)),
        ToolsAdded((ServerTool(Protocol.RESPONSES, "t", None, _RAW),)),
        ServerPart(Protocol.RESPONSES, "k", _RAW),
        Opaque(Protocol.RESPONSES, "k", _RAW),
    ],
)
def test_a_long_text_is_found_wherever_it_is(part: Part) -> None:
    assert 10_000 < size_of_part(part) < 12_000
    assert size_of_message(Message(Role.USER, (part,))) > size_of_part(part)


def test_a_script_of_four_bytes_takes_four() -> None:
    assert size_of_part(Text("\U0001f600" * 10_000)) > 40_000


def test_nested_json_does_not_run_out_of_stack() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    assert size_of_json(value) > 100_000  # type: ignore[arg-type]


@given(st.sampled_from(CLIENTS).flatmap(requests))
def test_any_message_has_a_size(request: Request) -> None:
    assert all(size_of_message(each) > 0 for each in request.messages)


def test_the_size_is_near_what_python_says() -> None:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        parts = tuple(Text("word " * (at % 50)) for at in range(2_000))
        message = Message(Role.USER, parts)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.4 < size_of_message(message) / (after - before) < 2


def test_a_large_message_is_sized_at_once() -> None:
    message = Message(Role.USER, (Text("x" * 10_000_000),))
    start = time.process_time()
    size_of_message(message)
    assert time.process_time() - start < 0.01
