from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upstream.rules import enforced

from proxy.model import (
    FunctionTool,
    Message,
    OutputFormat,
    Protocol,
    Request,
    Role,
    Text,
)
from proxy.translation.closed import close
from proxy.translation.fit import fit
from proxy.wire.codec import Target
from proxy.wire.dialect import VENDOR_DIALECTS

_CLOSED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "a": {"type": "string", "enum": ["x", "y"], "description": "d"},
        "b": {"type": "array", "items": {"$ref": "#/$defs/c"}, "minItems": 1},
        "d": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "e": {"type": "string", "format": "date"},
        "f": {"const": 1},
    },
    "required": ["a"],
    "additionalProperties": False,
    "$defs": {"c": {"type": "integer"}},
}


def test_what_is_taken_stays_the_very_same() -> None:
    closed = close(_CLOSED)
    assert closed is not None
    assert closed.schema is _CLOSED
    assert not closed.simpler


@pytest.mark.parametrize(
    ("given", "made", "simpler"),
    [
        (
            {"properties": {}},
            {"type": "object", "properties": {}, "additionalProperties": False},
            False,
        ),
        (
            {"type": "integer", "minimum": 1, "description": "d"},
            {"type": "integer", "description": 'd\n\n{"minimum":1}'},
            True,
        ),
        (
            {"type": "array", "items": {"type": "null"}, "minItems": 2},
            {
                "type": "array",
                "items": {"type": "null"},
                "description": '{"minItems":2}',
            },
            True,
        ),
        (
            {"type": ["string", "null"]},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            False,
        ),
        (
            {"type": ["string", "integer"]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            False,
        ),
        ({"type": ["string", "null"], "enum": ["x"]}, {"enum": ["x", None]}, False),
        ({"oneOf": [{"type": "null"}]}, {"anyOf": [{"type": "null"}]}, False),
        (
            {"type": "object", "properties": {}, "propertyOrdering": []},
            {"type": "object", "properties": {}, "additionalProperties": False},
            False,
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "null"}},
                "additionalProperties": True,
                "required": ["a", "b"],
            },
            {
                "type": "object",
                "properties": {"a": {"type": "null"}},
                "additionalProperties": False,
                "required": ["a"],
            },
            True,
        ),
    ],
)
def test_a_schema_is_closed(
    given: dict[str, Any], made: dict[str, Any], simpler: bool
) -> None:
    closed = close(given)
    assert closed is not None
    assert closed.schema == made
    assert closed.simpler is simpler


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "array"},
        {"type": "unheard"},
        {"enum": [{}]},
        {"$ref": "#"},
        {"$ref": "https://example.org/s"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}},
        {"$ref": "#/$defs/a", "$defs": {"a": True}},
        {"allOf": [{"properties": {}}, {"properties": {}}]},
        {"properties": {"a": {}}},
    ],
)
def test_an_open_schema_has_no_closed_form(schema: dict[str, Any]) -> None:
    assert close(schema) is None


_WORDS = st.sampled_from(
    [
        "type",
        "properties",
        "items",
        "anyOf",
        "allOf",
        "enum",
        "const",
        "required",
        "minItems",
        "minimum",
        "format",
        "$ref",
        "$defs",
        "additionalProperties",
        "description",
        "nullable",
        "object",
        "string",
        "array",
        "#/$defs/items",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner),
    max_leaves=20,
)


@given(st.dictionaries(_WORDS, _JSON))
def test_nothing_makes_it_raise_and_what_it_makes_is_taken(schema: Any) -> None:
    before = json.dumps(schema)
    closed = close(schema)
    assert json.dumps(schema) == before
    if closed is not None:
        assert list(enforced("", closed.schema)) == []


_OPEN: dict[str, Any] = {
    "type": "object",
    "properties": {"n": {"type": "integer", "minimum": 1}},
}


def _fitted(source: Protocol, schema: dict[str, Any]) -> tuple[Request, set[str]]:
    request = Request(
        source,
        "m",
        (Message(Role.USER, (Text("x"),)),),
        tools=(
            FunctionTool("f", schema=schema, strict=True),
            FunctionTool("g", schema=schema),
        ),
        output_format=OutputFormat("json_schema", schema=schema),
    )
    dialect = VENDOR_DIALECTS[Protocol.MESSAGES]
    fitted = fit(request, Target(Protocol.MESSAGES, "p", "m", dialect))
    return fitted.request, {each.name for each in fitted.losses}


@pytest.mark.parametrize("source", [Protocol.CHAT, Protocol.RESPONSES, Protocol.GEMINI])
def test_foreign_schemas_are_closed_for_messages(source: Protocol) -> None:
    request, losses = _fitted(source, _OPEN)
    form, (strict, loose) = request.output_format, request.tools
    assert form is not None
    assert isinstance(strict, FunctionTool)
    assert isinstance(loose, FunctionTool)
    assert list(enforced("", form.schema)) == []
    assert list(enforced("", strict.schema)) == []
    assert strict.strict
    assert loose.schema == _OPEN
    assert losses == {"output_schema", "tool_schema"}


def test_a_client_of_messages_keeps_its_schemas() -> None:
    request, losses = _fitted(Protocol.MESSAGES, _OPEN)
    assert request.output_format is not None
    assert request.output_format.schema is _OPEN
    assert losses == set()


def test_an_open_form_is_asked_for_in_words() -> None:
    request, losses = _fitted(Protocol.CHAT, {"type": "object"})
    assert request.output_format is None
    assert request.system
    (strict, _) = request.tools
    assert isinstance(strict, FunctionTool)
    assert not strict.strict
    assert losses == {"output_format", "strict_tools"}
