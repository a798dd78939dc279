"""What a request holds by kind, whole and fast."""

import time
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from neutral_requests import CLIENTS, PIXEL, requests

from proxy.model import (
    Base64,
    CustomTool,
    Document,
    FileId,
    FunctionTool,
    Grammar,
    Image,
    Message,
    Namespace,
    Opaque,
    OutputFormat,
    Part,
    Protocol,
    Request,
    Role,
    ServerPart,
    ServerTool,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    ToolsAdded,
    Url,
)
from proxy.wire.counting import PRIOR, Features, measure, measure_text, rough
from proxy.wire.pixels import UNKNOWN

_BARE = Request(Protocol.MESSAGES, "m", ())
_READ = FunctionTool("read", "Reads it.", {"type": "object"})
_RAW = {"a": "b"}


def _of(*parts: Part) -> Features:
    return measure(replace(_BARE, messages=(Message(Role.USER, parts),)))


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("", Features()),
        ("Hello you", Features(prose=9)),
        ("a\tb\n", Features(prose=2, marks=2)),
        ("x = {1: 22}", Features(prose=4, marks=4, digits=3)),
        ("        return", Features(prose=8)),
        ("grün", Features(prose=3, letters=1)),
        ("привет", Features(letters=6)),
        ("漢字かな", Features(wide=4)),
        ("ok 😀", Features(prose=3, wide=1)),
    ],
)
def test_characters_are_told_apart(text: str, features: Features) -> None:
    assert measure_text(text) == features


def test_half_characters_do_not_raise() -> None:
    assert measure_text("a\ud800").prose == 1


@pytest.mark.parametrize(
    ("part", "features"),
    [
        (Text("word"), Features(prose=4, messages=1)),
        (Thinking("hm", ("so",)), Features(prose=4, messages=1)),
        (Thinking(sealed="c2VhbGVk"), Features(document_bytes=8, messages=1)),
        (ToolCall("id", "read", '{"a"}'), Features(code=5, code_marks=4, messages=1)),
        (ToolResult("id", (Text("out"),)), Features(code=3, messages=1)),
        (
            ToolResult("id", (Image(FileId("f")),)),
            Features(images=UNKNOWN, messages=1),
        ),
        (Image(Base64("image/png", PIXEL)), Features(images=1, messages=1)),
        (Image(Url("u")), Features(images=UNKNOWN, messages=1)),
        (Document(Text("word"), "name", "ctx"), Features(prose=11, messages=1)),
        (Document((Text("a"), Text("b"))), Features(prose=2, messages=1)),
        (Document(Base64("text/plain", "d29yZHM=")), Features(prose=6, messages=1)),
        (
            Document(Base64("application/pdf", "d29yZHM=")),
            Features(document_bytes=6, messages=1),
        ),
        (Document(FileId("f")), Features(document_bytes=50_000, messages=1)),
        (ServerPart(Protocol.MESSAGES, "k", _RAW), Features(schemas=9, messages=1)),
        (Opaque(Protocol.MESSAGES, "k", _RAW), Features(schemas=9, messages=1)),
        (
            ToolsAdded((_READ,)),
            Features(prose=8, marks=1, code=4, schemas=17, tools=1, messages=1),
        ),
    ],
)
def test_every_part_counts(part: Part, features: Features) -> None:
    assert _of(part) == features


@pytest.mark.parametrize(
    "tool",
    [
        _READ,
        CustomTool("patch", "Patches.", Grammar("lark", "start: x")),
        Namespace("n", "A group.", (_READ,)),
        ServerTool(Protocol.MESSAGES, "web_search", None, _RAW),
    ],
)
def test_every_tool_counts(tool: Tool) -> None:
    found = measure(replace(_BARE, tools=(tool,)))
    assert found.tools >= 1
    assert rough(found) > 10


def test_system_names_and_the_form_of_the_answer_count() -> None:
    assert measure(replace(_BARE, system=(Text("word"),))).prose == 4
    named = Message(Role.USER, (), name="Ann")
    assert measure(replace(_BARE, messages=(named,))).prose == 3
    form = OutputFormat("json_schema", schema={"type": "object"})
    assert measure(replace(_BARE, output_format=form)).schemas == 17


@given(st.sampled_from(CLIENTS).flatmap(requests))
def test_any_request_is_measured_and_more_is_never_less(request: Request) -> None:
    found = measure(request)
    assert min(found.vector) >= 0
    assert len(found.vector) == len(PRIOR)
    more = replace(request, system=(*request.system, Text("and more")))
    assert rough(measure(more)) >= rough(found)


@given(st.text(max_size=40))
def test_each_character_is_of_one_kind(text: str) -> None:
    plain = text.replace(" ", "_").encode("utf-8", "ignore").decode()
    assert sum(measure_text(plain).vector) == len(plain)


def test_features_travel_as_numbers_alone() -> None:
    found = _of(Text("some secret words"))
    assert b"secret" not in msgspec.json.encode(found)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Features) == found


def test_a_megabyte_is_measured_in_milliseconds() -> None:
    text = ("def f(x):\n    return x * 2  # the quick — fox\n" * 50)[:2_000]
    parts = tuple(Text(text) for _ in range(500))
    request = replace(_BARE, messages=(Message(Role.USER, parts),))
    took = []
    for _ in range(5):
        start = time.process_time()
        measure(request)
        took.append(time.process_time() - start)
    # 5 ms where nothing else runs.
    assert min(took) < 0.05
