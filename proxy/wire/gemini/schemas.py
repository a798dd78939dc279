"""Carries schemas between Gemini's `Schema` and plain JSON Schema; pure values.

`Schema` (the `google-genai` SDK 3.3.0) is a dialect of OpenAPI 3.0: types in capitals,
`nullable` beside the type, whole numbers as strings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from proxy.model import Json, JsonObject
from proxy.wire.gemini.spelling import camel

_TYPES: Final = frozenset(
    {"string", "number", "integer", "boolean", "array", "object", "null"}
)
_COUNTS: Final = frozenset(
    {
        "maxItems",
        "minItems",
        "maxLength",
        "minLength",
        "maxProperties",
        "minProperties",
    }
)
# What `Schema` has of JSON Schema, by the same name.
_SAME: Final = frozenset(
    {
        *_COUNTS,
        "default",
        "description",
        "enum",
        "format",
        "maximum",
        "minimum",
        "pattern",
        "required",
        "title",
    }
)
_DEEPEST: Final = 64


def read_schema(schema: JsonObject) -> dict[str, Json]:
    """Return the JSON Schema that says what a `Schema` says.

    What is JSON Schema already comes back as it is. Levels below the 64th are kept
    as they came.
    """
    return _read(schema, _DEEPEST)


def told_schema(plain: JsonObject | None, own: JsonObject | None) -> JsonObject | None:
    """Return the JSON Schema of a place that has a field for each kind.

    `plain` stands in the field for JSON Schema, `own` in the one for `Schema`. Gemini
    CLI 0.61 puts a `Schema`, its types in capitals, into the first one.
    """
    if plain is None:
        return None if own is None else read_schema(own)
    kind = plain.get("type")
    capital = isinstance(kind, str) and kind != _plain_type(kind)
    return read_schema(plain) if capital else plain


def _read(schema: JsonObject, left: int) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for key, value in schema.items():
        name = camel(key)
        match name:
            case "type" if isinstance(value, str):
                found["type"] = _plain_type(value)
            case "nullable":
                continue
            case "example":
                found["examples"] = [value]
            case "ref" | "defs":
                found[f"${name}"] = _below(name, value, left, _read)
            case _ if name in _COUNTS:
                found[name] = _number(value)
            case _:
                found[name] = _below(name, value, left, _read)
    if found.get("type") == "TYPE_UNSPECIFIED":
        del found["type"]
    return _nullable(found) if schema.get("nullable") is True else found


def _plain_type(word: str) -> str:
    small = word.lower()
    return small if small in _TYPES else word


def _number(value: Json) -> Json:
    digits = isinstance(value, str) and value.isascii() and value.isdigit()
    return int(value[:12]) if digits and isinstance(value, str) else value


def _nullable(schema: dict[str, Json]) -> dict[str, Json]:
    kind, values = schema.get("type"), schema.get("enum")
    if isinstance(kind, str) and kind != "null":
        schema["type"] = [kind, "null"]
    elif isinstance(schema.get("anyOf"), list):
        choices = schema["anyOf"]
        null: Json = {"type": "null"}
        if isinstance(choices, list) and null not in choices:
            schema["anyOf"] = [*choices, null]
    if isinstance(values, list) and None not in values:
        schema["enum"] = [*values, None]
    return schema


def write_schema(schema: JsonObject) -> dict[str, Json]:
    """Return a JSON Schema as Gemini's `Schema`; what that has no word for is left out.

    Levels below the 64th are objects of any kind.
    """
    return _write(schema, _DEEPEST)


def _write(schema: JsonObject, left: int) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, value in schema.items():
        match name:
            case "type":
                found.update(_own_type(value))
            case "const":
                found["enum"] = [_enum_word(value)]
            case "oneOf" | "anyOf" | "properties" | "items":
                key = "anyOf" if name == "oneOf" else name
                found[key] = _below(key, value, left, _write)
            case "enum" if isinstance(value, list):
                found["enum"] = [_enum_word(each) for each in value if each is not None]
                if None in value:
                    found["nullable"] = True
            case _ if name in _SAME:
                found[name] = value
            case _:
                continue
    if isinstance(found.get("enum"), list):
        # Only strings can be listed.
        found["type"] = "STRING"
    return found


def _own_type(kind: Json) -> dict[str, Json]:
    words = [kind] if isinstance(kind, str) else kind if isinstance(kind, list) else []
    kinds = [each for each in words if isinstance(each, str) and each in _TYPES]
    some = [each for each in kinds if each != "null"]
    found: dict[str, Json] = {}
    if len(some) == 1:
        found["type"] = some[0].upper()
    elif some:
        found["anyOf"] = [{"type": each.upper()} for each in some]
    elif kinds:
        found["type"] = "NULL"
    if some and len(some) < len(kinds):
        found["nullable"] = True
    return found


def _enum_word(value: Json) -> str:
    return value if isinstance(value, str) else str(value)


def _below(
    name: str, value: Json, left: int, carry: Callable[[JsonObject, int], Json]
) -> Json:
    """Carry the schemas that stand inside a member."""
    if left == 0:
        return value if carry is _read else {}
    if name in {"items", "additionalProperties"} and isinstance(value, dict):
        return carry(value, left - 1)
    if name in {"properties", "defs", "$defs"} and isinstance(value, dict):
        return {
            key: carry(each, left - 1) if isinstance(each, dict) else each
            for key, each in value.items()
        }
    if name in {"anyOf", "oneOf", "allOf", "prefixItems"} and isinstance(value, list):
        return [
            carry(each, left - 1) if isinstance(each, dict) else each for each in value
        ]
    return value
