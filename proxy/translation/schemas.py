"""Makes a tool's schema simpler for targets that know a part of JSON Schema only.

References are put in their places, unions with null become `nullable`, and keywords
outside the OpenAPI subset are dropped. Nothing is changed for other targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proxy.model import Json, JsonObject
from proxy.wire.dialect import Schemas

NOTHING: Final[JsonObject] = {"type": "object", "properties": {}}
"""The schema of a tool without parameters."""

_KEPT: Final = frozenset(
    {"type", "title", "description", "nullable", "required", "default"}
    | {"minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum"}
    | {"pattern", "minProperties", "maxProperties"}
)
_FORMATS: Final = frozenset({"date-time", "enum", "int32", "int64", "float", "double"})
_DEEPEST: Final = 32
"""Levels of nesting; a reference to itself ends here at the latest."""

_MOST: Final = 5_000
"""Schemas inside one; references to references must not multiply without end."""


def fit_schema(schema: JsonObject | None, schemas: Schemas) -> JsonObject:
    """Return the schema the target takes; the very same one where it takes all."""
    if not schema:
        return NOTHING
    if schemas is Schemas.PLAIN:
        plain = _Plain(schema).schema(dict(schema), ())
        return plain if plain.get("type") == "object" else {**plain, **_OBJECT}
    if "type" not in schema and not _OPEN & schema.keys():
        return {"type": "object", **schema}
    return schema


_OBJECT: Final[JsonObject] = {"type": "object"}
_OPEN: Final = frozenset({"$ref", "anyOf", "oneOf", "allOf", "enum", "const"})


def strict_ready(schema: JsonObject | None) -> bool:
    """Whether OpenAI's strict mode takes a schema as it is.

    Every object closed and every property required (its guide to structured output).
    """
    return _ready(dict(schema or NOTHING), _DEEPEST)


def _ready(schema: Json, depth: int) -> bool:
    if isinstance(schema, list):
        return all(_ready(each, depth) for each in schema)
    if not isinstance(schema, dict) or depth == 0:
        return depth > 0
    properties = schema.get("properties")
    if isinstance(properties, dict):
        required = schema.get("required")
        named = required if isinstance(required, list) else []
        closed = schema.get("additionalProperties") is False
        if not closed or any(each not in named for each in properties):
            return False
        if not all(_ready(each, depth - 1) for each in properties.values()):
            return False
    elif schema.get("type") == "object" and schema.get("additionalProperties", True):
        return False
    inner = (schema.get(key) for key in ("items", "anyOf"))
    named_schemas = schema.get("$defs")
    defs = list(named_schemas.values()) if isinstance(named_schemas, dict) else []
    return all(_ready(each, depth - 1) for each in (*inner, defs) if each is not None)


class _Plain:
    """Rewrites one schema; `root` is where references lead."""

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._left = _MOST

    def schema(self, given: dict[str, Json], seen: tuple[str, ...]) -> dict[str, Json]:
        """Return a schema without references and unknown keywords."""
        self._left -= 1
        if len(seen) > _DEEPEST or self._left < 0:
            return dict(_OBJECT)
        given, seen = self._resolved(given, seen)
        given = self._joined(given, seen)
        plain = {key: given[key] for key in given if key in _KEPT}
        form = given.get("format")
        if isinstance(form, str) and form in _FORMATS:
            plain["format"] = form
        self._types(plain)
        self._choices(given, plain, seen)
        self._inside(given, plain, seen)
        self._enums(given, plain)
        if "type" not in plain and "anyOf" not in plain:
            plain["type"] = "object" if "properties" in plain else "string"
        return plain

    def _resolved(
        self, given: dict[str, Json], seen: tuple[str, ...]
    ) -> tuple[dict[str, Json], tuple[str, ...]]:
        while isinstance(reference := given.get("$ref"), str):
            more = {key: value for key, value in given.items() if key != "$ref"}
            if reference in seen:
                # A schema inside itself has no plain form; its heart is any object.
                return {**more, "type": "object"}, (*seen, "")
            seen = (*seen, reference)
            given = {**self._target(reference), **more}
        return given, (*seen, "")

    def _target(self, reference: str) -> dict[str, Json]:
        place: Json = dict(self._root)
        for step in reference.removeprefix("#").strip("/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            place = place.get(name) if isinstance(place, dict) else None
        return place if isinstance(place, dict) else dict(_OBJECT)

    def _joined(self, given: dict[str, Json], seen: tuple[str, ...]) -> dict[str, Json]:
        """Put the parts of `allOf` into one; the first word on a keyword counts."""
        parts = given.get("allOf")
        if not isinstance(parts, list):
            return given
        joined = {key: value for key, value in given.items() if key != "allOf"}
        for part in parts:
            if not isinstance(part, dict):
                continue
            one, _ = self._resolved(part, seen)
            for key, value in one.items():
                before = joined.get(key)
                if isinstance(before, dict) and isinstance(value, dict):
                    joined[key] = {**value, **before}
                elif isinstance(before, list) and isinstance(value, list):
                    joined[key] = before + [v for v in value if v not in before]
                else:
                    joined.setdefault(key, value)
        return joined

    def _types(self, plain: dict[str, Json]) -> None:
        kinds = plain.get("type")
        if not isinstance(kinds, list):
            return
        real = [each for each in kinds if each != "null"]
        if len(real) < len(kinds):
            plain["nullable"] = True
        if len(real) == 1:
            plain["type"] = real[0]
        else:
            del plain["type"]
            if real:
                plain["anyOf"] = [{"type": each} for each in real]

    def _choices(
        self, given: dict[str, Json], plain: dict[str, Json], seen: tuple[str, ...]
    ) -> None:
        choices = given.get("anyOf", given.get("oneOf"))
        if not isinstance(choices, list):
            return
        real = [
            self.schema(each, seen)
            for each in choices
            if isinstance(each, dict) and each.get("type") != "null"
        ]
        if len(real) < len(choices):
            plain["nullable"] = True
        if len(real) == 1:
            for key, value in real[0].items():
                plain.setdefault(key, value)
        elif real:
            plain["anyOf"] = list(real)

    def _inside(
        self, given: dict[str, Json], plain: dict[str, Json], seen: tuple[str, ...]
    ) -> None:
        properties = given.get("properties")
        if isinstance(properties, dict):
            plain["properties"] = {
                name: self.schema(each if isinstance(each, dict) else {}, seen)
                for name, each in properties.items()
            }
            required = plain.get("required")
            if isinstance(required, list):
                plain["required"] = [
                    each
                    for each in required
                    if isinstance(each, str) and each in properties
                ]
        if plain.get("required") == [] or not isinstance(properties, Mapping):
            plain.pop("required", None)
        if plain.get("type") == "array" or "items" in given:
            items = given.get("items")
            plain["items"] = self.schema(items if isinstance(items, dict) else {}, seen)

    def _enums(self, given: dict[str, Json], plain: dict[str, Json]) -> None:
        values = [given["const"]] if "const" in given else given.get("enum")
        if not isinstance(values, list):
            return
        real = [each for each in values if each is not None]
        if len(real) < len(values):
            plain["nullable"] = True
        if all(isinstance(each, str) for each in real):
            plain.setdefault("type", "string")
            plain["enum"] = list(real)
            return
        words = ", ".join(str(each) for each in real)
        before = plain.get("description")
        told = f"One of: {words}"
        plain["description"] = f"{before} {told}" if isinstance(before, str) else told
        if all(isinstance(each, int) for each in real):
            plain.setdefault("type", "integer")
