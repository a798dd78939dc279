from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.model import JsonObject
from proxy.translation.schemas import fit_schema, strict_ready
from proxy.wire.dialect import Schemas


def _plain(inner: dict[str, Any], **more: Any) -> Any:
    schema = {"type": "object", "properties": {"a": inner}, **more}
    properties = fit_schema(schema, Schemas.PLAIN)["properties"]
    assert isinstance(properties, dict)
    return properties["a"]


@pytest.mark.parametrize(
    ("inner", "plain"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        (
            {"type": ["string", "integer"]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        ),
        (
            {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "d"},
            {"description": "d", "nullable": True, "type": "integer"},
        ),
        (
            {"oneOf": [{"type": "integer"}, {"type": "string"}]},
            {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        ),
        ({"const": "x"}, {"type": "string", "enum": ["x"]}),
        ({"enum": ["x", None]}, {"nullable": True, "type": "string", "enum": ["x"]}),
        ({"enum": [1, 2]}, {"description": "One of: 1, 2", "type": "integer"}),
        ({"type": "string", "format": "uri", "x-y": 1}, {"type": "string"}),
        ({"type": "array"}, {"type": "array", "items": {"type": "string"}}),
        ({}, {"type": "string"}),
        (
            {"type": "object", "additionalProperties": False, "properties": {}},
            {"type": "object", "properties": {}},
        ),
        (
            {"allOf": [{"properties": {"b": {"type": "string"}}, "required": ["b"]}]},
            {
                "properties": {"b": {"type": "string"}},
                "required": ["b"],
                "type": "object",
            },
        ),
        (
            # A property may be called like a keyword.
            {"properties": {"$ref": {"type": "string"}, "format": {"type": "string"}}},
            {
                "properties": {
                    "$ref": {"type": "string"},
                    "format": {"type": "string"},
                },
                "type": "object",
            },
        ),
    ],
)
def test_plain_schemas(inner: dict[str, Any], plain: dict[str, Any]) -> None:
    assert _plain(inner) == plain


def test_references_are_put_in_their_places_and_circles_end() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#/$defs/T"}}}
    found = _plain({"$ref": "#/$defs/T", "description": "d"}, **{"$defs": {"T": tree}})
    assert found == {
        "type": "object",
        "properties": {"next": {"type": "object"}},
        "description": "d",
    }
    assert _plain({"$ref": "#/nowhere"}) == {"type": "object"}
    assert _plain({"$ref": "#"})["type"] == "object"


def test_references_do_not_multiply_without_end() -> None:
    defs: dict[str, Any] = {"D24": {"type": "string"}}
    for at in range(24):
        ref = {"$ref": f"#/$defs/D{at + 1}"}
        defs[f"D{at}"] = {"type": "object", "properties": {"a": ref, "b": ref}}
    assert _plain({"$ref": "#/$defs/D0"}, **{"$defs": defs})["type"] == "object"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "$ref",
                    "anyOf",
                    "allOf",
                    "properties",
                    "items",
                    "enum",
                    "required",
                    "const",
                    "format",
                    "#",
                    "$defs",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["properties", "anyOf", "$ref"]), _JSON))
def test_no_schema_is_too_odd(schema: dict[str, Any]) -> None:
    plain = fit_schema(schema, Schemas.PLAIN)
    assert plain["type"] == "object"
    assert "$ref" not in plain
    strict_ready(schema)


def test_full_schemas_stay_the_very_same() -> None:
    schema: JsonObject = {"type": "object", "properties": {}, "$comment": "x"}
    assert fit_schema(schema, Schemas.FULL) is schema
    assert fit_schema(None, Schemas.FULL) == {"type": "object", "properties": {}}
    typeless: JsonObject = {"properties": {"a": {"type": "string"}}}
    assert fit_schema(typeless, Schemas.FULL) == {"type": "object", **typeless}


@pytest.mark.parametrize(
    ("schema", "ready"),
    [
        (None, False),
        ({"type": "object", "properties": {}, "additionalProperties": False}, True),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "required": ["a"],
                "additionalProperties": False,
            },
            True,
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "object"}},
                "required": ["a"],
                "additionalProperties": False,
            },
            False,
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "additionalProperties": False,
            },
            False,
        ),
    ],
)
def test_strict_mode_wants_everything_closed(
    schema: dict[str, Any] | None, ready: bool
) -> None:
    assert strict_ready(schema) is ready
